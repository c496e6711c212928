//! Quantiles.

use crate::{
    Method,
    quantiles::{AtTie, Ranked, Ranking, after_reading, first_reading},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Quantiles, exact for data of any size.
///
/// One number for each fraction in `q`, in its order; null if a NaN is among the values. Data larger than memory are read
/// once in most cases, in bounded memory: a sample brackets each rank, and the reading keeps only what is inside.
///
/// With weights the smallest value with which the weights come to the fraction of all of them; where they come to just that, halfway
/// to the next value, unless `method` is `inverted_cdf`, as NumPy has it. A row of weight 0 is left out, whatever it holds; a weight
/// below zero, infinite or NaN is refused.
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
    /// What to do between two values: linear if not given; with weights inverted_cdf or averaged_inverted_cdf, the latter if not given.
    #[serde(default)]
    pub method: Option<Method>,
    /// What an earlier reading has found out.
    #[serde(skip)]
    within: Option<Ranking>,
}

impl Quantile {
    /// Quantiles at fractions `q`, by the usual definition.
    pub fn of(q: impl Into<Vec<f64>>) -> Self {
        Self { q: q.into(), method: None, within: None }
    }
}

impl Kernel for Quantile {
    const SPEC: Spec = Spec::new("quantile", Category::Order).weighable().sampled().references(&[
        "R. J. Hyndman, Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996",
    ]);
    type Pass = Ranked;
    type Output = Vec<f64>;

    fn pass(&self, shape: &Shape<'_>) -> Result<Ranking> {
        let expected = "1 to 1000 fractions between 0 and 1";
        if !(1..=1000).contains(&self.q.len()) {
            return Err(Reject::Parameter { name: "q", value: format!("{} fractions", self.q.len()), expected });
        }
        if let Some(q) = self.q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(Reject::Parameter { name: "q", value: q.to_string(), expected });
        }
        if Self::SPEC.is_weighted(shape.columns) {
            AtTie::of(self.method)?;
        }
        Ok(self.within.clone().unwrap_or_else(|| first_reading(&Self::SPEC, shape, &self.q)))
    }

    fn finish(&self, ranked: &Ranked) -> Result<Next<Self>> {
        Ok(match after_reading(ranked, &self.q, self.method)? {
            Either::First(values) => Next::Done(values),
            Either::Second(within) => Next::Again(Self { within: Some(within), ..self.clone() }),
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
            let quantile = Quantile { method: Some(method), ..Quantile::of([0.1, 0.5, 0.77]) };
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

    #[test]
    fn weights_are_numpys() {
        let (x, w) = ([8.0, 1.0, 16.0, 2.0, 4.0], [0.5, 2.0, 0.0, 1.5, 3.0]);
        let q = [0.0, 0.25, 0.5, 0.6, 0.95, 1.0];
        let by = |method| reference(&Quantile { method, ..Quantile::of(q) }, &[&x, &w]);
        // NumPy 2.4: `np.quantile(x, q, weights=w, method="inverted_cdf")`.
        assert_eq!(by(Some(Method::InvertedCdf)), Ok(vec![1.0, 1.0, 2.0, 4.0, 8.0, 8.0]));
        // The weights come to 3.5 of 7 with the value 2.
        assert_eq!(by(None), Ok(vec![1.0, 1.0, 3.0, 4.0, 8.0, 8.0]));
        assert!(matches!(by(Some(Method::Linear)), Err(Reject::Parameter { name: "method", .. })));
        let median = |x: &[f64], w: &[f64]| reference(&Quantile::of([0.5]), &[x, w]);
        assert_eq!(median(&[1.0, 2.0], &[1.0, -1.0]), Err(Reject::Weight { row: 1 }));
        assert_eq!(median(&[1.0, f64::NAN], &[1.0, 0.0]), Ok(vec![1.0]));
        assert!(median(&[1.0, f64::NAN], &[1.0, 1.0]).unwrap()[0].is_nan());
        assert_eq!((median(&[1.0], &[0.0]), median(&[], &[])), (Err(Reject::Empty), Err(Reject::Empty)));
    }

    /// Weights of one leave everything as it is, by the two definitions that know weights.
    #[test]
    fn weights_of_one_are_none() {
        let x: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 10)).collect();
        let q: Vec<f64> = (0..=20).map(|i| f64::from(i) / 20.0).collect();
        for method in [Method::InvertedCdf, Method::AveragedInvertedCdf] {
            let quantile = Quantile { method: Some(method), ..Quantile::of(q.clone()) };
            assert_eq!(reference(&quantile, &[&x, &[1.0; 10]]), reference(&quantile, &[&x]), "{method:?}");
        }
    }
}
