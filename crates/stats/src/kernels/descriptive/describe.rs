//! Description of a column.

use crate::{
    Method,
    partials::{Brackets, Count, Extrema, Intervals, Moments, Order},
    quantiles::quantiles,
};
use echoes_kernel::{Category, Kernel, Next, Number, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];

/// Count, missing, mean, standard deviation, extrema, exact quartiles, skewness and kurtosis, in one reading.
///
/// The standard deviation divides by `n − 1`, as in pandas; skewness and (excess) kurtosis are SciPy's. What is undefined is
/// null. Data larger than memory are read once in most cases, as for `quantile`.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Describe;
/// let description = reference(&Describe::default(), &[&[1.0, 2.0, 3.0, 4.0]])?;
/// assert_eq!((description.count, description.mean, description.median), (4, 2.5, 2.5));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Describe {
    /// What an earlier reading has found out.
    #[serde(skip)]
    within: Option<Intervals>,
}

/// What [`Describe`] says of a column; NaN where it is undefined, null in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Description {
    /// Values present.
    pub count: u64,
    /// Values missing.
    pub missing: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation, with `ddof = 1`.
    pub std: f64,
    /// Smallest value.
    pub min: Number,
    /// First quartile.
    pub q1: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub q3: f64,
    /// Largest value.
    pub max: Number,
    /// Fisher and Pearson's skewness.
    pub skewness: f64,
    /// Fisher's excess kurtosis.
    pub kurtosis: f64,
}

impl Kernel for Describe {
    const SPEC: Spec = Spec::new("describe", Category::Descriptive).sampled();
    type Pass = (Count, Moments, Extrema, Brackets);
    type Output = Description;

    fn pass(&self, shape: &Shape<'_>) -> Result<((), Order, (), Intervals)> {
        let intervals = self.within.clone().unwrap_or_else(|| Intervals::around(&QUARTILES, shape));
        Ok(((), Order::Fourth, (), intervals))
    }

    fn finish(&self, (count, moments, extrema, brackets): &Self::Pass) -> Result<Next<Self>> {
        let quartiles = match quantiles(brackets, &QUARTILES, Method::Linear) {
            Ok(values) => values,
            Err(within) => return Ok(Next::Again(Self { within: Some(within) })),
        };
        let nan = Number::Float(f64::NAN);
        Ok(Next::Done(Description {
            count: count.present,
            missing: count.missing,
            mean: moments.mean().unwrap_or(f64::NAN),
            std: moments.std(1.0).unwrap_or(f64::NAN),
            min: extrema.min().map_or(nan, |(value, _)| value),
            q1: quartiles[0],
            median: quartiles[1],
            q3: quartiles[2],
            max: extrema.max().map_or(nan, |(value, _)| value),
            skewness: moments.skewness(true).unwrap_or(f64::NAN),
            kurtosis: moments.kurtosis(true).unwrap_or(f64::NAN),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn nothing_is_described_as_nothing() {
        let nothing = reference(&Describe::default(), &[&[]]).unwrap();
        let json = serde_json::to_string(&nothing).unwrap();
        assert!(json.starts_with(r#"{"count":0,"missing":0,"mean":null,"std":null,"min":null,"q1":null"#), "{json}");
    }

    #[test]
    fn it_says_what_the_single_kernels_say() {
        use crate::kernels::{descriptive::*, order::Median};
        let x: Vec<f64> = (0..5000).map(|i| f64::from(i * 7919 % 4999).sqrt()).collect();
        let d = reference(&Describe::default(), &[&x]).unwrap();
        assert_eq!(Ok(d.mean), reference(&Mean::default(), &[&x]));
        assert_eq!(Ok(d.std), reference(&Std::of(1), &[&x]));
        assert_eq!(Ok(d.skewness), reference(&Skewness { bias: true }, &[&x]));
        assert_eq!(Ok(d.max), reference(&Max {}, &[&x]));
        assert_eq!(Ok(d.median), reference(&Median::default(), &[&x]));
    }
}
