//! Standard scores.

use crate::{
    elementwise::{self, Elementwise},
    partials::{Moments, Order},
};
use echoes_kernel::{Category, Emit, Form, Kernel, Next, Piece, Reject, Result, Series, Shape, Spec, sweep::Formula};
use echoes_simd::{Divisor, Lanes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Standard scores: `(x − x̄) / s` for each row.
///
/// Null where the column is constant. A missing row stays missing.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::ZScore;
/// assert_eq!(reference(&ZScore { ddof: 0 }, &[&[1.0, 3.0]])?.0, [-1.0, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZScore {
    /// Delta degrees of freedom of the standard deviation: the divisor is `n − ddof`.
    #[serde(default)]
    pub ddof: u32,
}

impl Kernel for ZScore {
    const SPEC: Spec = Spec::new("zscore", Category::Series).form(Form::Map);
    type Pass = Moments;
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Second)
    }

    fn finish(&self, moments: &Moments) -> Result<Next<Self>> {
        let mean = moments.mean().ok_or(Reject::Empty)?;
        let std = moments.std(self.ddof.into()).ok_or(Reject::Empty)?;
        // The mean of a constant may lie a last place beside it: that is no deviation.
        Ok(Next::emit(Standardise { mean, std: if std > 0.0 { std } else { f64::NAN } }))
    }
}

struct Standardise {
    mean: f64,
    std: f64,
}

impl Emit<Moments> for Standardise {
    fn formula(&self) -> Option<Formula> {
        Some(Formula::Standardise { shift: self.mean, scale: self.std })
    }

    fn emit(&self, _: &Moments, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        elementwise::write(&Scores { mean: self.mean, std: Divisor::new(self.std) }, piece.own(0), out[0]);
    }
}

struct Scores {
    mean: f64,
    std: Divisor,
}

impl Elementwise for Scores {
    #[inline(always)]
    fn apply<L: Lanes>(&self, l: L, x: L::V) -> L::V {
        l.quotient(x - l.splat(self.mean), self.std)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn a_constant_has_no_scores() {
        assert!(reference(&ZScore { ddof: 0 }, &[&[0.1; 100]]).unwrap().iter().all(|z| z.is_nan()));
        assert_eq!(reference(&ZScore { ddof: 0 }, &[&[]]), Err(Reject::Empty));
    }
}
