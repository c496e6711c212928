//! Columns written row by row, at the speed of the vector units, the same bits everywhere.

use echoes_simd::{Lanes, Operation, run};

/// What becomes of eight rows.
pub(crate) trait Elementwise {
    /// The rows that come of these. Mark it `#[inline(always)]`.
    fn apply<L: Lanes>(&self, l: L, x: L::V) -> L::V;
}

/// Writes what `work` makes of each row of `x` to `out`, which is as long.
pub(crate) fn write(work: &impl Elementwise, x: &[f64], out: &mut [f64]) {
    run(Each { work, x, out });
}

struct Each<'a, W> {
    work: &'a W,
    x: &'a [f64],
    out: &'a mut [f64],
}

impl<W: Elementwise> Operation for Each<'_, W> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (eights, rest) = self.x.as_chunks::<8>();
        let (out_eights, out_rest) = self.out.as_chunks_mut::<8>();
        for (x, out) in eights.iter().zip(out_eights) {
            *out = l.to_array(self.work.apply(l, l.load8(x)));
        }
        if !rest.is_empty() {
            let mut last = [0.0; 8];
            last[..rest.len()].copy_from_slice(rest);
            let made = l.to_array(self.work.apply(l, l.load8(&last)));
            out_rest.copy_from_slice(&made[..rest.len()]);
        }
    }
}
