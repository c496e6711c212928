//! Rolling mean.

use crate::windows::{Doubling, Mean, Rolling, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling mean: each row is the mean of the `window` rows that end at it, as in pandas.
///
/// Added up as a tree: an error below `(1 + 2 log₂ window) 2⁻⁵³` of the mean of the sizes. Infinite where the sum of a part of a
/// window is beyond the doubles.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingMean;
/// let mean = RollingMean { min_periods: Some(1), ..RollingMean::of(2) };
/// assert_eq!(reference(&mean, &[&[1.0, 3.0, 7.0]])?.0, [1.0, 2.0, 5.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingMean {}
}

impl Kernel for RollingMean {
    const SPEC: Spec = Spec::new("rolling_mean", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Mean) }))
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle;
    use crate::windows::twin::{self, agree, cases};
    use echoes_kernel::{CHUNK, Reject, reference};

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            agree(&RollingMean::with(windows), windows, [&x], 1e-12, |[x]| twin::mean(x, |x| x));
        }
    }

    #[test]
    fn a_spike_leaves_no_trace_and_chunks_leave_no_seam() {
        let mut x = vec![1.0; CHUNK + 10];
        x[CHUNK - 2] = 1e15;
        (x[900], x[2000]) = (f64::INFINITY, f64::NAN);
        let found = reference(&RollingMean::of(5), &[&x]).unwrap();
        assert!(found[CHUNK + 1] > 1e14);
        assert!(found[CHUNK + 3..].iter().all(|&mean| mean == 1.0));
        assert!(found[900..905].iter().all(|&mean| mean == f64::INFINITY));
        assert!(found[2000..2005].iter().all(|mean| mean.is_nan()));
        assert!([899, 905, 1999, 2005].iter().all(|&row| found[row] == 1.0));
    }

    #[test]
    fn a_window_is_the_same_wherever_it_stands() {
        // In the data or at their end, among whole windows or such with gaps: the same rows, the same bits.
        let mut noise = oracle::noise(8);
        let mut x: Vec<f64> = (0..4000).map(|_| noise()).collect();
        let window: Vec<f64> = x[..77].to_vec();
        x[2900] = f64::NAN;
        for at in [1500, 2901, 4000 - 77] {
            x[at..at + 77].copy_from_slice(&window);
        }
        let found = reference(&RollingMean::of(77), &[&x]).unwrap();
        assert!([1500, 2901, 4000 - 77].iter().all(|at| found[at + 76] == found[76]));
    }

    #[test]
    fn impossible_windows_are_refused() {
        for (window, min_periods, name) in
            [(0, None, "window"), ((1 << 20) + 1, None, "window"), (3, Some(4), "min_periods")]
        {
            let refused = reference(&RollingMean { min_periods, ..RollingMean::of(window) }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: found, .. }) if found == name));
        }
    }
}
