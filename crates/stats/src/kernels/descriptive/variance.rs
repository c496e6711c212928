//! Variance.

use crate::{
    Mode, Weights,
    partials::{Moments, Order, Terms},
    weighable::{self, Weighable},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Variance.
///
/// `Σ (x − x̄)² / (n − ddof)`; null where `n ≤ ddof`. NumPy's default divisor is `n`, so is this one's; pandas divides by
/// `n − 1`. Error ≤ 2 units in the last place at any offset; with `mode = "exact"` the double next to the truth. Null where it is
/// beyond the range of doubles, as that of values 1e154 apart is; 0 or of few digits where it is below 2e-308, where `std` still has
/// all of them.
///
/// With weights the divisor is `Σ w − ddof`, as of NumPy's `fweights` and statsmodels' `DescrStatsW`, or with
/// `weights_kind = "reliability"` `Σ w − ddof Σ w² / Σ w`, as of NumPy's `aweights`; null where that is not above 0. Error ≤ 4 units in
/// the last place at any offset, for values and weights between 1e-100 and 1e100 in size.
/// A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Variance;
/// assert_eq!(reference(&Variance::of(0), &[&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]])?, 4.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variance {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default)]
    pub ddof: u32,
    /// How values are added: fast, or without rounding, so that the answer is the double next to the truth.
    #[serde(default)]
    pub mode: Mode,
    /// What weights stand for, where there are some.
    #[serde(default)]
    pub weights_kind: Weights,
}

impl Variance {
    /// The variance with a divisor of `n − ddof`.
    pub const fn of(ddof: u32) -> Self {
        Self { ddof, mode: Mode::Fast, weights_kind: Weights::Frequency }
    }
}

impl Kernel for Variance {
    const SPEC: Spec = Spec::new("variance", Category::Descriptive).weighable();
    type Pass = Weighable<Moments>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<weighable::Setup<Order>> {
        weighable::setup(&Self::SPEC, shape, self.mode, Order::Second, Terms::Squares)
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let variance = match pass {
            Either::First(moments) => moments.variance(self.ddof.into()),
            Either::Second(Either::First(totals)) => totals.variance(self.ddof),
            Either::Second(Either::Second(weighted)) => {
                weighted.checked()?.covariance(0, 0, self.weights_kind, self.ddof.into())
            }
        };
        variance.map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn too_few_values_are_undefined_and_constants_have_none() {
        assert!(reference(&Variance::of(1), &[&[3.0]]).unwrap().is_nan());
        assert_eq!(reference(&Variance::of(0), &[&[0.1; 5000]]), Ok(0.0));
    }

    #[test]
    fn an_exact_variance_is_rounded_once() {
        let exact = Variance { ddof: 0, mode: Mode::Exact, ..Variance::of(0) };
        // ((1 + 2⁻⁵²) − 1)² / 4.
        assert_eq!(reference(&exact, &[&[1.0, 1.0 + f64::EPSILON]]), Ok(2f64.powi(-106)));
        assert_eq!(reference(&exact, &[&[1e8 + 1.0, 1e8, 1e8 - 1.0]]), Ok(2.0 / 3.0));
        assert_eq!((reference(&exact, &[&[0.1; 5000]]), reference(&exact, &[&[]])), (Ok(0.0), Err(Reject::Empty)));
    }

    #[test]
    fn weights_are_numpys() {
        // NumPy 2: `cov(x, fweights=w, ddof=1)`, and with `aweights=w`.
        let x = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let w = [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 4.0, 0.0, 2.0, 5.0];
        for (weights_kind, expected) in [(Weights::Frequency, 4.365_789_473_684_21), (Weights::Reliability, 4.977)] {
            let found = reference(&Variance { weights_kind, ..Variance::of(1) }, &[&x, &w]).unwrap();
            assert!((found - expected).abs() < 1e-14, "{found}");
        }
        let weighted = |w: &[f64]| reference(&Variance::of(1), &[&[1.0, 2.0], w]);
        assert_eq!(weighted(&[0.0; 2]), Err(Reject::Empty));
        assert_eq!(weighted(&[1.0, f64::NAN]), Err(Reject::Weight { row: 1 }));
        assert!(weighted(&[0.5; 2]).unwrap().is_nan());
        let exact = Variance { mode: Mode::Exact, ..Variance::of(1) };
        assert!(matches!(reference(&exact, &[&x, &w]), Err(Reject::Parameter { name: "mode", .. })));
    }
}
