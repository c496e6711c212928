//! Sum.

use crate::{
    Mode,
    partials::{self, Terms},
    weighable::{self, Weighable},
};
use echoes_kernel::{Category, Either, Kernel, Next, Number, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sum of the values. Exact for integers, of any width and any number; 0 for no values.
///
/// For doubles a relative error below 14 · 2⁻⁵³ of `Σ|x|`, in practice below 2⁻⁵². With `mode = "exact"` the double next to the truth.
///
/// With weights `Σ w x`, in doubles, to a relative error of about 2⁻⁵² of `Σ w |x|`.
/// A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Sum;
/// assert_eq!(f64::from(reference(&Sum::default(), &[&[0.5, 2.0]])?), 2.5);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// How values are added: fast, or without rounding, so that the answer is the double next to the truth.
    #[serde(default)]
    pub mode: Mode,
}

impl Kernel for Sum {
    const SPEC: Spec = Spec::new("sum", Category::Descriptive).weighable();
    type Pass = Weighable<partials::Sum>;
    type Output = Number;

    fn pass(&self, shape: &Shape<'_>) -> Result<weighable::Setup<()>> {
        weighable::setup(&Self::SPEC, shape, self.mode, (), Terms::Values)
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        Ok(Next::Done(match pass {
            Either::First(sum) => sum.value(),
            Either::Second(Either::First(totals)) => totals.sum(),
            Either::Second(Either::Second(weighted)) => Number::Float(weighted.checked()?.sum(0)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Reject, reference};

    #[test]
    fn a_sum_of_negative_zeros_is_one() {
        let sum = reference(&Sum::default(), &[&[-0.0; 5000]]).map(f64::from).unwrap();
        assert!(sum == 0.0 && sum.is_sign_negative());
        assert!(reference(&Sum::default(), &[&[-0.0, 0.0]]).map(f64::from).unwrap().is_sign_positive());
    }

    #[test]
    fn an_exact_sum_loses_nothing_over_six_hundred_orders_of_magnitude() {
        let exact = Sum { mode: Mode::Exact };
        let x = [1e300, 1.0, -1e-300, 1e-308, -1e300, -1.0, 1e-300];
        assert_eq!(reference(&exact, &[&x]).map(f64::from), Ok(1e-308));
        assert_eq!(reference(&exact, &[&[]]), Ok(Number::Int(0)));
        assert_eq!(reference(&exact, &[&[0.1; 10]]).map(f64::from), Ok(1.0));
    }

    #[test]
    fn weights_multiply() {
        let weighted = |x: &[f64], w: &[f64]| reference(&Sum::default(), &[x, w]).map(f64::from);
        assert_eq!(weighted(&[1.0, 2.0, f64::NAN], &[0.5, 3.0, 0.0]), Ok(6.5));
        assert_eq!((weighted(&[7.0], &[0.0]), weighted(&[], &[])), (Ok(0.0), Ok(0.0)));
        assert_eq!(weighted(&[1.0, 2.0], &[1.0, -0.5]), Err(Reject::Weight { row: 1 }));
        let exact = reference(&Sum { mode: Mode::Exact }, &[&[1.0], &[1.0]]);
        assert!(matches!(exact, Err(Reject::Parameter { name: "mode", .. })));
    }

    #[test]
    fn blocks_lose_nothing() {
        let mut x = vec![1.0; 3 * 2048];
        x[..2048].fill(1e16);
        x[4096..].fill(-1e16);
        assert_eq!(reference(&Sum::default(), &[&x]).map(f64::from), Ok(2048.0));
    }
}
