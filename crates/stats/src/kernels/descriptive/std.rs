//! Standard deviation.

use crate::partials::{Moments, Order};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Standard deviation.
///
/// `√(Σ (x − x̄)² / (n − ddof))`; null where `n ≤ ddof`. NumPy's default divisor is `n`, so is this one's; pandas divides
/// by `n − 1`. Error ≤ 2 units in the last place at any offset and of values of any size.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Std;
/// assert_eq!(reference(&Std { ddof: 0 }, &[&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]])?, 2.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Std {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default)]
    pub ddof: u32,
}

impl Kernel for Std {
    const SPEC: Spec = Spec::new("std", Category::Descriptive);
    type Pass = Moments;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Second)
    }

    fn finish(&self, moments: &Moments) -> Result<Next<Self>> {
        moments.std(self.ddof.into()).map(Next::Done).ok_or(Reject::Empty)
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
        let std = reference(&Std { ddof: 1 }, &[&x]).unwrap();
        // The doubles nearest to the decimals of the set have this standard deviation.
        assert!((std - 0.1).abs() < 1e-9, "{std}");
    }
}
