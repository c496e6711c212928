//! Kurtosis.

use crate::partials::{Moments, Order};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kurtosis.
///
/// Fisher's excess `g₂ = m₄ / m₂² − 3`, 0 for a normal distribution, or Pearson's with `fisher = false`; with
/// `bias = false`, `(n−1)/((n−2)(n−3)) ((n+1) g₂ + 6)`. Null for a constant. Relative error ≤ 1e-13 at an offset of 1e8.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Kurtosis;
/// assert_eq!(reference(&Kurtosis { fisher: false, bias: true }, &[&[-1.0, 1.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kurtosis {
    /// Subtract 3, so that a normal distribution has 0.
    #[serde(default = "yes")]
    pub fisher: bool,
    /// Leave the estimate as it is; `false` corrects it for a normal population.
    #[serde(default = "yes")]
    pub bias: bool,
}

impl Kernel for Kurtosis {
    const SPEC: Spec = Spec::new("kurtosis", Category::Descriptive);
    type Pass = Moments;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Fourth)
    }

    fn finish(&self, moments: &Moments) -> Result<Next<Self>> {
        let excess = moments.kurtosis(self.bias).ok_or(Reject::Empty)?;
        Ok(Next::Done(if self.fisher { excess } else { excess + 3.0 }))
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn by_hand() {
        // m2 = 1.25, m4 = (1.5^4 * 2 + 0.5^4 * 2) / 4 = 2.5625, g2 = 1.64 - 3
        let x = [1.0, 2.0, 3.0, 4.0];
        let excess = reference(&Kurtosis { fisher: true, bias: true }, &[&x]).unwrap();
        assert!((excess + 1.36).abs() < 1e-15, "{excess}");
        let corrected = reference(&Kurtosis { fisher: true, bias: false }, &[&x]).unwrap();
        assert!((corrected + 1.2).abs() < 1e-14, "{corrected}");
    }
}
