//! The vector that every instruction set offers, and the order in which 32 of its lanes are added.

use crate::Divisor;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

/// Doubles from those that are read to those that are asked for: three quarters of a page, so that the processor's own prefetcher,
/// which stops at each page, finds the next one begun. Measured, two threads, 400 MB in pages of 4 KiB, sums of four powers: without
/// 20.6 ms, 1 KiB ahead 18.7, 2 KiB 16.0, 3 KiB 15.0, 4 KiB 15.2; in large pages 3 KiB are best too, and from 6 KiB on it is as without.
pub const SOON: usize = 384;

/// Numbers in a group: four vectors of eight.
pub const GROUP: usize = 32;

/// Added to a whole number it leaves that in the lowest bits.
const WHOLE: f64 = 1.5 * (1u64 << 52) as f64;

/// What an exponent is stored with.
const BIAS: f64 = 1023.0;

const TWO_TO_64: f64 = (1u128 << 64) as f64;

/// Counters of the whole numbers below 512, two of each, which hold together what was counted.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub struct Counters(pub [[u32; 2]; 512]);

impl Counters {
    /// Nothing counted yet.
    pub const ZERO: Self = Self([[0; 2]; 512]);

    /// Counts eight numbers, the lowest nine bits of each.
    #[inline(always)]
    pub fn count(&mut self, numbers: [f64; 8]) {
        for (i, number) in numbers.into_iter().enumerate() {
            // In turn: neighbours are often the same, and a counter has to wait for itself. Side by side: of two arrays the compiler
            // makes gathers and scatters, which take seven times as long.
            self.0[number.to_bits() as usize % 512][i % 2] += 1;
        }
    }
}

/// Vectors of eight doubles on one instruction set.
///
/// A value of the implementing type is the proof that the processor has those instructions; only
/// [`run`](crate::run) makes one. Every operation gives the same bits on every level.
pub trait Lanes: Copy {
    /// Eight doubles.
    type V: Copy + Add<Output = Self::V> + Sub<Output = Self::V> + Mul<Output = Self::V> + Div<Output = Self::V>;
    /// Eight truths.
    type M: Copy + BitAnd<Output = Self::M> + BitOr<Output = Self::M> + Not<Output = Self::M>;

    /// Whether there are registers for five sums of 32 lanes at a time. Where there are not, a loop that keeps more than one
    /// takes a vector of each group at a time ([`WIDE`](Lanes::WIDE) changes the order of the loops, not of the additions).
    const WIDE: bool;

