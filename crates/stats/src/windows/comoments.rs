//! Comoments of windows of two columns.

use super::{
    moments::{Center, SQUARED, from_itself, meet, within},
    runs::{Count, Fold, Shares},
};
use echoes_simd::Lanes;

/// The covariance, from both means, each in two doubles, and the comoment.
#[derive(Clone, Copy)]
pub(crate) struct Covariance {
    pub(crate) ddof: u32,
}

impl Fold<2, 5> for Covariance {
    fn ddof(self) -> u32 {
        self.ddof
    }
    #[inline(always)]
    fn row<L: Lanes>(l: L, [x, y]: [L::V; 2]) -> [L::V; 5] {
        let zero = l.splat(0.0);
        [x, zero, y, zero, from_itself(x) * from_itself(y)]
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, a: [L::V; 5], b: [L::V; 5], shares: Shares<L::V>) -> [L::V; 5] {
        let (dx, x) = meet(l, Center { high: a[0], low: a[1] }, Center { high: b[0], low: b[1] }, shares);
        let (dy, y) = meet(l, Center { high: a[2], low: a[3] }, Center { high: b[2], low: b[3] }, shares);
        [x.high, x.low, y.high, y.low, (a[4] + b[4]) + dx * dy * shares.cross]
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, l: L, parts: [L::V; 5], count: Count<L>) -> L::V {
        count.shared(l, parts[4])
    }
}

/// Pearson's correlation, from the same and the second moments.
#[derive(Clone, Copy)]
pub(crate) struct Correlation;

impl Fold<2, 7> for Correlation {
    #[inline(always)]
    fn row<L: Lanes>(l: L, [x, y]: [L::V; 2]) -> [L::V; 7] {
        let zero = l.splat(0.0);
        [x, zero, y, zero, from_itself(x) * from_itself(y), from_itself(x), from_itself(y)]
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, a: [L::V; 7], b: [L::V; 7], shares: Shares<L::V>) -> [L::V; 7] {
        let (dx, x) = meet(l, Center { high: a[0], low: a[1] }, Center { high: b[0], low: b[1] }, shares);
        let (dy, y) = meet(l, Center { high: a[2], low: a[3] }, Center { high: b[2], low: b[3] }, shares);
        let (xy, xx) = ((a[4] + b[4]) + dx * dy * shares.cross, (a[5] + b[5]) + dx * dx * shares.cross);
        [x.high, x.low, y.high, y.low, xy, xx, (a[6] + b[6]) + dy * dy * shares.cross]
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, l: L, [_, _, _, _, xy, xx, yy]: [L::V; 7], _: Count<L>) -> L::V {
        let one = l.splat(1.0);
        // The root of the product is the more exact one, but for products that overflow or vanish.
        let square = xx * yy;
        let is_normal = l.le(l.splat(f64::MIN_POSITIVE), square) & l.lt(square, l.splat(f64::INFINITY));
        let correlation = xy / l.select(is_normal, l.sqrt(square), l.sqrt(xx) * l.sqrt(yy));
        let is_defined = within(l, xx, SQUARED) & within(l, yy, SQUARED);
        l.select(is_defined, l.max(l.splat(-1.0), l.min(one, correlation)), l.splat(f64::NAN))
    }
}
