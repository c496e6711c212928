//! AVX2 with FMA: two registers a vector.

use crate::{Divisor, Lanes};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Sub};

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

/// For each mask of four lanes, the halves of the lanes where it is true, in front.
const FRONT: [[u32; 8]; 16] = {
    let mut table = [[0; 8]; 16];
    let mut mask = 0;
    while mask < 16 {
        let (mut lane, mut to) = (0, 0);
        while lane < 4 {
            if mask >> lane & 1 == 1 {
                table[mask][to] = 2 * lane;
                table[mask][to + 1] = 2 * lane + 1;
                to += 2;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

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
    fn bits(self, mask: Mask) -> u8 {
        // SAFETY: `self` proves AVX2.
        let (low, high) = unsafe { (_mm256_movemask_pd(mask.0), _mm256_movemask_pd(mask.1)) };
        (low | high << 4) as u8
    }
    #[inline(always)]
    fn compress(self, mask: Mask, v: Vector, out: &mut [f64; 8]) -> usize {
        // SAFETY: `self` proves AVX2.
        let (low, high) = unsafe { (_mm256_movemask_pd(mask.0) as usize, _mm256_movemask_pd(mask.1) as usize) };
        let behind = low.count_ones() as usize;
        let store = |half: __m256d, mask: usize, to: &mut [f64; 4]| {
            // SAFETY: `self` proves AVX2; a row of the table is 32 readable bytes, `to` as many writable ones, and neither load
            // nor store needs alignment; the casts change no bit.
            unsafe {
                let order = _mm256_loadu_si256(FRONT[mask].as_ptr().cast());
                let packed = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(half), order);
                _mm256_storeu_pd(to.as_mut_ptr(), _mm256_castsi256_pd(packed));
            }
        };
        let (front, _) = out.as_chunks_mut::<4>();
        store(v.0, low, &mut front[0]);
        if let Some(to) = out[behind..].first_chunk_mut() {
            store(v.1, high, to);
        }
        behind + high.count_ones() as usize
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
    fn quotient(self, x: Vector, divisor: Divisor) -> Vector {
        let size = self.and(x, self.splat(f64::from_bits(u64::MAX >> 1)));
        let inside = self.le(self.splat(divisor.least), size) & self.le(size, self.splat(Divisor::MOST));
        let (by, inverse) = (self.splat(divisor.by), self.splat(divisor.inverse));
        if self.bits(inside) != u8::MAX {
            return x / by;
        }
        let mut quotient = x * inverse;
        for _ in 0..2 {
            // SAFETY: `self` proves AVX2 and FMA.
            quotient = unsafe {
                let low = _mm256_fnmadd_pd(quotient.0, by.0, x.0);
                let high = _mm256_fnmadd_pd(quotient.1, by.1, x.1);
                let low = _mm256_fmadd_pd(low, inverse.0, quotient.0);
                Vector(low, _mm256_fmadd_pd(high, inverse.1, quotient.1))
            };
        }
        quotient
    }
}
