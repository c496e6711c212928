//! Cumulative product.

use crate::partials::Product;
use echoes_kernel::{Category, Emit, Form, Kernel, Needs, Next, Piece, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cumulative product: each row is the product of all rows up to it.
///
/// The double next to the true product, or one beside it, however many rows there are. A product beyond the range of doubles is
/// infinite, or zero, in its own row only: later rows may bring it back. A missing row stays missing and changes nothing.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::CumProd;
/// assert_eq!(reference(&CumProd {}, &[&[2.0, 3.0, -4.0]])?.0, [2.0, 6.0, -24.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CumProd {}

impl Kernel for CumProd {
    const SPEC: Spec = Spec::new("cumprod", Category::Series).form(Form::Scan).references(&[
        "S. Graillat, Accurate Floating-Point Product and Exponentiation, IEEE Transactions on Computers 58(7), 2009",
    ]);
    type Pass = Product;
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, _: &Product) -> Result<Next<Self>> {
        Ok(Next::emit(self.clone()))
    }
}

impl Emit<Product> for CumProd {
    fn needs(&self) -> Needs {
        Needs { before: true, ..Needs::default() }
    }

    fn emit(&self, before: &Product, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let mut product = *before;
        for (&x, out) in piece.own(0).iter().zip(&mut *out[0]) {
            product.multiply(x);
            *out = product.value();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, reference};

    fn cumprod(x: &[f64]) -> Vec<f64> {
        reference(&CumProd {}, &[x]).unwrap().0
    }

    #[test]
    fn as_numpy_has_it() {
        // NumPy 2.4: `np.cumprod([2, 3, -4, .5])`.
        assert_eq!(cumprod(&[2.0, 3.0, -4.0, 0.5]), [2.0, 6.0, -24.0, -12.0]);
        assert_eq!(cumprod(&[7.0]), [7.0]);
        assert!(cumprod(&[]).is_empty());
        let found = cumprod(&[2.0, 0.0, 5.0, f64::INFINITY, 1.0]);
        assert!(found[..3] == [2.0, 0.0, 0.0] && found[3].is_nan() && found[4].is_nan());
        let found = cumprod(&[2.0, f64::NEG_INFINITY, 0.5, f64::NAN, 0.0]);
        assert!(found[..3] == [2.0, f64::NEG_INFINITY, f64::NEG_INFINITY] && found[3].is_nan() && found[4].is_nan());
    }

    #[test]
    fn what_overflows_comes_back() {
        let tiny = 5e-324;
        assert_eq!(cumprod(&[1e200, 1e200, 1e-300]), [1e200, f64::INFINITY, 1e100]);
        assert_eq!(cumprod(&[tiny, tiny, 2.0 / tiny.sqrt(), 1.0 / tiny.sqrt()])[..2], [tiny, 0.0]);
    }

    #[test]
    fn chunks_leave_no_seam_and_rounding_does_not_pile_up() {
        // Each third undoes the two before it, but for what its own rounding leaves.
        let x: Vec<f64> = (0..CHUNK + 30).map(|i| [3.0, 7.0, 1.0 / 21.0][i % 3]).collect();
        let lost = 21.0f64.mul_add(1.0 / 21.0, -1.0);
        for (row, found) in cumprod(&x).into_iter().enumerate() {
            let wanted = [3.0, 21.0, 1.0][row % 3] * (lost * ((row + 1) / 3) as f64).exp();
            assert!((found / wanted - 1.0).abs() <= 3e-16, "row {row}: {found} is not {wanted}");
        }
    }
}
