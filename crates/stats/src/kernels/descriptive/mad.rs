//! Median absolute deviation.

use crate::{
    Method,
    partials::{Brackets, Center, Distances, Intervals},
    quantiles::quantiles,
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Median absolute deviation: the median of the distances to the median, over `scale`.
///
/// Both medians are exact for data of any size, each distance is rounded once; two readings, more only where a sample misleads. Null
/// if a NaN is among the values. With `scale = 0.6744897501960817` it estimates the standard deviation of normal data.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Mad;
/// assert_eq!(reference(&Mad::default(), &[&[1.0, 2.0, 4.0, 9.0, 90.0]])?, 3.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mad {
    /// What the median distance is divided by, from 1e-300 on.
    #[serde(default = "one")]
    #[schemars(range(min = 1e-300))]
    pub scale: f64,
    /// The median, once it is known.
    #[serde(skip)]
    center: Option<f64>,
    /// What an earlier reading has found out of the median that is looked for.
    #[serde(skip)]
    within: Option<Intervals>,
}

impl Mad {
    /// The median absolute deviation over a scale.
    pub const fn of(scale: f64) -> Self {
        Self { scale, center: None, within: None }
    }

    /// Where the median of the distances lies almost surely.
    fn around(center: f64, shape: &Shape<'_>) -> Intervals {
        let sample: Vec<f64> = shape.sample.iter().map(|x| (x - center).abs()).collect();
        Intervals::around(&[0.5], &Shape { sample: &sample, ..*shape })
    }
}

impl Default for Mad {
    fn default() -> Self {
        Self::of(1.0)
    }
}

const fn one() -> f64 {
    1.0
}

impl Kernel for Mad {
    const SPEC: Spec = Spec::new("mad", Category::Descriptive).sampled();
    type Pass = Either<Brackets, Distances>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Either<Intervals, Center>> {
        if !(1e-300..=f64::MAX).contains(&self.scale) {
            let value = format!("{:?}", self.scale);
            return Err(Reject::Parameter { name: "scale", value, expected: "finite, from 1e-300 on" });
        }
        let within = self.within.clone();
        Ok(match self.center {
            None => Either::First(within.unwrap_or_else(|| Intervals::around(&[0.5], shape))),
            Some(center) => {
                let intervals = within.unwrap_or_else(|| Self::around(center, shape));
                Either::Second(Center { center, intervals })
            }
        })
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let brackets = match pass {
            Either::First(brackets) => brackets,
            Either::Second(distances) => distances.brackets(),
        };
        if brackets.count() + brackets.nans() == 0 {
            return Err(Reject::Empty);
        }
        Ok(match quantiles(brackets, &[0.5], Method::Linear) {
            Err(within) => Next::Again(Self { within: Some(within), ..self.clone() }),
            Ok(values) if self.center.is_some() => Next::Done(values[0] / self.scale),
            // An infinite median stands among the values, and has no distance from itself.
            Ok(values) if !values[0].is_finite() => Next::Done(f64::NAN),
            Ok(values) => Next::Again(Self { center: Some(values[0]), within: None, ..*self }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn mad(x: &[f64]) -> Result<f64> {
        reference(&Mad::default(), &[x])
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `median_abs_deviation(sleep)`, and with `scale=0.67449`.
        assert!((mad(&SLEEP).unwrap() - 1.65).abs() < 1e-15);
        let scaled = reference(&Mad::of(0.67449), &[&SLEEP]).unwrap();
        assert!((scaled - 2.446_292_754_525_641).abs() < 2e-15, "{scaled}");
        assert_eq!(mad(&[1.0, f64::INFINITY, 2.0]), Ok(1.0));
    }

    #[test]
    fn none_one_constant_and_nan() {
        assert_eq!(mad(&[]), Err(Reject::Empty));
        assert_eq!((mad(&[7.0]), mad(&[0.1; 50])), (Ok(0.0), Ok(0.0)));
        assert!(mad(&[1.0, f64::NAN]).unwrap().is_nan() && mad(&[f64::INFINITY; 3]).unwrap().is_nan());
    }

    #[test]
    fn a_scale_that_divides_nothing_is_refused() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let refused = reference(&Mad::of(scale), &[&SLEEP]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "scale", .. })));
        }
    }
}
