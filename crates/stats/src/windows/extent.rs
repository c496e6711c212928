//! The smallest and the largest of windows.

use super::runs::{Count, Fold, Shares};
use echoes_simd::Lanes;

/// The largest, or else the smallest.
#[derive(Clone, Copy)]
pub(crate) struct Extent<const LARGEST: bool>;

impl<const LARGEST: bool> Fold<1, 1> for Extent<LARGEST> {
    #[inline(always)]
    fn row<L: Lanes>(_: L, x: [L::V; 1]) -> [L::V; 1] {
        x
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, left: [L::V; 1], right: [L::V; 1], _: Shares<L::V>) -> [L::V; 1] {
        [if LARGEST { l.max(left[0], right[0]) } else { l.min(left[0], right[0]) }]
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, _: L, [extent]: [L::V; 1], _: Count<L>) -> L::V {
        extent
    }
}
