//! The level that every processor has: `wide`, which chooses instructions when it is compiled.

use crate::Lanes;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};
use wide::f64x8;

/// Portable vectors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

/// Eight doubles.
#[derive(Clone, Copy)]
pub(crate) struct Vector(f64x8);

/// Eight truths, each all ones or all zeros.
#[derive(Clone, Copy)]
pub(crate) struct Mask(f64x8);

macro_rules! operator {
    ($($trait:ident $method:ident $symbol:tt),*) => {$(
        impl $trait for Vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self { Self(self.0 $symbol other.0) }
        }
    )*};
}
operator!(Add add +, Sub sub -, Mul mul *, Div div /);

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

impl Lanes for Portable {
    type V = Vector;
    type M = Mask;
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, x: f64) -> Vector {
        Vector(f64x8::splat(x))
    }
    #[inline(always)]
    fn load8(self, x: &[f64; 8]) -> Vector {
        Vector(f64x8::new(*x))
    }
    #[inline(always)]
    fn to_array(self, v: Vector) -> [f64; 8] {
        v.0.to_array()
    }
    #[inline(always)]
    fn lt(self, a: Vector, b: Vector) -> Mask {
        Mask(a.0.simd_lt(b.0))
    }
    #[inline(always)]
    fn le(self, a: Vector, b: Vector) -> Mask {
        Mask(a.0.simd_le(b.0))
    }
    #[inline(always)]
    fn ordered(self, a: Vector, b: Vector) -> Mask {
        Mask(a.0.simd_eq(a.0) & b.0.simd_eq(b.0))
    }
    #[inline(always)]
    fn select(self, mask: Mask, yes: Vector, no: Vector) -> Vector {
        Vector(mask.0.bitselect(yes.0, no.0))
    }
    #[inline(always)]
    fn sqrt(self, v: Vector) -> Vector {
        Vector(v.0.sqrt())
    }
    #[inline(always)]
    fn add_product(self, sum: Vector, a: Vector, b: Vector) -> Vector {
        // Not that of `wide`, which rounds the product where the processor that it was compiled for has no such instruction.
        let [sum, a, b] = [sum, a, b].map(|v| v.0.to_array());
        Vector(f64x8::new(std::array::from_fn(|i| a[i].mul_add(b[i], sum[i]))))
    }
    #[inline(always)]
    fn and(self, a: Vector, b: Vector) -> Vector {
        Vector(a.0 & b.0)
    }
    #[inline(always)]
    fn or(self, a: Vector, b: Vector) -> Vector {
        Vector(a.0 | b.0)
    }
    #[inline(always)]
    fn xor(self, a: Vector, b: Vector) -> Vector {
        Vector(a.0 ^ b.0)
    }
    #[inline(always)]
    fn add_bits(self, a: Vector, b: Vector) -> Vector {
        let (a, b) = (a.0.to_array(), b.0.to_array());
        let mut sums = [0.0; 8];
        for i in 0..8 {
            sums[i] = f64::from_bits(a[i].to_bits().wrapping_add(b[i].to_bits()));
        }
        Vector(f64x8::new(sums))
    }
    #[inline(always)]
    fn shift_up(self, v: Vector) -> Vector {
        Vector(f64x8::new(v.0.to_array().map(|x| f64::from_bits(x.to_bits() << 52))))
    }
    #[inline(always)]
    fn shift_down(self, v: Vector) -> Vector {
        Vector(f64x8::new(v.0.to_array().map(|x| f64::from_bits(x.to_bits() >> 52))))
    }
    #[inline(always)]
    fn shifted<const K: i32>(self, a: Vector, b: Vector) -> Vector {
        const { assert!(0 <= K && K < 8) };
        let (a, b, from) = (a.0.to_array(), b.0.to_array(), K as usize);
        let mut shifted = [0.0; 8];
        shifted[..8 - from].copy_from_slice(&a[from..]);
        shifted[8 - from..].copy_from_slice(&b[..from]);
        Vector(f64x8::new(shifted))
    }
    #[inline(always)]
    fn crossed<const K: i32>(self, v: Vector) -> Vector {
        const { assert!(0 <= K && K < 8) };
        let (v, mut crossed) = (v.0.to_array(), [0.0; 8]);
        for (lane, x) in crossed.iter_mut().enumerate() {
            *x = v[lane ^ K as usize];
        }
        Vector(f64x8::new(crossed))
    }
    #[inline(always)]
    fn bits(self, mask: Mask) -> u8 {
        mask.0.to_bitmask() as u8
    }
    #[inline(always)]
    fn prefetch(self, _: *const f64) {}
    #[inline(always)]
    fn prefetch_near(self, _: *const f64) {}
}
