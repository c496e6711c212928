//! Median.

use crate::{
    Method,
    partials::{Brackets, Intervals},
    quantiles::quantiles,
};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Median, exact for data of any size: the middle value, or halfway between the middle two.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::Median;
/// assert_eq!(reference(&Median::default(), &[&[5.0, 1.0, 2.0, 4.0]])?, 3.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Median {
    /// What an earlier reading has found out.
    #[serde(skip)]
    within: Option<Intervals>,
}

impl Kernel for Median {
    const SPEC: Spec = Spec::new("median", Category::Order).sampled();
    type Pass = Brackets;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Intervals> {
        Ok(self.within.clone().unwrap_or_else(|| Intervals::around(&[0.5], shape)))
    }

    fn finish(&self, brackets: &Brackets) -> Result<Next<Self>> {
        if brackets.count() + brackets.nans() == 0 {
            return Err(Reject::Empty);
        }
        Ok(match quantiles(brackets, &[0.5], Method::Linear) {
            Ok(values) => Next::Done(values[0]),
            Err(within) => Next::Again(Self { within: Some(within) }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn odd_even_one_none_and_nan() {
        let median = |x: &[f64]| reference(&Median::default(), &[x]);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Ok(2.0));
        assert_eq!(median(&[7.0]), Ok(7.0));
        assert_eq!(median(&[]), Err(Reject::Empty));
        assert!(median(&[1.0, f64::NAN]).unwrap().is_nan());
        assert_eq!(median(&[f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY]), Ok(f64::INFINITY));
        // Values further apart than a double can say.
        assert_eq!(median(&[-1.5e308, 1.5e308]), Ok(0.0));
        assert_eq!(median(&[f64::NEG_INFINITY, 1.0]), Ok(f64::NEG_INFINITY));
    }
}
