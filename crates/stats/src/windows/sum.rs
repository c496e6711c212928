//! Sums of windows.

use super::runs::{Count, Fold, Shares};
use echoes_simd::Lanes;

/// The sum.
#[derive(Clone, Copy)]
pub(crate) struct Total;

impl Fold<1, 1> for Total {
    const OF_NOTHING: f64 = 0.0;

    #[inline(always)]
    fn row<L: Lanes>(_: L, x: [L::V; 1]) -> [L::V; 1] {
        x
    }
    #[inline(always)]
    fn join<L: Lanes>(_: L, left: [L::V; 1], right: [L::V; 1], _: Shares<L::V>) -> [L::V; 1] {
        [left[0] + right[0]]
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, _: L, [sum]: [L::V; 1], _: Count<L>) -> L::V {
        sum
    }
}

/// The mean.
#[derive(Clone, Copy)]
pub(crate) struct Mean;

impl Fold<1, 1> for Mean {
    #[inline(always)]
    fn row<L: Lanes>(_: L, x: [L::V; 1]) -> [L::V; 1] {
        x
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, left: [L::V; 1], right: [L::V; 1], shares: Shares<L::V>) -> [L::V; 1] {
        Total::join(l, left, right, shares)
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, l: L, [sum]: [L::V; 1], count: Count<L>) -> L::V {
        count.shared(l, sum)
    }
}
