//! Rolling maximum.

use crate::windows::{Doubling, Extent, Rolling, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling maximum: each row is the largest of the `window` rows that end at it, as in pandas.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingMax;
/// let max = RollingMax { min_periods: Some(1), ..RollingMax::of(2) };
/// assert_eq!(reference(&max, &[&[3.0, 1.0, 7.0]])?.0, [3.0, 3.0, 7.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingMax {}
}

impl Kernel for RollingMax {
    const SPEC: Spec = Spec::new("rolling_max", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Extent::<true>) }))
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
            agree(&RollingMax::with(windows), windows, [&x], 0.0, |[x]| {
                x.iter().copied().reduce(f64::max).unwrap_or(f64::NAN)
            });
        }
    }

    #[test]
    fn infinities_count() {
        let x = [1.0, f64::NEG_INFINITY, f64::NAN, 3.0];
        let found = reference(&RollingMax { min_periods: Some(1), ..RollingMax::of(2) }, &[&x]).unwrap();
        assert_eq!(found.0, [1.0, 1.0, f64::NEG_INFINITY, 3.0]);
    }
}
