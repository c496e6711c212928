//! What readings leave behind. Each file: the formulae with their paper, the partial, its naive twin.

mod borders;
mod brackets;
mod comoments;
mod count;
mod decayed;
mod distances;
mod edges;
mod extents;
mod extrema;
mod histogram;
mod histogram2d;
mod inside;
mod kernel_sums;
mod lagged;
mod moments;
mod power_sum;
mod product;
mod sum;

pub use borders::{BorderCounts, Borders};
pub use brackets::{Brackets, Intervals, Rank};
pub use comoments::Comoments;
pub use count::Count;
pub use decayed::{Decay, Decayed, Weighted, WeightedMean, WeightedSquares};
pub use distances::{Center, Distances};
pub use edges::{BINS_MAX, Edges};
pub use extents::Extents;
pub use extrema::{Extrema, Place};
pub use histogram::Histogram;
pub use histogram2d::{CELLS_MAX, Histogram2d};
pub use inside::{Inside, Look};
pub use kernel_sums::{KernelSums, Kernels};
pub use lagged::Lagged;
pub use moments::{Moments, Order};
pub use power_sum::PowerSum;
pub use product::Product;
pub use sum::Sum;
