//! Rolling median.

use crate::{
    Method,
    windows::{Quantiles, Rolling, windowed},
};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling median: each row is the median of the `window` rows that end at it, as in pandas.
///
/// Exact: the middle value, or halfway between the middle two. A row takes the same time whatever the window is, but
/// for its share of sorting.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingMedian;
/// assert_eq!(reference(&RollingMedian::of(3), &[&[1.0, 5.0, 2.0, 9.0]])?[2..], [2.0, 5.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingMedian {}
}

impl Kernel for RollingMedian {
    const SPEC: Spec = Spec::new("rolling_median", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Quantiles { q: 0.5, method: Method::Linear } }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle;
    use crate::windows::twin::{self, agree, cases};
    use echoes_kernel::{CHUNK, reference};

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            agree(&RollingMedian::with(windows), windows, [&x], 0.0, |[x]| {
                let mut x = x.to_vec();
                x.sort_by(f64::total_cmp);
                let n = x.len();
                if n == 0 { f64::NAN } else { (x[(n - 1) / 2] + x[n / 2]) / 2.0 }
            });
        }
    }

    #[test]
    fn infinities_are_the_ends_of_the_order() {
        let x = [1.0, f64::INFINITY, f64::NEG_INFINITY, 3.0, f64::INFINITY, f64::INFINITY];
        let found = reference(&RollingMedian::of(3), &[&x]).unwrap();
        assert_eq!(found[2..], [1.0, 3.0, 3.0, f64::INFINITY]);
    }

    #[test]
    fn stretches_and_chunks_leave_no_seam() {
        let mut noise = oracle::noise(3);
        let x: Vec<f64> = (0..CHUNK + 3000).map(|_| (noise() * 50.0).floor()).collect();
        let found = reference(&RollingMedian::of(31), &[&x]).unwrap();
        let rows = (CHUNK - 40..CHUNK + 40).chain(1000..1100);
        for row in rows {
            let mut held = x[row - 30..=row].to_vec();
            held.sort_by(f64::total_cmp);
            assert_eq!(found[row], held[15], "row {row}");
        }
    }
}
