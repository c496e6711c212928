//! A sum carried in two doubles, so that adding the parts of many blocks loses nothing that matters.
//!
//! D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B (TwoSum).

use crate::unit::Unit;
use serde::{Deserialize, Serialize};

/// An unevaluated sum `high + low`, `low` below half a unit in the last place of `high`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Double {
    high: f64,
    low: f64,
}

impl Double {
    /// `a + b` without rounding. An infinite or NaN sum carries no low part.
    #[inline]
    pub(crate) fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        if !high.is_finite() {
            return Self { high, low: 0.0 };
        }
        let part = high - a;
        Self { high, low: (a - (high - part)) + (b - part) }
    }

    /// `a b` without rounding, for factors whose parts neither overflow nor underflow.
    ///
    /// T. J. Dekker, Numer. Math. 18, 1971: each factor in two halves, whose products are exact.
    #[inline]
    pub(crate) fn product(a: f64, b: f64) -> Self {
        const HALVES: f64 = ((1u32 << 27) + 1) as f64;
        let split = |x: f64| {
            let high = HALVES * x - (HALVES * x - x);
            (high, x - high)
        };
        let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
        let high = a * b;
        Self { high, low: ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low }
    }

    /// `x n` without rounding, for a whole number `n` below 2^12, as long as the product is a double: that of the upper digits is one,
    /// and so is that of the others.
    #[inline]
    pub(crate) fn multiple(x: f64, n: f64) -> Self {
        let upper = f64::from_bits(x.to_bits() & (u64::MAX << 12));
        Self::sum(upper * n, (x - upper) * n)
    }

    /// Multiplies by another.
    #[inline]
    pub(crate) fn times(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        Self::sum(product.high, product.low + (self.high * other.low + self.low * other.high))
    }

    /// Multiplies by a double, at the price of a product: the low part is left as it comes, after `n` of these up to `n` half units
    /// in the last place.
    #[inline]
    pub(crate) fn times_unsettled(self, x: f64) -> Self {
        let product = Self::product(self.high, x);
        Self { high: product.high, low: self.low * x + product.low }
    }

    /// Multiplies by a power of two.
    #[inline]
    pub(crate) fn scaled(self, power: f64) -> Self {
        Self { high: self.high * power, low: self.low * power }
    }

    /// Divides by another.
    #[inline]
    pub(crate) fn over(self, other: Self) -> Self {
        let first = self.high / other.high;
        let back = other.times(Self::from(first));
        Self::sum(first, self.minus(back) / other.high)
    }

    /// The square root; NaN below zero.
    pub(crate) fn sqrt(self) -> Self {
        let root = self.high.sqrt();
        if root == 0.0 {
            return Self::from(root);
        }
        Self::sum(root, self.minus(Self::product(root, root)) / (2.0 * root))
    }

    /// The other sign.
    #[inline]
    pub(crate) fn negated(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }

    /// It times a power of two.
    pub(crate) fn shifted(self, exponent: i32) -> Self {
        Self { high: shifted(self.high, exponent), low: shifted(self.low, exponent) }
    }

    /// The double next to its `n`th part, or one beside that.
    pub(crate) fn shared(self, n: f64) -> f64 {
        let part = self.high / n;
        let rest = (-part).mul_add(n, self.high) + self.low;
        // Nothing is added to −0, which +0 would turn into +0.
        if rest == 0.0 { part } else { part + rest / n }
    }

    /// Adds a double.
    #[inline]
    pub(crate) fn add(self, x: f64) -> Self {
        Self::sum(self.high, x).and_low(self.low)
    }

    /// Adds another.
    #[inline]
    pub(crate) fn add_double(self, other: Self) -> Self {
        Self::sum(self.high, other.high).and_low(self.low + other.low)
    }

    /// Adds what belongs to the low part. Nothing leaves −0 as it is, which adding +0 would not.
    #[inline]
    fn and_low(self, low: f64) -> Self {
        let low = self.low + low;
        if low == 0.0 { Self { high: self.high, low } } else { Self::sum(self.high, low) }
    }

    /// The mean of this and another, which lies `delta` beyond it and has `weight`. The difference may have overflowed.
    #[inline]
    pub(crate) fn toward(self, other: Self, delta: f64, weight: f64) -> Self {
        if delta.is_finite() {
            return self.add(delta * weight);
        }
        let half = |x: Self| Self { high: 0.5 * x.high, low: 0.5 * x.low };
        let step = half(other).minus(half(self)) * weight;
        self.add(step).add(step)
    }

    /// What another lies beyond this, measured in a unit; `delta` is the difference, if it has not overflowed.
    pub(crate) fn measured_delta(self, other: Self, delta: f64, unit: Unit) -> f64 {
        let inverse = Unit::ONE.over(unit);
        if delta.is_finite() {
            inverse.times(1, delta)
        } else {
            other.times_unit(inverse, 1).minus(self.times_unit(inverse, 1))
        }
    }

    /// It times the power of a unit.
    pub(crate) fn times_unit(self, unit: Unit, power: i32) -> Self {
        Self { high: unit.times(power, self.high), low: unit.times(power, self.low) }
    }

    /// The difference, rounded once.
    #[inline]
    pub(crate) fn minus(self, other: Self) -> f64 {
        (self.high - other.high) + (self.low - other.low)
    }

    /// Whether it is a number.
    #[inline]
    pub(crate) const fn is_finite(self) -> bool {
        self.high.is_finite()
    }

    /// The nearest double, what it lacks left out.
    #[inline]
    pub(crate) const fn high(self) -> f64 {
        self.high
    }

    /// What [`high`](Double::high) lacks.
    #[inline]
    pub(crate) const fn low(self) -> f64 {
        self.low
    }

    /// The nearest double.
    #[inline]
    pub(crate) const fn value(self) -> f64 {
        // Nothing is added to −0, which +0 would turn into +0.
        if self.low == 0.0 { self.high } else { self.high + self.low }
    }
}

