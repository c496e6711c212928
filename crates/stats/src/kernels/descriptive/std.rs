//! Standard deviation.

use crate::{
    Mode, Weights,
    partials::{Moments, Order, Terms},
    weighable::{self, Weighable},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Standard deviation.
///
/// `√(Σ (x − x̄)² / (n − ddof))`; null where `n ≤ ddof`. NumPy's default divisor is `n`, so is this one's; pandas divides
/// by `n − 1`. Error ≤ 2 units in the last place at any offset and of values of any size; with
/// `mode = "exact"` the double next to the truth.
///
/// With weights the divisor is `Σ w − ddof`, as of NumPy's `fweights` and statsmodels' `DescrStatsW`, or with
/// `weights_kind = "reliability"` `Σ w − ddof Σ w² / Σ w`, as of NumPy's `aweights`; null where that is not above 0. Error ≤ 3 units in
/// the last place at any offset, for values and weights between 1e-100 and 1e100 in size.
/// A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Std;
/// assert_eq!(reference(&Std::of(0), &[&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]])?, 2.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Std {
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

impl Std {
    /// The standard deviation with a divisor of `n − ddof`.
    pub const fn of(ddof: u32) -> Self {
        Self { ddof, mode: Mode::Fast, weights_kind: Weights::Frequency }
    }
}

impl Kernel for Std {
    const SPEC: Spec = Spec::new("std", Category::Descriptive).weighable();
    type Pass = Weighable<Moments>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<weighable::Setup<Order>> {
        weighable::setup(&Self::SPEC, shape, self.mode, Order::Second, Terms::Squares)
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let std = match pass {
            Either::First(moments) => moments.std(self.ddof.into()),
            Either::Second(Either::First(totals)) => totals.std(self.ddof),
            Either::Second(Either::Second(weighted)) => {
                weighted.checked()?.covariance(0, 0, self.weights_kind, self.ddof.into()).map(f64::sqrt)
            }
        };
        std.map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// NIST Statistical Reference Datasets, NumAcc4: certified 0.1.
    #[test]
    fn nist_numacc4() {
        let x: Vec<f64> = (0..1001)
            .map(|i| [10_000_000.2, 10_000_000.1, 10_000_000.3][usize::from(i > 0) + usize::from(i > 0 && i % 2 == 0)])
            .collect();
        let std = reference(&Std::of(1), &[&x]).unwrap();
        // The doubles nearest to the decimals of the set have this standard deviation.
        assert!((std - 0.1).abs() < 1e-9, "{std}");
    }

    #[test]
    fn weights_are_numpys() {
        // NumPy 2.4: the root of `cov(x, fweights=w, ddof=0)`, and with `aweights=w, ddof=1`.
        let x = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let w = [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 4.0, 0.0, 2.0, 5.0];
        let reliable = Std { weights_kind: Weights::Reliability, ..Std::of(1) };
        for (kernel, expected) in [(Std::of(0), 2.033_718_535_179_440_7), (reliable, 2.230_919_093_109_384_7)] {
            let found = reference(&kernel, &[&x, &w]).unwrap();
            assert!((found - expected).abs() < 1e-15, "{found}");
        }
    }

    #[test]
    fn an_exact_deviation_is_rounded_once() {
        let exact = |ddof| Std { ddof, mode: Mode::Exact, ..Std::of(0) };
        assert_eq!(reference(&exact(0), &[&[1e300, -1e300]]), Ok(1e300));
        assert_eq!(reference(&exact(1), &[&[5e-324, 5e-324, 2e-323]]), Ok(1e-323));
        assert!(reference(&exact(1), &[&[1.0]]).unwrap().is_nan());
    }
}
