//! Rolling quantile.

use crate::{
    Method,
    windows::{Quantiles, Rolling, windowed},
};
use echoes_kernel::{Category, Form, Kernel, Next, Reject, Result, Series, Shape, Spec};

windowed! {
/// Rolling quantile: each row is the quantile of the `window` rows that end at it, as in pandas.
///
/// Exact. Of `interpolation` pandas knows `linear`, `lower`, `higher`, `midpoint` and `nearest`. A row takes the same
/// time whatever the window is, but for its share of sorting.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingQuantile;
/// let quantile = RollingQuantile { q: 0.25, ..RollingQuantile::of(3) };
/// assert_eq!(reference(&quantile, &[&[1.0, 5.0, 2.0, 9.0]])?[2..], [1.5, 3.5]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingQuantile {
    /// The fraction, between 0 and 1; 0.5 for the median if not given.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub q: f64 = 0.5,
    /// What to do between two values.
    #[serde(default)]
    pub interpolation: Method = Method::Linear,
}
}

impl Kernel for RollingQuantile {
    const SPEC: Spec = Spec::new("rolling_quantile", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        if !(0.0..=1.0).contains(&self.q) {
            let value = self.q.to_string();
            return Err(Reject::Parameter { name: "q", value, expected: "from 0 to 1" });
        }
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Quantiles { q: self.q, method: self.interpolation } }))
    }
}

const fn half() -> f64 {
    0.5
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
            for (q, interpolation) in [(0.0, Method::Linear), (0.9, Method::Lower), (1.0, Method::Hazen)] {
                let kernel = RollingQuantile { q, interpolation, ..RollingQuantile::with(windows) };
                agree(&kernel, windows, [&x], 0.0, |[x]| {
                    let mut x = x.to_vec();
                    x.sort_by(f64::total_cmp);
                    let last = x.len().saturating_sub(1) as f64;
                    x.get((q * last) as usize).copied().unwrap_or(f64::NAN)
                });
            }
        }
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 2, nan, 3, 4, 5, 7, 1]).rolling(4, min_periods=2).quantile(.3, interpolation=…)`.
        let x = [1.0, 2.0, f64::NAN, 3.0, 4.0, 5.0, 7.0, 1.0];
        let methods = [Method::Linear, Method::Lower, Method::Higher, Method::Midpoint, Method::Nearest];
        let wanted = [
            [1.3, 1.3, 1.6, 2.6, 3.6, 3.9, 3.7],
            [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 1.0],
            [2.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0],
            [1.5, 1.5, 1.5, 2.5, 3.5, 3.5, 2.5],
            [1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0],
        ];
        for (interpolation, wanted) in methods.into_iter().zip(wanted) {
            let kernel = RollingQuantile { q: 0.3, interpolation, min_periods: Some(2), ..RollingQuantile::of(4) };
            let found = reference(&kernel, &[&x]).unwrap();
            assert!(found[0].is_nan());
            let same = found[1..].iter().zip(wanted).all(|(found, wanted): (_, f64)| (found - wanted).abs() < 1e-15);
            assert!(same, "{interpolation:?}: {found:?} is not {wanted:?}");
        }
    }

    #[test]
    fn fractions_beyond_one_are_refused() {
        for q in [-0.1, 1.1, f64::NAN] {
            let refused = reference(&RollingQuantile { q, ..RollingQuantile::of(2) }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "q", .. })));
        }
    }
}
