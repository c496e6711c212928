//! Covariance matrix.

use super::{few_enough, symmetric};
use crate::partials::Comoments;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Covariance matrix: the covariance of every pair of columns, over the rows in which all are present.
///
/// `Σ (x − x̄)(y − ȳ) / (n − ddof)`, with NumPy's default `ddof = 1`; null where `n ≤ ddof`. `k` rows of `k` numbers in the order
/// of the columns, of which there may be 2,048; the variances stand on the diagonal.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::matrix::CovMatrix;
/// assert_eq!(reference(&CovMatrix { ddof: 1 }, &[&[1.0, 3.0], &[4.0, 3.0]])?, [[2.0, -1.0], [-1.0, 0.5]]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CovMatrix {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default = "one")]
    pub ddof: u32,
}

impl Kernel for CovMatrix {
    const SPEC: Spec = Spec::new("cov_matrix", Category::Matrix).at_least(2);
    type Pass = Comoments;
    type Output = Vec<Vec<f64>>;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        few_enough(shape.columns, Self::SPEC.name)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        if comoments.count() == 0 {
            return Err(Reject::Empty);
        }
        Ok(Next::Done(symmetric(comoments.columns(), |i, j| comoments.covariance(i, j, self.ddof.into()))))
    }
}

const fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    const COLUMNS: [&[f64]; 3] = [&[1.0, 2.0, 4.0], &[2.0, 1.0, 7.0], &[0.1, 0.3, 0.2]];

    #[test]
    fn as_numpy_has_it() {
        // NumPy 2.4: `np.cov([[1, 2, 4], [2, 1, 7], [.1, .3, .2]], ddof=…)`: 7/3, 13/3, 0.05; 31/3, −0.05; 0.01 with 1.
        let wanted = [[7.0 / 3.0, 13.0 / 3.0, 0.05], [13.0 / 3.0, 31.0 / 3.0, -0.05], [0.05, -0.05, 0.01]];
        for (ddof, factor) in [(1, 1.0), (0, 2.0 / 3.0)] {
            let found = reference(&CovMatrix { ddof }, &COLUMNS).unwrap();
            for (found, wanted) in found.iter().flatten().zip(wanted.as_flattened()) {
                assert!((found - wanted * factor).abs() < 1e-15, "{found} is not {}", wanted * factor);
            }
        }
    }

    #[test]
    fn it_is_symmetric_and_agrees_with_the_pair() {
        let matrix = reference(&CovMatrix { ddof: 1 }, &COLUMNS).unwrap();
        let pair = reference(&crate::kernels::pair::Cov::of(1), &COLUMNS[1..]).unwrap();
        assert_eq!((matrix[1][2], matrix[2][1]), (pair, pair));
    }

    #[test]
    fn none_one_and_constants() {
        let matrix = |columns: &[&[f64]]| reference(&CovMatrix { ddof: 1 }, columns);
        assert_eq!(matrix(&[&[], &[]]), Err(Reject::Empty));
        assert!(matrix(&[&[1.0], &[2.0]]).unwrap().iter().flatten().all(|covariance| covariance.is_nan()));
        assert_eq!(matrix(&[&[0.1; 9], &[0.3; 9]]), Ok(vec![vec![0.0; 2]; 2]));
        assert!(matrix(&[&[1.0, f64::NAN], &[2.0, 3.0]]).unwrap()[0][0].is_nan());
        assert!(matches!(matrix(&[&[1.0][..]; 2049]), Err(Reject::TooManyColumns { kernel: "cov_matrix", .. })));
    }
}
