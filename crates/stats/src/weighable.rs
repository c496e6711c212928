//! What kernels read that add fast, or without rounding, or with weights.

use crate::{
    Mode,
    partials::{Terms, Totals, WeightedComoments},
};
use echoes_kernel::{Either, Reject, Result, Shape, Spec};

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
