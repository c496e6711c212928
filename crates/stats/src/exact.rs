//! Sums without rounding: parts of a block as whole numbers, a fixed-point number that they are added up in, and what is made of
//! such numbers, rounded once at the end.

mod fixed;
mod long;
mod parts;

pub(crate) use fixed::Fixed;
pub(crate) use long::{Long, Quotient};
pub(crate) use parts::{Products, Sum, products, sums};

use echoes_kernel::Either;
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

impl Mode {
    /// The setup of a kernel's partial, as one of two ways to add.
    pub(crate) fn choose<A, B>(self, fast: A, exact: B) -> Either<A, B> {
        match self {
            Self::Fast => Either::First(fast),
            Self::Exact => Either::Second(exact),
        }
    }
}
