//! Pearson's correlation of two columns.

use crate::partials::Comoments;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pearson's correlation of two columns, over the rows in which both are present.
///
/// Within [−1, 1]; null if either column is constant. Relative error ≤ 1e-14 at an offset of 1e8.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::Corr;
/// assert_eq!(reference(&Corr {}, &[&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corr {}

impl Kernel for Corr {
    const SPEC: Spec = Spec::new("corr", Category::Pair).columns(2);
    type Pass = Comoments;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        Ok(shape.columns)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        match comoments.count() {
            0 => Err(Reject::Empty),
            _ => Ok(Next::Done(comoments.correlation(0, 1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// F. J. Anscombe, The American Statistician 27 (1973): the first of the four sets, r = 0.816.
    #[test]
    fn anscombe_1973() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let r = reference(&Corr {}, &[&x, &y]).unwrap();
        assert!((r - 0.816_420_516_345).abs() < 1e-12, "{r}");
        assert!(reference(&Corr {}, &[&x, &[1.0; 11]]).unwrap().is_nan());
    }
}
