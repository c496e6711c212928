//! Values between 0 and 1.

use crate::{
    elementwise::{self, Elementwise},
    partials::Extrema,
};
use echoes_kernel::{Category, Emit, Form, Kernel, Next, Piece, Reject, Result, Series, Shape, Spec, sweep::Formula};
use echoes_simd::{Divisor, Lanes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Min–max scaling: `(x − min) / (max − min)` for each row, 0 for the smallest value and 1 for the largest.
///
/// Null where the column is constant. A relative error of at most 3 · 2⁻⁵³ where the answer is no subnormal number; rows are read as
/// doubles. A missing row stays missing.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::MinMax;
/// assert_eq!(reference(&MinMax {}, &[&[5.0, 3.0, 7.0]])?.0, [0.5, 0.0, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinMax {}

impl Kernel for MinMax {
    const SPEC: Spec = Spec::new("minmax", Category::Series).form(Form::Map);
    type Pass = Extrema;
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, extrema: &Extrema) -> Result<Next<Self>> {
        let ((min, _), (max, _)) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
        Ok(Next::emit(Rescale::between(min.to_f64(), max.to_f64())))
    }
}

/// `(x unit − min) / width`.
struct Rescale {
    /// 1; where the width would be infinite, ½.
    unit: f64,
    min: f64,
    width: f64,
}

impl Rescale {
    fn between(min: f64, max: f64) -> Self {
        let unit = if (max - min).is_infinite() { 0.5 } else { 1.0 };
        let width = max * unit - min * unit;
        Self { unit, min: min * unit, width: if width > 0.0 { width } else { f64::NAN } }
    }
}

impl Emit<Extrema> for Rescale {
    fn formula(&self) -> Option<Formula> {
        (self.unit == 1.0).then_some(Formula::Standardise { shift: self.min, scale: self.width })
    }

    fn emit(&self, _: &Extrema, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let scaled = Scaled { unit: self.unit, min: self.min, width: Divisor::new(self.width) };
        elementwise::write(&scaled, piece.own(0), out[0]);
    }
}

struct Scaled {
    unit: f64,
    min: f64,
    width: Divisor,
}

impl Elementwise for Scaled {
    #[inline(always)]
    fn apply<L: Lanes>(&self, l: L, x: L::V) -> L::V {
        l.quotient(x * l.splat(self.unit) - l.splat(self.min), self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn minmax(x: &[f64]) -> Vec<f64> {
        reference(&MinMax {}, &[x]).unwrap().0
    }

    #[test]
    fn by_hand() {
        // scikit-learn's documentation of MinMaxScaler: the column −1, −0.5, 0, 1.
        assert_eq!(minmax(&[-1.0, -0.5, 0.0, 1.0]), [0.0, 0.25, 0.5, 1.0]);
        assert_eq!(minmax(&[f64::MIN, 0.0, f64::MAX]), [0.0, 0.5, 1.0]);
        assert_eq!(minmax(&[5e-324, 0.0]), [1.0, 0.0]);
    }

    #[test]
    fn without_a_width_there_is_no_scale() {
        for x in [&[0.1; 100][..], &[7.0], &[1.0, f64::NAN, 2.0], &[f64::NEG_INFINITY; 2]] {
            assert!(minmax(x).iter().all(|x| x.is_nan()), "{x:?}");
        }
        assert_eq!(minmax(&[1.0, f64::INFINITY])[0], 0.0);
        assert_eq!(reference(&MinMax {}, &[&[]]), Err(Reject::Empty));
    }

    #[test]
    fn the_ends_are_exact() {
        let x: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 1009) / 3.0 - 71.3).collect();
        let (least, most) = x.iter().fold((f64::MAX, f64::MIN), |(least, most), &x| (least.min(x), most.max(x)));
        for (x, scaled) in x.iter().zip(minmax(&x)) {
            assert!((0.0..=1.0).contains(&scaled));
            assert_eq!((*x == least, *x == most), (scaled == 0.0, scaled == 1.0));
        }
    }
}
