//! What weights stand for, and which numbers are none.

use echoes_kernel::Block;
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