/// `x 2^exponent`.
pub(crate) fn shifted(x: f64, exponent: i32) -> f64 {
    /// A power of two that neither overflows nor is subnormal.
    const STEP: i32 = 1000;
    let step = exponent.clamp(-STEP, STEP);
    let x = x * f64::from_bits(((step + 1023) as u64) << 52);
    if step == exponent || x == 0.0 || !x.is_finite() { x } else { shifted(x, exponent - step) }
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let sum = Double::from(1e16).add(1.0).add(-1e16);
        assert_eq!(sum.value(), 1.0);
        assert_eq!(Double::from(1e100).add(1.0).minus(Double::from(1e100)), 1.0);
    }

    #[test]
    fn products_and_quotients_keep_both_parts() {
        let x = 1.0 + 2f64.powi(-30);
        let square = Double::product(x, x);
        assert_eq!((square.high(), square.low()), (1.0 + 2f64.powi(-29), 2f64.powi(-60)));
        let third = Double::from(1.0).over(Double::from(3.0));
        assert!(third.times(Double::from(3.0)).minus(Double::from(1.0)).abs() < 1e-31);
        // 1 − 3 · 0.333… is 2⁻⁵⁴ exactly.
        assert_eq!(third.low(), 2f64.powi(-54) / 3.0);
    }

    #[test]
    fn roots_keep_both_parts_and_shifts_are_exact() {
        let root = Double::from(2.0).sqrt();
        assert!(root.times(root).minus(Double::from(2.0)).abs() < 1e-31);
        assert_eq!(Double::from(0.0).sqrt().value(), 0.0);
        assert!(Double::from(-1.0).sqrt().value().is_nan());
        assert_eq!(shifted(5e-324, 2097), 2f64.powi(1023));
        assert_eq!(shifted(shifted(1.5, 1000), -1001), 0.75);
        assert_eq!((shifted(1.0, 40_000), shifted(-1.0, -40_000)), (f64::INFINITY, -0.0));
    }

    #[test]
    fn multiples_are_exact() {
        let x = 1.0 + f64::EPSILON;
        let multiple = Double::multiple(x, 2047.0);
        assert_eq!((multiple.high(), multiple.low()), (2047.0 + 2f64.powi(-42) * 2.0, -2f64.powi(-52)));
        assert_eq!(Double::multiple(f64::MAX / 2048.0, 2048.0).value(), f64::MAX);
        assert_eq!(Double::multiple(5e-324, 3.0).value(), 1.5e-323);
    }

    #[test]
    fn a_part_is_the_nearest_double_to_it() {
        assert_eq!(Double::from(2.0).shared(3.0), 2.0 / 3.0);
        // A third lacks a third of 2⁻⁵⁴, its last place; a third of the low part is another.
        assert_eq!(Double { high: 1.0, low: 2f64.powi(-54) }.shared(3.0), (1.0f64 / 3.0).next_up());
        assert_eq!(Double { high: 3.0, low: 2f64.powi(-53) + 2f64.powi(-54) }.shared(3.0), 1.0);
        assert!(Double::from(-0.0).shared(2.0).is_sign_negative());
        assert_eq!(Double::from(5e-324).shared(2.0), 0.0);
    }

    #[test]
    fn infinity_stays_infinite() {
        assert_eq!(Double::from(f64::MAX).add(f64::MAX).add(1.0).value(), f64::INFINITY);
        assert!(Double::from(f64::INFINITY).add(f64::NEG_INFINITY).value().is_nan());
    }
}
