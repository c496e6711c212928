//! The sum of one column whose values are held between two bounds: the same bits for any order of the values.
//!
//! The bounds give a unit beforehand, 2⁻⁷³ of the power of two above both. Each value is rounded to a whole number of it, and whole
//! numbers are added exactly. Error of the sum: ≤ 2⁻⁷⁴ of that power a value. Exact sums of whole numbers that vectors hold as
//! doubles: J. Demmel, H. D. Nguyen, Fast Reproducible Floating-Point Summation, ARITH 21, 2013.

use crate::double::Double;
use echoes_kernel::{Block, Partial};
use echoes_simd::{GROUP, Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Between which values the others are held: finite, the low one not above the high one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// What is below it counts as this.
    pub low: f64,
    /// What is above it counts as this.
    pub high: f64,
}

/// `Σ min(max(x, low), high)`. A NaN counts as the low bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClampedSum {
    bounds: Bounds,
    count: u64,
    /// In [`Fixed`] units.
    sum: i128,
}

impl ClampedSum {
    /// Values present.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean, when `lower` of the values that count as the low bound and `upper` of those that count as the high one are left out;
    /// NaN if nothing remains.
    pub fn mean_without(&self, lower: u64, upper: u64) -> f64 {
        let fixed = Fixed::of(self.bounds);
        let times = |n: u64, x: f64| i128::from(n).saturating_mul(fixed.whole(x));
        let left_out = times(lower, self.bounds.low).saturating_add(times(upper, self.bounds.high));
        let kept = self.count.saturating_sub(lower).saturating_sub(upper);
        if kept == 0 { f64::NAN } else { fixed.share(self.sum.saturating_sub(left_out), kept) }
    }
}

/// Bits of a value above a whole number of upper units, and the bits of one such: 2⁵³ values of both fit 127 bits.
const UPPER: i32 = 40;
const LOWER: i32 = 33;

/// Added to a double below 2⁵¹ and taken off again, it leaves the nearest whole number.
const WHOLE: f64 = 1.5 * (1u64 << 52) as f64;

/// Values as whole numbers of a unit.
#[derive(Clone, Copy)]
struct Fixed {
    /// The power of two above both bounds.
    exponent: i32,
    /// What makes a value one of upper units, in two factors, since it may be no double.
    factors: [f64; 2],
}

/// `2^k` as a product; `k` between −2,000 and 2,000.
fn power_of_two(k: i32) -> [f64; 2] {
    let power = |k: i32| f64::from_bits(((1023 + k) as u64) << 52);
    [power(k / 2), power(k - k / 2)]
}

impl Fixed {
    fn of(bounds: Bounds) -> Self {
        let size = bounds.low.abs().max(bounds.high.abs());
        let exponent = (size.to_bits() >> 52) as i32 - 1022;
        Self { exponent, factors: power_of_two(UPPER - exponent) }
    }

    /// The nearest whole number of units.
    fn whole(self, x: f64) -> i128 {
        let x = x * self.factors[0] * self.factors[1];
        let upper = (x + WHOLE) - WHOLE;
        let lower = ((x - upper) * LOWER_UNITS + WHOLE) - WHOLE;
        joined(upper, lower)
    }

    /// The `n`th part of so many units.
    fn share(self, units: i128, n: u64) -> f64 {
        let high = units as f64;
        let low = units.saturating_sub(high as i128) as f64;
        let [first, second] = power_of_two(self.exponent - UPPER - LOWER);
        Double::sum(high, low).shared(n as f64) * first * second
    }
}

const LOWER_UNITS: f64 = (1u64 << LOWER) as f64;

/// Whole numbers of upper and lower units together.
const fn joined(upper: f64, lower: f64) -> i128 {
    ((upper as i128) << LOWER) + lower as i128
}

impl Partial for ClampedSum {
    type Setup = Bounds;
    const NAME: &'static str = "clamped/1";

    fn begin(&bounds: &Bounds) -> Self {
        Self { bounds, count: 0, sum: 0 }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let x = block.values(0);
        self.count += x.len() as u64;
        self.sum = self.sum.saturating_add(run(Absorb { bounds: self.bounds, x }));
    }

    fn merge(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        self.sum = self.sum.saturating_add(later.sum);
    }

    fn is_sound(&self) -> bool {
        self.bounds.low.is_finite() && self.bounds.high.is_finite()
    }
}

struct Absorb<'a> {
    bounds: Bounds,
    x: &'a [f64],
}

