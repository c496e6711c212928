//! Interquartile range.

use crate::{
    Method,
    partials::{Brackets, Intervals},
    quantiles::quantiles,
};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Interquartile range: the third quartile less the first, or the distance of any two percentiles.
///
/// The percentiles are exact for data of any size, as those of `quantile` are; null if a NaN is among the values.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Iqr;
/// assert_eq!(reference(&Iqr::default(), &[&[1.0, 2.0, 4.0, 8.0, 16.0]])?, 6.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Iqr {
    /// Two percentages between 0 and 100, in either order.
    #[serde(default = "quartiles")]
    #[schemars(length(min = 2, max = 2), inner(range(min = 0.0, max = 100.0)))]
    pub rng: Vec<f64>,
    /// What to do between two values.
    #[serde(default)]
    pub method: Method,
    /// What an earlier reading has found out.
    #[serde(skip)]
    within: Option<Intervals>,
}

impl Iqr {
    /// The distance of two percentiles, by the usual definition.
    pub fn of(rng: [f64; 2]) -> Self {
        Self { rng: rng.to_vec(), method: Method::default(), within: None }
    }

    fn fractions(&self) -> Vec<f64> {
        self.rng.iter().map(|percentage| percentage / 100.0).collect()
    }
}

impl Default for Iqr {
    fn default() -> Self {
        Self::of([25.0, 75.0])
    }
}

fn quartiles() -> Vec<f64> {
    Iqr::default().rng
}

impl Kernel for Iqr {
    const SPEC: Spec = Spec::new("iqr", Category::Descriptive).sampled();
    type Pass = Brackets;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Intervals> {
        let expected = "two percentages between 0 and 100";
        if self.rng.len() != 2 {
            return Err(Reject::Parameter { name: "rng", value: format!("a list of {}", self.rng.len()), expected });
        }
        if let Some(outside) = self.rng.iter().find(|percentage| !(0.0..=100.0).contains(*percentage)) {
            return Err(Reject::Parameter { name: "rng", value: outside.to_string(), expected });
        }
        Ok(self.within.clone().unwrap_or_else(|| Intervals::around(&self.fractions(), shape)))
    }

    fn finish(&self, brackets: &Brackets) -> Result<Next<Self>> {
        if brackets.count() + brackets.nans() == 0 {
            return Err(Reject::Empty);
        }
        Ok(match quantiles(brackets, &self.fractions(), self.method) {
            Ok(values) => Next::Done((values[1] - values[0]).abs()),
            Err(within) => Next::Again(Self { within: Some(within), ..self.clone() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `iqr(sleep, rng=…, interpolation=…)`.
        for (method, quartiles, tenths) in [
            (Method::Linear, 3.275, 4.61),
            (Method::Hazen, 3.6, 5.05),
            (Method::Nearest, 3.6, 4.5),
            (Method::Lower, 2.6, 4.7),
        ] {
            for (rng, wanted) in [([25.0, 75.0], quartiles), ([90.0, 10.0], tenths)] {
                let found = reference(&Iqr { method, ..Iqr::of(rng) }, &[&SLEEP]).unwrap();
                assert!((found - wanted).abs() < 1e-14, "{method:?} {rng:?}: {found} is not {wanted}");
            }
        }
    }

    #[test]
    fn none_one_constant_and_nan() {
        let iqr = |x: &[f64]| reference(&Iqr::default(), &[x]);
        assert_eq!(iqr(&[]), Err(Reject::Empty));
        assert_eq!((iqr(&[7.0]), iqr(&[0.1; 50])), (Ok(0.0), Ok(0.0)));
        assert!(iqr(&[1.0, f64::NAN]).unwrap().is_nan());
        assert_eq!(iqr(&[1.0, 2.0, 3.0, f64::INFINITY, f64::INFINITY]), Ok(f64::INFINITY));
    }

    #[test]
    fn other_ranges_are_refused() {
        for rng in [vec![], vec![25.0], vec![-1.0, 50.0], vec![25.0, 101.0], vec![f64::NAN, 1.0], vec![1.0; 3]] {
            let refused = reference(&Iqr { rng, ..Iqr::default() }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "rng", .. })));
        }
    }
}
