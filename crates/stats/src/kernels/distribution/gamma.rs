//! The gamma function.

use crate::special;
use echoes_kernel::{Category, Emit, Form, Kernel, Next, Piece, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gamma function of each row: `Γ(n) = (n − 1)!` for whole numbers.
///
/// Infinite at zero, with its sign; null at the other poles and at −∞, as in SciPy. ≤ 1.3 units in the last place of error. NaN and
/// missing rows stay what they are.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::distribution::Gamma;
/// let gamma = reference(&Gamma {}, &[&[5.0, 0.5]])?;
/// assert_eq!(gamma.0[0], 24.0);
/// assert!((gamma.0[1] - std::f64::consts::PI.sqrt()).abs() <= 3e-16);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gamma {}

impl Kernel for Gamma {
    const SPEC: Spec = Spec::new("gamma", Category::Distribution)
        .form(Form::Scan)
        .references(&["NIST Digital Library of Mathematical Functions, 5.11.1"]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(self.clone()))
    }
}

impl Emit<()> for Gamma {
    fn emit(&self, (): &(), piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        for (&x, out) in piece.own(0).iter().zip(&mut *out[0]) {
            *out = special::gamma(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn factorials_half_integers_and_poles() {
        let x = [1.0, 4.0, 11.0, 2.5, -0.5, 0.0, -0.0, -3.0, 172.0];
        let gamma = reference(&Gamma {}, &[&x]).unwrap();
        let root = std::f64::consts::PI.sqrt();
        assert_eq!(gamma[..3], [1.0, 6.0, 3_628_800.0]);
        for (found, wanted) in gamma[3..5].iter().zip([0.75 * root, -2.0 * root]) {
            assert!((found / wanted - 1.0).abs() < 1e-15, "{found} {wanted}");
        }
        assert_eq!(gamma[5..7], [f64::INFINITY, f64::NEG_INFINITY]);
        assert!(gamma[7].is_nan() && gamma[8] == f64::INFINITY);
    }
}
