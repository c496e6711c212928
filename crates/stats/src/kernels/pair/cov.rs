//! Covariance of two columns.

use crate::{
    Mode,
    partials::{Comoments, Terms, Totals},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Covariance of two columns, over the rows in which both are present.
///
/// `Σ (x − x̄)(y − ȳ) / (n − ddof)`, with NumPy's default `ddof = 1`; null where `n ≤ ddof`. With
/// `mode = "exact"` the double next to the truth.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::Cov;
/// assert_eq!(reference(&Cov::of(1), &[&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cov {
    /// Delta degrees of freedom: the divisor is `n − ddof`.
    #[serde(default = "one")]
    pub ddof: u32,
    /// How values are added: fast, or without rounding, so that the answer is the double next to the truth.
    #[serde(default)]
    pub mode: Mode,
}

impl Cov {
    /// The covariance with a divisor of `n − ddof`.
    pub const fn of(ddof: u32) -> Self {
        Self { ddof, mode: Mode::Fast }
    }
}

impl Default for Cov {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Kernel for Cov {
    const SPEC: Spec = Spec::new("cov", Category::Pair).columns(2);
    type Pass = Either<Comoments, Totals>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Either<usize, Terms>> {
        Ok(self.mode.choose(shape.columns, Terms::Products))
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let covariance = match pass {
            Either::First(moments) => (moments.count() > 0).then(|| moments.covariance(0, 1, self.ddof.into())),
            Either::Second(totals) => totals.variance(self.ddof),
        };
        covariance.map(Next::Done).ok_or(Reject::Empty)
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
        assert_eq!(reference(&Cov::of(1), &[&[1.0, 2.0, 3.0], &[2.0, 5.0, 11.0]]), Ok(4.5));
        assert!(reference(&Cov::of(1), &[&[1.0], &[2.0]]).unwrap().is_nan());
    }

    #[test]
    fn an_exact_covariance_is_rounded_once() {
        let exact = Cov { ddof: 1, mode: Mode::Exact };
        assert_eq!(reference(&exact, &[&[1.0, 2.0, 3.0], &[2.0, 5.0, 11.0]]), Ok(4.5));
        let (x, y) = ([1e200, 0.0, 1.0], [1e-200, 0.0, -1e-200]);
        // (1 − 1e-200) / 2: the mean of y is 0.
        assert_eq!(reference(&exact, &[&x, &y]), Ok(0.5));
        assert_eq!(reference(&exact, &[&[], &[]]), Err(Reject::Empty));
    }
}
