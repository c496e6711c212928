//! Standard error of the mean.

use crate::partials::{Moments, Order};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Standard error of the mean.
///
/// `√(Σ (x − x̄)² / (n − ddof) / n)`, with SciPy's default `ddof = 1`; null where `n ≤ ddof`.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Sem;
/// assert_eq!(reference(&Sem { ddof: 1 }, &[&[1.0, 3.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sem {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default = "one")]
    pub ddof: u32,
}

impl Kernel for Sem {
    const SPEC: Spec = Spec::new("sem", Category::Descriptive);
    type Pass = Moments;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Second)
    }

    fn finish(&self, moments: &Moments) -> Result<Next<Self>> {
        moments.sem(self.ddof.into()).map(Next::Done).ok_or(Reject::Empty)
    }
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    #[test]
    fn student_1908() {
        // R: sd(x) / sqrt(10) = 0.6331666
        let sem = reference(&Sem { ddof: 1 }, &[&SLEEP]).unwrap();
        assert!((sem - 0.633_166_6).abs() < 5e-8, "{sem}");
    }
}
