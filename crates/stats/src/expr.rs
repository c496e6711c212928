//! Kernels written at run time: an expression over columns by name, parsed to a plan of plain data, run block by block.
//!
//! ```
//! use echoes_kernel::reference;
//! use echoes_stats::expr::{Expression, Map};
//!
//! let scores = Expression::parse("(x - mean(x)) / std(x)")?;
//! assert_eq!(scores.columns().collect::<Vec<_>>(), ["x"]);
//! assert_eq!(reference(&Map::new(scores), &[&[1.0, 3.0]])?.0, [-1.0, 1.0]);
//!
//! let error = Expression::parse("exp(-x^2").unwrap_err();
//! assert_eq!(error.to_string(), "at character 4 of the expression: this parenthesis is not closed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | written | means |
//! |---|---|
//! | `price`, `` `unit price` `` | a column by name; in backticks where it is no plain name, or is that of a constant |
//! | `1`, `.5`, `2e-3`, `pi`, `e` | numbers |
//! | `+ - * / ^` (also `− × ÷`) | arithmetic; `^` binds tighter than the minus before it and from the right: `-x^2` is `-(x^2)` |
//! | `< <= > >= == !=` (also `≤ ≥ ≠`) | 1 where it holds, else 0; they do not chain |
//! | `exp ln sqrt abs` | functions of each row |
//! | `sum mean std min max` | of the expression in parentheses over all rows, taken in a reading beforehand; not within one another |
//!
//! Rows that lack a value in one of the columns are left out of the aggregates and stay missing. NaN is a value: it spreads, and
//! compares false. `std` divides by the number of rows. `exp`, `ln` and `^` are within one unit in the last place, `+ - * / sqrt`
//! within half of one; a power that a double can hold is exact, and its signs and exceptions are those of IEEE 754's pow.

mod aggregates;
mod error;
mod evaluate;
mod graph;
mod map;
mod parse;
mod program;
mod token;
mod walk;

pub use aggregates::{Aggregates, Input};
pub use error::{ExprError, Fault};
pub use map::{Expression, MAP, Map};
pub use program::{Aggregate, Binary, Measure, Operand, Plan, Program, Step, Unary};
