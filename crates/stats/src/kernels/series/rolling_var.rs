//! Rolling variance.

use crate::windows::{Doubling, PEBAY, Rolling, Spread, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling variance: each row is the variance of the `window` rows that end at it, as in pandas.
///
/// `Σ (x − x̄)² / (n − ddof)`; null where `n ≤ ddof`. A relative error ≤ 1e-14 at an offset of 1e8, and after a spike
/// of 1e15. Squares of deviations beyond 1e154 are infinite, of those below 1e-162 zero.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingVar;
/// assert_eq!(reference(&RollingVar::of(3), &[&[1.0, 2.0, 3.0, 7.0]])?[2..], [1.0, 7.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingVar {
    /// Delta degrees of freedom: the divisor is `n − ddof`. pandas' default is 1, and so is this one.
    #[serde(default = "one")]
    pub ddof: u32 = 1,
}
}

impl Kernel for RollingVar {
    const SPEC: Spec = Spec::new("rolling_var", Category::Series).form(Form::Scan).references(&[PEBAY]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Spread { ddof: self.ddof, root: false }) }))
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
    fn naive(x: &[f64], ddof: usize) -> f64 {
        let mean = twin::mean(x, |x| x);
        let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
        if x.len() > ddof { squares / (x.len() - ddof) as f64 } else { f64::NAN }
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            for ddof in [0, 1, 3] {
                let kernel = RollingVar { ddof, ..RollingVar::with(windows) };
                agree(&kernel, windows, [&x], 1e-9, |[x]| naive(x, ddof as usize));
            }
        }
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 1, 1, 1, 1, 2, nan, 3]).rolling(4, min_periods=1).var()`.
        let x = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, f64::NAN, 3.0];
        let found = reference(&RollingVar { min_periods: Some(1), ..RollingVar::of(4) }, &[&x]).unwrap();
        assert!(found[0].is_nan());
        assert_eq!(found[1..], [0.0, 0.0, 0.0, 0.0, 0.25, 1.0 / 3.0, 1.0]);
    }
}
