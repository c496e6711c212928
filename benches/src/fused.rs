//! What `describe` reads but the quartiles, as a kernel for measurements.

use echoes_kernel::{Category, Kernel, Next, Number, Reject, Result, Shape, Spec};
use echoes_stats::partials::{Extrema, Moments, Order};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Moments to the fourth and extrema, in one reading.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fused {}

/// What [`Fused`] says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// Arithmetic mean.
    pub mean: f64,
    /// Variance, with `ddof = 1`.
    pub variance: f64,
    /// Fisher and Pearson's skewness.
    pub skewness: f64,
    /// Fisher's excess kurtosis.
    pub kurtosis: f64,
    /// Smallest value.
    pub min: Number,
    /// Largest value.
    pub max: Number,
}

impl Kernel for Fused {
    const SPEC: Spec = Spec::new("moments", Category::Descriptive);
    type Pass = (Moments, Extrema);
    type Output = Summary;

    fn pass(&self, _: &Shape<'_>) -> Result<(Order, ())> {
        Ok((Order::Fourth, ()))
    }

    fn finish(&self, (moments, extrema): &Self::Pass) -> Result<Next<Self>> {
        let ((min, _), (max, _)) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
        Ok(Next::Done(Summary {
            mean: moments.mean().unwrap_or(f64::NAN),
            variance: moments.variance(1.0).unwrap_or(f64::NAN),
            skewness: moments.skewness(true).unwrap_or(f64::NAN),
            kurtosis: moments.kurtosis(true).unwrap_or(f64::NAN),
            min,
            max,
        }))
    }
}
