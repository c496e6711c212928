//! A center that the deviations of a chunk's blocks are taken from without a sweep to find their means first.

use crate::sweeps;
use echoes_simd::{Lanes, Operation};

/// Whether the mean of so many values is within a quarter of their standard deviation of the center, by the sums of
/// their deviations from that and of the squares of these: then the correction takes away less than a sixteenth of any sum, and costs
/// no digit. False for NaN.
#[inline(always)]
pub(super) fn is_near([s1, s2]: [f64; 2], count: usize) -> bool {
    16.0 * s1 * s1 <= s2 * count as f64
}

/// A center for like values to come: the middle of the means of three runs of 128, so that one wild value cannot move it. It is
/// within a quarter of a standard deviation of their mean but for once in 30,000 times.
#[inline(always)]
pub(super) fn anchor<L: Lanes>(l: L, x: &[f64]) -> f64 {
    let run = (x.len() / 3).min(128);
    let mut means = [0.0; 3];
    for (i, mean) in means.iter_mut().enumerate() {
        *mean = sweeps::rough_mean(l, &x[i * run..(i + 1) * run]);
    }
    means.sort_unstable_by(f64::total_cmp);
    let center = on_grid(means[1], means[2] - means[0]);
    [center, means[1], x[0]].into_iter().find(|anchor| anchor.is_finite()).unwrap_or(0.0)
}

/// The multiple of a power of two next to `x`, off by an eighth of `spread` at most: whole numbers and other short ones lie on that grid
/// or a coarser one, so that what they deviate from it has no rounding, nor has the sum of that. No number where there is no spread.
#[inline(always)]
fn on_grid(x: f64, spread: f64) -> f64 {
    let grid = 0.25 * f64::from_bits(spread.to_bits() & f64::INFINITY.to_bits());
    const WHOLE: f64 = 1.5 * (1u64 << 52) as f64;
    ((x / grid + WHOLE) - WHOLE) * grid
}

/// The [`anchor`] of some values, one at least.
pub(super) struct Anchor<'a>(pub(super) &'a [f64]);

impl Operation for Anchor<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f64 {
        anchor(l, self.0)
    }
}