impl Operation for Absorb<'_> {
    type Output = i128;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> i128 {
        let Self { bounds: Bounds { low, high }, x } = self;
        let fixed = Fixed::of(self.bounds);
        let (groups, rest) = x.as_chunks::<GROUP>();
        // A block has at most 2¹¹ values, of at most 2⁴⁰ upper units each: these sums are exact in any order.
        let (mut upper, mut lower) = ([l.splat(0.0); 4], [l.splat(0.0); 4]);
        for group in groups {
            let x = l.load(group);
            for i in 0..4 {
                let x = l.min(l.max(x[i], l.splat(low)), l.splat(high));
                let x = x * l.splat(fixed.factors[0]) * l.splat(fixed.factors[1]);
                let whole = (x + l.splat(WHOLE)) - l.splat(WHOLE);
                let part = ((x - whole) * l.splat(LOWER_UNITS) + l.splat(WHOLE)) - l.splat(WHOLE);
                upper[i] = upper[i] + whole;
                lower[i] = lower[i] + part;
            }
        }
        let mut sum = joined(l.total(upper), l.total(lower));
        for &x in rest {
            let x = if low < x { x } else { low };
            sum += fixed.whole(if x < high { x } else { high });
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::{BLOCK, Column, wire};
    use echoes_simd::{Level, run_at};
    use num_traits::ToPrimitive;

    fn read(bounds: Bounds, x: &[f64]) -> ClampedSum {
        let mut whole = ClampedSum::begin(&bounds);
        for part in x.chunks(BLOCK) {
            let mut later = ClampedSum::begin(&bounds);
            later.absorb(&Block::new(&[Column::of(part)], 0));
            whole.merge(&later);
        }
        whole
    }

    #[test]
    fn the_mean_is_the_exact_one_rounded_once() {
        let mut noise = oracle::noise(71);
        for exponent in [-1073, -1030, -500, 0, 3, 700, 1022] {
            let [first, second] = power_of_two(exponent);
            let x: Vec<f64> = (0..oracle::count(500)).map(|_| (noise() * 3.0 - 1.0) * first * second).collect();
            let bounds = Bounds { low: -0.5 * first * second, high: 1.5 * first * second };
            let sum = x.iter().fold(rational(0.0), |sum, x| sum + rational(x.clamp(bounds.low, bounds.high)));
            let exact = (sum / rational(x.len() as f64)).to_f64().unwrap();
            let found = read(bounds, &x).mean_without(0, 0);
            let last_place = exact.abs().next_up() - exact.abs();
            assert!((found - exact).abs() <= last_place, "2^{exponent}: {found:e} is not {exact:e}");
        }
    }

    #[test]
    fn neither_order_nor_level_matters() {
        let mut noise = oracle::noise(72);
        let bounds = Bounds { low: -1e9, high: 3e11 };
        let mut x: Vec<f64> = (0..1000).map(|_| (noise() - 0.5) * 10f64.powf(noise() * 30.0 - 15.0)).collect();
        let sum = read(bounds, &x);
        x.reverse();
        x.swap(3, 700);
        assert_eq!(read(bounds, &x), sum);
        let portable = run_at(Level::Portable, Absorb { bounds, x: &x });
        assert!(Level::available().all(|level| run_at(level, Absorb { bounds, x: &x }) == portable));
        assert_eq!(portable, x.iter().map(|&x| Fixed::of(bounds).whole(x.clamp(-1e9, 3e11))).sum::<i128>());
    }

    #[test]
    fn what_is_held_at_a_bound_can_be_left_out() {
        let sum = read(Bounds { low: 1.0, high: 3.0 }, &[-7.0, 2.5, f64::INFINITY, f64::NAN, 100.0]);
        assert_eq!((sum.count(), sum.mean_without(0, 0)), (5, 10.5 / 5.0));
        assert_eq!(sum.mean_without(2, 2), 2.5);
        assert!(sum.mean_without(3, 2).is_nan() && sum.mean_without(u64::MAX, u64::MAX).is_nan());
        assert_eq!(read(Bounds { low: 0.0, high: 0.0 }, &[4.0]).mean_without(0, 0), 0.0);
    }

    #[test]
    fn bounds_that_are_no_numbers_are_not_decoded() {
        let mut sum = read(Bounds { low: 1.0, high: 3.0 }, &[2.0]);
        assert_eq!(wire::decode::<ClampedSum>(&wire::encode(&sum).unwrap()), Ok(sum));
        sum.bounds.high = f64::INFINITY;
        assert!(wire::decode::<ClampedSum>(&wire::encode(&sum).unwrap()).is_err());
    }
}
