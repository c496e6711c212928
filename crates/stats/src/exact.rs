//! Sums without rounding: parts of a block as whole numbers, a fixed-point number that they are added up in, and what is made of
//! such numbers, rounded once at the end.

mod fixed;
mod long;
mod parts;

pub(crate) use fixed::Fixed;
pub(crate) use long::{Long, Quotient};
pub(crate) use parts::{Products, Sum, products, sums};

use crate::partials::{Terms, Totals, WeightedMoments};
use echoes_kernel::{Either, Reject, Result, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How sums are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// At the speed of the memory, with the error that the kernel tells.
    #[default]
    Fast,
    /// Without rounding: the answer is the double next to the truth, whatever the values and their order.
    Exact,
}

/// One of the partials of a kernel that adds fast, or without rounding, or with weights.
pub(crate) type Choice<F> = Either<F, Either<Totals, WeightedMoments>>;

impl Mode {
    /// The setup of a kernel's partial, as one of two ways to add.
    pub(crate) fn choose<A, B>(self, fast: A, exact: B) -> Either<A, B> {
        match self {
            Self::Fast => Either::First(fast),
            Self::Exact => Either::Second(exact),
        }
    }

    /// The same for a kernel of one column, which may have weights.
    pub(crate) fn weigh<A>(self, shape: &Shape<'_>, fast: A, exact: Terms) -> Result<Either<A, Either<Terms, ()>>> {
        match (shape.columns, self) {
            (0 | 1, Self::Fast) => Ok(Either::First(fast)),
            (0 | 1, Self::Exact) => Ok(Either::Second(Either::First(exact))),
            (_, Self::Fast) => Ok(Either::Second(Either::Second(()))),
            (_, Self::Exact) => {
                let expected = "fast where there are weights";
                Err(Reject::Parameter { name: "mode", value: "exact".to_owned(), expected })
            }
        }
    }
}
