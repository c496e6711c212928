//! Skewness.

use crate::partials::{Moments, Order};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Skewness.
///
/// Fisher and Pearson's `g₁ = m₃ / m₂^1.5`; with `bias = false`, `G₁ = g₁ √(n(n−1)) / (n−2)`. Null for a constant.
/// Relative error ≤ 1e-13 at an offset of 1e8.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Skewness;
/// assert_eq!(reference(&Skewness { bias: true }, &[&[1.0, 2.0, 3.0]])?, 0.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skewness {
    /// Leave the estimate as it is; `false` corrects it for a normal population.
    #[serde(default = "yes")]
    pub bias: bool,
}

impl Kernel for Skewness {
    const SPEC: Spec = Spec::new("skewness", Category::Descriptive);
    type Pass = Moments;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Fourth)
    }

    fn finish(&self, moments: &Moments) -> Result<Next<Self>> {
        moments.skewness(self.bias).map(Next::Done).ok_or(Reject::Empty)
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// D. N. Joanes, C. A. Gill, The Statistician 47 (1998), the formulae, on a sample done by hand.
    #[test]
    fn by_hand() {
        let x = [1.0, 1.0, 4.0];
        let plain = reference(&Skewness { bias: true }, &[&x]).unwrap();
        assert!((plain - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-15, "{plain}");
        let corrected = reference(&Skewness { bias: false }, &[&x]).unwrap();
        assert!((corrected - 3f64.sqrt()).abs() < 1e-15, "{corrected}");
        assert!(reference(&Skewness { bias: true }, &[&[5.0; 9]]).unwrap().is_nan());
    }
}
