//! Pearson's correlation of two columns.

use crate::partials::{Comoments, WeightedComoments};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pearson's correlation of two columns, over the rows in which both are present.
///
/// Within [−1, 1]; null if either column is constant. Relative error ≤ 1e-14 at an offset of 1e8.
///
/// With weights each product is counted so often, and only ratios of weights matter; values and weights must then lie between
/// 1e-100 and 1e100 in size.
/// A row of weight 0 is left out, whatever it holds; a weight below zero, infinite or NaN is refused.
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
    const SPEC: Spec = Spec::new("corr", Category::Pair).columns(2).weighable();
    type Pass = Either<Comoments, WeightedComoments>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Either<usize, usize>> {
        Ok(match Self::SPEC.is_weighted(shape.columns) {
            false => Either::First(shape.columns),
            true => Either::Second(shape.columns - 1),
        })
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let correlation = match pass {
            Either::First(comoments) => (comoments.count() > 0).then(|| comoments.correlation(0, 1)),
            Either::Second(weighted) => weighted.checked()?.correlation(0, 1),
        };
        correlation.map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn weights_are_numpys() {
        let x = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let y = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let w = [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 4.0, 0.0, 2.0, 5.0];
        // NumPy 2.4: c[0, 1] / sqrt(c[0, 0] * c[1, 1]) with c = `cov(x, y, aweights=w)`.
        for size in [1.0, 1e-90, 1e90] {
            let r = reference(&Corr {}, &[&x, &y, &w.map(|w| w * size)]).unwrap();
            assert!((r - 0.852_609_402_367_212_5).abs() < 1e-15, "{r}");
        }
        let constant = reference(&Corr {}, &[&[0.1; 10], &y, &w]).unwrap();
        assert!(constant.is_nan());
        assert_eq!(reference(&Corr {}, &[&x, &y, &[0.0; 10]]), Err(Reject::Empty));
        assert_eq!(reference(&Corr {}, &[&x, &y, &[f64::NAN; 10]]), Err(Reject::Weight { row: 0 }));
    }

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
