//! Rolling covariance.

use crate::windows::{Covariance, Doubling, PEBAY, Rolling, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling covariance of two columns: each row is that of the `window` rows that end at it, as in pandas.
///
/// `Σ (x − x̄)(y − ȳ) / (n − ddof)` over the rows in which both are present; null where `n ≤ ddof`.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingCov;
/// assert_eq!(reference(&RollingCov::of(3), &[&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]])?[2..], [2.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingCov {
    /// Delta degrees of freedom: the divisor is `n − ddof`. pandas' default is 1, and so is this one.
    #[serde(default = "one")]
    pub ddof: u32 = 1,
}
}

impl Kernel for RollingCov {
    const SPEC: Spec = Spec::new("rolling_cov", Category::Series).columns(2).form(Form::Scan).references(&[PEBAY]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Covariance { ddof: self.ddof }) }))
    }
}

const fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::twin::{self, agree, cases};
    use echoes_kernel::reference;

    /// As a textbook has it.
    fn naive([x, y]: [&[f64]; 2], ddof: usize) -> f64 {
        let centers = [x, y].map(|x| twin::mean(x, |x| x));
        let sum: f64 = x.iter().zip(y).map(|(x, y)| (x - centers[0]) * (y - centers[1])).sum();
        if x.len() > ddof { sum / (x.len() - ddof) as f64 } else { f64::NAN }
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, y] = twin::columns();
        for windows in cases() {
            for ddof in [0, 1] {
                let kernel = RollingCov { ddof, ..RollingCov::with(windows) };
                agree(&kernel, windows, [&x, &y], 1e-9, |xy| naive(xy, ddof as usize));
            }
        }
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `x.rolling(4, min_periods=1).cov(y)`.
        let (x, y) = ([1.0, 2.0, f64::NAN, 4.0, 3.0, 7.0], [2.0, 2.5, 1.0, f64::NAN, 6.0, 1.0]);
        let found = reference(&RollingCov { min_periods: Some(1), ..RollingCov::of(4) }, &[&x, &y]).unwrap();
        assert!(found[0].is_nan());
        let wanted = [0.25, 0.25, 0.25, 1.75, -10.0];
        assert!(found[1..].iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn an_offset_costs_nothing() {
        let (x, y): (Vec<f64>, Vec<f64>) = (0..40).map(|i| (f64::from(i * i % 17), f64::from(i * 5 % 13))).unzip();
        let far = [&x, &y].map(|x| x.iter().map(|x| x + 1e8).collect::<Vec<_>>());
        let near = reference(&RollingCov::of(9), &[&x, &y]).unwrap();
        let far = reference(&RollingCov::of(9), &[&far[0], &far[1]]).unwrap();
        assert!(near[8..].iter().zip(&far[8..]).all(|(near, far)| (near - far).abs() < 1e-13));
    }
}
