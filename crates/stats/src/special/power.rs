//! Powers of vectors, the same bits on every level.
//!
//! `x^y = e^(y ln x)`, the logarithm and its product with `y` in two doubles: what a double rounds off of `y ln x` would be up to
//! 400 units in the last place of the power. `x = 2^k m` with `m` between `√½` and `√2`; `ln m` is the series of the inverse
//! hyperbolic tangent in `s = (m − 1) / (m + 1)` to the 27th power (remainder 2^-76), whose first terms are carried in two doubles
//! (T. J. Dekker, Numer. Math. 18, 1971; T. Ogita, S. M. Rump, S. Oishi, SIAM J. Sci. Comput. 26(6), 2005, on such sums).
//!
//! Error against fixed-point arithmetic of 320 bits, over the whole range: ≤ 0.7 units in the last place, ≤ 0.8 where the result
//! is subnormal. Before the last rounding it is below a quarter of a unit, so powers that a double can hold are exact.

use super::{
    exp::{LN_2_HIGH, LN_2_LOW, exp_sum},
    ln::{COUNTER, parts},
    twofold::{Twofold, product, sum, times},
};
use echoes_simd::{Lanes, Operation, run};

/// Beyond it every power of a number other than 1 is infinite or zero.
const EXPONENT_MOST: f64 = (1u128 << 65) as f64;

/// Logarithms of powers beyond it are those of infinity or zero.
const LOGARITHM_MOST: f64 = 1000.0;

/// What 2/3 and 2/5 have beyond their doubles.
const THIRDS_LOW: f64 = f64::EPSILON / 6.0;
const FIFTHS_LOW: f64 = -f64::EPSILON / 10.0;

/// The bits of a number without its sign.
pub(crate) const SIZE: f64 = f64::from_bits(u64::MAX >> 1);

/// `x^y` with the signs and exceptions of IEEE 754's pow.
#[inline(always)]
pub(crate) fn power<L: Lanes>(l: L, x: L::V, y: L::V) -> L::V {
    let (zero, one) = (l.splat(0.0), l.splat(1.0));
    let size = l.and(x, l.splat(SIZE));
    let value = of_size(l, size, y);
    let is_one = l.le(size, one) & l.le(one, size);
    let value = l.select(is_one, one, value);
    // An odd exponent keeps the sign, one that is not whole has no power of what is negative.
    let signed = l.or(value, l.and(x, l.splat(-0.0)));
    let kept = l.select(is_whole(l, y * l.splat(0.5)), value, signed);
    let whole = is_whole(l, y);
    let negative = l.lt(x, zero) & l.lt(l.splat(f64::NEG_INFINITY), x);
    let value = l.select(whole, kept, l.select(negative, l.splat(f64::NAN), value));
    l.select(l.le(y, zero) & l.le(zero, y), one, value)
}

/// `x^y` for `x` not below zero; not for `0^0`, nor for 1 to an infinite power.
#[inline(always)]
fn of_size<L: Lanes>(l: L, x: L::V, y: L::V) -> L::V {
    let zero = l.splat(0.0);
    let y = l.max(l.splat(-EXPONENT_MOST), l.min(l.splat(EXPONENT_MOST), y));
    let finite = ln_twofold(l, x);
    let ln = l.select(l.lt(x, l.splat(f64::INFINITY)), finite.high, x);
    let ln = l.select(l.le(x, zero), l.splat(f64::NEG_INFINITY), ln);
    let high = y * ln;
    let low = product(l, y, finite.high).low + y * finite.low;
    // Infinities have no low part, nor have products that will be infinite or zero.
    let in_range = l.lt(l.and(high, l.splat(SIZE)), l.splat(LOGARITHM_MOST));
    exp_sum(l, high, l.select(in_range, low, zero))
}

/// `ln x` for positive finite numbers, within 2^-69 of itself.
#[inline(always)]
fn ln_twofold<L: Lanes>(l: L, x: L::V) -> Twofold<L::V> {
    let (k, m) = parts(l, x);
    let ln_m = twice_artanh(l, quotient(l, m));
    let whole = sum(l, k * l.splat(LN_2_HIGH), ln_m.high);
    sum(l, whole.high, whole.low + (ln_m.low + k * l.splat(LN_2_LOW)))
}

