//! Sum.

use crate::{
    Mode,
    exact::Choice,
    partials::{self, Terms},
};
use echoes_kernel::{Category, Either, Kernel, Next, Number, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sum of the values. Exact for integers, of any width and any number; 0 for no values.
///
/// For doubles a relative error below 14 · 2⁻⁵³ of `Σ|x|`, in practice below 2⁻⁵². With `mode = "exact"` the double next to the truth.
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
    type Pass = Choice<partials::Sum>;
    type Output = Number;

    fn pass(&self, shape: &Shape<'_>) -> Result<Either<(), Either<Terms, ()>>> {
        self.mode.weigh(shape, (), Terms::Values)
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        Ok(Next::Done(match pass {
            Either::First(sum) => sum.value(),
            Either::Second(Either::Second(weighted)) => Number::Float(weighted.checked()?.sum()),
            Either::Second(Either::First(totals)) => totals.sum(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

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
    fn blocks_lose_nothing() {
        let mut x = vec![1.0; 3 * 2048];
        x[..2048].fill(1e16);
        x[4096..].fill(-1e16);
        assert_eq!(reference(&Sum::default(), &[&x]).map(f64::from), Ok(2048.0));
    }
}
