//! AVX-512: one register a vector.

use crate::{Divisor, Lanes};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

/// The proof that this processor has AVX-512 F, DQ, BW and VL.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The processor must have AVX-512 F, DQ, BW and VL.
    pub(crate) const unsafe fn new() -> Self {
        Self(())
    }
}

/// Eight doubles. Only [`Avx512`] makes one, so having one proves that the processor has AVX-512.
#[derive(Clone, Copy)]
pub(crate) struct Vector(__m512d);

/// Eight truths.
#[derive(Clone, Copy)]
pub(crate) struct Mask(__mmask8);

macro_rules! operator {
    ($($trait:ident $method:ident $intrinsic:ident),*) => {$(
        impl $trait for Vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a Vector exists, so the processor has AVX-512.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    )*};
}
operator!(Add add _mm512_add_pd, Sub sub _mm512_sub_pd, Mul mul _mm512_mul_pd, Div div _mm512_div_pd);

impl BitAnd for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl Lanes for Avx512 {
    type V = Vector;
    type M = Mask;
    const WIDE: bool = true;

    #[inline(always)]
    fn splat(self, x: f64) -> Vector {
        // SAFETY: `self` is the proof that the processor has AVX-512.
        Vector(unsafe { _mm512_set1_pd(x) })
    }
    #[inline(always)]
    fn load8(self, x: &[f64; 8]) -> Vector {
        // SAFETY: `self` proves AVX-512; `x` is 64 readable bytes, and the load needs no alignment.
        Vector(unsafe { _mm512_loadu_pd(x.as_ptr()) })
    }
    #[inline(always)]
    fn to_array(self, v: Vector) -> [f64; 8] {
        let mut out = [0.0; 8];
        // SAFETY: `self` proves AVX-512; `out` is 64 writable bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_pd(out.as_mut_ptr(), v.0) };
        out
    }
    #[inline(always)]
    fn lt(self, a: Vector, b: Vector) -> Mask {
        // SAFETY: `self` proves AVX-512.
        Mask(unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a.0, b.0) })
    }
    #[inline(always)]
    fn le(self, a: Vector, b: Vector) -> Mask {
        // SAFETY: `self` proves AVX-512.
        Mask(unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(a.0, b.0) })
    }
    #[inline(always)]
    fn ordered(self, a: Vector, b: Vector) -> Mask {
        // SAFETY: `self` proves AVX-512.
        Mask(unsafe { _mm512_cmp_pd_mask::<_CMP_ORD_Q>(a.0, b.0) })
    }
    #[inline(always)]
    fn select(self, mask: Mask, yes: Vector, no: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_mask_blend_pd(mask.0, no.0, yes.0) })
    }
    #[inline(always)]
    fn sqrt(self, v: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_sqrt_pd(v.0) })
    }
    #[inline(always)]
    fn and(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_and_pd(a.0, b.0) })
    }
    #[inline(always)]
    fn or(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_or_pd(a.0, b.0) })
    }
    #[inline(always)]
    fn add_bits(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512; the casts change no bit.
        Vector(unsafe { _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(a.0), _mm512_castpd_si512(b.0))) })
    }
    #[inline(always)]
    fn shift_up(self, v: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512; the casts change no bit.
        Vector(unsafe { _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(v.0))) })
    }
    #[inline(always)]
    fn shift_down(self, v: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512; the casts change no bit.
        Vector(unsafe { _mm512_castsi512_pd(_mm512_srli_epi64::<52>(_mm512_castpd_si512(v.0))) })
    }
    #[inline(always)]
    fn shifted<const K: i32>(self, a: Vector, b: Vector) -> Vector {
        const { assert!(0 <= K && K < 8) };
        // SAFETY: `self` proves AVX-512; the casts change no bit.
        unsafe {
            let (low, high) = (_mm512_castpd_si512(a.0), _mm512_castpd_si512(b.0));
            Vector(_mm512_castsi512_pd(_mm512_alignr_epi64::<K>(high, low)))
        }
    }
    #[inline(always)]
    fn crossed<const K: i32>(self, v: Vector) -> Vector {
        const { assert!(0 <= K && K < 8) };
        // SAFETY: `self` proves AVX-512.
        unsafe {
            let v = if K & 1 == 0 { v.0 } else { _mm512_permute_pd::<0b0101_0101>(v.0) };
            Vector(match K >> 1 {
                0 => v,
                1 => _mm512_shuffle_f64x2::<0b10_11_00_01>(v, v),
                2 => _mm512_shuffle_f64x2::<0b01_00_11_10>(v, v),
                _ => _mm512_shuffle_f64x2::<0b00_01_10_11>(v, v),
            })
        }
    }
    #[inline(always)]
    fn transposed(self, [a, b, c, d, e, f, g, h]: [Vector; 8]) -> [Vector; 8] {
        // SAFETY: `self` proves AVX-512.
        unsafe {
            // Squares of two, then of four, then of eight are turned.
            let (ab, ab1) = (_mm512_unpacklo_pd(a.0, b.0), _mm512_unpackhi_pd(a.0, b.0));
            let (cd, cd1) = (_mm512_unpacklo_pd(c.0, d.0), _mm512_unpackhi_pd(c.0, d.0));
            let (ef, ef1) = (_mm512_unpacklo_pd(e.0, f.0), _mm512_unpackhi_pd(e.0, f.0));
            let (gh, gh1) = (_mm512_unpacklo_pd(g.0, h.0), _mm512_unpackhi_pd(g.0, h.0));
            let [c0, c2, c4, c6] = pairs_turned(self, ab, cd, ef, gh);
            let [c1, c3, c5, c7] = pairs_turned(self, ab1, cd1, ef1, gh1);
            [Vector(c0), Vector(c1), Vector(c2), Vector(c3), Vector(c4), Vector(c5), Vector(c6), Vector(c7)]
        }
    }
    #[inline(always)]
    fn bits(self, mask: Mask) -> u8 {
        mask.0
    }
    #[inline(always)]
    fn pack(self, v: Vector, mask: Mask) -> [f64; 8] {
        // SAFETY: `self` proves AVX-512. In a register: compressing into memory takes a Zen 4 a hundred cycles.
        self.to_array(Vector(unsafe { _mm512_maskz_compress_pd(mask.0, v.0) }))
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
        // SAFETY: `self` proves AVX-512. The instruction is `a < b ? a : b`.
        Vector(unsafe { _mm512_min_pd(a.0, b.0) })
    }
    #[inline(always)]
    fn max(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512. The instruction is `a > b ? a : b`.
        Vector(unsafe { _mm512_max_pd(a.0, b.0) })
    }
    #[inline(always)]
    fn scale(self, x: Vector, k: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512. The instruction is `x 2^k`, rounded once.
        Vector(unsafe { _mm512_scalef_pd(x.0, k.0) })
    }
    #[inline(always)]
    fn add_exact_product(self, sum: Vector, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_fmadd_pd(a.0, b.0, sum.0) })
    }
    #[inline(always)]
    fn quotient(self, x: Vector, divisor: Divisor) -> Vector {
        let by = self.splat(divisor.by);
        let (high, low) = (self.splat(divisor.inverse[0]), self.splat(divisor.inverse[1]));
        // SAFETY: `self` proves AVX-512; the cast changes no bit.
        let inside = unsafe {
            let bits = _mm512_castpd_si512(x.0);
            let above = _mm512_sub_epi64(_mm512_add_epi64(bits, bits), _mm512_set1_epi64(divisor.origin));
            _mm512_cmplt_epi64_mask(above, _mm512_set1_epi64(divisor.end))
        };
        if inside != u8::MAX {
            return x / by;
        }
        // SAFETY: `self` proves AVX-512.
        unsafe {
            let guess = _mm512_fmadd_pd(x.0, high.0, (x * low).0);
            Vector(_mm512_fmadd_pd(_mm512_fnmadd_pd(guess, by.0, x.0), high.0, guess))
        }
    }
}

/// Of four vectors of pairs the first pairs together, then the second ones, the third and the fourth.
#[inline(always)]
fn pairs_turned(_: Avx512, a: __m512d, b: __m512d, c: __m512d, d: __m512d) -> [__m512d; 4] {
    // SAFETY: the argument proves AVX-512.
    unsafe {
        let (low, high) = (_mm512_shuffle_f64x2::<0b01_00_01_00>(a, b), _mm512_shuffle_f64x2::<0b11_10_11_10>(a, b));
        let (low1, high1) = (_mm512_shuffle_f64x2::<0b01_00_01_00>(c, d), _mm512_shuffle_f64x2::<0b11_10_11_10>(c, d));
        [
            _mm512_shuffle_f64x2::<0b10_00_10_00>(low, low1),
            _mm512_shuffle_f64x2::<0b11_01_11_01>(low, low1),
            _mm512_shuffle_f64x2::<0b10_00_10_00>(high, high1),
            _mm512_shuffle_f64x2::<0b11_01_11_01>(high, high1),
        ]
    }
}
