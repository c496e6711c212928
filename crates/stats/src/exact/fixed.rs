//! A fixed-point number that holds any sum of doubles and of products of two of them.
//!
//! R. M. Neal, Fast exact summation using small and large superaccumulators, arXiv 1505.05571, 2015: places of 32 bits in integers
//! of 64, so that carries can wait for half a billion additions.

use super::{Sum, long::Long};
use serde::{Deserialize, Serialize};

/// The binary logarithm of the first place: below that of the least product of two doubles, 2⁻²¹⁴⁸.
const LOWEST: i32 = -2176;
/// Places: up to 2²¹⁷⁶, while 2⁶⁴ products of two doubles come to less than 2²¹¹².
const PLACES: usize = 136;
/// Bits of a place.
const BITS: i32 = 32;
/// The place of the ones.
const ONES: usize = (-LOWEST / BITS) as usize;
/// Additions after which carries are brought on.
const PENDING_MAX: u32 = 1 << 29;

/// The place of `2^exponent`, and what it is shifted by there.
#[inline]
const fn place_of(exponent: i32) -> (usize, u32) {
    let at = (exponent - LOWEST).unsigned_abs();
    ((at / BITS as u32) as usize, at % BITS as u32)
}

#[inline]
const fn digit(bits: u128, place: i32) -> u32 {
    (bits >> (BITS * place)) as u32
}

/// A sum without rounding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fixed {
    /// Each between ±2³² times one more than what is pending.
    places: Vec<i64>,
    /// Additions since carries were brought on.
    pending: u32,
}

impl Fixed {
    pub(crate) fn zero() -> Self {
        Self { places: vec![0; PLACES], pending: 0 }
    }

    /// Adds `±size 2^exponent`, a multiple of 2⁻²¹⁷⁶ below 2²¹⁴⁴.
    #[inline]
    pub(crate) fn add(&mut self, negative: bool, size: u64, exponent: i32) {
        let (place, shift) = place_of(exponent);
        let bits = u128::from(size) << shift;
        self.add_digits(place, negative, [digit(bits, 0), digit(bits, 1), digit(bits, 2)]);
    }

    /// The same for a size of more bits.
    #[inline]
    pub(crate) fn add_long(&mut self, negative: bool, size: u128, exponent: i32) {
        let (place, shift) = place_of(exponent);
        let (low, high) = (u128::from(size as u64) << shift, (size >> 64) << shift);
        let middle = digit(low, 2) | digit(high, 0);
        self.add_digits(place, negative, [digit(low, 0), digit(low, 1), middle, digit(high, 1), digit(high, 2)]);
    }

    /// Adds the sum of a block.
    #[inline]
    pub(crate) fn add_sum<const N: usize>(&mut self, sum: &Sum<N>) {
        for &(count, exponent) in sum {
            self.add(count < 0, count.unsigned_abs(), exponent);
        }
    }

    #[inline]
    fn add_digits<const N: usize>(&mut self, place: usize, negative: bool, digits: [u32; N]) {
        if self.pending >= PENDING_MAX {
            self.settle();
        }
        self.pending += 1;
        let sign = if negative { -1 } else { 1 };
        if let Some(places) = self.places.get_mut(place..).and_then(|places| places.first_chunk_mut::<N>()) {
            for (place, digit) in places.iter_mut().zip(digits) {
                *place += sign * i64::from(digit);
            }
        }
    }

    /// Adds another.
    pub(crate) fn add_fixed(&mut self, other: &Self) {
        for (place, &other) in self.places.iter_mut().zip(&other.places) {
            *place = place.wrapping_add(other);
        }
        self.pending = self.pending.saturating_add(other.pending).saturating_add(1);
        if self.pending > PENDING_MAX {
            self.settle();
        }
    }

    /// Brings the carries on: every place but the last lies between 0 and 2³² then, and the last has the sign.
    fn settle(&mut self) {
        let mut carry = 0;
        let last = self.places.len() - 1;
        for place in &mut self.places[..last] {
            let sum = place.wrapping_add(carry);
            *place = sum & i64::from(u32::MAX);
            carry = sum >> BITS;
        }
        self.places[last] = self.places[last].wrapping_add(carry);
        self.pending = 0;
    }

    /// The number, in a form to compute with.
    pub(crate) fn long(&self) -> Long {
        let mut settled = self.clone();
        settled.settle();
        let negative = settled.places[PLACES - 1] < 0;
        if negative {
            settled.places.iter_mut().for_each(|place| *place = place.wrapping_neg());
            settled.settle();
        }
        let (pairs, _) = settled.places.as_chunks::<2>();
        Long::new(negative, pairs.iter().map(|&[low, high]| low as u64 | (high as u64) << BITS).collect(), LOWEST / 64)
    }

    /// The ones of a sum of integers.
    pub(crate) fn ones(&self) -> i128 {
        let mut settled = self.clone();
        settled.settle();
        let digits = settled.places.iter().skip(ONES).take(4).rev();
        digits.fold(0u128, |whole, &digit| whole << BITS | u128::from(digit as u32)) as i128
    }

    /// Whether it is one that additions have made.
    pub(crate) fn is_sound(&self) -> bool {
        let most = (u64::from(self.pending) + 1) << BITS;
        self.pending <= PENDING_MAX
            && self.places.len() == PLACES
            && self.places.iter().all(|place| place.unsigned_abs() <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_wait_and_arrive() {
        let terms = [(false, u64::MAX, -1074), (true, u64::MAX, 900), (false, 3, 0), (true, 1, -1074)];
        let sum = |up: i32| {
            let mut sum = Fixed::zero();
            terms.iter().for_each(|&(negative, size, exponent)| sum.add(negative, size, exponent + up));
            sum
        };
        let mut doubled = sum(0);
        for _ in 0..60 {
            let same = doubled.clone();
            doubled.add_fixed(&same);
            assert!(doubled.is_sound());
        }
        assert_eq!(doubled.long(), sum(60).long());
        let mut late = Fixed { pending: PENDING_MAX, ..sum(0) };
        late.add_long(false, 0, 0);
        assert!(late.pending == 1 && late.long() == sum(0).long() && sum(0).is_sound());
        assert!(!Fixed { pending: PENDING_MAX + 1, ..sum(0) }.is_sound());
        assert!(!Fixed { places: vec![0; PLACES - 1], pending: 0 }.is_sound());
    }

    #[test]
    fn a_long_size_is_one_of_its_halves() {
        let size = u128::from(u64::MAX) << 40 | 12345;
        for exponent in -2148..-2100 {
            let (mut whole, mut halves) = (Fixed::zero(), Fixed::zero());
            whole.add_long(true, size, exponent);
            halves.add(true, size as u64, exponent);
            halves.add(true, (size >> 64) as u64, exponent + 64);
            assert_eq!(whole.long(), halves.long());
        }
    }
}
