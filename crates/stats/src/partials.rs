//! What readings leave behind. Each file: the formulae with their paper, the partial, its naive twin.

mod best;
mod brackets;
mod comoments;
mod count;
mod distances;
mod extrema;
mod histogram;
mod moments;
mod power_sum;
mod product;
mod standing;
mod sum;

pub use best::{Best, K_MAX, Wanted};
pub use brackets::{Brackets, Intervals, Rank};
pub use comoments::Comoments;
pub use count::Count;
pub use distances::{Center, Distances};
pub use extrema::{Extrema, Place};
pub use histogram::{BINS_MAX, Edges, Histogram};
pub use moments::{Moments, Order};
pub use power_sum::PowerSum;
pub use product::Product;
pub use standing::Standing;
pub use sum::Sum;
