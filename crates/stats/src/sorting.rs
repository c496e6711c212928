//! Sorting of doubles.

/// Sorts, every NaN last.
///
/// ```
/// let mut x = [2.0, f64::NAN, -1.0];
/// echoes_stats::sorting::sort(&mut x);
/// assert_eq!(x[..2], [-1.0, 2.0]);
/// ```
pub fn sort(x: &mut [f64]) {
    let nan_last = |x: &f64| if x.is_nan() { f64::NAN } else { *x };
    x.sort_unstable_by(|a, b| nan_last(a).total_cmp(&nan_last(b)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nans_of_either_sign_are_last() {
        let mut x = [f64::NAN, f64::INFINITY, -f64::NAN, -0.5, f64::NEG_INFINITY];
        sort(&mut x);
        assert_eq!(x[..3], [f64::NEG_INFINITY, -0.5, f64::INFINITY]);
        assert!(x[3].is_nan() && x[4].is_nan());
    }
}
