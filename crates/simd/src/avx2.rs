//! AVX2 with FMA: two registers a vector.

use crate::{Divisor, Lanes};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

/// The proof that this processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The processor must have AVX2 and FMA.
    pub(crate) const unsafe fn new() -> Self {
        Self(())
    }
}

/// Eight doubles. Only [`Avx2`] makes one, so having one proves that the processor has both.
#[derive(Clone, Copy)]
pub(crate) struct Vector(__m256d, __m256d);

/// Eight truths, each all ones or all zeros. Only comparisons of [`Vector`]s make one.
#[derive(Clone, Copy)]
pub(crate) struct Mask(__m256d, __m256d);

macro_rules! operator {
    ($($type:ident $trait:ident $method:ident $intrinsic:ident),*) => {$(
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a value of this type exists, so the processor has AVX2.
                unsafe { Self($intrinsic(self.0, other.0), $intrinsic(self.1, other.1)) }
            }
        }
    )*};
}
operator!(
    Vector Add add _mm256_add_pd, Vector Sub sub _mm256_sub_pd, Vector Mul mul _mm256_mul_pd,
    Vector Div div _mm256_div_pd, Mask BitAnd bitand _mm256_and_pd,
    Mask BitOr bitor _mm256_or_pd
);

impl Not for Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        // SAFETY: a mask exists, so the processor has AVX2; the casts change no bit.
        unsafe {
            let ones = _mm256_castsi256_pd(_mm256_set1_epi64x(-1));
            Self(_mm256_xor_pd(self.0, ones), _mm256_xor_pd(self.1, ones))
        }
    }
}

