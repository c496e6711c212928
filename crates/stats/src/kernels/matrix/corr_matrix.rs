//! Correlation matrix.

use crate::partials::Comoments;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Columns of a matrix: a reading keeps 16 bytes for each pair of them and a block of each, once for each chunk in hand.
const COLUMNS_MAX: usize = 2048;

/// Correlation matrix: Pearson's correlation of every pair of columns, over the rows in which all are present.
///
/// `k` rows of `k` numbers in the order of the columns, of which there may be 2,048; null where a column is constant.
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
        few_enough(shape.columns, Self::SPEC.name)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        if comoments.count() == 0 {
            return Err(Reject::Empty);
        }
        Ok(Next::Done(symmetric(comoments.columns(), |i, j| comoments.correlation(i, j))))
    }
}

/// A matrix of `k` columns, the same above its diagonal as below, where `of` says what it holds.
pub(super) fn symmetric(k: usize, of: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; k]; k];
    for i in 0..k {
        let (above, below) = rows.split_at_mut(i);
        for (j, mirrored) in above.iter_mut().enumerate() {
            let value = of(i, j);
            below[0][j] = value;
            mirrored[i] = value;
        }
        below[0][i] = of(i, i);
    }
    rows
}

/// Columns of a matrix, if there are not too many of them.
pub(super) const fn few_enough(columns: usize, kernel: &'static str) -> Result<usize> {
    match columns {
        ..=COLUMNS_MAX => Ok(columns),
        found => Err(Reject::TooManyColumns { kernel, limit: COLUMNS_MAX, found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn too_many_columns_are_refused() {
        let columns = vec![&[1.0, 2.0][..]; 2049];
        assert!(matches!(reference(&CorrMatrix {}, &columns), Err(Reject::TooManyColumns { found: 2049, .. })));
    }

    #[test]
    fn it_is_symmetric_and_agrees_with_the_pair() {
        let (x, y, z) = ([1.0, 2.0, 4.0], [2.0, 1.0, 7.0], [0.1, 0.3, 0.2]);
        let matrix = reference(&CorrMatrix {}, &[&x, &y, &z]).unwrap();
        let pair = reference(&crate::kernels::pair::Corr {}, &[&y, &z]).unwrap();
        assert_eq!((matrix[1][2], matrix[2][1], matrix[0][0]), (pair, pair, 1.0));
    }

    #[test]
    fn a_wide_matrix_has_the_bits_of_its_pairs() {
        let mut noise = crate::special::oracle::noise(31);
        // One column overflows when it is squared, one vanishes.
        let scale = |i: usize| [1.0, 1e8, 1e300, 1e-300][if i < 7 { i % 2 } else { i % 4 }];
        let columns: Vec<Vec<f64>> = (0..30).map(|i| (0..5000).map(|_| scale(i) * (noise() - 0.3)).collect()).collect();
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let matrix = reference(&CorrMatrix {}, &slices).unwrap();
        for i in 0..slices.len() {
            for j in 0..i {
                let pair = reference(&crate::kernels::pair::Corr {}, &[slices[i], slices[j]]).unwrap();
                assert_eq!(matrix[i][j].to_bits(), pair.to_bits(), "{i} and {j}");
            }
        }
    }
}
