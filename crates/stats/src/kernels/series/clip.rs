//! Values between two bounds.

use crate::elementwise::{self, Elementwise};
use echoes_kernel::{Category, Emit, Form, Kernel, Next, Piece, Reject, Result, Series, Shape, Spec};
use echoes_simd::Lanes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Each row, but `a_min` where it is below that and `a_max` where it is above that.
///
/// Exact for doubles, as which rows are read. A bound that is not given does not bind, as in NumPy; with neither, the rows stay what they are. NaN and missing rows do
/// too, and so does −0 where a bound is 0.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::Clip;
/// let clip = Clip { a_min: Some(0.0), a_max: Some(1.0) };
/// assert_eq!(reference(&clip, &[&[-2.0, 0.5, 3.0]])?.0, [0.0, 0.5, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// The least that a row may be; no bound if not given.
    #[serde(default)]
    pub a_min: Option<f64>,
    /// The most that a row may be, not below `a_min`; no bound if not given.
    #[serde(default)]
    pub a_max: Option<f64>,
}

impl Clip {
    fn bounds(&self) -> Bounds {
        Bounds { least: self.a_min.unwrap_or(f64::NEG_INFINITY), most: self.a_max.unwrap_or(f64::INFINITY) }
    }
}

impl Kernel for Clip {
    const SPEC: Spec = Spec::new("clip", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        let Bounds { least, most } = self.bounds();
        if least.is_nan() {
            return Err(Reject::Parameter { name: "a_min", value: least.to_string(), expected: "a number" });
        }
        if most >= least {
            return Ok(());
        }
        Err(Reject::Parameter { name: "a_max", value: most.to_string(), expected: "a number not below `a_min`" })
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(self.bounds()))
    }
}

struct Bounds {
    least: f64,
    most: f64,
}

impl Emit<()> for Bounds {
    fn emit(&self, (): &(), piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        elementwise::write(self, piece.own(0), out[0]);
    }
}

impl Elementwise for Bounds {
    #[inline(always)]
    fn apply<L: Lanes>(&self, l: L, x: L::V) -> L::V {
        // The rows stand second, so that a NaN stays one.
        l.max(l.splat(self.least), l.min(l.splat(self.most), x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn clip(a_min: Option<f64>, a_max: Option<f64>, x: &[f64]) -> Result<Vec<f64>> {
        reference(&Clip { a_min, a_max }, &[x]).map(|series| series.0)
    }

    #[test]
    fn as_numpy_has_it() {
        // NumPy 2.4: `np.clip([-2, .5, 3, inf, -inf], a_min, a_max)`.
        let (x, inf) = ([-2.0, 0.5, 3.0, f64::INFINITY, f64::NEG_INFINITY], f64::INFINITY);
        assert_eq!(clip(Some(0.0), Some(1.0), &x).unwrap(), [0.0, 0.5, 1.0, 1.0, 0.0]);
        assert_eq!(clip(Some(0.0), None, &x).unwrap(), [0.0, 0.5, 3.0, inf, 0.0]);
        assert_eq!(clip(None, Some(1.0), &x).unwrap(), [-2.0, 0.5, 1.0, 1.0, -inf]);
        assert_eq!(clip(None, None, &x).unwrap(), x);
        assert_eq!(clip(Some(2.0), Some(2.0), &x).unwrap(), [2.0; 5]);
        assert!(clip(Some(0.0), Some(1.0), &[f64::NAN]).unwrap()[0].is_nan());
        assert!(clip(Some(0.0), None, &[]).unwrap().is_empty());
    }

    #[test]
    fn bounds_that_cross_are_refused() {
        assert!(matches!(clip(Some(2.0), Some(1.0), &[1.0]), Err(Reject::Parameter { name: "a_max", .. })));
        assert!(matches!(clip(Some(f64::NAN), None, &[1.0]), Err(Reject::Parameter { name: "a_min", .. })));
        assert!(matches!(clip(None, Some(f64::NAN), &[1.0]), Err(Reject::Parameter { name: "a_max", .. })));
    }
}
