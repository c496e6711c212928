//! The truth for tests of special functions: fixed-point arithmetic of 320 bits behind the point.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

const BITS: u32 = 320;

/// Numbers without a pattern, evenly in [0, 1).
pub(crate) fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How many values are compared: an interpreter that looks for undefined behaviour needs ten seconds for each.
pub(crate) const fn count(count: i32) -> i32 {
    if cfg!(miri) { 2 } else { count }
}

/// A double as a fraction.
pub(crate) fn rational(x: f64) -> BigRational {
    BigRational::from_float(x).unwrap_or_else(|| panic!("{x} is not finite"))
}

/// How many units in the last place of the truth, as a double has it, lie between it and `found`.
pub(crate) fn ulp(found: f64, truth: &BigRational) -> f64 {
    let near = truth.abs().to_f64().unwrap();
    let unit = if near < f64::MAX { rational(near.next_up()) - rational(near) } else { rational(2f64.powi(971)) };
    // Where the truth lies just below a power of two, its unit is half of the one above.
    let unit = if rational(near) > truth.abs() { rational(near) - rational(near.next_down()) } else { unit };
    ((rational(found) - truth).abs() / unit).to_f64().unwrap()
}

fn fixed(x: &BigRational) -> BigInt {
    (x.numer() << BITS) / x.denom()
}

fn fraction(fixed: BigInt) -> BigRational {
    BigRational::new(fixed, BigInt::from(1) << BITS)
}

fn times(a: &BigInt, b: &BigInt) -> BigInt {
    (a * b) >> BITS
}

/// `2 atanh(s)` for `|s| ≤ 1/3`.
fn twice_atanh(s: &BigInt) -> BigInt {
    let square = times(s, s);
    let (mut power, mut sum, mut n) = (s.clone(), BigInt::zero(), 1);
    while power.bits() > 1 {
        sum += &power / n;
        power = times(&power, &square);
        n += 2;
    }
    sum << 1
}

fn ln_2() -> BigInt {
    twice_atanh(&((BigInt::from(1) << BITS) / 3))
}

/// `e^x`.
pub(crate) fn exp(x: f64) -> BigRational {
    exp_sum(x, 0.0)
}

/// `e^(high + low)`.
pub(crate) fn exp_sum(high: f64, low: f64) -> BigRational {
    exp_fixed(&fixed(&(rational(high) + rational(low))))
}

/// `x^y` for positive `x`.
pub(crate) fn power(x: f64, y: f64) -> BigRational {
    let k = x.log2().round() as i32;
    let two = BigRational::from(BigInt::from(2));
    let m = rational(x) / two.pow(k);
    let one = rational(1.0);
    let ln = twice_atanh(&fixed(&((&m - &one) / (&m + &one)))) + ln_2() * k;
    let y = rational(y);
    exp_fixed(&(ln * y.numer() / y.denom()))
}

fn exp_fixed(x: &BigInt) -> BigRational {
    let ln_2 = ln_2();
    let k = (x / &ln_2).to_i32().unwrap();
    let r = x - &ln_2 * k;
    let one = BigInt::from(1) << BITS;
    let (mut term, mut sum, mut n) = (one.clone(), one, 1);
    while !term.is_zero() && term != BigInt::from(-1) {
        term = times(&term, &r) / n;
        sum += &term;
        n += 1;
    }
    let power = BigRational::from(BigInt::from(1) << k.unsigned_abs());
    if k < 0 { fraction(sum) / power } else { fraction(sum) * power }
}
