//! Partial correlations.

use super::symmetric;
use crate::{double::Double, partials::Comoments, regression::few_enough, upper::Upper};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The condition number of columns of which four digits are left.
const CONDITION_MAX: f64 = 1e6;

/// Partial correlation matrix: the correlation of every pair of columns that is left when all the others are held fixed.
///
/// `−Pᵢⱼ / √(Pᵢᵢ Pⱼⱼ)`, with P the inverse of the correlation matrix, over the rows in which all columns are present; 1 on the diagonal, and
/// of two columns their correlation. `k` rows of `k` numbers in the order of the columns, of which there may be 256. All of it is null
/// where columns are constant or depend on each other so nearly that no four digits would be left (a condition number above 1e6), as
/// with no more rows than columns. Relative error ≤ 1e-15 times the square of the condition number, which is that of the columns about
/// their means, scaled to one length.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::matrix::PartialCorr;
/// let found = reference(&PartialCorr {}, &[&[1.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 3.0]])?;
/// assert_eq!((found[0][0], found[0][1]), (1.0, found[1][0]));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartialCorr {}

impl Kernel for PartialCorr {
    const SPEC: Spec = Spec::new("partial_corr", Category::Matrix)
        .at_least(2)
        .references(&["J. Whittaker, Graphical Models in Applied Multivariate Statistics, 1990, 5.8"]);
    type Pass = Comoments;
    type Output = Vec<Vec<f64>>;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        few_enough(shape.columns, Self::SPEC.name)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        if comoments.count() == 0 {
            return Err(Reject::Empty);
        }
        let columns = comoments.columns();
        let upper = Upper::of_products(comoments, true, CONDITION_MAX);
        // The first column is the last one of the triangle, which asks nothing of that.
        let Some(upper) = upper.filter(|upper| upper.stands(columns, 1, 1.0 / CONDITION_MAX)) else {
            return Ok(Next::Done(vec![vec![f64::NAN; columns]; columns]));
        };
        let inverse = upper.inverse(1..columns + 1);
        let dot = |i: usize, j: usize| {
            let row = |column: usize| &inverse[(column + columns - 1) % columns];
            let parts = row(i).iter().zip(row(j)).map(|(a, b)| a.times(*b));
            parts.fold(Double::default(), Double::add_double).value()
        };
        let lengths: Vec<f64> = (0..columns).map(|i| dot(i, i).sqrt()).collect();
        let entry = |i: usize, j: usize| {
            if i == j { 1.0 } else { (-dot(i, j) / lengths[i] / lengths[j]).clamp(-1.0, 1.0) }
        };
        Ok(Next::Done(symmetric(columns, entry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::examples::{ACID, AIR, LOSS, WATER};
    use echoes_kernel::reference;

    fn matrix(columns: &[&[f64]]) -> Vec<Vec<f64>> {
        reference(&PartialCorr {}, columns).unwrap()
    }

    /// NumPy 2.4: from `inv(corrcoef([loss, air, water, acid]))`.
    #[test]
    fn as_numpy_has_it() {
        let found = matrix(&[&LOSS, &AIR, &WATER, &ACID]);
        let above = [
            (0, 1, 0.789_659_327_512_099_4),
            (0, 2, 0.649_245_612_132_811),
            (0, 3, -0.229_747_680_331_546_4),
            (1, 2, -0.169_396_032_664_103_5),
            (1, 3, 0.383_800_698_606_429_2),
            (2, 3, 0.149_027_845_490_259_8),
        ];
        for (i, j, wanted) in above {
            assert!((found[i][j] - wanted).abs() < 1e-14, "{i} {j}: {} is not {wanted}", found[i][j]);
            assert_eq!(found[i][j], found[j][i]);
        }
        assert_eq!((0..4).map(|i| found[i][i]).sum::<f64>(), 4.0);
    }

    #[test]
    fn of_two_it_is_the_correlation_at_any_size_and_offset() {
        let plain = reference(&crate::kernels::pair::Corr {}, &[&AIR, &WATER]).unwrap();
        for (size, offset) in [(1.0, 0.0), (1.0, 2f64.powi(27)), (1e300, 0.0), (1e-300, 0.0)] {
            let found = matrix(&[&AIR.map(|x| size * x + offset), &WATER.map(|x| size * x)]);
            assert!((found[0][1] / plain - 1.0).abs() < 1e-14, "{size:e} {offset}: {}", found[0][1]);
        }
    }

    #[test]
    fn what_depends_has_none() {
        let sum: Vec<f64> = AIR.iter().zip(WATER).map(|(air, water)| air + water).collect();
        let dependent: [Vec<&[f64]>; 7] = [
            vec![&AIR[..], &WATER, &sum],
            vec![&sum[..], &AIR, &WATER],
            vec![&AIR[..], &[7.0; 21]],
            vec![&AIR[..3], &WATER[..3], &ACID[..3]],
            vec![&[1.0][..], &[2.0]],
            vec![&[1.0, f64::NAN, 3.0, 4.0][..], &LOSS[..4]],
            vec![&[1.0, f64::INFINITY, 3.0, 4.0][..], &LOSS[..4]],
        ];
        for columns in dependent {
            assert!(matrix(&columns).iter().flatten().all(|r| r.is_nan()), "{columns:?}");
        }
        assert_eq!(reference(&PartialCorr {}, &[&[], &[]]), Err(Reject::Empty));
        let many = vec![&[1.0, 2.0][..]; 257];
        assert!(matches!(reference(&PartialCorr {}, &many), Err(Reject::TooManyColumns { limit: 256, .. })));
    }
}
