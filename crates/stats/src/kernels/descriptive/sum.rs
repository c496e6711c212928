//! Sum.

use crate::partials;
use echoes_kernel::{Category, Kernel, Next, Number, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sum of the values. Exact for integers, of any width and any number; 0 for no values.
///
/// For doubles a relative error below 14 · 2⁻⁵³ of `Σ|x|`, in practice below 2⁻⁵².
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Sum;
/// assert_eq!(f64::from(reference(&Sum {}, &[&[0.5, 2.0]])?), 2.5);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sum {}

impl Kernel for Sum {
    const SPEC: Spec = Spec::new("sum", Category::Descriptive);
    type Pass = partials::Sum;
    type Output = Number;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, sum: &partials::Sum) -> Result<Next<Self>> {
        Ok(Next::Done(sum.value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn a_sum_of_negative_zeros_is_one() {
        let sum = reference(&Sum {}, &[&[-0.0; 5000]]).map(f64::from).unwrap();
        assert!(sum == 0.0 && sum.is_sign_negative());
        assert!(reference(&Sum {}, &[&[-0.0, 0.0]]).map(f64::from).unwrap().is_sign_positive());
    }

    #[test]
    fn blocks_lose_nothing() {
        let mut x = vec![1.0; 3 * 2048];
        x[..2048].fill(1e16);
        x[4096..].fill(-1e16);
        assert_eq!(reference(&Sum {}, &[&x]).map(f64::from), Ok(2048.0));
    }
}
