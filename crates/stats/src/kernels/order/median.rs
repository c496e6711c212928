//! Median.

use crate::quantiles::{Ranked, Ranking, after_reading, first_reading};
use echoes_kernel::{Category, Either, Kernel, Next, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Median, exact for data of any size: the middle value, or halfway between the middle two.
///
/// With weights the smallest value with which the weights come to half of all of them; where they come to just that, halfway to the
/// next value. A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
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
    within: Option<Ranking>,
}

impl Kernel for Median {
    const SPEC: Spec = Spec::new("median", Category::Order).weighable().sampled();
    type Pass = Ranked;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Ranking> {
        Ok(self.within.clone().unwrap_or_else(|| first_reading(&Self::SPEC, shape, &[0.5])))
    }

    fn finish(&self, ranked: &Ranked) -> Result<Next<Self>> {
        Ok(match after_reading(ranked, &[0.5], None)? {
            Either::First(values) => Next::Done(values[0]),
            Either::Second(within) => Next::Again(Self { within: Some(within) }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Reject, reference};

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

    #[test]
    fn by_weight() {
        let median = |x: &[f64], w: &[f64]| reference(&Median::default(), &[x, w]);
        assert_eq!(median(&[3.0, 1.0, 2.0], &[1.0, 5.0, 1.0]), Ok(1.0));
        assert_eq!(median(&[3.0, 1.0, 2.0], &[1.0, 2.0, 1.0]), Ok(1.5));
        assert_eq!(median(&[3.0, 1.0, 2.0, 4.0], &[1.0; 4]), Ok(2.5));
        assert_eq!(median(&[3.0, 1.0], &[0.1, f64::NAN]), Err(Reject::Weight { row: 1 }));
    }
}