/// `(m − 1) / (m + 1)`.
#[inline(always)]
fn quotient<L: Lanes>(l: L, m: L::V) -> Twofold<L::V> {
    let above = m - l.splat(1.0);
    let below = sum(l, l.splat(1.0), m);
    let first = above / below.high;
    let back = product(l, first, below.high);
    let rest = ((above - back.high) - back.low) - first * below.low;
    sum(l, first, rest / below.high)
}

/// `2 artanh s = s (2 + s² (2/3 + s² (2/5 + …)))`.
#[inline(always)]
fn twice_artanh<L: Lanes>(l: L, s: Twofold<L::V>) -> Twofold<L::V> {
    let square = times(l, s, s);
    let mut series = l.splat(2.0 / 27.0);
    for n in [25.0, 23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0] {
        series = series * square.high + l.splat(2.0 / n);
    }
    let fifths = sum(l, l.splat(2.0 / 5.0), series * square.high);
    let fifths = Twofold { low: fifths.low + l.splat(FIFTHS_LOW), ..fifths };
    let more = times(l, square, fifths);
    let thirds = sum(l, l.splat(2.0 / 3.0), more.high);
    let thirds = Twofold { low: thirds.low + (more.low + l.splat(THIRDS_LOW)), ..thirds };
    let more = times(l, square, thirds);
    let twos = sum(l, l.splat(2.0), more.high);
    times(l, s, Twofold { low: twos.low + more.low, ..twos })
}

/// Whether it is a whole number, infinities included.
#[inline(always)]
fn is_whole<L: Lanes>(l: L, x: L::V) -> L::M {
    let size = l.and(x, l.splat(SIZE));
    let rounded = (size + l.splat(COUNTER)) - l.splat(COUNTER);
    l.le(l.splat(COUNTER), size) | (l.le(rounded, size) & l.le(size, rounded))
}