    /// The same number in each lane.
    fn splat(self, x: f64) -> Self::V;
    /// Eight numbers from memory.
    fn load8(self, x: &[f64; 8]) -> Self::V;
    /// Eight numbers to an array.
    fn to_array(self, v: Self::V) -> [f64; 8];
    /// `a < b`; false where either is NaN.
    fn lt(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a <= b`; false where either is NaN.
    fn le(self, a: Self::V, b: Self::V) -> Self::M;
    /// Whether neither `a` nor `b` is NaN.
    fn ordered(self, a: Self::V, b: Self::V) -> Self::M;
    /// `yes` where the mask is true, else `no`.
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V;
    /// The square root; NaN below zero, and −0 of −0.
    fn sqrt(self, v: Self::V) -> Self::V;
    /// The bits that both have.
    fn and(self, a: Self::V, b: Self::V) -> Self::V;
    /// The bits that either has.
    fn or(self, a: Self::V, b: Self::V) -> Self::V;
    /// The bits that just one of them has.
    fn xor(self, a: Self::V, b: Self::V) -> Self::V;
    /// The sum of the bits of both as whole numbers, modulo 2⁶⁴.
    fn add_bits(self, a: Self::V, b: Self::V) -> Self::V;
    /// The lowest 12 bits of each lane where sign and exponent stand, zeros below.
    fn shift_up(self, v: Self::V) -> Self::V;
    /// Sign and exponent of each lane as its lowest 12 bits, zeros above.
    fn shift_down(self, v: Self::V) -> Self::V;
    /// The eight lanes from number `K` on, below 8, of `a` with `b` behind it.
    fn shifted<const K: i32>(self, a: Self::V, b: Self::V) -> Self::V;
    /// In each lane what is in the one whose number differs by the bits of `K`, below 8: 1 exchanges neighbours, 7 reverses.
    fn crossed<const K: i32>(self, v: Self::V) -> Self::V;
    /// Eight rows as eight columns: lane `i` of vector `j` is lane `j` of vector `i`.
    #[inline(always)]
    fn transposed(self, rows: [Self::V; 8]) -> [Self::V; 8] {
        let mut columns = [[0.0; 8]; 8];
        let mut i = 0;
        while i < 8 {
            let row = self.to_array(rows[i]);
            let mut j = 0;
            while j < 8 {
                columns[j][i] = row[j];
                j += 1;
            }
            i += 1;
        }
        let mut out = rows;
        let mut j = 0;
        while j < 8 {
            out[j] = self.load8(&columns[j]);
            j += 1;
        }
        out
    }
    /// The mask as bits, lane 0 lowest.
    fn bits(self, mask: Self::M) -> u8;
    /// The lanes that the mask chooses, in their order, at the front; what stands behind them is not specified.
    #[inline(always)]
    fn pack(self, v: Self::V, mask: Self::M) -> [f64; 8] {
        let (x, bits) = (self.to_array(v), self.bits(mask));
        let (mut out, mut len) = ([0.0; 8], 0);
        for (lane, x) in x.into_iter().enumerate() {
            // Written in any case, and over again if the lane is not chosen: a branch would be guessed wrong half the time.
            out[len & 7] = x;
            len += usize::from(bits >> lane & 1);
        }
        out
    }
    /// Counts 64 whole numbers, the lowest nine bits of their lanes: those up to `most`, perhaps others too. None may be beyond
    /// `2 most + 1`, and no number be counted 2³² times.
    #[inline(always)]
    fn tally(self, numbers: [Self::V; 8], most: usize, counters: &mut Counters) {
        let _ = most;
        for v in numbers {
            counters.count(self.to_array(v));
        }
    }
    /// Asks for the cache line at `at`, into the second level; it need not be valid memory.
    fn prefetch(self, at: *const f64);
    /// Asks for the cache line at `at`, into the first level; it need not be valid memory.
    fn prefetch_near(self, at: *const f64);

    /// `sum + a b`, rounded once.
    fn add_product(self, sum: Self::V, a: Self::V, b: Self::V) -> Self::V;

    /// The same where the product is exact in each lane, so that rounding it changes no bit.
    #[inline(always)]
    fn add_exact_product(self, sum: Self::V, a: Self::V, b: Self::V) -> Self::V {
        sum + a * b
    }

    /// `x` divided by the same number in each lane: the bits of `/`.
    #[inline(always)]
    fn quotient(self, x: Self::V, divisor: Divisor) -> Self::V {
        x / self.splat(divisor.by)
    }

    /// `x 2^k`, rounded once; `k` a whole number between −1086 and 1086.
    #[inline(always)]
    fn scale(self, x: Self::V, k: Self::V) -> Self::V {
        // 2^k may be no normal double, 2^(k ± 64) is one; the other 64 follow.
        let small = self.lt(k, self.splat(0.0));
        let exponent = k + self.select(small, self.splat(WHOLE + BIAS + 64.0), self.splat(WHOLE + BIAS - 64.0));
        let rest = self.select(small, self.splat(1.0 / TWO_TO_64), self.splat(TWO_TO_64));
        x * self.shift_up(exponent) * rest
    }

    /// `if a < b { a } else { b }`: `b` where either is NaN.
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        self.select(self.lt(a, b), a, b)
    }

    /// `if b < a { a } else { b }`: `b` where either is NaN.
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        self.select(self.lt(b, a), a, b)
    }

    /// A group of 32 from memory.
    #[inline(always)]
    fn load(self, x: &[f64; GROUP]) -> [Self::V; 4] {
        let (vectors, _) = x.as_chunks::<8>();
        [self.load8(&vectors[0]), self.load8(&vectors[1]), self.load8(&vectors[2]), self.load8(&vectors[3])]
    }

    /// The sum of 32 lanes, as a tree whose shape is the same on every level.
    #[inline(always)]
    fn total(self, v: [Self::V; 4]) -> f64 {
        self.across((v[0] + v[1]) + (v[2] + v[3]))
    }

    /// The sum of eight lanes, the last steps of [`total`](Lanes::total).
    #[inline(always)]
    fn across(self, v: Self::V) -> f64 {
        let x = self.to_array(v);
        ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
    }
}

/// An algorithm written once for every instruction set.
pub trait Operation {
    /// What it computes.
    type Output;

    /// Computes it. Mark it, and what it calls, `#[inline(always)]`, and write loops out instead of handing closures to
    /// iterators and arrays: only what is inlined uses the level's instructions.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// The groups of 32 in `x`, and what is left over as one more group, made in `space` and filled up with `fill` (none if
/// nothing is left).
#[inline(always)]
pub fn split<'a>(
    x: &'a [f64],
    fill: f64,
    space: &'a mut [f64; GROUP],
) -> (&'a [[f64; GROUP]], Option<&'a [f64; GROUP]>) {
    let (groups, rest) = x.as_chunks::<GROUP>();
    if rest.is_empty() {
        return (groups, None);
    }
    *space = [fill; GROUP];
    space[..rest.len()].copy_from_slice(rest);
    (groups, Some(space))
}
