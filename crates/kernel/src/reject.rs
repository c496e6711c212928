//! Why a kernel has no answer.

use crate::Arity;

/// A kernel's result.
pub type Result<T> = std::result::Result<T, Reject>;

/// Why a kernel has no answer: the parameters, the shape of the data, or the values.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// There is no value to compute from.
    #[error("no values: the column is empty, every value is missing, or every weight is zero")]
    Empty,
    /// A parameter is outside its range.
    #[error("parameter `{name}` is {value}: it must be {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// Parameters that cannot be read at all: an unknown name, a wrong type.
    #[error("{0}")]
    Parameters(String),
    /// The kernel takes another number of columns.
    #[error("`{kernel}` takes {expected}, not {found}: choose them by name")]
    Columns {
        /// The kernel's name.
        kernel: &'static str,
        /// How many it takes.
        expected: Arity,
        /// How many it was given.
        found: usize,
    },
    /// The kernel takes no more than so many columns.
    #[error("`{kernel}` takes at most {limit} columns, not {found}: choose fewer")]
    TooManyColumns {
        /// The kernel's name.
        kernel: &'static str,
        /// How many it takes at most.
        limit: usize,
        /// How many it was given.
        found: usize,
    },
    /// A value is NaN and the policy is to raise.
    #[error("column {column}, row {row} is NaN: drop it with nan = omit, or let it spread with nan = propagate")]
    NotANumber {
        /// The column's position, from 0, among those that there are to read.
        column: usize,
        /// The row, from 0.
        row: u64,
    },
    /// A weight is below zero, infinite or NaN.
    #[error("the weight in row {row} is not a finite number from 0 on: leave the row out, or give it the weight 0")]
    Weight {
        /// The row, from 0.
        row: u64,
    },
    /// A partial's bytes are cut off, altered, or of another version.
    #[error("the stored partial is unusable: {0}")]
    Wire(&'static str),
    /// The kernel would need more memory, or more work, than it may have.
    #[error("{what}: {needed} values, and the limit is {limit}")]
    TooLarge {
        /// What needs it.
        what: &'static str,
        /// Values needed.
        needed: u64,
        /// Values allowed.
        limit: u64,
    },
    /// A kernel broke a rule of the house; a bug in the kernel, not in the data.
    #[error("bug in a kernel: {0}")]
    Kernel(&'static str),
}
