//! Covariance of two columns.

use crate::{
    Mode, Weights,
    partials::{Comoments, Terms},
    weighable::{self, Weighable},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Covariance of two columns, over the rows in which both are present.
///
/// `Σ (x − x̄)(y − ȳ) / (n − ddof)`, with NumPy's default `ddof = 1`; null where `n ≤ ddof`. With
/// `mode = "exact"` the double next to the truth.
///
/// With weights the divisor is `Σ w − ddof`, as of NumPy's `fweights` and statsmodels' `DescrStatsW`, or with
/// `weights_kind = "reliability"` `Σ w − ddof Σ w² / Σ w`, as of NumPy's `aweights`; null where that is not above 0. Values and
/// weights must lie between 1e-100 and 1e100 in size.
/// A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::Cov;
/// assert_eq!(reference(&Cov::of(1), &[&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cov {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default = "one")]
    pub ddof: u32,
    /// How values are added: fast, or without rounding, so that the answer is the double next to the truth.
    #[serde(default)]
    pub mode: Mode,
    /// What weights stand for, where there are some.
    #[serde(default)]
    pub weights_kind: Weights,
}

impl Cov {
    /// The covariance with a divisor of `n − ddof`.
    pub const fn of(ddof: u32) -> Self {
        Self { ddof, mode: Mode::Fast, weights_kind: Weights::Frequency }
    }
}

impl Default for Cov {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Kernel for Cov {
    const SPEC: Spec = Spec::new("cov", Category::Pair).columns(2).weighable();
    type Pass = Weighable<Comoments>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<weighable::Setup<usize>> {
        weighable::setup(&Self::SPEC, shape, self.mode, shape.columns, Terms::Products)
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let covariance = match pass {
            Either::First(moments) => (moments.count() > 0).then(|| moments.covariance(0, 1, self.ddof.into())),
            Either::Second(Either::First(totals)) => totals.variance(self.ddof),
            Either::Second(Either::Second(weighted)) => {
                weighted.checked()?.covariance(0, 1, self.weights_kind, self.ddof.into())
            }
        };
        covariance.map(Next::Done).ok_or(Reject::Empty)
    }
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn by_hand() {
        // means 2 and 6: ((-1)(-4) + 0(-1) + 1·5) / 2
        assert_eq!(reference(&Cov::of(1), &[&[1.0, 2.0, 3.0], &[2.0, 5.0, 11.0]]), Ok(4.5));
        assert!(reference(&Cov::of(1), &[&[1.0], &[2.0]]).unwrap().is_nan());
    }

    #[test]
    fn weights_are_numpys() {
        // NumPy 2.4: `cov(x, y, fweights=w, ddof=1)`, and with `aweights=w`.
        let x = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let y = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let w = [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 4.0, 0.0, 2.0, 5.0];
        let kinds = [(Weights::Frequency, 3.532_807_017_543_859_7), (Weights::Reliability, 4.027_4)];
        for (weights_kind, expected) in kinds {
            let found = reference(&Cov { weights_kind, ..Cov::of(1) }, &[&x, &y, &w]).unwrap();
            assert!((found - expected).abs() < 4e-15, "{found}");
        }
        assert_eq!(reference(&Cov::of(1), &[&x, &y, &[-1.0; 10]]), Err(Reject::Weight { row: 0 }));
    }

    #[test]
    fn an_exact_covariance_is_rounded_once() {
        let exact = Cov { mode: Mode::Exact, ..Cov::of(1) };
        assert_eq!(reference(&exact, &[&[1.0, 2.0, 3.0], &[2.0, 5.0, 11.0]]), Ok(4.5));
        let (x, y) = ([1e200, 0.0, 1.0], [1e-200, 0.0, -1e-200]);
        // (1 − 1e-200) / 2: the mean of y is 0.
        assert_eq!(reference(&exact, &[&x, &y]), Ok(0.5));
        assert_eq!(reference(&exact, &[&[], &[]]), Err(Reject::Empty));
    }
}
