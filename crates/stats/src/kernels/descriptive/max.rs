//! Largest value.

use crate::partials::Extrema;
use echoes_kernel::{Category, Kernel, Next, Number, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest value, exact for integers of every width; null if a NaN is among them.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Max;
/// assert_eq!(f64::from(reference(&Max {}, &[&[3.0, 5.0, 4.0]])?), 5.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Max {}

impl Kernel for Max {
    const SPEC: Spec = Spec::new("max", Category::Descriptive);
    type Pass = Extrema;
    type Output = Number;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, extrema: &Extrema) -> Result<Next<Self>> {
        extrema.max().map(|(value, _)| Next::Done(value)).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn infinities_count_and_nan_spreads() {
        let inf = f64::INFINITY;
        assert_eq!(reference(&Max {}, &[&[0.0, inf, -inf]]).map(f64::from), Ok(inf));
        assert!(f64::from(reference(&Max {}, &[&[0.0, f64::NAN, 1.0]]).unwrap()).is_nan());
    }
}
