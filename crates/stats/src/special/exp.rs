//! The exponential function of vectors, the same bits on every level.
//!
//! `e^x = 2^k e^r` with `k` the whole number next to `x / ln 2`: what `ln 2` has beyond 53 bits, and what `r` loses when it is
//! rounded, are carried along, `e^r` is its Taylor series to the 13th power (remainder 2^-57), and its first sum is made without
//! loss (W. J. Cody, W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6; T. J. Dekker, Numer. Math. 18, 1971).
//!
//! Error against fixed-point arithmetic of 320 bits, over the whole range: ≤ 0.66 units in the last place, ≤ 0.76 where the
//! result is subnormal.

use echoes_simd::{Lanes, Operation, run};

/// Above it `e^x` is infinite, below its counterpart zero.
const MOST: f64 = 710.0;
const LEAST: f64 = -746.0;

/// `ln 2` in two parts; the first has 32 zeros at its end, so that a multiple of it is exact.
pub(super) const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
pub(super) const LN_2_LOW: f64 = 1.908_214_929_270_587_8e-10;

/// Added and taken away again, it leaves the nearest whole number.
pub(crate) const WHOLE: f64 = 1.5 * (1u64 << 52) as f64;

/// `1/n!` for `n` = 3, 5, … 13.
const ODD: [f64; 6] =
    [1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0, 1.0 / 362_880.0, 1.0 / 39_916_800.0, 1.0 / 6_227_020_800.0];

/// `1/n!` for `n` = 4, 6, … 12.
const EVEN: [f64; 5] = [1.0 / 24.0, 1.0 / 720.0, 1.0 / 40_320.0, 1.0 / 3_628_800.0, 1.0 / 479_001_600.0];

/// `e^(high + low)` for `low` small against 1; NaN where `high` is NaN.
#[inline(always)]
pub(crate) fn exp_sum<L: Lanes>(l: L, high: L::V, low: L::V) -> L::V {
    exp_in_range(l, l.max(l.splat(LEAST), l.min(l.splat(MOST), high)), low)
}

/// [`exp_sum`] for `high` between −746 and 710, or NaN.
#[inline(always)]
pub(crate) fn exp_in_range<L: Lanes>(l: L, high: L::V, low: L::V) -> L::V {
    let k = (high * l.splat(std::f64::consts::LOG2_E) + l.splat(WHOLE)) - l.splat(WHOLE);
    let rest = high - k * l.splat(LN_2_HIGH);
    let tail = low - k * l.splat(LN_2_LOW);
    let r = rest + tail;
    l.scale(near_zero(l, r, (rest - r) + tail), k)
}

/// `e^(r + tail)` for `|r| ≤ ln 2 / 2`.
#[inline(always)]
fn near_zero<L: Lanes>(l: L, r: L::V, tail: L::V) -> L::V {
    let square = r * r;
    let mut odd = l.splat(ODD[5]);
    let mut even = l.splat(EVEN[4]);
    for i in (0..5).rev() {
        odd = odd * square + l.splat(ODD[i]);
    }
    for i in (0..4).rev() {
        even = even * square + l.splat(EVEN[i]);
    }
    let series = square * l.splat(0.5) + (square * r * (odd + even * r) + tail);
    let sum = l.splat(1.0) + r;
    sum + (((l.splat(1.0) - sum) + r) + series)
}

/// [`exp_sum`] of one number.
pub(crate) fn exp_of(high: f64, low: f64) -> f64 {
    struct One(f64, f64);
    impl Operation for One {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            l.to_array(exp_sum(l, l.splat(self.0), l.splat(self.1)))[0]
        }
    }
    run(One(high, low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, ulp};
    use echoes_simd::{Level, run_at};

    struct All<'a>(&'a [f64]);
    impl Operation for All<'_> {
        type Output = Vec<f64>;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> Vec<f64> {
            let mut out = Vec::new();
            for x in self.0.as_chunks::<8>().0 {
                out.extend(l.to_array(exp_sum(l, l.load8(x), l.splat(0.0))));
            }
            out
        }
    }

    /// Over the whole range, near zero, next to the halfway points of the reduction, and where results are subnormal.
    fn arguments() -> Vec<f64> {
        let mut noise = oracle::noise(1);
        let mut x = Vec::new();
        for i in 0..oracle::count(6000) {
            let u = noise();
            x.push(-745.2 + 1454.9 * u);
            x.push((u - 0.5) * 4.0);
            x.push(-708.3 - 37.0 * u);
            x.push((u - 0.5) * 2f64.powi(-(i % 60)));
            let half = (f64::from(i % 2000 - 1000) + 0.5) * std::f64::consts::LN_2;
            x.extend([half, half.next_up()]);
        }
        x.resize(x.len() / 8 * 8, 0.0);
        x
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let x = arguments();
        let (mut normal, mut subnormal) = (0.0f64, 0.0f64);
        for (&x, found) in x.iter().zip(run(All(&x))) {
            let error = ulp(found, &oracle::exp(x));
            let worst = if found < f64::MIN_POSITIVE { &mut subnormal } else { &mut normal };
            *worst = worst.max(error);
        }
        println!("exp: {normal:.3} units in the last place, {subnormal:.3} where it is subnormal");
        assert!(normal <= 0.66 && subnormal <= 0.76, "{normal} {subnormal}");
    }

    #[test]
    fn ends_of_the_range() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let cases = [
            (0.0, 1.0),
            (-0.0, 1.0),
            (inf, inf),
            (-inf, 0.0),
            (709.782_712_893_384_1, inf),
            (1e300, inf),
            (-1e300, 0.0),
            (-745.13, 5e-324),
            (-745.14, 0.0),
        ];
        for (x, wanted) in cases {
            let found = exp_of(x, 0.0);
            assert!(found == wanted || ((found - wanted) / wanted).abs() < 1e-15, "exp({x}) is {found}");
        }
        assert!(exp_of(nan, 0.0).is_nan());
        assert_eq!(exp_of(1.0, 1e-20), exp_of(1.0, 0.0));
    }

    #[test]
    fn the_low_part_counts() {
        let (high, low) = (-300.0, 1.37e-6);
        let wanted = oracle::exp_sum(high, low);
        assert!(ulp(exp_of(high, low), &wanted) <= 0.66);
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let x = arguments();
        let portable = run_at(Level::Portable, All(&x));
        for level in Level::available() {
            assert!(run_at(level, All(&x)) == portable, "{level:?}");
        }
    }
}
