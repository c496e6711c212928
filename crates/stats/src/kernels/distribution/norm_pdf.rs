//! Density of the normal distribution.

use crate::{
    elementwise::{self, Elementwise},
    special::exp_in_range,
};
use echoes_kernel::{Category, Emit, Form, Kernel, Next, Piece, Reject, Result, Series, Shape, Spec};
use echoes_simd::Lanes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Density of the normal distribution: `exp(−z²/2) / (scale √(2π))` with `z = (x − loc) / scale`, for each row.
///
/// The square is taken without rounding, so the tails are as good as the middle: ≤ 2 units in the last place of the density of
/// `z`, where that is not subnormal. NaN and missing rows stay what they are.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::distribution::NormPdf;
/// let density = reference(&NormPdf::default(), &[&[0.0, 1.0]])?;
/// assert_eq!(density.0, [0.3989422804014327, 0.24197072451914337]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormPdf {
    /// The mean.
    #[serde(default)]
    pub loc: f64,
    /// The standard deviation, from 1e-300 on.
    #[serde(default = "one")]
    #[schemars(range(min = 1e-300))]
    pub scale: f64,
}

const fn one() -> f64 {
    1.0
}

impl Default for NormPdf {
    fn default() -> Self {
        Self { loc: 0.0, scale: 1.0 }
    }
}

impl Kernel for NormPdf {
    const SPEC: Spec = Spec::new("norm_pdf", Category::Distribution).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        if !self.loc.is_finite() {
            return Err(Reject::Parameter { name: "loc", value: self.loc.to_string(), expected: "finite" });
        }
        if !(1e-300..=f64::MAX).contains(&self.scale) {
            let value = self.scale.to_string();
            return Err(Reject::Parameter { name: "scale", value, expected: "finite, from 1e-300 on" });
        }
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Density { loc: self.loc, scale: self.scale, peak: PEAK / self.scale }))
    }
}

/// `1 / √(2π)`.
const PEAK: f64 = 0.398_942_280_401_432_7;

/// From here on the density is zero; half of its square is still [in range](exp_in_range).
const FAR: f64 = 38.62;

/// The bits of a double without the lower half of its digits.
const UPPER_HALF: f64 = f64::from_bits(u64::MAX << 27);

struct Density {
    loc: f64,
    scale: f64,
    peak: f64,
}

impl Emit<()> for Density {
    fn emit(&self, (): &(), piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        elementwise::write(self, piece.own(0), out[0]);
    }
}

impl Elementwise for Density {
    #[inline(always)]
    fn apply<L: Lanes>(&self, l: L, x: L::V) -> L::V {
        let z = (x - l.splat(self.loc)) / l.splat(self.scale);
        let z = l.max(l.splat(-FAR), l.min(l.splat(FAR), z));
        // Half of the digits of z, whose square is exact, and the others.
        let high = l.and(z, l.splat(UPPER_HALF));
        let half = l.splat(-0.5);
        let exp = exp_in_range(l, high * high * half, (z - high) * (z + high) * half);
        exp * l.splat(self.peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use echoes_kernel::reference;
    use num_bigint::BigInt;
    use num_rational::BigRational;

    fn density(kernel: &NormPdf, x: &[f64]) -> Vec<f64> {
        reference(kernel, &[x]).unwrap().0
    }

    /// `1 / √(2π)` to 50 digits.
    fn peak() -> BigRational {
        let digits = b"39894228040143267793994605993438186847585863116493";
        BigRational::new(BigInt::parse_bytes(digits, 10).unwrap(), BigInt::from(10).pow(50))
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(2);
        let x: Vec<f64> =
            (0..oracle::count(4000)).map(|i| (noise() - 0.5) * if i % 2 == 0 { 75.0 } else { 6.0 }).collect();
        let mut worst = 0.0f64;
        for (&x, found) in x.iter().zip(density(&NormPdf::default(), &x)) {
            // The exponent, exactly, as two doubles: a product of doubles has no more than twice their digits.
            let exponent = rational(x) * rational(x) * rational(-0.5);
            let high = -0.5 * x * x;
            let low = num_traits::ToPrimitive::to_f64(&(exponent - rational(high))).unwrap();
            worst = worst.max(ulp(found, &(oracle::exp_sum(high, low) * peak())));
        }
        println!("norm_pdf: {worst:.3} units in the last place");
        assert!(worst <= 2.0, "{worst}");
    }

    #[test]
    fn location_and_scale() {
        let kernel = NormPdf { loc: 10.0, scale: 4.0 };
        let standard = density(&NormPdf::default(), &[0.0, 0.5, -1.25]);
        assert_eq!(density(&kernel, &[10.0, 12.0, 5.0]), standard.iter().map(|d| d / 4.0).collect::<Vec<_>>());
    }

    #[test]
    fn ends_and_nan() {
        let inf = f64::INFINITY;
        assert_eq!(density(&NormPdf::default(), &[inf, -inf, 1e300, 39.0, -0.0]), [0.0, 0.0, 0.0, 0.0, PEAK]);
        assert!(density(&NormPdf::default(), &[f64::NAN])[0].is_nan());
        assert!(density(&NormPdf::default(), &[38.5])[0] > 0.0);
    }

    #[test]
    fn a_scale_without_a_density_is_refused() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 5e-324] {
            assert!(reference(&NormPdf { loc: 0.0, scale }, &[&[1.0]]).is_err(), "{scale}");
        }
        assert!(reference(&NormPdf { loc: f64::NAN, scale: 1.0 }, &[&[1.0]]).is_err());
    }
}
