//! Rolling mean.

use echoes_kernel::{Category, Emit, Form, Kernel, Needs, Next, Piece, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A chunk is read with a window before it, whole before it can be stopped.
const WINDOW_MAX: u32 = 1 << 20;

/// Rolling mean: each row is the mean of the `window` rows that end at it, as in pandas.
///
/// Nothing is ever subtracted from a window, so nothing drifts: a window is the tail of one segment of `window` rows and the head
/// of the next, each added up once (M. van Herk, Pattern Recognition Letters 13, 1992). Missing rows and NaN are left out of their
/// windows, as in pandas, whatever `nan` says: a window that then holds fewer than `min_periods` values has no mean.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingMean;
/// let mean = RollingMean { min_periods: Some(1), ..RollingMean::of(2) };
/// assert_eq!(reference(&mean, &[&[1.0, 3.0, 7.0]])?.0, [1.0, 2.0, 5.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollingMean {
    /// Rows in a window.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub window: u32,
    /// Values that a window must hold for its mean to be defined; `window` if not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub min_periods: Option<u32>,
    /// Put the row in the middle of its window instead of at the end.
    #[serde(default)]
    pub center: bool,
}

impl RollingMean {
    /// The mean of `window` rows, all of them present.
    pub const fn of(window: u32) -> Self {
        Self { window, min_periods: None, center: false }
    }
}

impl Kernel for RollingMean {
    const SPEC: Spec = Spec::new("rolling_mean", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        if !(1..=WINDOW_MAX).contains(&self.window) {
            return Err(Reject::Parameter {
                name: "window",
                value: self.window.to_string(),
                expected: "from 1 to 1048576",
            });
        }
        match self.min_periods {
            Some(periods) if !(1..=self.window).contains(&periods) => Err(Reject::Parameter {
                name: "min_periods",
                value: periods.to_string(),
                expected: "from 1 to the window",
            }),
            _ => Ok(()),
        }
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(self.clone()))
    }
}

/// The sum of some rows and how many of them are there.
#[derive(Clone, Copy, Default)]
struct Part {
    sum: f64,
    count: u32,
}

impl Part {
    fn and(self, x: f64) -> Self {
        if x.is_nan() { self } else { Self { sum: self.sum + x, count: self.count + 1 } }
    }
}

impl Emit<()> for RollingMean {
    fn needs(&self) -> Needs {
        let behind = self.window as usize - 1;
        let ahead = if self.center { behind / 2 } else { 0 };
        Needs { before: false, behind: behind - ahead, ahead }
    }

    fn emit(&self, (): &(), piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let x = piece.columns[0];
        let window = self.window as usize;
        let first = piece.start - piece.behind as u64;
        // Segments start at multiples of the window, counted from the first row of the source.
        let starts_segment = |i: usize| (first + i as u64).is_multiple_of(window as u64);
        let mut tails = vec![Part::default(); x.len() + 1];
        for i in (0..x.len()).rev() {
            let rest = if starts_segment(i + 1) { Part::default() } else { tails[i + 1] };
            tails[i] = rest.and(x[i]);
        }
        let (ahead, wanted) = (self.needs().ahead, self.min_periods.unwrap_or(self.window));
        let mut head = Part::default();
        // Past the last row of the data a window goes on, over rows that are not there.
        for end in 0..piece.behind + piece.len + ahead {
            let before = if starts_segment(end) { Part::default() } else { head };
            head = x.get(end).map_or(before, |&x| before.and(x));
            let Some(row) = end.checked_sub(piece.behind + ahead) else { continue };
            let tail = match (end + 1).checked_sub(window) {
                Some(begin) if !starts_segment(begin) => tails.get(begin).copied().unwrap_or_default(),
                _ => Part::default(),
            };
            let count = tail.count + head.count;
            out[0][row] = if count >= wanted { (tail.sum + head.sum) / f64::from(count) } else { f64::NAN };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, reference};

    /// A fresh window for each row.
    fn naive(kernel: &RollingMean, x: &[f64]) -> Vec<f64> {
        let window = kernel.window as usize;
        let ahead = if kernel.center { (window - 1) / 2 } else { 0 };
        let wanted = kernel.min_periods.unwrap_or(kernel.window) as usize;
        let mean = |row: usize| {
            let (from, to) = ((row + ahead + 1).saturating_sub(window), x.len().min(row + ahead + 1));
            let seen: Vec<f64> = x[from.min(to)..to].iter().copied().filter(|x| !x.is_nan()).collect();
            if seen.len() >= wanted { seen.iter().sum::<f64>() / seen.len() as f64 } else { f64::NAN }
        };
        (0..x.len()).map(mean).collect()
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        // As many as Miri has the time for.
        let rows: u32 = if cfg!(miri) { 70 } else { 500 };
        let mut x: Vec<f64> = (0..rows).map(|i| f64::from(i * 37 % 101)).collect();
        (x[40], x[41], x[rows as usize - 1]) = (f64::NAN, f64::NAN, f64::NAN);
        for window in [1, 2, 3, 7, 64, rows - 1, rows, rows + 1, 4 * rows] {
            for (center, min_periods) in [(false, None), (true, None), (false, Some(1)), (true, Some(1))] {
                let kernel = RollingMean { window, min_periods, center };
                let found = reference(&kernel, &[&x]).unwrap();
                for (row, (found, wanted)) in found.iter().zip(naive(&kernel, &x)).enumerate() {
                    let same = (found - wanted).abs() < 1e-11 || found.is_nan() && wanted.is_nan();
                    assert!(same, "{kernel:?} row {row}: {found} is not {wanted}");
                }
            }
        }
    }

    #[test]
    fn a_spike_leaves_no_trace_and_chunks_leave_no_seam() {
        let mut x = vec![1.0; CHUNK + 10];
        x[CHUNK - 2] = 1e15;
        let found = reference(&RollingMean::of(5), &[&x]).unwrap();
        assert!(found[CHUNK + 1] > 1e14);
        assert!(found[CHUNK + 3..].iter().all(|&mean| mean == 1.0));
    }
}
