//! Arithmetic mean.

use crate::{
    Mode,
    partials::{Moments, Order, Terms},
    weighable::{self, Weighable},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Arithmetic mean.
///
/// `Σ x / n`, the sum in two doubles: of whole numbers up to 2⁴¹ in size it is exact, and the mean the double next to it, however
/// much they cancel. Error ≤ 1 unit in the last place on NIST's univariate sets; of values that cancel, about 2⁻⁵³ of their spread.
/// With `mode = "exact"` the double next to the truth of any values.
///
/// With weights `Σ w x / Σ w`, as NumPy's `average`, to 2 units in the last place (of values that cancel, of `Σ w |x| / Σ w`).
/// A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Mean;
/// assert_eq!(reference(&Mean::default(), &[&[1.0, 2.0, 6.0]])?, 3.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    /// How values are added: fast, or without rounding, so that the answer is the double next to the truth.
    #[serde(default)]
    pub mode: Mode,
}

impl Kernel for Mean {
    const SPEC: Spec = Spec::new("mean", Category::Descriptive).weighable();
    type Pass = Weighable<Moments>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<weighable::Setup<Order>> {
        weighable::setup(&Self::SPEC, shape, self.mode, Order::First, Terms::Values)
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let mean = match pass {
            Either::First(moments) => moments.mean(),
            Either::Second(Either::First(totals)) => totals.mean(),
            Either::Second(Either::Second(weighted)) => weighted.checked()?.mean(0),
        };
        mean.map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    #[test]
    fn student_1908() {
        assert_eq!(reference(&Mean::default(), &[&SLEEP]), Ok(2.33));
        assert_eq!(reference(&Mean::default(), &[&[]]), Err(Reject::Empty));
    }

    #[test]
    fn whole_numbers_that_cancel_lose_nothing() {
        assert_eq!(reference(&Mean::default(), &[&[1e6, -999_999.0, 1.0]]), Ok(2.0 / 3.0));
        let mut x: Vec<f64> = (0..50_000).map(|i| f64::from(i * 7919 % 100_003)).collect();
        let negated: Vec<f64> = x.iter().map(|x| -x).collect();
        x.extend(negated);
        x.push(7.0);
        assert_eq!(reference(&Mean::default(), &[&x]), Ok(7.0 / 100_001.0));
    }

    #[test]
    fn an_exact_mean_is_there_where_the_sum_is_none() {
        let exact = Mean { mode: Mode::Exact };
        assert_eq!(reference(&exact, &[&[f64::MAX; 5]]), Ok(f64::MAX));
        assert_eq!(reference(&exact, &[&[1e16, 1.0, -1e16, 1.0]]), Ok(0.5));
        assert_eq!(reference(&exact, &[&[]]), Err(Reject::Empty));
    }

    #[test]
    fn weights_are_numpys() {
        let w = [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 4.0, 0.0, 2.0, 5.0];
        // NumPy 2.4: `average(sleep, weights=w)`.
        let mean = reference(&Mean::default(), &[&SLEEP, &w]).unwrap();
        assert!((mean - 2.963_157_894_736_841_8).abs() < 1e-15, "{mean}");
        let weighted = |x: &[f64], w: &[f64]| reference(&Mean::default(), &[x, w]);
        assert_eq!(weighted(&[1.0], &[-1.0]), Err(Reject::Weight { row: 0 }));
        // NumPy says NaN for the first one, and refuses the second.
        assert_eq!(weighted(&[f64::NAN, 2.0], &[0.0, 1.0]), Ok(2.0));
        assert_eq!((weighted(&[1.0, 2.0], &[0.0; 2]), weighted(&[], &[])), (Err(Reject::Empty), Err(Reject::Empty)));
        assert_eq!(weighted(&[f64::INFINITY, 2.0], &[1.0; 2]), Ok(f64::INFINITY));
    }
}