impl Lanes for Avx2 {
    type V = Vector;
    type M = Mask;
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, x: f64) -> Vector {
        // SAFETY: `self` is the proof that the processor has AVX2.
        let half = unsafe { _mm256_set1_pd(x) };
        Vector(half, half)
    }
    #[inline(always)]
    fn load8(self, x: &[f64; 8]) -> Vector {
        let (halves, _) = x.as_chunks::<4>();
        // SAFETY: `self` proves AVX2; each half is 32 readable bytes, and the load needs no alignment.
        unsafe { Vector(_mm256_loadu_pd(halves[0].as_ptr()), _mm256_loadu_pd(halves[1].as_ptr())) }
    }
    #[inline(always)]
    fn to_array(self, v: Vector) -> [f64; 8] {
        let mut out = [0.0; 8];
        let (halves, _) = out.as_chunks_mut::<4>();
        // SAFETY: `self` proves AVX2; each half is 32 writable bytes, and the store needs no alignment.
        unsafe {
            _mm256_storeu_pd(halves[0].as_mut_ptr(), v.0);
            _mm256_storeu_pd(halves[1].as_mut_ptr(), v.1);
        }
        out
    }
    #[inline(always)]
    fn lt(self, a: Vector, b: Vector) -> Mask {
        // SAFETY: `self` proves AVX2.
        unsafe { Mask(_mm256_cmp_pd::<_CMP_LT_OQ>(a.0, b.0), _mm256_cmp_pd::<_CMP_LT_OQ>(a.1, b.1)) }
    }
    #[inline(always)]
    fn le(self, a: Vector, b: Vector) -> Mask {
        // SAFETY: `self` proves AVX2.
        unsafe { Mask(_mm256_cmp_pd::<_CMP_LE_OQ>(a.0, b.0), _mm256_cmp_pd::<_CMP_LE_OQ>(a.1, b.1)) }
    }
    #[inline(always)]
    fn ordered(self, a: Vector, b: Vector) -> Mask {
        // SAFETY: `self` proves AVX2.
        unsafe { Mask(_mm256_cmp_pd::<_CMP_ORD_Q>(a.0, b.0), _mm256_cmp_pd::<_CMP_ORD_Q>(a.1, b.1)) }
    }
    #[inline(always)]
    fn select(self, mask: Mask, yes: Vector, no: Vector) -> Vector {
        // SAFETY: `self` proves AVX2.
        unsafe { Vector(_mm256_blendv_pd(no.0, yes.0, mask.0), _mm256_blendv_pd(no.1, yes.1, mask.1)) }
    }
    #[inline(always)]
    fn sqrt(self, v: Vector) -> Vector {
        // SAFETY: `self` proves AVX2.
        unsafe { Vector(_mm256_sqrt_pd(v.0), _mm256_sqrt_pd(v.1)) }
    }
    #[inline(always)]
    fn and(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2.
        unsafe { Vector(_mm256_and_pd(a.0, b.0), _mm256_and_pd(a.1, b.1)) }
    }
    #[inline(always)]
    fn or(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2.
        unsafe { Vector(_mm256_or_pd(a.0, b.0), _mm256_or_pd(a.1, b.1)) }
    }
    #[inline(always)]
    fn xor(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2.
        unsafe { Vector(_mm256_xor_pd(a.0, b.0), _mm256_xor_pd(a.1, b.1)) }
    }
    #[inline(always)]
    fn add_bits(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2; the casts change no bit.
        unsafe {
            let low = _mm256_add_epi64(_mm256_castpd_si256(a.0), _mm256_castpd_si256(b.0));
            let high = _mm256_add_epi64(_mm256_castpd_si256(a.1), _mm256_castpd_si256(b.1));
            Vector(_mm256_castsi256_pd(low), _mm256_castsi256_pd(high))
        }
    }
    #[inline(always)]
    fn shift_up(self, v: Vector) -> Vector {
        // SAFETY: `self` proves AVX2; the casts change no bit.
        unsafe {
            let low = _mm256_slli_epi64::<52>(_mm256_castpd_si256(v.0));
            let high = _mm256_slli_epi64::<52>(_mm256_castpd_si256(v.1));
            Vector(_mm256_castsi256_pd(low), _mm256_castsi256_pd(high))
        }
    }
    #[inline(always)]
    fn shift_down(self, v: Vector) -> Vector {
        // SAFETY: `self` proves AVX2; the casts change no bit.
        unsafe {
            let low = _mm256_srli_epi64::<52>(_mm256_castpd_si256(v.0));
            let high = _mm256_srli_epi64::<52>(_mm256_castpd_si256(v.1));
            Vector(_mm256_castsi256_pd(low), _mm256_castsi256_pd(high))
        }
    }
    #[inline(always)]
    fn shifted<const K: i32>(self, a: Vector, b: Vector) -> Vector {
        const { assert!(0 <= K && K < 8) };
        let (registers, at) = ([a.0, a.1, b.0, b.1], (K / 2) as usize);
        if K % 2 == 0 {
            return Vector(pair_on(self, registers, at), pair_on(self, registers, at + 2));
        }
        let low = [pair_on(self, registers, at), pair_on(self, registers, at + 1)];
        let high = [pair_on(self, registers, at + 2), pair_on(self, registers, at + 3)];
        // SAFETY: `self` proves AVX2.
        unsafe { Vector(_mm256_shuffle_pd::<0b0101>(low[0], low[1]), _mm256_shuffle_pd::<0b0101>(high[0], high[1])) }
    }
    #[inline(always)]
    fn crossed<const K: i32>(self, v: Vector) -> Vector {
        const { assert!(0 <= K && K < 8) };
        let Vector(low, high) = if K & 4 == 0 { v } else { Vector(v.1, v.0) };
        // SAFETY: `self` proves AVX2.
        unsafe {
            match K & 3 {
                0 => Vector(low, high),
                1 => Vector(_mm256_permute_pd::<0b0101>(low), _mm256_permute_pd::<0b0101>(high)),
                2 => Vector(_mm256_permute4x64_pd::<0b01_00_11_10>(low), _mm256_permute4x64_pd::<0b01_00_11_10>(high)),
                _ => Vector(_mm256_permute4x64_pd::<0b00_01_10_11>(low), _mm256_permute4x64_pd::<0b00_01_10_11>(high)),
            }
        }
    }
    #[inline(always)]
    fn transposed(self, [a, b, c, d, e, f, g, h]: [Vector; 8]) -> [Vector; 8] {
        let [p0, p1, p2, p3] = four_turned(self, [a.0, b.0, c.0, d.0]);
        let [q0, q1, q2, q3] = four_turned(self, [e.0, f.0, g.0, h.0]);
        let [p4, p5, p6, p7] = four_turned(self, [a.1, b.1, c.1, d.1]);
        let [q4, q5, q6, q7] = four_turned(self, [e.1, f.1, g.1, h.1]);
        [
            Vector(p0, q0),
            Vector(p1, q1),
            Vector(p2, q2),
            Vector(p3, q3),
            Vector(p4, q4),
            Vector(p5, q5),
            Vector(p6, q6),
            Vector(p7, q7),
        ]
    }
    #[inline(always)]
    fn bits(self, mask: Mask) -> u8 {
        // SAFETY: `self` proves AVX2.
        let (low, high) = unsafe { (_mm256_movemask_pd(mask.0), _mm256_movemask_pd(mask.1)) };
        (low | high << 4) as u8
    }
    #[inline(always)]
    fn pack(self, v: Vector, mask: Mask) -> [f64; 8] {
        let bits = self.bits(mask);
        let (low, high) = (usize::from(bits & 15), usize::from(bits >> 4));
        let at = low.count_ones() as usize;
        // SAFETY: `self` proves AVX2; a row of either table is 32 readable bytes, and there is one for each number of four lanes.
        unsafe {
            let packed = |half, order: &[u32; 8]| {
                let order = _mm256_loadu_si256(order.as_ptr().cast());
                _mm256_castsi256_pd(_mm256_permutevar8x32_epi32(_mm256_castpd_si256(half), order))
            };
            // The second half begins behind the first, and what has no room there stands at the front of its register.
            let (first, second) = (packed(v.0, &PACK[0][low]), packed(v.1, &PACK[at][high]));
            let behind = _mm256_loadu_pd(BEHIND[at].as_ptr().cast());
            self.to_array(Vector(_mm256_blendv_pd(first, second, behind), second))
        }
    }
    #[inline(always)]
    fn prefetch(self, at: *const f64) {
        // SAFETY: a prefetch of any address, valid or not, only hints.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) };
    }
    #[inline(always)]
    fn prefetch_near(self, at: *const f64) {
        // SAFETY: a prefetch of any address, valid or not, only hints.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[inline(always)]
    fn min(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2. The instruction is `a < b ? a : b`.
        unsafe { Vector(_mm256_min_pd(a.0, b.0), _mm256_min_pd(a.1, b.1)) }
    }
    #[inline(always)]
    fn max(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2. The instruction is `a > b ? a : b`.
        unsafe { Vector(_mm256_max_pd(a.0, b.0), _mm256_max_pd(a.1, b.1)) }
    }
    #[inline(always)]
    fn add_product(self, sum: Vector, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX2 and FMA.
        unsafe { Vector(_mm256_fmadd_pd(a.0, b.0, sum.0), _mm256_fmadd_pd(a.1, b.1, sum.1)) }
    }
    #[inline(always)]
    fn add_exact_product(self, sum: Vector, a: Vector, b: Vector) -> Vector {
        self.add_product(sum, a, b)
    }
    #[inline(always)]
    fn quotient(self, x: Vector, divisor: Divisor) -> Vector {
        let by = self.splat(divisor.by);
        // SAFETY: `self` proves AVX2; the casts change no bit.
        let inside = unsafe {
            let (origin, end) = (_mm256_set1_epi64x(divisor.origin), _mm256_set1_epi64x(divisor.end));
            let (low, high) = (_mm256_castpd_si256(x.0), _mm256_castpd_si256(x.1));
            let low = _mm256_cmpgt_epi64(end, _mm256_sub_epi64(_mm256_add_epi64(low, low), origin));
            let high = _mm256_cmpgt_epi64(end, _mm256_sub_epi64(_mm256_add_epi64(high, high), origin));
            Mask(_mm256_castsi256_pd(low), _mm256_castsi256_pd(high))
        };
        if self.bits(inside) != u8::MAX {
            return x / by;
        }
        let (high, low) = (self.splat(divisor.inverse[0]), x * self.splat(divisor.inverse[1]));
        // SAFETY: `self` proves AVX2 and FMA.
        unsafe {
            let guess = [_mm256_fmadd_pd(x.0, high.0, low.0), _mm256_fmadd_pd(x.1, high.1, low.1)];
            let rest = [_mm256_fnmadd_pd(guess[0], by.0, x.0), _mm256_fnmadd_pd(guess[1], by.1, x.1)];
            Vector(_mm256_fmadd_pd(rest[0], high.0, guess[0]), _mm256_fmadd_pd(rest[1], high.1, guess[1]))
        }
    }
}

