//! Quantiles from a sketch.

use crate::partials::Kll;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Quantiles from a KLL sketch, in one reading and a few kilobytes, whatever the rows.
///
/// For each fraction in `q` a value of the data whose rank is off by at most `rank_error · n` in 99 of 100 cases, which is no more than
/// `2.31 / k`; the extremes are exact, and so is everything up to 16,384 rows. Without error it is the smallest value that the fraction
/// `q` of all values does not exceed: `quantile` with `method = "inverted_cdf"`, which is exact for any number of rows but may read
/// them twice, and keeps more in memory. The same data give the same bits. Null if a NaN is among the values.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::sketch::QuantileSketch;
/// let found = reference(&QuantileSketch::of([0.5, 1.0]), &[&[4.0, 1.0, 3.0, 2.0]])?;
/// assert_eq!((found.quantiles, found.rank_error), (vec![2.0, 4.0], 0.0));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuantileSketch {
    /// Fractions between 0 and 1, at most 1,000 of them.
    #[serde(default = "quartiles")]
    #[schemars(length(min = 1, max = 1000), inner(range(min = 0.0, max = 1.0)))]
    pub q: Vec<f64>,
    /// Values that are kept of each weight, from 8 to 2048: the more, the smaller the error.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 8, max = 2048))]
    pub k: u16,
}

impl QuantileSketch {
    /// Quantiles at fractions `q`, from a sketch of the usual size.
    pub fn of(q: impl Into<Vec<f64>>) -> Self {
        Self { q: q.into(), k: two_hundred() }
    }
}

impl Default for QuantileSketch {
    fn default() -> Self {
        Self::of([0.25, 0.5, 0.75])
    }
}

fn quartiles() -> Vec<f64> {
    QuantileSketch::default().q
}

const fn two_hundred() -> u16 {
    200
}

/// Quantiles, and how far off they may be.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SketchedQuantiles {
    /// A value for each fraction, in the order of the fractions.
    pub quantiles: Vec<f64>,
    /// The share of the rows by which a rank is off at most, in 99 of 100 cases; 0 if the quantiles are exact.
    pub rank_error: f64,
}

impl Kernel for QuantileSketch {
    const SPEC: Spec = Spec::new("quantile_sketch", Category::Sketch).references(&[
        "P. K. Agarwal, G. Cormode, Z. Huang, J. M. Phillips, Z. Wei, K. Yi, Mergeable Summaries, PODS 2012",
        "Z. Karnin, K. Lang, E. Liberty, Optimal Quantile Approximation in Streams, FOCS 2016",
    ]);
    type Pass = Kll;
    type Output = SketchedQuantiles;

    fn pass(&self, _: &Shape<'_>) -> Result<u16> {
        let expected = "1 to 1000 fractions between 0 and 1";
        if !(1..=1000).contains(&self.q.len()) {
            return Err(Reject::Parameter { name: "q", value: format!("{} fractions", self.q.len()), expected });
        }
        if let Some(q) = self.q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(Reject::Parameter { name: "q", value: q.to_string(), expected });
        }
        match self.k {
            8..=2048 => Ok(self.k),
            other => Err(Reject::Parameter { name: "k", value: other.to_string(), expected: "from 8 to 2048" }),
        }
    }

    fn finish(&self, kll: &Kll) -> Result<Next<Self>> {
        if kll.count() + kll.nans() == 0 {
            return Err(Reject::Empty);
        }
        let quantiles = if kll.nans() > 0 { vec![f64::NAN; self.q.len()] } else { kll.quantiles(&self.q) };
        Ok(Next::Done(SketchedQuantiles { quantiles, rank_error: kll.rank_error() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, kernels::order::Quantile};
    use echoes_kernel::reference;

    #[test]
    fn few_rows_have_exact_quantiles() {
        let x: Vec<f64> = (0..900u32).map(|i| f64::from(i.wrapping_mul(0x9e37_79b9) >> 20 & 511)).collect();
        let q = vec![0.0, 0.001, 0.25, 0.5, 0.77, 1.0];
        let mut exact = Quantile::of(q.clone());
        exact.method = Some(Method::InvertedCdf);
        for n in [1, 2, 3, x.len() / if cfg!(miri) { 3 } else { 1 }] {
            let found = reference(&QuantileSketch::of(q.clone()), &[&x[..n]]).unwrap();
            assert_eq!((found.quantiles, found.rank_error), (reference(&exact, &[&x[..n]]).unwrap(), 0.0));
        }
    }

    #[test]
    fn none_and_nan() {
        let sketch = QuantileSketch::of([0.0, 0.5]);
        assert_eq!(reference(&sketch, &[&[]]), Err(Reject::Empty));
        let found = reference(&sketch, &[&[1.0, f64::NAN, 3.0]]).unwrap();
        assert!(found.quantiles.iter().all(|x| x.is_nan()));
    }

    #[test]
    fn other_parameters_are_refused() {
        for (q, k, wanted) in [
            (vec![1.5], 200, "q"),
            (vec![], 200, "q"),
            (vec![f64::NAN], 200, "q"),
            (vec![0.5], 7, "k"),
            (vec![0.5], 2049, "k"),
        ] {
            let refused = reference(&QuantileSketch { q, k }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name, .. }) if name == wanted));
        }
    }
}
