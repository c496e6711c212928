//! The natural logarithm of vectors, the same bits on every level.
//!
//! `x = 2^k m` with `m` between `√½` and `√2`; `ln m` from `s = f / (2 + f)`, `f = m − 1`, by the series of the inverse hyperbolic
//! tangent (remainder 2^-60), put together so that `f` itself is never rounded (W. J. Cody, W. Waite, Software Manual for the
//! Elementary Functions, 1980, chapter 5; P. T. P. Tang, ACM TOMS 16(4), 1990).
//!
//! Error of the logarithm against fixed-point arithmetic of 320 bits: ≤ 0.8 units in the last place.

use super::exp::{LN_2_HIGH, LN_2_LOW};
use echoes_simd::{Lanes, Operation, run};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// What makes a subnormal number a normal one.
const UP: f64 = (1u64 << 54) as f64;

/// A double whose lowest bits count ones.
pub(crate) const COUNTER: f64 = (1u64 << 52) as f64;

/// The bits of a fraction.
const FRACTION: f64 = f64::from_bits((1 << 52) - 1);

/// `ln x`: −∞ at zero, NaN below it.
#[inline(always)]
pub(crate) fn ln<L: Lanes>(l: L, x: L::V) -> L::V {
    let zero = l.splat(0.0);
    let (k, m) = parts(l, x);
    let value = put_together(l, m - l.splat(1.0), k);
    let value = l.select(l.lt(x, l.splat(f64::INFINITY)), value, x);
    let outside = l.select(l.lt(x, zero), l.splat(f64::NAN), l.splat(f64::NEG_INFINITY));
    l.select(l.le(x, zero), outside, value)
}

/// `k` and `m` of `x = 2^k m`, `m` between `√½` and `√2`; without meaning where `x` is not positive or not finite.
#[inline(always)]
pub(super) fn parts<L: Lanes>(l: L, x: L::V) -> (L::V, L::V) {
    let tiny = l.lt(x, l.splat(f64::MIN_POSITIVE));
    let normal = l.select(tiny, x * l.splat(UP), x);
    let stored = l.or(l.shift_down(normal), l.splat(COUNTER)) - l.splat(COUNTER);
    let m = l.or(l.and(normal, l.splat(FRACTION)), l.splat(1.0));
    let large = l.lt(l.splat(SQRT_2), m);
    let k = stored - l.select(large, l.splat(1022.0), l.splat(1023.0)) - l.select(tiny, l.splat(54.0), l.splat(0.0));
    (k, l.select(large, m * l.splat(0.5), m))
}

/// `k ln 2 + ln(1 + f)`.
#[inline(always)]
fn put_together<L: Lanes>(l: L, f: L::V, k: L::V) -> L::V {
    let s = f / (l.splat(2.0) + f);
    let square = s * s;
    let mut series = l.splat(2.0 / 23.0);
    for n in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * square + l.splat(2.0 / n);
    }
    let half = f * f * l.splat(0.5);
    let small = half - (s * (half + series * square) + k * l.splat(LN_2_LOW));
    k * l.splat(LN_2_HIGH) - (small - f)
}

/// [`ln`] of one number.
pub(crate) fn ln_of(x: f64) -> f64 {
    struct One(f64);
    impl Operation for One {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            l.to_array(ln(l, l.splat(self.0)))[0]
        }
    }
    run(One(x))
}

/// `ln(1 + x)` of one number above −1, without rounding the sum: ≤ 2 units in the last place of error.
pub(crate) fn ln_1p_of(x: f64) -> f64 {
    struct One(f64);
    impl Operation for One {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            l.to_array(put_together(l, l.splat(self.0), l.splat(0.0)))[0]
        }
    }
    if (FRAC_1_SQRT_2 - 1.0..SQRT_2 - 1.0).contains(&x) {
        return run(One(x));
    }
    let sum = 1.0 + x;
    ln_of(sum) + (x - (sum - 1.0)) / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use echoes_simd::{Level, run_at};
    use num_rational::BigRational;

    struct All<'a>(&'a [f64]);
    impl Operation for All<'_> {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> Vec<u64> {
            let mut out = Vec::new();
            for x in self.0.as_chunks::<8>().0 {
                out.extend(l.to_array(ln(l, l.load8(x))).map(f64::to_bits));
            }
            out
        }
    }

    fn arguments() -> Vec<f64> {
        let mut noise = oracle::noise(3);
        let mut x = Vec::new();
        for i in 0..oracle::count(3000) {
            let u = noise();
            x.push(1.0 + (u - 0.5) * 2f64.powi(-(i % 50)));
            x.push(f64::from_bits((u * 9.2e18) as u64).clamp(5e-324, f64::MAX));
            x.push(0.5 + u);
            x.push(5e-324 * (1.0 + u * 1e15));
        }
        x
    }

    /// `ln x` from a double next to it: `y + ln(x e^-y)`, whose second part is a small number.
    fn truth(x: f64, y: f64) -> BigRational {
        let rest = rational(x) * oracle::exp(-y) - rational(1.0);
        rational(y) + &rest - &rest * &rest / rational(2.0)
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let x = arguments();
        let found = run(All(&x));
        let mut worst = 0.0f64;
        for (x, found) in x.chunks(8).zip(found.chunks(8)) {
            for (&x, &found) in x.iter().zip(found) {
                let found = f64::from_bits(found);
                if found != 0.0 {
                    worst = worst.max(ulp(found, &truth(x, found)));
                }
            }
        }
        println!("ln: {worst:.3} units in the last place");
        assert!(worst <= 0.8, "{worst}");
    }

    #[test]
    fn of_one_plus_a_number() {
        let mut noise = oracle::noise(5);
        let mut worst = 0.0f64;
        for i in 0..oracle::count(3000) {
            let x = (noise() - 0.5) * 2f64.powi(-(i % 60)) + if i % 7 == 0 { noise() } else { 0.0 };
            let found = ln_1p_of(x);
            // (1 + x) e^-y next to 1, as for the logarithm.
            let rest = (rational(1.0) + rational(x)) * oracle::exp(-found) - rational(1.0);
            let truth = rational(found) + &rest - &rest * &rest / rational(2.0);
            if found != 0.0 {
                worst = worst.max(ulp(found, &truth));
            }
        }
        println!("ln(1 + x): {worst:.3} units in the last place");
        assert!(worst <= 2.0, "{worst}");
        assert_eq!((ln_of(1.0), ln_1p_of(0.0)), (0.0, 0.0));
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let mut x = arguments();
        x.extend([0.0, -0.0, f64::INFINITY, 1.0, 5e-324, f64::MAX, 2.0, 0.5]);
        let portable = run_at(Level::Portable, All(&x));
        for level in Level::available() {
            assert!(run_at(level, All(&x)) == portable, "{level:?}");
        }
    }

    #[test]
    fn ends_of_the_range() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = [0.0, -0.0, 1.0, inf, -1.0, -inf, nan, -5e-324];
        let found: Vec<f64> = run(All(&x)).into_iter().map(f64::from_bits).collect();
        assert_eq!(found[..4], [-inf, -inf, 0.0, inf]);
        assert!(found[4..].iter().all(|x| x.is_nan()), "{found:?}");
    }
}
