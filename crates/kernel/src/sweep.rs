//! Sweeps over the blocks of a column that are made elsewhere than where partials absorb: on a graphics processor.
//!
//! A partial that can be made of them says how, [`Partial::swept`]; whoever has the column makes them, a [`Sweeper`]. Neither
//! knows the other. The sums of a block are added as the sweeps of the processor add, so that the partial has the same bits.

use crate::{BLOCK, Partial};
use serde::{Deserialize, Serialize};

/// Bins that a histogram may have whose values are counted elsewhere.
pub const BINS_MAX: u32 = 2_048;

/// A column of doubles, none of them missing, whose blocks of [`BLOCK`] rows something sweeps.
pub trait Sweeper: Sync {
    /// Rows of the column; there is one at least.
    fn rows(&self) -> u64;

    /// Blocks of the column, the last one perhaps short.
    fn blocks(&self) -> u64 {
        self.rows().div_ceil(BLOCK as u64)
    }

    /// The values of the first block of a chunk.
    fn first(&self, chunk: u64) -> &[f64];

    /// The sums of each of the blocks about its center: blocks by their number, in rising order.
    ///
    /// # Errors
    /// [`Halt`], as of every sweep.
    fn sums(&mut self, powers: Powers, blocks: &[(u64, f64)]) -> Result<Vec<Sums>, Halt>;

    /// Where the extrema of each block stand.
    ///
    /// # Errors
    /// [`Halt`].
    fn extents(&mut self) -> Result<Vec<Extent>, Halt>;

    /// How many values of the column fall into each bin; at most [`BINS_MAX`] bins.
    ///
    /// # Errors
    /// [`Halt`].
    fn counts(&mut self, bins: Bins) -> Result<Counts, Halt>;

    /// Does `work` for each number below `count`, in any order, on the threads that there are for it: what sweeps leave of a large
    /// column is much for one.
    fn each(&self, count: u64, work: &(dyn Fn(u64) + Sync)) {
        (0..count).for_each(work);
    }
}

/// How a partial of a whole column is made of sweeps, to the bits of reading it.
pub type Sweep<P> = fn(&<P as Partial>::Setup, &mut dyn Sweeper) -> Result<P, Halt>;

/// A sweep could not be made. The sweeper knows why; the column can be read instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halt;

/// Which sums to take of a block, with `d = x − center`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Powers {
    /// `Σ x`, of which a sum of −0 is −0; centers are left out of account.
    Total,
    /// `Σ d`.
    First,
    /// `Σ d` and `Σ d²`.
    Second,
    /// `Σ d` to `Σ d⁴`.
    Fourth,
}

/// What a sweep for sums leaves of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    /// Sums of the powers of the deviations; zeros for those not asked for.
    pub powers: [f64; 4],
    /// The value, where all are the same.
    pub constant: Option<f64>,
}

/// A value and the row of its block where it first stands.
pub type Spot = (f64, usize);

/// What a sweep for extrema leaves of a block.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Extent {
    /// The smallest value, NaN left aside; `None` where there is nothing else.
    pub min: Option<Spot>,
    /// The largest value, NaN left aside; `None` where there is nothing else.
    pub max: Option<Spot>,
    /// The row of the first NaN.
    pub nan: Option<usize>,
}

/// Bins of one width: bin `k` from `low + k · width` on, the last one closed at `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    /// Where the first bin begins.
    pub low: f64,
    /// Where the last bin ends.
    pub high: f64,
    /// The width of a bin.
    pub width: f64,
    /// Bins in a unit: what a first guess of the bin is made with.
    pub per_unit: f64,
    /// How many.
    pub count: u32,
}

/// How many values of a column are in each of some bins, and how many in none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Of each bin.
    pub bins: Vec<u64>,
    /// Below the first bin.
    pub below: u64,
    /// Above the last.
    pub above: u64,
    /// Of NaN.
    pub nan: u64,
}

impl Counts {
    /// Of no values.
    pub fn none(bins: u32) -> Self {
        Self { bins: vec![0; bins as usize], below: 0, above: 0, nan: 0 }
    }

    /// Counts a value that is in no bin, of bins that end at `high`.
    pub fn count_outside(&mut self, x: f64, high: f64) {
        let counter = if x.is_nan() {
            &mut self.nan
        } else if high < x {
            &mut self.above
        } else {
            &mut self.below
        };
        *counter += 1;
    }

    /// Takes in counts of the same bins.
    pub fn add(&mut self, more: &Self) {
        for (mine, more) in self.bins.iter_mut().zip(&more.bins) {
            *mine = mine.saturating_add(*more);
        }
        self.below = self.below.saturating_add(more.below);
        self.above = self.above.saturating_add(more.above);
        self.nan = self.nan.saturating_add(more.nan);
    }
}

/// What each row becomes, where that is a formula that may be worked out elsewhere, to the bits of writing it here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Formula {
    /// `(x − shift) / scale` of the first column.
    Standardise {
        /// What is taken away.
        shift: f64,
        /// What the rest is divided by.
        scale: f64,
    },
}