/// Four rows as four columns.
#[inline(always)]
fn four_turned(_: Avx2, [a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    // SAFETY: the argument proves AVX2.
    unsafe {
        let (ab, ab1) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (cd, cd1) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(ab, cd),
            _mm256_permute2f128_pd::<0x20>(ab1, cd1),
            _mm256_permute2f128_pd::<0x31>(ab, cd),
            _mm256_permute2f128_pd::<0x31>(ab1, cd1),
        ]
    }
}

/// Four lanes of sixteen from a pair of them on.
#[inline(always)]
fn pair_on(_: Avx2, registers: [__m256d; 4], pair: usize) -> __m256d {
    let register = registers[pair / 2];
    if pair.is_multiple_of(2) {
        return register;
    }
    // SAFETY: the argument proves AVX2.
    unsafe { _mm256_permute2f128_pd::<0x21>(register, registers[pair / 2 + 1]) }
}

/// Where the halves of four doubles come from, for each lane that the first one chosen goes to and each choice among them; what has
/// no room behind goes round to the front.
static PACK: [[[u32; 8]; 16]; 5] = pack_table();

const fn pack_table() -> [[[u32; 8]; 16]; 5] {
    let mut table = [[[0; 8]; 16]; 5];
    let mut first = 0;
    while first < 5 {
        let mut chosen = 0;
        while chosen < 16 {
            let (mut lane, mut at) = (0, first);
            while lane < 4 {
                if chosen >> lane & 1 == 1 {
                    table[first][chosen][at % 4 * 2] = 2 * lane;
                    table[first][chosen][at % 4 * 2 + 1] = 2 * lane + 1;
                    at += 1;
                }
                lane += 1;
            }
            chosen += 1;
        }
        first += 1;
    }
    table
}

/// The lanes from a number on.
static BEHIND: [[u64; 4]; 5] =
    [[u64::MAX; 4], [0, u64::MAX, u64::MAX, u64::MAX], [0, 0, u64::MAX, u64::MAX], [0, 0, 0, u64::MAX], [0; 4]];
