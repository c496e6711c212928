//! What readings leave behind. Each file: the formulae with their paper, the partial, its naive twin.

mod brackets;
mod clamped;
mod comoments;
mod count;
mod distances;
mod extrema;
mod histogram;
mod kll;
mod moments;
mod power_sum;
mod product;
mod registers;
mod sum;

pub use brackets::{Brackets, Intervals, Rank};
pub use clamped::{Bounds, ClampedSum};
pub use comoments::Comoments;
pub use count::Count;
pub use distances::{Center, Distances};
pub use extrema::{Extrema, Place};
pub use histogram::{BINS_MAX, Edges, Histogram};
pub use kll::Kll;
pub use moments::{Moments, Order};
pub use power_sum::PowerSum;
pub use product::Product;
pub use registers::Registers;
pub use sum::Sum;
