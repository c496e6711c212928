//! The truth for tests of windows: a fresh window for each row.

use super::Windows;
use echoes_kernel::{Kernel, Series, reference};

/// Rows that a test looks at: as many as Miri has the time for.
pub(crate) const ROWS: u32 = if cfg!(miri) { 40 } else { 500 };

/// Columns with ties, and with rows missing from the start, the middle and the end.
pub(crate) fn columns() -> [Vec<f64>; 2] {
    let mut columns = [37, 53].map(|step| (0..ROWS).map(|i| f64::from(i * step % 101) - 20.0).collect::<Vec<_>>());
    for row in [0, 20, 21, ROWS as usize - 1] {
        columns[row % 2][row] = f64::NAN;
    }
    columns
}

/// Windows of every kind.
pub(crate) fn cases() -> impl Iterator<Item = Windows> {
    let windows = [1, 2, 3, 6, 7, 10, 11, 16, 24, 46, 64, 77, 150, ROWS - 1, ROWS, ROWS + 1, 4 * ROWS + 3];
    let kinds = [(false, None), (true, None), (false, Some(1)), (true, Some(1)), (false, Some(0))];
    let case = move |window| kinds.map(|(center, min_periods)| Windows { window, min_periods, center });
    windows.into_iter().flat_map(case)
}

/// What each window holds, column by column, of rows without a NaN; `None` where it is not enough.
fn held<const C: usize>(windows: Windows, x: [&[f64]; C]) -> Vec<Option<[Vec<f64>; C]>> {
    let (rows, window) = (x[0].len(), windows.window as usize);
    let ahead = if windows.center { (window - 1) / 2 } else { 0 };
    let window = |row: usize| {
        let from = (row + ahead + 1).saturating_sub(window);
        let present = |row: &usize| x.iter().all(|x| !x[*row].is_nan());
        let rows: Vec<usize> = (from..rows.min(row + ahead + 1)).filter(present).collect();
        let enough = rows.len() >= windows.min_periods.unwrap_or(windows.window) as usize;
        enough.then(|| x.map(|x| rows.iter().map(|&row| x[row]).collect()))
    };
    (0..rows).map(window).collect()
}

/// Whether a kernel says of each window what `naive` says, within an absolute error; and of windows over more rows, none missing.
pub(crate) fn agree<K: Kernel<Output = Series>, const C: usize>(
    kernel: &K,
    windows: Windows,
    x: [&[f64]; C],
    error: f64,
    naive: impl Fn([&[f64]; C]) -> f64,
) {
    let present = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| if x.is_nan() { 7.0 } else { *x }).collect() };
    let whole = x.map(|x| present(x).repeat(if cfg!(miri) { 1 } else { 3 }));
    agree_on(kernel, windows, x, error, &naive);
    agree_on(kernel, windows, std::array::from_fn(|i| &*whole[i]), error, &naive);
}

fn agree_on<K: Kernel<Output = Series>, const C: usize>(
    kernel: &K,
    windows: Windows,
    x: [&[f64]; C],
    error: f64,
    naive: &impl Fn([&[f64]; C]) -> f64,
) {
    let found = reference(kernel, &x).unwrap();
    for (row, (&found, held)) in found.iter().zip(held(windows, x)).enumerate() {
        let wanted = held.map_or(f64::NAN, |held| naive(std::array::from_fn(|i| &*held[i])));
        let same = (found - wanted).abs() <= error || found == wanted || found.is_nan() && wanted.is_nan();
        assert!(same, "{} {windows:?} row {row}: {found} is not {wanted}", K::SPEC.name);
    }
}

/// The mean of `f` of the values.
pub(crate) fn mean(x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    x.iter().copied().map(f).sum::<f64>() / x.len() as f64
}
