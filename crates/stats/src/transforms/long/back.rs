//! The two sweeps back to real numbers.

use super::{
    super::{
        Complex,
        butterflies::{C, LANES},
        columns::{Columns, Row},
    },
    Long, Memory, REALS, Tile,
    eights::{load, over, put, put_both, take_row},
    kept_in,
};
use echoes_simd::{Divisor, Lanes, Operation, Strip};

/// The first sweep back to real numbers: that of some `k₁`, whose rows of the table are written.
pub(super) struct RealBack<'a, 'b> {
    pub(super) long: &'a Long,
    pub(super) re: &'a [f64],
    pub(super) im: &'a [f64],
    pub(super) tile: &'a Tile,
    pub(super) piece: &'a mut &'b mut [f64],
    pub(super) memory: &'a mut Memory,
}

impl Operation for RealBack<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (across, tile, rows) = (&self.long.across, self.tile, &mut self.memory.rows);
        let (n, all) = (across.len(), self.long.down.len() * across.len());
        let mut k = 0;
        while k < n {
            let mut at = 0;
            while at < tile.len() {
                let have = LANES.min(tile.len() - at);
                // Parts are exchanged on the way in and out: so the transform is the inverse.
                let (re, im) = unfolded(l, (self.re, self.im), all, tile.first + at + k * tile.rows, have);
                rows[at / LANES * n + k].store(l, (im, re));
                at += LANES;
            }
            k += 1;
        }
        let mut at = 0;
        while at < tile.len() {
            let rows = &mut rows[at / LANES * n..][..n];
            across.run(l, rows);
            if tile.has_half() && tile.len() <= at + LANES {
                untwist_half(across, rows, tile.len() - 1 - at, self.long.twists.half());
            }
            scatter(l, across, rows, tile, at, self.piece);
            at += LANES;
        }
    }
}

/// Twists the lane of `k₁` half of the rows back, which makes it real; its parts are exchanged.
fn untwist_half(across: &Columns, numbers: &mut [Row], lane: usize, roots: &[Complex]) {
    for (j, root) in roots.iter().enumerate() {
        let number = &mut numbers[across.place(j)];
        number.im[lane] = number.im[lane] * root.re + number.re[lane] * root.im;
    }
}

/// Writes the lanes of a tile from one on to their rows of the table; their parts are exchanged.
#[inline(always)]
fn scatter<L: Lanes>(l: L, across: &Columns, numbers: &[Row], tile: &Tile, at: usize, piece: &mut [f64]) {
    let n = across.len();
    let (first, end) = (tile.first + at, tile.end.min(tile.first + at + LANES));
    let mut j = 0;
    while j < n {
        let (mut re, mut im) = ([l.splat(0.0); LANES], [l.splat(0.0); LANES]);
        let mut i = 0;
        while i < LANES && j + i < n {
            (im[i], re[i]) = numbers[across.place(j + i)].load(l);
            i += 1;
        }
        let (re, im) = (l.transposed(re), l.transposed(im));
        let mut k = first;
        while k < end {
            let row = if k == 0 { 0 } else { 2 * k - 1 - tile.table_rows().start };
            put(l, &mut piece[row * n..][..n], j, re[k - first]);
            if k > 0 && !tile.is_half(k) {
                put(l, &mut piece[(row + 1) * n..][..n], j, im[k - first]);
            }
            k += 1;
        }
        j += LANES;
    }
}

/// Some numbers of the transform of `n` real ones, eight or fewer, from its first half.
#[inline(always)]
fn unfolded<L: Lanes>(l: L, (first_re, first_im): (&[f64], &[f64]), n: usize, k: usize, have: usize) -> C<L> {
    if have == LANES && 2 * (k + LANES - 1) <= n {
        return (load(l, first_re, k), load(l, first_im, k));
    }
    if have == LANES && 2 * k > n {
        let from = n - k - (LANES - 1);
        let (re, im) = (load(l, first_re, from), load(l, first_im, from));
        return (l.crossed::<7>(re), l.splat(0.0) - l.crossed::<7>(im));
    }
    let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
    let mut lane = 0;
    while lane < have {
        let k = k + lane;
        (re[lane], im[lane]) =
            if 2 * k <= n { (first_re[k], first_im[k]) } else { (first_re[n - k], 0.0 - first_im[n - k]) };
        lane += 1;
    }
    (l.load8(&re), l.load8(&im))
}

/// The second sweep back to some real columns.
pub(super) struct RealUp<'a, 'b> {
    pub(super) long: &'a Long,
    pub(super) strip: &'a mut Strip<'b>,
    pub(super) tile: usize,
    pub(super) divisor: Option<Divisor>,
    pub(super) memory: &'a mut Memory,
}

impl Operation for RealUp<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { down, twists, tile, .. } = self.long;
        let (n, Memory { rows, factors: [low, high] }) = (down.len(), self.memory);
        let groups = self.strip.row(0).len().div_ceil(REALS);
        for i in 0..n {
            take_row(l, self.strip, i, rows, (n, kept_in(n, i)));
        }
        let mut group = 0;
        while group < groups {
            let rows = &mut rows[group * n..][..n];
            self.long.prepare_both(l, self.tile * tile + group, 1.0, low, high);
            // Parts are exchanged on the way in and out: so the transform is the inverse.
            rows[0] = Row { re: rows[0].im, im: rows[0].re };
            if n.is_multiple_of(2) {
                rows[n / 2] = Row { re: rows[n / 2].im, im: rows[n / 2].re };
            }
            let mut k = 1;
            while k < n.div_ceil(2) {
                let (re, im) = (rows[k].load(l), rows[n - k].load(l));
                let a = times_conjugate::<L>((re.0, im.0), twists.at(l, low, k));
                let b = times_conjugate::<L>((re.1, im.1), twists.at(l, high, k));
                rows[k].store(l, (a.1 + b.0, a.0 - b.1));
                rows[n - k].store(l, (b.0 - a.1, a.0 + b.1));
                k += 1;
            }
            down.run(l, rows);
            group += 1;
        }
        let mut j = 0;
        while j < n {
            let (place, row) = (down.place(j), self.strip.row_mut(j));
            let mut group = 0;
            while group < groups {
                let (b, a) = rows[group * n + place].load(l);
                put_both(l, row, group * REALS, (over(l, a, self.divisor), over(l, b, self.divisor)));
                group += 1;
            }
            j += 1;
        }
    }
}

#[inline(always)]
fn times_conjugate<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 * b.0 + a.1 * b.1, a.1 * b.0 - a.0 * b.1)
}
