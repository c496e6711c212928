//! Rolling correlation.

use crate::windows::{Correlation, Doubling, PEBAY, Rolling, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling correlation of two columns, Pearson's: each row is that of the `window` rows that end at it, as in pandas.
///
/// Over the rows in which both are present. Within [−1, 1]; null where either column is constant, or where its `Σ (x − x̄)²` is
/// outside 1e-290 to 1e300, so that squares lose digits or overflow.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingCorr;
/// assert_eq!(reference(&RollingCorr::of(3), &[&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]])?[2..], [1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingCorr {}
}

impl Kernel for RollingCorr {
    const SPEC: Spec = Spec::new("rolling_corr", Category::Series).columns(2).form(Form::Scan).references(&[PEBAY]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Correlation) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::twin::{self, agree, cases};
    use echoes_kernel::reference;

    /// As a textbook has it.
    fn naive([x, y]: [&[f64]; 2]) -> f64 {
        let centers = [x, y].map(|x| twin::mean(x, |x| x));
        let product =
            |[a, b]: [(&[f64], f64); 2]| -> f64 { a.0.iter().zip(b.0).map(|(x, y)| (x - a.1) * (y - b.1)).sum() };
        let (x, y) = ((x, centers[0]), (y, centers[1]));
        let (xx, yy) = (product([x, x]), product([y, y]));
        if xx > 0.0 && yy > 0.0 { product([x, y]) / (xx * yy).sqrt() } else { f64::NAN }
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, y] = twin::columns();
        for windows in cases() {
            agree(&RollingCorr::with(windows), windows, [&x, &y], 1e-12, naive);
        }
    }

    #[test]
    fn as_pandas_has_it_and_within_one() {
        // pandas 3.1: `x.rolling(4, min_periods=1).corr(y)`.
        let (x, y) = ([1.0, 2.0, f64::NAN, 4.0, 3.0, 7.0], [2.0, 2.5, 1.0, f64::NAN, 6.0, 1.0]);
        let found = reference(&RollingCorr { min_periods: Some(1), ..RollingCorr::of(4) }, &[&x, &y]).unwrap();
        assert!(found[0].is_nan());
        let wanted = [1.0, 1.0, 1.0, 1.0, -1.0];
        assert!(found[1..].iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-14), "{found:?}");
        let x: Vec<f64> = (0..99).map(|i| 1e8 + f64::from(i * 7 % 11) / 3.0).collect();
        let found = reference(&RollingCorr::of(5), &[&x, &x]).unwrap();
        assert!(found[4..].iter().all(|&corr| corr <= 1.0 && corr > 1.0 - 1e-15));
    }

    /// Of values in any unit the same, or none: never what is left of squares that have vanished.
    #[test]
    fn a_unit_changes_nothing_or_leaves_nothing() {
        let (x, y) = ([0.5, -1.2, 0.3, 2.1, -0.4, 1.7], [1.0, -1.0, 0.5, 1.5, 0.25, 2.0]);
        let of = |power: i32| reference(&RollingCorr::of(5), &[&x.map(|x| x * 10f64.powi(power)), &y]).unwrap();
        for power in [-100, 100] {
            assert!(of(power)[4..].iter().zip(&of(0)[4..]).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        for power in [-160, -150, 155, 160] {
            assert!(of(power).iter().all(|found| found.is_nan()), "1e{power}");
        }
    }
}
