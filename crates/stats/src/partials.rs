//! What readings leave behind. Each file: the formulae with their paper, the partial, its naive twin.

mod brackets;
mod comoments;
mod count;
mod distances;
mod extrema;
mod histogram;
mod moments;
mod power_sum;
mod product;
mod sum;
mod totals;
mod weighted;

pub use brackets::{Brackets, Intervals, Rank};
pub use comoments::Comoments;
pub use count::Count;
pub use distances::{Center, Distances};
pub use extrema::{Extrema, Place};
pub use histogram::{BINS_MAX, Edges, Histogram};
pub use moments::{Moments, Order};
pub use power_sum::PowerSum;
pub use product::Product;
pub(crate) use product::scaled;
pub use sum::Sum;
pub use totals::{Terms, Totals};
pub use weighted::{WeightedMoments, Weights};
