//! Variance.

use crate::partials::{Moments, Order};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Variance.
///
/// `Σ (x − x̄)² / (n − ddof)`; null where `n ≤ ddof`. NumPy's default divisor is `n`, so is this one's; pandas divides by
/// `n − 1`. Error ≤ 2 units in the last place at any offset. Null where it is beyond the range of doubles, as that of values 1e154
/// apart is; 0 or of few digits where it is below 2e-308, where `std` still has all of them.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Variance;
/// assert_eq!(reference(&Variance { ddof: 0 }, &[&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]])?, 4.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variance {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default)]
    pub ddof: u32,
}

impl Kernel for Variance {
    const SPEC: Spec = Spec::new("variance", Category::Descriptive);
    type Pass = Moments;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Second)
    }

    fn finish(&self, moments: &Moments) -> Result<Next<Self>> {
        moments.variance(self.ddof.into()).map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn too_few_values_are_undefined_and_constants_have_none() {
        assert!(reference(&Variance { ddof: 1 }, &[&[3.0]]).unwrap().is_nan());
        assert_eq!(reference(&Variance { ddof: 0 }, &[&[0.1; 5000]]), Ok(0.0));
    }
}
