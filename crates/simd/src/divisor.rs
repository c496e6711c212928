//! Division of many numbers by one, at the price of multiplications.
//!
//! A quotient guessed with the reciprocal in two doubles is one of the two doubles around the true one. Mended by what it leaves over,
//! which is exact because it is fused, it is the nearest, as division itself gives it, if the reciprocal's first double is the nearest
//! to its own (P. W. Markstein, IBM J. Res. Dev. 34, 1990, theorem 8.5). So this changes time and no bit: a division takes 16 cycles on
//! eight lanes, this four.

/// A number that many are divided by ([`Lanes::quotient`](crate::Lanes::quotient)).
#[derive(Debug, Clone, Copy)]
pub struct Divisor {
    pub(crate) by: f64,
    /// The double next to `1 / by`, and the one next to what is left of that.
    pub(crate) inverse: [f64; 2],
    /// Twice the bits of a number, without its sign therefore, less this, are below `end` if it may be divided in this way.
    pub(crate) origin: i64,
    /// Where such differences end.
    pub(crate) end: i64,
}

impl Divisor {
    /// Divides by `by`, whatever it is.
    pub fn new(by: f64) -> Self {
        let high = 1.0 / by;
        // Between these, neither a quotient nor what it leaves over is subnormal or infinite.
        let is_moderate = (BY_LEAST..=1.0 / BY_LEAST).contains(&by.abs());
        // Sizes are in the order of their bits; the differences begin at the least whole number with a sign, which none is below.
        let sizes = (1.0 / LEAST).to_bits() - LEAST.to_bits();
        let end = if is_moderate { (2 * sizes + 1) as i64 + i64::MIN } else { i64::MIN };
        let origin = (2 * LEAST.to_bits()) as i64 + i64::MIN;
        Self { by, inverse: [high, high.mul_add(-by, 1.0) / by], origin, end }
    }
}

/// The smallest size of a number that may be divided in this way, 2^−400; the largest is its reciprocal.
const LEAST: f64 = f64::from_bits((1023 - 400) << 52);

/// The smallest size of such a divisor, 2^−500; the largest is its reciprocal.
const BY_LEAST: f64 = f64::from_bits((1023 - 500) << 52);
