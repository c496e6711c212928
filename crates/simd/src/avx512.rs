//! AVX-512: one register a vector.

use crate::{Divisor, Lanes, lanes::Counters};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

/// Numbers that are counted by their bits: more take longer so than one by one. Measured, 10,000 values in bins: 64 5.5 µs, 200 8.8;
/// one by one 8.3.
const BY_BITS: usize = 128;

/// The proof that this processor has what [`Level::Avx512`](crate::Level::Avx512) asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The processor must have what [`Level::Avx512`](crate::Level::Avx512) asks for.
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
    fn xor(self, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_xor_pd(a.0, b.0) })
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
    fn tally(self, numbers: [Vector; 8], most: usize, counters: &mut Counters) {
        if most >= BY_BITS {
            for v in numbers {
                counters.count(self.to_array(v));
            }
            return;
        }
        let planes = bit_planes(self, numbers);
        // Bit `i` of lane `j` is whether number `i` ends in the three bits of `j`.
        let low = all(self, [is(self, planes[0], 0x55), is(self, planes[1], 0x33), is(self, planes[2], 0x0F)]);
        for (sixties, counters) in counters.0.as_chunks_mut::<64>().0.iter_mut().enumerate().take(most / 64 + 1) {
            let low = all(self, [low, has(self, planes[6], sixties), has(self, planes[7], sixties >> 1)]);
            for (eight, counters) in counters.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                let four = all(self, [low, has(self, planes[4], eight >> 1), has(self, planes[5], eight >> 2)]);
                let counts: *mut [u32; 2] = counters.as_mut_ptr();
                // SAFETY: `self` proves AVX-512; eight pairs of counters are 64 bytes to read and write, and nothing asks for alignment.
                unsafe {
                    let found = _mm512_popcnt_epi64(_mm512_and_si512(four, has(self, planes[3], eight)));
                    _mm512_storeu_si512(counts.cast(), _mm512_add_epi64(found, _mm512_loadu_si512(counts.cast())));
                }
            }
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
    fn add_product(self, sum: Vector, a: Vector, b: Vector) -> Vector {
        // SAFETY: `self` proves AVX-512.
        Vector(unsafe { _mm512_fmadd_pd(a.0, b.0, sum.0) })
    }
    #[inline(always)]
    fn add_exact_product(self, sum: Vector, a: Vector, b: Vector) -> Vector {
        self.add_product(sum, a, b)
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

/// Of 64 numbers in the lowest bytes of their lanes, in one order of them, the lowest bits in each lane of the first vector, the next
/// ones in the second and so on.
#[inline(always)]
fn bit_planes(_: Avx512, numbers: [Vector; 8]) -> [__m512i; 8] {
    // SAFETY: the first argument proves AVX-512; the casts change no bit.
    unsafe {
        let mut bytes = _mm512_setzero_si512();
        for number in numbers {
            let lowest = _mm512_and_si512(_mm512_castpd_si512(number.0), _mm512_set1_epi64(0xFF));
            bytes = _mm512_or_si512(_mm512_slli_epi64::<8>(bytes), lowest);
        }
        // Byte `k` of a lane is bits `k` of its bytes: the rows of a matrix times the eight unit vectors.
        let units = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
        let turned = _mm512_gf2p8affine_epi64_epi8::<0>(units, bytes);
        // Bytes `k` of all lanes, in every lane.
        let firsts = _mm512_set1_epi64(0x3830_2820_1810_0800);
        let mut planes = [turned; 8];
        for (k, plane) in planes.iter_mut().enumerate() {
            let from = _mm512_add_epi64(firsts, _mm512_set1_epi8(k as i8));
            *plane = _mm512_permutexvar_epi8(from, turned);
        }
        planes
    }
}

/// The bits of a plane in the lanes of which `zeros` has no bit, what they are not in those of which it has.
#[inline(always)]
fn is(_: Avx512, plane: __m512i, zeros: u8) -> __m512i {
    // SAFETY: the first argument proves AVX-512.
    unsafe { _mm512_xor_si512(plane, _mm512_maskz_set1_epi64(zeros, -1)) }
}

/// The bits of a plane where the lowest bit of `number` is one, what they are not where it is zero.
#[inline(always)]
fn has(level: Avx512, plane: __m512i, number: usize) -> __m512i {
    is(level, plane, if number & 1 == 1 { 0 } else { u8::MAX })
}

/// The bits that all three have.
#[inline(always)]
fn all(_: Avx512, [a, b, c]: [__m512i; 3]) -> __m512i {
    // SAFETY: the first argument proves AVX-512.
    unsafe { _mm512_and_si512(_mm512_and_si512(a, b), c) }
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
