//! Geometric mean.

use crate::partials::Product;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Geometric mean: the `n`th root of the product of `n` values.
///
/// 0 if a value is 0, null if one is below 0 or NaN, as in SciPy. It is made of the product, with an exponent of its own, and
/// not of a sum of logarithms: an error ≤ 0.7 units in the last place, for values of any size.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::GMean;
/// assert_eq!(reference(&GMean {}, &[&[1.0, 4.0, 2.0]])?, 2.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GMean {}

impl Kernel for GMean {
    const SPEC: Spec = Spec::new("gmean", Category::Descriptive).references(&[
        "S. Graillat, Accurate Floating-Point Product and Exponentiation, IEEE Transactions on Computers 58(7), 2009",
    ]);
    type Pass = Product;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, product: &Product) -> Result<Next<Self>> {
        product.root().map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn gmean(x: &[f64]) -> Result<f64> {
        reference(&GMean {}, &[x])
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `gmean([1, 2, 3, 4, 5, 6, 7])`, also in its documentation.
        let found = gmean(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).unwrap();
        assert!((found - 3.380_015_159_141_296_4).abs() < 1e-15, "{found}");
        assert_eq!(gmean(&[1.0, 0.0]), Ok(0.0));
        assert!(gmean(&[1.0, -2.0, -3.0]).unwrap().is_nan());
        assert!(gmean(&[1.0, f64::NAN]).unwrap().is_nan());
    }

    #[test]
    fn none_one_constant_and_extremes() {
        assert_eq!(gmean(&[]), Err(Reject::Empty));
        assert_eq!(gmean(&[8.0]), Ok(8.0));
        assert!((gmean(&[0.1; 5000]).unwrap() - 0.1).abs() <= 2e-17);
        assert_eq!(gmean(&[f64::MIN_POSITIVE, 1.0 / f64::MIN_POSITIVE]), Ok(1.0));
        assert!((gmean(&[f64::MAX; 5000]).unwrap() / f64::MAX - 1.0).abs() <= 3e-16);
    }
}
