//! The little arithmetic of long numbers that sums without rounding need: products, differences, and quotients rounded once.

use crate::partials::scaled;
use std::cmp::Ordering;

/// Bits of a limb.
const LIMB: i32 = 64;

/// `±limbs 2^(64 low)`, the lowest limb first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Long {
    negative: bool,
    limbs: Vec<u64>,
    low: i32,
}

impl Long {
    /// From limbs of which the lowest stands for `2^(64 low)`.
    pub(crate) fn new(negative: bool, mut limbs: Vec<u64>, low: i32) -> Self {
        let zeros = limbs.iter().take_while(|&&limb| limb == 0).count();
        limbs.drain(..zeros);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Self { negative, limbs, low: low + zeros as i32 }
    }

    pub(crate) const fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    /// The product of both.
    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut limbs = vec![0; self.limbs.len() + other.limbs.len()];
        for (i, &a) in self.limbs.iter().enumerate() {
            let mut carry = 0;
            for (limb, &b) in limbs[i..].iter_mut().zip(other.limbs.iter().chain([&0])) {
                let sum = u128::from(a) * u128::from(b) + u128::from(*limb) + carry;
                *limb = sum as u64;
                carry = sum >> LIMB;
            }
        }
        Self::new(self.negative != other.negative, limbs, self.low + other.low)
    }

    /// The difference.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        let low = self.low.min(other.low);
        let high = |x: &Self| x.low + x.limbs.len() as i32;
        let limbs = (high(self).max(high(other)) - low) as usize + 1;
        let (a, b) = (self.from(low, limbs), other.from(low, limbs));
        if self.negative != other.negative {
            return Self::new(self.negative, added(&a, &b), low);
        }
        match a.iter().rev().cmp(b.iter().rev()) {
            Ordering::Less => Self::new(!self.negative, subtracted(&b, &a), low),
            _ => Self::new(self.negative, subtracted(&a, &b), low),
        }
    }

    /// So many limbs from the one that stands for `2^(64 low)` on.
    fn from(&self, low: i32, limbs: usize) -> Vec<u64> {
        let mut padded = vec![0; (self.low - low) as usize];
        padded.extend(&self.limbs);
        padded.resize(limbs, 0);
        padded
    }

    /// The quotient by two numbers, neither of them 0.
    pub(crate) fn over(&self, divisors: [u64; 2]) -> Quotient {
        // Four limbs more: at least two remain of any quotient.
        let low = self.low - 4;
        let mut limbs = self.from(low, self.limbs.len() + 4);
        let mut rest = false;
        for divisor in divisors {
            rest |= divide(&mut limbs, divisor) != 0;
        }
        let quotient = Self::new(self.negative, limbs, low);
        let zeros = quotient.limbs.last().map_or(0, |limb| limb.leading_zeros());
        let [first, second, third] =
            std::array::from_fn(|i| quotient.limbs.iter().rev().nth(i).copied().unwrap_or_default());
        let below = u128::from(third) << zeros >> LIMB;
        let digits = (u128::from(first) << LIMB | u128::from(second)) << zeros | below;
        rest |= (third << zeros) != 0 || quotient.limbs.iter().rev().skip(3).any(|&limb| limb != 0);
        let exponent = LIMB * (quotient.low + quotient.limbs.len() as i32 - 2) - zeros as i32;
        Quotient { negative: self.negative, digits, rest, exponent }
    }
}

impl From<u64> for Long {
    fn from(x: u64) -> Self {
        Self::new(false, vec![x], 0)
    }
}

/// The sum of two numbers of one length, which has room for it.
fn added(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut carry = false;
    let add = |(&a, &b): (&u64, &u64)| {
        let (sum, first) = a.overflowing_add(b);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        carry = first || second;
        sum
    };
    a.iter().zip(b).map(add).collect()
}

/// The difference of two numbers of one length, `a ≥ b`.
fn subtracted(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut borrow = false;
    let subtract = |(&a, &b): (&u64, &u64)| {
        let (rest, first) = a.overflowing_sub(b);
        let (rest, second) = rest.overflowing_sub(u64::from(borrow));
        borrow = first || second;
        rest
    };
    a.iter().zip(b).map(subtract).collect()
}

/// Divides in place, and gives what is left.
fn divide(limbs: &mut [u64], divisor: u64) -> u128 {
    let (divisor, mut rest) = (u128::from(divisor), 0);
    for limb in limbs.iter_mut().rev() {
        let dividend = rest << LIMB | u128::from(*limb);
        (*limb, rest) = ((dividend / divisor) as u64, dividend % divisor);
    }
    rest
}

/// The first 128 binary digits of a quotient, `±digits 2^exponent`, and whether others follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quotient {
    negative: bool,
    digits: u128,
    rest: bool,
    exponent: i32,
}

impl Quotient {
    /// The root of a positive quotient.
    pub(crate) fn root(self) -> Self {
        let odd = self.exponent & 1;
        let (digits, lost) = (self.digits >> odd, self.digits & odd as u128);
        let root = digits.isqrt();
        let rest = self.rest || lost != 0 || root * root != digits;
        Self { digits: root, rest, exponent: (self.exponent + odd) / 2, ..self }
    }

    /// The nearest double, the even one of two equally near.
    pub(crate) fn rounded(self) -> f64 {
        if self.digits == 0 {
            return 0.0;
        }
        let bits = u128::BITS as i32 - self.digits.leading_zeros() as i32;
        let last = (self.exponent + bits - f64::MANTISSA_DIGITS as i32).max(-1074);
        let drop = (last - self.exponent).unsigned_abs();
        let kept = self.digits.checked_shr(drop).unwrap_or(0);
        let half = 1u128.checked_shl(drop.wrapping_sub(1)).unwrap_or(0);
        let (is_half, more) = (self.digits & half != 0, self.digits & half.wrapping_sub(1) != 0);
        let up = is_half && (more || self.rest || kept & 1 == 1);
        let size = scaled((kept + u128::from(up)) as f64, last.into());
        if self.negative { -size } else { size }
    }
}
