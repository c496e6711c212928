//! Covariance of two columns.

use crate::partials::Comoments;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Covariance of two columns, over the rows in which both are present.
///
/// `Σ (x − x̄)(y − ȳ) / (n − ddof)`, with NumPy's default `ddof = 1`; null where `n ≤ ddof`.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::Cov;
/// assert_eq!(reference(&Cov { ddof: 1 }, &[&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cov {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default = "one")]
    pub ddof: u32,
}

impl Kernel for Cov {
    const SPEC: Spec = Spec::new("cov", Category::Pair).columns(2);
    type Pass = Comoments;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        Ok(shape.columns)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        match comoments.count() {
            0 => Err(Reject::Empty),
            _ => Ok(Next::Done(comoments.covariance(0, 1, self.ddof.into()))),
        }
    }
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn by_hand() {
        // means 2 and 6: ((-1)(-4) + 0(-1) + 1·5) / 2
        assert_eq!(reference(&Cov { ddof: 1 }, &[&[1.0, 2.0, 3.0], &[2.0, 5.0, 11.0]]), Ok(4.5));
        assert!(reference(&Cov { ddof: 1 }, &[&[1.0], &[2.0]]).unwrap().is_nan());
    }
}
