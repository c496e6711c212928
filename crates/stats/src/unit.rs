//! What deviations are measured in, so that none of their powers overflows or vanishes.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// The binary logarithm of a step between units.
const STEP: i32 = 256;
const UP: f64 = f64::from_bits((1023 + STEP as u64) << 52);
const DOWN: f64 = f64::from_bits((1023 - STEP as u64) << 52);

/// Sums of squares of which the data have [`Unit::ONE`].
const ORDINARY: RangeInclusive<f64> = DOWN..=UP;

/// A power of two, `2^(256 k)`: 1 for what lies between about 3e-39 and 3e38.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub(crate) struct Unit(i8);

impl Unit {
    /// That of ordinary data.
    pub(crate) const ONE: Self = Self(0);

    /// The unit in which a size lies between 2⁻¹²⁸ and 2¹²⁸; the largest for infinity.
    pub(crate) const fn of(size: f64) -> Self {
        // That of a subnormal number is 0: no unit is smaller than what fits it.
        let exponent = (size.to_bits() >> 52 & 0x7ff) as i32 - 1023;
        Self((exponent + STEP / 2).div_euclid(STEP) as i8)
    }

    /// Whether a sum of squares of one block, or the square of a distance, needs no other unit than 1; false for 0 and NaN.
    #[inline(always)]
    pub(crate) fn is_ordinary(square: f64) -> bool {
        ORDINARY.contains(&square)
    }

    /// `x` times the power of this unit.
    #[inline]
    pub(crate) fn times(self, power: i32, x: f64) -> f64 {
        let steps = i32::from(self.0) * power;
        let factor = if steps < 0 { DOWN } else { UP };
        (0..steps.unsigned_abs().min(16)).fold(x, |x, _| x * factor)
    }

    /// `x` over the power of this unit.
    #[inline]
    pub(crate) fn divide(self, power: i32, x: f64) -> f64 {
        self.times(-power, x)
    }

    /// Its binary logarithm.
    pub(crate) const fn exponent(self) -> i32 {
        self.0 as i32 * STEP
    }

    /// This unit measured in another.
    pub(crate) const fn over(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The product of two.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_near_its_unit() {
        for exponent in -1074..=1023 {
            let size = 2f64.powi(exponent.max(-1022)) * 2f64.powi(exponent.min(-1022) + 1022);
            let unit = Unit::of(size);
            let measured = unit.divide(1, size);
            assert!((-128..128).contains(&(measured.log2() as i32)), "2^{exponent}: {measured:e}");
            assert_eq!(unit.times(1, measured), size);
        }
        assert_eq!(Unit::of(1.0), Unit::ONE);
    }

    #[test]
    fn ordinary_squares_are_those_of_ordinary_sizes() {
        for (square, is) in
            [(0.0, false), (f64::NAN, false), (1.0, true), (UP, true), (2.0 * UP, false), (1e-78, false)]
        {
            assert_eq!(Unit::is_ordinary(square), is, "{square:e}");
        }
    }
}
