//! Rolling sum.

use crate::windows::{Doubling, Rolling, Total, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling sum: each row is the sum of the `window` rows that end at it, as in pandas.
///
/// Added up as a tree: an error below `2 log₂ window · 2⁻⁵³` of the sum of the sizes. Infinite where the sum of a part of a window
/// is beyond the doubles. With a `min_periods` of 0 the sum
/// of no values is 0.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingSum;
/// let sum = RollingSum { min_periods: Some(1), ..RollingSum::of(2) };
/// assert_eq!(reference(&sum, &[&[1.0, 3.0, 7.0]])?.0, [1.0, 4.0, 10.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingSum {}
}

impl Kernel for RollingSum {
    const SPEC: Spec = Spec::new("rolling_sum", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Total) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::twin::{self, agree, cases};
    use echoes_kernel::reference;

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            agree(&RollingSum::with(windows), windows, [&x], 0.0, |[x]| x.iter().sum::<f64>() + 0.0);
        }
    }

    #[test]
    fn as_pandas_has_it_of_nothing() {
        // pandas 3.1: `Series([nan, nan]).rolling(2, min_periods=0).sum()`.
        let sum = |min_periods| {
            let kernel = RollingSum { min_periods, ..RollingSum::of(2) };
            reference(&kernel, &[&[f64::NAN, f64::NAN]]).unwrap().0
        };
        assert_eq!(sum(Some(0)), [0.0, 0.0]);
        assert!(sum(Some(1)).iter().chain(&sum(None)).all(|sum| sum.is_nan()));
    }
}
