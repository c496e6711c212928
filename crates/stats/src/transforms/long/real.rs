//! The two sweeps of real numbers.

use super::{
    super::{
        Complex, Parts,
        butterflies::{LANES, times},
        columns::{Columns, Row},
    },
    Long, Memory, REALS, Tile,
    eights::{gather, over, put_both, put_mirrored, put_row, take_row},
    kept_in,
};
use echoes_simd::{Divisor, Lanes, Operation, Strip};

/// The first sweep over some real columns.
pub(super) struct RealDown<'a, 'b> {
    pub(super) long: &'a Long,
    pub(super) strip: &'a mut Strip<'b>,
    pub(super) tile: usize,
    pub(super) memory: &'a mut Memory,
}

impl Operation for RealDown<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { down, twists, tile, .. } = self.long;
        let (n, Memory { rows, factors: [low, high] }) = (down.len(), self.memory);
        let groups = self.strip.row(0).len().div_ceil(REALS);
        for i in 0..n {
            take_row(l, self.strip, i, rows, (n, i));
        }
        let mut group = 0;
        while group < groups {
            let rows = &mut rows[group * n..][..n];
            down.run(l, rows);
            self.long.prepare_both(l, self.tile * tile + group, 0.5, low, high);
            let mut k = 1;
            while k < n.div_ceil(2) {
                let (place, mirror) = (down.place(k), down.place(n - k));
                let (z, other) = (rows[place].load(l), rows[mirror].load(l));
                let a = times::<L>((z.0 + other.0, z.1 - other.1), twists.at(l, low, k));
                let b = times::<L>((z.1 + other.1, other.0 - z.0), twists.at(l, high, k));
                rows[place].store(l, (a.0, b.0));
                rows[mirror].store(l, (a.1, b.1));
                k += 1;
            }
            group += 1;
        }
        let mut i = 0;
        while i < n {
            let place = down.place(kept_in(n, i));
            let row = self.strip.row_mut(i);
            let mut group = 0;
            while group < groups {
                put_both(l, row, group * REALS, rows[group * n + place].load(l));
                group += 1;
            }
            i += 1;
        }
    }
}

/// The second sweep of real numbers over some `k₁`.
pub(super) struct RealAcross<'a, 'b> {
    pub(super) long: &'a Long,
    pub(super) x: &'a [f64],
    pub(super) tile: &'a Tile,
    pub(super) to: &'a mut (Strip<'b>, Strip<'b>),
    pub(super) mirror: &'a mut (Strip<'b>, Strip<'b>),
    /// Rows of the answer.
    pub(super) last: usize,
    pub(super) divisor: Option<Divisor>,
    pub(super) memory: &'a mut Memory,
}

impl Operation for RealAcross<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (across, tile, rows) = (&self.long.across, self.tile, &mut self.memory.rows);
        let n = across.len();
        let row = |i: usize| &self.x[i * n..(i + 1) * n];
        let nothing = if tile.first == 0 { vec![0.0; n] } else { Vec::new() };
        let halfway =
            if tile.has_half() { twisted_half(row(tile.rows - 1), self.long.twists.half()) } else { Parts::default() };
        let mut at = 0;
        while at < tile.len() {
            let mut from = ([row(0); LANES], [row(0); LANES]);
            let mut lane = 0;
            while lane < LANES && at + lane < tile.len() {
                let k = tile.first + at + lane;
                (from.0[lane], from.1[lane]) = if k == 0 {
                    (row(0), &nothing[..])
                } else if tile.is_half(k) {
                    (&halfway.0[..], &halfway.1[..])
                } else {
                    (row(2 * k - 1), row(2 * k))
                };
                lane += 1;
            }
            let rows = &mut rows[at / LANES * n..][..n];
            gather(l, from, rows);
            across.run(l, rows);
            at += LANES;
        }
        if tile.first == 0 {
            reconcile(across, rows, 0, 0);
        }
        if tile.has_half() {
            let lane = tile.len() - 1;
            reconcile(across, &mut rows[lane / LANES * n..], lane % LANES, 1);
        }
        let mut k = 0;
        while k < n {
            let place = across.place(k);
            if k < self.last {
                let to = (self.to.0.row_mut(k), self.to.1.row_mut(k));
                put_row(l, to, rows, (n, place), self.divisor);
            }
            if n - 1 - k < self.last {
                let (re, im) = (self.mirror.0.row_mut(n - 1 - k), self.mirror.1.row_mut(n - 1 - k));
                let end = tile.mirrored().end;
                let mut at = 0;
                while at < tile.len() {
                    let number = rows[at / LANES * n + place].load(l);
                    // A zero is +0, of which a change of sign would make −0.
                    put_mirrored(l, re, end, at, over(l, number.0, self.divisor));
                    put_mirrored(l, im, end, at, over(l, l.splat(0.0) - number.1, self.divisor));
                    at += LANES;
                }
            }
            k += 1;
        }
    }
}

/// The numbers of `k₁` half of the rows, which are real, twisted.
fn twisted_half(row: &[f64], roots: &[Complex]) -> Parts {
    row.iter().zip(roots).map(|(x, root)| (x * root.re, x * root.im)).unzip()
}

/// Makes the second half of a lane that mirrors itself the mirror of the first, number `n − odd` being that of number 0.
fn reconcile(across: &Columns, numbers: &mut [Row], lane: usize, odd: usize) {
    let n = across.len();
    for k in 0..=(n - odd) / 2 {
        let at = across.place(k);
        let mirror = across.place((n - odd - k) % n);
        if at == mirror {
            numbers[at].im[lane] = 0.0;
        } else {
            numbers[mirror].re[lane] = numbers[at].re[lane];
            numbers[mirror].im[lane] = 0.0 - numbers[at].im[lane];
        }
    }
}
