//! The two sweeps of complex numbers.

use super::{
    super::butterflies::{LANES, times},
    Long, Memory,
    eights::{gather, load, put_row},
};
use echoes_simd::{Divisor, Lanes, Operation, Strip};

/// The first sweep over some complex columns.
pub(super) struct ComplexDown<'a, 'b> {
    pub(super) long: &'a Long,
    pub(super) strip: &'a mut (Strip<'b>, Strip<'b>),
    pub(super) tile: usize,
    pub(super) memory: &'a mut Memory,
}

impl Operation for ComplexDown<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { down, twists, tile, .. } = self.long;
        let (n, (re, im)) = (down.len(), self.strip);
        let Memory { rows, factors } = self.memory;
        let wide = re.row(0).len();
        let mut i = 0;
        while i < n {
            let (re, im) = (re.row(i), im.row(i));
            let mut at = 0;
            while at < wide {
                rows[at / LANES * n + i].store(l, (load(l, re, at), load(l, im, at)));
                at += LANES;
            }
            i += 1;
        }
        let mut group = 0;
        while group * LANES < wide {
            let rows = &mut rows[group * n..][..n];
            down.run(l, rows);
            twists.prepare(l, self.tile * tile + group, 1.0, &mut factors[0]);
            let mut k = 1;
            while k < n {
                let row = &mut rows[down.place(k)];
                row.store(l, times::<L>(row.load(l), twists.at(l, &factors[0], k)));
                k += 1;
            }
            group += 1;
        }
        let mut k = 0;
        while k < n {
            put_row(l, (re.row_mut(k), im.row_mut(k)), rows, (n, down.place(k)), None);
            k += 1;
        }
    }
}

/// The second sweep over some complex rows.
pub(super) struct ComplexAcross<'a, 'b> {
    pub(super) long: &'a Long,
    pub(super) re: &'a [f64],
    pub(super) im: &'a [f64],
    pub(super) tile: usize,
    pub(super) to: &'a mut (Strip<'b>, Strip<'b>),
    pub(super) divisor: Option<Divisor>,
    pub(super) memory: &'a mut Memory,
}

impl Operation for ComplexAcross<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { across, tile, .. } = self.long;
        let (n, rows) = (across.len(), &mut self.memory.rows);
        let (first, wide) = (self.tile * tile * LANES, self.to.0.row(0).len());
        let mut group = 0;
        while group * LANES < wide {
            let mut from = ([&self.re[..n]; LANES], [&self.im[..n]; LANES]);
            let mut lane = 0;
            while lane < LANES && group * LANES + lane < wide {
                let start = (first + group * LANES + lane) * n;
                (from.0[lane], from.1[lane]) = (&self.re[start..start + n], &self.im[start..start + n]);
                lane += 1;
            }
            let rows = &mut rows[group * n..][..n];
            gather(l, from, rows);
            across.run(l, rows);
            group += 1;
        }
        let mut k = 0;
        while k < n {
            let to = (self.to.0.row_mut(k), self.to.1.row_mut(k));
            put_row(l, to, rows, (n, across.place(k)), self.divisor);
            k += 1;
        }
    }
}
