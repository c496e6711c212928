//! What weights stand for, which numbers are none, and the partials of kernels that take some or none.

use crate::{
    Mode,
    partials::{Terms, Totals, WeightedComoments},
};
use echoes_kernel::{Block, Either, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What weights stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// How often a row was seen, perhaps a part of a time: the divisor is `Σ w − ddof`. NumPy's `fweights`.
    #[default]
    Frequency,
    /// How much a row counts beside others: the divisor is `Σ w − ddof Σ w² / Σ w`. NumPy's `aweights`.
    Reliability,
}

/// The first row of a block whose weight is below zero, infinite or NaN.
pub(crate) fn refused(block: &Block<'_>, column: usize) -> Option<u64> {
    let is_weight = |w: &f64| (0.0..=f64::MAX).contains(w);
    block.values(column).iter().position(|w| !is_weight(w)).map(|i| block.row(i))
}

/// What a kernel reads that adds fast, or without rounding, or with weights.
pub(crate) type Weighable<F> = Either<F, Either<Totals, WeightedComoments>>;

/// How that begins.
pub(crate) type Setup<F> = Either<F, Either<Terms, usize>>;

/// The setup of the partial that this many columns and the mode ask for.
pub(crate) fn setup<F>(spec: &Spec, shape: &Shape<'_>, mode: Mode, fast: F, exact: Terms) -> Result<Setup<F>> {
    match (spec.is_weighted(shape.columns), mode) {
        (false, mode) => Ok(match mode.choose(fast, exact) {
            Either::First(fast) => Either::First(fast),
            Either::Second(exact) => Either::Second(Either::First(exact)),
        }),
        (true, Mode::Fast) => Ok(Either::Second(Either::Second(shape.columns - 1))),
        (true, Mode::Exact) => {
            let expected = "fast where there are weights";
            Err(Reject::Parameter { name: "mode", value: "exact".to_owned(), expected })
        }
    }
}
