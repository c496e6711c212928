//! Central moments of windows.
//!
//! P. Pébay, SAND2008-6212: the moments of two runs from those of each and the distance of their means. A mean is
//! carried in two doubles, so that the distance is exact however far from zero the data lie.

use super::runs::{Count, Fold, Shares};
use echoes_simd::Lanes;

/// Second moments whose products are doubles with all their digits.
pub(super) const SQUARED: [f64; 2] = [1e-290, 1e300];
/// Those where the cubes of deviations are, and where their fourth powers are.
const CUBED: [f64; 2] = [1e-190, 1e200];
const FOURTH: [f64; 2] = [1e-140, 1e150];

/// Whether a second moment is in such a range, to tell what is made of it from what has been lost below or above the doubles.
#[inline(always)]
pub(super) fn within<L: Lanes>(l: L, second: L::V, [least, most]: [f64; 2]) -> L::M {
    l.le(l.splat(least), second) & l.le(second, l.splat(most))
}

/// A mean in two doubles.
#[derive(Clone, Copy)]
pub(super) struct Center<V> {
    pub(super) high: V,
    pub(super) low: V,
}

/// How far the mean of the right run lies beyond that of the left, and the mean of both.
#[inline(always)]
pub(super) fn meet<L: Lanes>(
    _: L,
    left: Center<L::V>,
    right: Center<L::V>,
    shares: Shares<L::V>,
) -> (L::V, Center<L::V>) {
    let distance = (right.high - left.high) + (right.low - left.low);
    let step = distance * shares.right;
    // D. E. Knuth's TwoSum.
    let high = left.high + step;
    let part = high - left.high;
    let lost = (left.high - (high - part)) + (step - part);
    (distance, Center { high, low: left.low + lost })
}

/// How far a value lies from itself: not at all, but of an infinite one that is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "infinity less infinity is NaN")]
pub(super) fn from_itself<V: Copy + std::ops::Sub<Output = V>>(x: V) -> V {
    x - x
}

/// The mean, in two doubles, and the second moment; of the higher orders the third and the fourth behind them.
#[inline(always)]
fn row<L: Lanes, const P: usize>(l: L, [x]: [L::V; 1]) -> [L::V; P] {
    let mut parts = [l.splat(0.0); P];
    parts[0] = x;
    parts[2] = from_itself(x);
    parts
}

#[inline(always)]
fn join<L: Lanes, const P: usize>(l: L, a: [L::V; P], b: [L::V; P], shares: Shares<L::V>) -> [L::V; P] {
    let Shares { left, right, cross } = shares;
    let (d, mean) = meet(l, Center { high: a[0], low: a[1] }, Center { high: b[0], low: b[1] }, shares);
    let mut joined = a;
    (joined[0], joined[1]) = (mean.high, mean.low);
    let between = d * d * cross;
    joined[2] = (a[2] + b[2]) + between;
    if P > 3 {
        let three = l.splat(3.0);
        joined[3] = (a[3] + b[3]) + (between * d * (left - right) + three * d * (left * b[2] - right * a[2]));
    }
    if P > 4 {
        let (four, six) = (l.splat(4.0), l.splat(6.0));
        let fourth = between * (d * d) * (left * left - left * right + right * right);
        let second = six * (d * d) * (left * left * b[2] + right * right * a[2]);
        joined[4] = (a[4] + b[4]) + (fourth + (second + four * d * (left * b[3] - right * a[3])));
    }
    joined
}

/// The variance, or its root.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) ddof: u32,
    pub(crate) root: bool,
}

impl Fold<1, 3> for Spread {
    fn ddof(self) -> u32 {
        self.ddof
    }
    #[inline(always)]
    fn row<L: Lanes>(l: L, x: [L::V; 1]) -> [L::V; 3] {
        row(l, x)
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, left: [L::V; 3], right: [L::V; 3], shares: Shares<L::V>) -> [L::V; 3] {
        join(l, left, right, shares)
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, l: L, parts: [L::V; 3], count: Count<L>) -> L::V {
        let variance = count.shared(l, parts[2]);
        if self.root { l.sqrt(variance) } else { variance }
    }
}

/// The skewness, adjusted for bias.
#[derive(Clone, Copy)]
pub(crate) struct Skewness;

impl Fold<1, 4> for Skewness {
    #[inline(always)]
    fn row<L: Lanes>(l: L, x: [L::V; 1]) -> [L::V; 4] {
        row(l, x)
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, left: [L::V; 4], right: [L::V; 4], shares: Shares<L::V>) -> [L::V; 4] {
        join(l, left, right, shares)
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, l: L, [_, _, second, third]: [L::V; 4], count: Count<L>) -> L::V {
        let n = count.vector(l);
        let (one, two) = (l.splat(1.0), l.splat(2.0));
        let plain = third / second / l.sqrt(second);
        let skewness = n * l.sqrt(n - one) / (n - two) * plain;
        let is_defined = l.lt(two, n) & within(l, second, CUBED);
        l.select(is_defined, skewness, l.splat(f64::NAN))
    }
}

/// The excess kurtosis, adjusted for bias.
#[derive(Clone, Copy)]
pub(crate) struct Kurtosis;

impl Fold<1, 5> for Kurtosis {
    #[inline(always)]
    fn row<L: Lanes>(l: L, x: [L::V; 1]) -> [L::V; 5] {
        row(l, x)
    }
    #[inline(always)]
    fn join<L: Lanes>(l: L, left: [L::V; 5], right: [L::V; 5], shares: Shares<L::V>) -> [L::V; 5] {
        join(l, left, right, shares)
    }
    #[inline(always)]
    fn answer<L: Lanes>(self, l: L, [_, _, second, _, fourth]: [L::V; 5], count: Count<L>) -> L::V {
        let n = count.vector(l);
        let (one, two, three) = (l.splat(1.0), l.splat(2.0), l.splat(3.0));
        let plain = fourth / second / second;
        let rest = (n - two) * (n - three);
        let kurtosis = n * (n + one) * (n - one) / rest * plain - three * ((n - one) * (n - one)) / rest;
        let is_defined = l.lt(three, n) & within(l, second, FOURTH);
        l.select(is_defined, kurtosis, l.splat(f64::NAN))
    }
}
