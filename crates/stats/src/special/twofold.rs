//! Vectors of numbers that are carried in two doubles.
//!
//! T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18, 1971.

use echoes_simd::Lanes;

/// Its upper half times a number leaves that number's upper 26 bits.
const HALVES: f64 = ((1u32 << 27) + 1) as f64;

/// Unevaluated sums `high + low`, `low` small against `high`.
#[derive(Clone, Copy)]
pub(crate) struct Twofold<V> {
    pub(crate) high: V,
    pub(crate) low: V,
}

/// `a + b` without rounding, where `a` is not the smaller one in size or is zero.
#[inline(always)]
pub(crate) fn sum<L: Lanes>(_: L, a: L::V, b: L::V) -> Twofold<L::V> {
    let high = a + b;
    Twofold { high, low: b - (high - a) }
}

/// `a b` without rounding, for factors whose halves neither overflow nor underflow.
#[inline(always)]
pub(crate) fn product<L: Lanes>(l: L, a: L::V, b: L::V) -> Twofold<L::V> {
    let (a_high, a_low) = halves(l, a);
    let (b_high, b_low) = halves(l, b);
    let high = a * b;
    Twofold { high, low: ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low }
}

#[inline(always)]
fn halves<L: Lanes>(l: L, x: L::V) -> (L::V, L::V) {
    let shifted = l.splat(HALVES) * x;
    let high = shifted - (shifted - x);
    (high, x - high)
}

/// `a b`, within 2^-102 of itself.
#[inline(always)]
pub(crate) fn times<L: Lanes>(l: L, a: Twofold<L::V>, b: Twofold<L::V>) -> Twofold<L::V> {
    let product = product(l, a.high, b.high);
    sum(l, product.high, product.low + (a.high * b.low + a.low * b.high))
}
