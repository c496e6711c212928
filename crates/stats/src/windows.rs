//! Windows that move over the rows: what they are given, and the stretches in which they are worked on.
//!
//! Nothing is ever taken out of a window, so that nothing drifts and nothing that has left it is felt: [`runs`] adds
//! windows up from runs of rows that are doubled, [`ranks`] counts places in an order. Either way a window's answer
//! depends on its own rows alone.

mod comoments;
mod extent;
mod moments;
mod ranks;
mod runs;
mod sum;
#[cfg(test)]
pub(crate) mod twin;

pub(crate) use comoments::{Correlation, Covariance};
pub(crate) use extent::Extent;
pub(crate) use moments::{Kurtosis, Skewness, Spread};
pub(crate) use ranks::Quantiles;
pub(crate) use runs::Doubling;
pub(crate) use sum::{Mean, Total};

use echoes_kernel::{Emit, Needs, Piece, Reject, Result};
use std::borrow::Cow;

/// Where the moments of two runs together come from.
pub(crate) const PEBAY: &str = "P. Pébay, Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order \
    Statistical Moments, SAND2008-6212, 2008";

/// A chunk is read with a window before it, whole before it can be stopped.
const WINDOW_MAX: u32 = 1 << 20;

/// The least rows written in a stretch: with what is computed from them they stay in the first-level cache.
const STRETCH: usize = 1024;

/// A kernel's struct with the parameters that all windows have, its own behind them.
macro_rules! windowed {
    (
        $(#[$meta:meta])*
        pub struct $kernel:ident {
            $($(#[$own_meta:meta])* pub $own:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$meta])*
        ///
        /// Missing rows and NaN are left out of their windows, as in pandas, whatever `nan` says. An infinite value is
        /// one, where pandas leaves it out too, and is felt in the windows that hold it and in no other. Every window
        /// is made of its own rows alone: nothing is ever taken out of one, so nothing drifts.
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $kernel {
            /// Rows in a window.
            #[schemars(range(min = 1, max = 1_048_576))]
            pub window: u32,
            /// Values that a window must hold for its answer to be defined; `window` if not given.
            #[serde(default)]
            #[schemars(range(min = 0, max = 1_048_576))]
            pub min_periods: Option<u32>,
            /// Put the row in the middle of its window instead of at the end.
            #[serde(default)]
            pub center: bool,
            $($(#[$own_meta])* pub $own: $type,)*
        }

        impl $kernel {
            /// Windows of so many rows, all of them present, everything else by default.
            pub const fn of(window: u32) -> Self {
                Self { window, min_periods: None, center: false, $($own: $default,)* }
            }

            fn windows(&self) -> $crate::windows::Windows {
                $crate::windows::Windows { window: self.window, min_periods: self.min_periods, center: self.center }
            }

            #[cfg(test)]
            fn with(windows: $crate::windows::Windows) -> Self {
                let $crate::windows::Windows { window, min_periods, center } = windows;
                Self { min_periods, center, ..Self::of(window) }
            }
        }
    };
}
pub(crate) use windowed;

/// What windows are, as every rolling kernel is told it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub(crate) window: u32,
    pub(crate) min_periods: Option<u32>,
    pub(crate) center: bool,
}

impl Windows {
    /// Refuses what cannot be.
    pub(crate) fn check(self) -> Result<()> {
        if !(1..=WINDOW_MAX).contains(&self.window) {
            let value = self.window.to_string();
            return Err(Reject::Parameter { name: "window", value, expected: "from 1 to 1048576" });
        }
        match self.min_periods {
            Some(periods) if periods > self.window => Err(Reject::Parameter {
                name: "min_periods",
                value: periods.to_string(),
                expected: "from 0 to the window",
            }),
            _ => Ok(()),
        }
    }

    /// Values that a window must hold.
    fn wanted(self) -> u32 {
        self.min_periods.unwrap_or(self.window)
    }
}

/// What becomes of a stretch of windows of `C` columns.
pub(crate) trait Work<const C: usize>: Send + Sync + 'static {
    /// Room that is used from stretch to stretch.
    type Room: Default;

    /// Writes to each row `i` of `out` what the rows `i..i + window` come to; those with a NaN are missing.
    fn write(&self, stretch: &Stretch<'_, C>, room: &mut Self::Room, out: &mut [f64]);
}

/// Rows of which windows of so many are wanted.
pub(crate) struct Stretch<'a, const C: usize> {
    x: [&'a [f64]; C],
    window: usize,
    /// Rows that a window must have.
    wanted: u32,
}

/// Writes what windows come to.
pub(crate) struct Rolling<W, const C: usize> {
    pub(crate) windows: Windows,
    pub(crate) work: W,
}

impl<W: Work<C>, const C: usize> Emit<()> for Rolling<W, C> {
    fn needs(&self) -> Needs {
        let around = self.windows.window as usize - 1;
        let ahead = if self.windows.center { around / 2 } else { 0 };
        Needs { before: false, behind: around - ahead, ahead }
    }

    fn emit(&self, (): &(), piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let window = self.windows.window as usize;
        let columns: [&[f64]; C] = std::array::from_fn(|i| piece.columns[i]);
        // The last row of the first window; the windows that begin before all rows, and those that end with one of them.
        let last = piece.behind + self.needs().ahead;
        let early = (window - 1).saturating_sub(last).min(piece.len);
        let ended = columns[0].len().saturating_sub(last).clamp(early, piece.len);
        let undefined = (self.windows.wanted() as usize).saturating_sub(last + 1).min(early);
        out[0][..undefined].fill(f64::NAN);
        let mut room = W::Room::default();
        // Apart from the others, which lack no row.
        for part in [undefined..early, early..ended, ended..piece.len] {
            for (i, out) in out[0][part.clone()].chunks_mut(STRETCH.max(8 * window)).enumerate() {
                let last = last + part.start + i * STRETCH.max(8 * window);
                let seen = Seen::of(columns[0].len(), last, window, out.len());
                let x = columns.map(|column| seen.rows(column));
                let x = std::array::from_fn(|i| &*x[i]);
                let stretch = Stretch { x, window: seen.window, wanted: self.windows.wanted() };
                self.work.write(&stretch, &mut room, out);
            }
        }
    }
}

/// Where the rows of a stretch lie among those that can be seen.
struct Seen {
    window: usize,
    /// Rows of the first window that lie before the first that can be seen.
    absent: usize,
    from: usize,
    to: usize,
    len: usize,
}

impl Seen {
    /// `count` windows, of which the first ends with row `last` of `rows`.
    fn of(rows: usize, last: usize, window: usize, count: usize) -> Self {
        let to = rows.min(last + count);
        // Where nearly all rows of a window are absent, those further away than all that are not make no difference: of
        // the runs that a window is made of, the large ones, which lie to the left, can be smaller.
        let enough = (last + count).next_power_of_two();
        let window = window.min(enough + window % enough);
        let first = (last + 1).saturating_sub(window);
        Self { window, absent: (window - 1).saturating_sub(last), from: first.min(to), to, len: count + window - 1 }
    }

    /// The rows, NaN for the absent ones.
    fn rows<'a>(&self, column: &'a [f64]) -> Cow<'a, [f64]> {
        let seen = &column[self.from..self.to];
        if seen.len() == self.len {
            return seen.into();
        }
        let mut rows = vec![f64::NAN; self.len];
        rows[self.absent..][..seen.len()].copy_from_slice(seen);
        rows.into()
    }
}
