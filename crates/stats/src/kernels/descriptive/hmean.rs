//! Harmonic mean.

use crate::partials::PowerSum;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Harmonic mean: `n / Σ (1 / x)`.
///
/// 0 if a value is 0, null if one is below 0 or NaN, as in SciPy. An error ≤ 2 units in the last place, for values of any size.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::HMean;
/// assert_eq!(reference(&HMean {}, &[&[1.0, 4.0, 4.0]])?, 2.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HMean {}

impl Kernel for HMean {
    const SPEC: Spec = Spec::new("hmean", Category::Descriptive);
    type Pass = PowerSum;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<f64> {
        Ok(-1.0)
    }

    fn finish(&self, sum: &PowerSum) -> Result<Next<Self>> {
        sum.mean().map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn hmean(x: &[f64]) -> Result<f64> {
        reference(&HMean {}, &[x])
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `hmean([1, 2, 3, 4, 5, 6, 7])`; 980/363.
        assert_eq!(hmean(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), Ok(980.0 / 363.0));
        assert_eq!(hmean(&[1.0, 0.0]), Ok(0.0));
        assert!(hmean(&[1.0, -1.0]).unwrap().is_nan());
        assert!(hmean(&[1.0, f64::NAN]).unwrap().is_nan());
    }

    #[test]
    fn none_one_constant_and_extremes() {
        assert_eq!(hmean(&[]), Err(Reject::Empty));
        assert_eq!((hmean(&[7.0]), hmean(&[0.1; 5000])), (Ok(7.0), Ok(0.1)));
        assert_eq!(hmean(&[5e-324; 3]), Ok(5e-324));
        assert_eq!(hmean(&[2.0, f64::INFINITY]), Ok(4.0));
    }
}
