//! Correlation matrix.

use crate::partials::Comoments;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Correlation matrix: Pearson's correlation of every pair of columns, over the rows in which all are present.
///
/// `k` rows of `k` numbers in the order of the columns; null where a column is constant.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::matrix::CorrMatrix;
/// assert_eq!(reference(&CorrMatrix {}, &[&[1.0, 2.0], &[4.0, 3.0]])?, [[1.0, -1.0], [-1.0, 1.0]]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrMatrix {}

impl Kernel for CorrMatrix {
    const SPEC: Spec = Spec::new("corr_matrix", Category::Matrix).at_least(2);
    type Pass = Comoments;
    type Output = Vec<Vec<f64>>;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        Ok(shape.columns)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        if comoments.count() == 0 {
            return Err(Reject::Empty);
        }
        let columns = 0..comoments.columns();
        let row = |i| columns.clone().map(|j| comoments.correlation(i, j)).collect();
        Ok(Next::Done(columns.clone().map(row).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn it_is_symmetric_and_agrees_with_the_pair() {
        let (x, y, z) = ([1.0, 2.0, 4.0], [2.0, 1.0, 7.0], [0.1, 0.3, 0.2]);
        let matrix = reference(&CorrMatrix {}, &[&x, &y, &z]).unwrap();
        let pair = reference(&crate::kernels::pair::Corr {}, &[&y, &z]).unwrap();
        assert_eq!((matrix[1][2], matrix[2][1], matrix[0][0]), (pair, pair, 1.0));
    }
}
