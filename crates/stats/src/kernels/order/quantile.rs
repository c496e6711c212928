//! Quantiles.

use crate::{
    Method,
    partials::{Brackets, Intervals},
    quantiles::quantiles,
};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Quantiles, exact for data of any size.
///
/// One number for each fraction in `q`, in its order; null if a NaN is among the values. Data larger than memory are read
/// once in most cases, in bounded memory: a sample brackets each rank, and the reading keeps only what is inside.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::Quantile;
/// assert_eq!(reference(&Quantile::of([0.5, 0.9]), &[&[1.0, 2.0, 3.0]])?, [2.0, 2.8]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// Fractions between 0 and 1, at most 1,000 of them.
    #[schemars(length(min = 1, max = 1000), inner(range(min = 0.0, max = 1.0)))]
    pub q: Vec<f64>,
    /// What to do between two values.
    #[serde(default)]
    pub method: Method,
    /// What an earlier reading has found out.
    #[serde(skip)]
    within: Option<Intervals>,
}

impl Quantile {
    /// Quantiles at fractions `q`, by the usual definition.
    pub fn of(q: impl Into<Vec<f64>>) -> Self {
        Self { q: q.into(), method: Method::default(), within: None }
    }
}

impl Kernel for Quantile {
    const SPEC: Spec = Spec::new("quantile", Category::Order).sampled().references(&[
        "R. J. Hyndman, Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996",
    ]);
    type Pass = Brackets;
    type Output = Vec<f64>;

    fn pass(&self, shape: &Shape<'_>) -> Result<Intervals> {
        let expected = "1 to 1000 fractions between 0 and 1";
        if !(1..=1000).contains(&self.q.len()) {
            return Err(Reject::Parameter { name: "q", value: format!("{} fractions", self.q.len()), expected });
        }
        if let Some(q) = self.q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(Reject::Parameter { name: "q", value: q.to_string(), expected });
        }
        Ok(self.within.clone().unwrap_or_else(|| Intervals::around(&self.q, shape)))
    }

    fn finish(&self, brackets: &Brackets) -> Result<Next<Self>> {
        if brackets.count() + brackets.nans() == 0 {
            return Err(Reject::Empty);
        }
        Ok(match quantiles(brackets, &self.q, self.method) {
            Ok(values) => Next::Done(values),
            Err(within) => Next::Again(Self { within: Some(within), ..self.clone() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// NumPy 2: `np.quantile([1, 2, 4, 8, 16], [.1, .5, .77], method=…)`; types 1 to 9 as in Hyndman and Fan's table.
    #[test]
    fn thirteen_definitions() {
        let x = [8.0, 1.0, 16.0, 2.0, 4.0];
        for (method, expected) in [
            (Method::InvertedCdf, [1.0, 4.0, 8.0]),
            (Method::AveragedInvertedCdf, [1.0, 4.0, 8.0]),
            (Method::ClosestObservation, [1.0, 2.0, 8.0]),
            (Method::InterpolatedInvertedCdf, [1.0, 3.0, 7.4]),
            (Method::Hazen, [1.0, 4.0, 10.8]),
            (Method::Weibull, [1.0, 4.0, 12.96]),
            (Method::Linear, [1.4, 4.0, 8.64]),
            (Method::MedianUnbiased, [1.0, 4.0, 11.52]),
            (Method::NormalUnbiased, [1.0, 4.0, 11.34]),
            (Method::Lower, [1.0, 4.0, 8.0]),
            (Method::Higher, [2.0, 4.0, 16.0]),
            (Method::Midpoint, [1.5, 4.0, 12.0]),
            (Method::Nearest, [1.0, 4.0, 8.0]),
        ] {
            let quantile = Quantile { method, ..Quantile::of([0.1, 0.5, 0.77]) };
            let found = reference(&quantile, &[&x]).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{method:?}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn fractions_outside_are_refused() {
        assert!(matches!(reference(&Quantile::of([1.5]), &[&[1.0]]), Err(Reject::Parameter { name: "q", .. })));
        assert!(matches!(reference(&Quantile::of([]), &[&[1.0]]), Err(Reject::Parameter { name: "q", .. })));
    }
}
