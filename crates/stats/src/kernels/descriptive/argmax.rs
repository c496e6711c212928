//! Row of the largest value.

use crate::partials::Extrema;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Row of the largest value, from 0: its first, or that of the first NaN if there is one.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::ArgMax;
/// assert_eq!(reference(&ArgMax {}, &[&[4.0, 3.0, 5.0, 3.0, 5.0]])?, 2);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgMax {}

impl Kernel for ArgMax {
    const SPEC: Spec = Spec::new("argmax", Category::Descriptive);
    type Pass = Extrema;
    type Output = u64;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, extrema: &Extrema) -> Result<Next<Self>> {
        extrema.max().map(|(_, row)| Next::Done(row)).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn the_first_of_equals_and_the_first_nan() {
        let mut x = vec![1.0; 5000];
        x[4000] = 1.5;
        x[4500] = x[4000];
        assert_eq!(reference(&ArgMax {}, &[&x]), Ok(4000));
        x[4700] = f64::NAN;
        assert_eq!(reference(&ArgMax {}, &[&x]), Ok(4700));
    }
}