/// [`power`] of one number.
pub(crate) fn power_of(x: f64, y: f64) -> f64 {
    struct One(f64, f64);
    impl Operation for One {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            l.to_array(power(l, l.splat(self.0), l.splat(self.1)))[0]
        }
    }
    run(One(x, y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use echoes_simd::{Level, run_at};
    use num_rational::BigRational;
    use num_traits::Signed;

    struct All<'a>(&'a [[f64; 8]], &'a [[f64; 8]]);
    impl Operation for All<'_> {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> Vec<u64> {
            let mut out = Vec::new();
            for (x, y) in self.0.iter().zip(self.1) {
                out.extend(l.to_array(power(l, l.load8(x), l.load8(y))).map(f64::to_bits));
            }
            out
        }
    }

    fn powers(x: &[f64], y: &[f64]) -> Vec<f64> {
        run(All(x.as_chunks().0, y.as_chunks().0)).into_iter().map(f64::from_bits).collect()
    }

    fn one(x: f64, y: f64) -> f64 {
        powers(&[x; 8], &[y; 8])[0]
    }

    /// Bases of every size and next to 1, with exponents whose powers are anywhere between the smallest and the largest double.
    fn arguments() -> (Vec<f64>, Vec<f64>) {
        let mut noise = oracle::noise(5);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for i in 0..oracle::count(4000) {
            let (u, v) = (noise(), noise());
            let any = f64::from_bits((u * 9.2e18) as u64).clamp(5e-324, f64::MAX);
            let near = 1.0 + (u - 0.5) * 2f64.powi(-(i % 52));
            let middle = 0.5 + 1.5 * u;
            for base in [any, near, middle] {
                let most = if v < 0.5 { -744.0 } else { 709.0 };
                x.extend([base; 3]);
                y.extend([most * noise() / base.ln(), most * (1.0 - 0.02 * noise()) / base.ln(), (v - 0.5) * 20.0]);
            }
        }
        let kept = |i: &usize| {
            let ln = x[*i].ln() * y[*i];
            ln.is_finite() && -744.4 < ln && ln < 709.7
        };
        let kept: Vec<usize> = (0..x.len()).filter(kept).collect();
        let kept = &kept[..kept.len() / 8 * 8];
        (kept.iter().map(|&i| x[i]).collect(), kept.iter().map(|&i| y[i]).collect())
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let (x, y) = arguments();
        let (mut normal, mut subnormal) = ((0.0f64, 0.0, 0.0), (0.0f64, 0.0, 0.0));
        for ((&x, &y), found) in x.iter().zip(&y).zip(powers(&x, &y)) {
            let error = ulp(found, &oracle::power(x, y));
            let worst = if found < f64::MIN_POSITIVE { &mut subnormal } else { &mut normal };
            if error > worst.0 {
                *worst = (error, x, y);
            }
        }
        println!("power: {normal:?} units in the last place, {subnormal:?} where it is subnormal, of {}", x.len());
        assert!(normal.0 <= 0.7 && subnormal.0 <= 0.8, "{normal:?} {subnormal:?}");
    }

    /// Whether at most 53 bits are between its first and its last, and a double is large enough for it.
    fn is_a_double(x: &BigRational) -> bool {
        let bits = x.numer().magnitude();
        bits.bits() - bits.trailing_zeros().unwrap_or(0) <= 53 && x.abs() < rational(f64::MAX)
    }

    #[test]
    fn powers_that_a_double_can_hold_are_exact() {
        let (mut tried, bases) = (0, oracle::count(398));
        let n: Vec<f64> = (0..8 * oracle::count(38)).map(f64::from).collect();
        for base in (2..2 + bases).map(f64::from) {
            for x in [base, -base, base / 16.0, base * 1024.0] {
                let mut exact = rational(1.0);
                for (n, found) in n.iter().zip(powers(&vec![x; n.len()], &n)) {
                    if !is_a_double(&exact) {
                        break;
                    }
                    assert!(found.is_finite() && rational(found) == exact, "{x}^{n} is {found}");
                    exact *= rational(x);
                    tried += 1;
                }
            }
        }
        assert!(tried > 25 * bases, "{tried}");
        let n: Vec<i32> = (-1080..1024).collect();
        let y: Vec<f64> = n.iter().copied().map(f64::from).collect();
        for (n, found) in n.into_iter().zip(powers(&vec![2.0; y.len()], &y)) {
            let wanted = 2f64.powi(n / 2) * 2f64.powi(n - n / 2);
            assert_eq!(found.to_bits(), wanted.to_bits(), "2^{n}");
        }
        for n in (1..oracle::count(2000)).map(f64::from) {
            assert_eq!((one(n * n, 0.5), one(n * n * n * n, 0.25)), (n, n));
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let (mut x, mut y) = arguments();
        for edge in [0.0, -0.0, 1.0, -1.0, f64::INFINITY, 5e-324, f64::MAX, -3.0] {
            x.extend([edge; 8]);
            y.extend([0.0, 1.0, -1.0, 0.5, 3.0, f64::INFINITY, 1e300, -2.0]);
        }
        let at = |level| run_at(level, All(x.as_chunks().0, y.as_chunks().0));
        let portable = at(Level::Portable);
        for level in Level::available() {
            assert!(at(level) == portable, "{level:?}");
        }
    }

    #[test]
    fn signs_and_exceptions_are_those_of_pow() {
        let (inf, tiny, huge) = (f64::INFINITY, 5e-324, f64::MAX);
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            2.0,
            3.0,
            -3.0,
            2.5,
            1e-300,
            -1e300,
            tiny,
            -tiny,
            huge,
            -huge,
            inf,
            -inf,
            f64::NAN,
            4_503_599_627_370_497.0,
            1.0 + f64::EPSILON,
            1.0 - f64::EPSILON / 2.0,
        ];
        for x in edges {
            for y in edges {
                let (found, wanted) = (one(x, y), x.powf(y));
                let same = found == wanted || (found.is_nan() && wanted.is_nan());
                assert!(same || (found / wanted - 1.0).abs() < 1e-15, "{x}^{y} is {found}, not {wanted}");
                assert_eq!(found.is_sign_negative() && !found.is_nan(), wanted.is_sign_negative() && !wanted.is_nan());
            }
        }
    }
}
