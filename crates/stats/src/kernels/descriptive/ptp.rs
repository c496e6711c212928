//! Range.

use crate::partials::Extrema;
use echoes_kernel::{Category, Kernel, Next, Number, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Range: the largest value less the smallest, exact for integers.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Ptp;
/// assert_eq!(f64::from(reference(&Ptp {}, &[&[3.0, 5.5, 4.0]])?), 2.5);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ptp {}

impl Kernel for Ptp {
    const SPEC: Spec = Spec::new("ptp", Category::Descriptive);
    type Pass = Extrema;
    type Output = Number;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, extrema: &Extrema) -> Result<Next<Self>> {
        let ((min, _), (max, _)) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
        Ok(Next::Done(match (min, max) {
            (Number::Int(min), Number::Int(max)) => Number::Int(max - min),
            (min, max) => Number::Float(max.to_f64() - min.to_f64()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn of_one_value_it_is_zero() {
        assert_eq!(reference(&Ptp {}, &[&[7.0]]).map(f64::from), Ok(0.0));
    }
}
