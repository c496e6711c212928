//! Rolling standard deviation.

use crate::windows::{Doubling, PEBAY, Rolling, Spread, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling standard deviation: each row is that of the `window` rows that end at it, as in pandas.
///
/// `√(Σ (x − x̄)² / (n − ddof))`; null where `n ≤ ddof`. A relative error ≤ 1e-14 at an offset of 1e8, and after a
/// spike of 1e15. Squares of deviations beyond 1e154 are infinite, of those below 1e-162 zero.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingStd;
/// assert_eq!(reference(&RollingStd::of(3), &[&[1.0, 2.0, 3.0]])?[2..], [1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingStd {
    /// Delta degrees of freedom: the divisor is `n − ddof`. pandas' default is 1, and so is this one.
    #[serde(default = "one")]
    pub ddof: u32 = 1,
}
}

impl Kernel for RollingStd {
    const SPEC: Spec = Spec::new("rolling_std", Category::Series).form(Form::Scan).references(&[PEBAY]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Spread { ddof: self.ddof, root: true }) }))
    }
}

const fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernels::series::RollingMean,
        special::oracle,
        windows::twin::{self, agree, cases},
    };
    use echoes_kernel::reference;
    use num_rational::BigRational;
    use num_traits::ToPrimitive;

    /// Mean and variance, exactly.
    fn exact(x: &[f64]) -> [BigRational; 2] {
        let n = oracle::rational(x.len() as f64);
        let sum = |f: &dyn Fn(f64) -> BigRational| x.iter().map(|&x| f(x)).sum::<BigRational>();
        let mean = sum(&oracle::rational) / &n;
        let squares = sum(&|x| (oracle::rational(x) - &mean).pow(2));
        [mean, squares / (n - oracle::rational(1.0))]
    }

    /// The largest relative errors of mean and standard deviation.
    fn errors(x: &[f64], window: u32) -> [f64; 2] {
        let means = reference(&RollingMean::of(window), &[x]).unwrap();
        let stds = reference(&RollingStd::of(window), &[x]).unwrap();
        let mut worst = [0.0f64; 2];
        for (row, held) in x.windows(window as usize).enumerate() {
            let row = row + window as usize - 1;
            let [mean, variance] = exact(held).map(|exact| exact.to_f64().unwrap());
            worst[0] = worst[0].max((means[row] / mean - 1.0).abs());
            worst[1] = worst[1].max((stds[row] / variance.sqrt() - 1.0).abs());
        }
        worst
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(5);
        let mut rows = |offset: f64| (0..twin::ROWS).map(|_| offset + noise()).collect::<Vec<_>>();
        let (far, mut spiked) = (rows(1e8), rows(0.5));
        spiked[15] = 1e15;
        for (name, x) in [("offset 1e8", far), ("spike 1e15", spiked)] {
            for window in [5, 13, 100].into_iter().filter(|&window| window < twin::ROWS) {
                let [mean, std] = errors(&x, window);
                println!("{name}, window {window}: mean {mean:.1e}, std {std:.1e}");
                assert!(mean <= 1e-15 && std <= 1e-14, "{name}, window {window}: {mean:e} {std:e}");
            }
        }
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            agree(&RollingStd { ddof: 0, ..RollingStd::with(windows) }, windows, [&x], 1e-11, |[x]| {
                let mean = twin::mean(x, |x| x);
                twin::mean(x, |x| (x - mean).powi(2)).sqrt()
            });
        }
    }

    #[test]
    fn it_is_the_root_of_the_variance_and_zero_of_a_constant() {
        let found = reference(&RollingStd::of(4), &[&[0.1, 0.1, 0.1, 0.1, 0.1]]).unwrap();
        assert_eq!(found[3..], [0.0, 0.0]);
        // pandas 3.1: `Series([1, 2, 4, 8]).rolling(3).std()`, `….std(ddof=0)`.
        let x = [1.0, 2.0, 4.0, 8.0];
        let found = [1, 0].map(|ddof| reference(&RollingStd { ddof, ..RollingStd::of(3) }, &[&x]).unwrap().0);
        for (found, wanted) in found[0][2..].iter().zip([1.527_525_231_651_946_8, 3.055_050_463_303_893_7]) {
            assert!((found - wanted).abs() < 1e-15, "{found}");
        }
        assert!((found[1][2] - 1.247_219_128_924_647).abs() < 1e-15, "{}", found[1][2]);
    }
}
