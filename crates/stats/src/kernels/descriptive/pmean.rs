//! Power mean.

use crate::partials::PowerSum;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest exponent: of two values that are apart by less than twofold, powers up to it are doubles.
const MOST: f64 = 300.0;

/// The smallest: of two values as far apart as doubles can be, the power that is lost is below the last place of the other.
const LEAST: f64 = 0.1;

/// Power mean: `(Σ xᵖ / n)^(1/p)`.
///
/// Null if a value is below 0 or NaN, as in SciPy; 0 if a value is 0 and `p` is below 0. An error ≤ 4 units in the last place for
/// values of any size where `p` is at least 1 in size, `4 / |p|` below that; half of it where they do not rise block by block.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::PMean;
/// assert_eq!(reference(&PMean { p: 2.0 }, &[&[1.0, 7.0]])?, 5.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PMean {
    /// The exponent, from 0.1 to 300 in size: 1 for the mean, 2 for the root mean square, −1 for the harmonic mean.
    #[schemars(range(min = -300.0, max = 300.0))]
    pub p: f64,
}

impl Kernel for PMean {
    const SPEC: Spec = Spec::new("pmean", Category::Descriptive);
    type Pass = PowerSum;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<f64> {
        if (LEAST..=MOST).contains(&self.p.abs()) {
            return Ok(self.p);
        }
        let expected = "from -300 to 300 and at least 0.1 in size; at 0 it is `gmean`";
        Err(Reject::Parameter { name: "p", value: self.p.to_string(), expected })
    }

    fn finish(&self, sum: &PowerSum) -> Result<Next<Self>> {
        sum.mean().map(Next::Done).ok_or(Reject::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn pmean(p: f64, x: &[f64]) -> Result<f64> {
        reference(&PMean { p }, &[x])
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `pmean([1, 2, 3, 4, 5, 6, 7], p)`.
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        for (p, wanted) in [
            (1.3, 4.157_111_214_492_084),
            (-2.0, 2.151_801_831_954_347),
            (3.0, 4.820_284_528_350_459),
            (1.0, 4.0),
            (-1.0, 980.0 / 363.0),
        ] {
            let found = pmean(p, &x).unwrap();
            assert!((found / wanted - 1.0).abs() < 3e-16, "{p}: {found} is not {wanted}");
        }
        assert_eq!(pmean(-1.5, &[0.0, 2.0]), Ok(0.0));
        // `pmean([0, 2], 1.5)`, 2^(1/3).
        assert_eq!(pmean(1.5, &[0.0, 2.0]), Ok(1.259_921_049_894_873_2));
        assert!(pmean(2.0, &[1.0, -2.0]).unwrap().is_nan() && pmean(2.0, &[f64::NAN]).unwrap().is_nan());
    }

    #[test]
    fn none_one_and_constant() {
        assert_eq!(pmean(2.0, &[]), Err(Reject::Empty));
        assert_eq!((pmean(2.0, &[7.0]), pmean(-3.0, &[0.5; 5000])), (Ok(7.0), Ok(0.5)));
        assert_eq!(pmean(2.0, &[1e200, 7e200]).map(|mean| mean / 1e200), Ok(5.0));
    }

    #[test]
    fn exponents_without_a_mean_are_refused() {
        for p in [0.0, 0.09, -1e-9, 301.0, f64::INFINITY, f64::NAN] {
            assert!(matches!(pmean(p, &[1.0]), Err(Reject::Parameter { name: "p", .. })), "{p}");
        }
    }
}
