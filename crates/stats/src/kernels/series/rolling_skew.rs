//! Rolling skewness.

use crate::windows::{Doubling, PEBAY, Rolling, Skewness, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling skewness: each row is the skewness of the `window` rows that end at it, adjusted for bias, as in pandas.
///
/// `√(n (n − 1)) / (n − 2) · m₃ / m₂^(3/2)` with the central moments `mₖ = Σ (x − x̄)ᵏ / n`; null for fewer than three
/// values, where all are equal, and where `Σ (x − x̄)²` is outside 1e-190 to 1e200, so that cubes lose digits or overflow.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingSkew;
/// let skew = reference(&RollingSkew::of(3), &[&[1.0, 2.0, 3.0, 7.0]])?;
/// assert!(skew[2] == 0.0 && (skew[3] - 1.457_862_967_321_305).abs() < 1e-15);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingSkew {}
}

impl Kernel for RollingSkew {
    const SPEC: Spec = Spec::new("rolling_skew", Category::Series).form(Form::Scan).references(&[PEBAY]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Skewness) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::twin::{self, agree, cases};
    use echoes_kernel::reference;

    /// As a textbook has it.
    fn naive(x: &[f64]) -> f64 {
        let (n, center) = (x.len() as f64, twin::mean(x, |x| x));
        let [m2, m3] = [2, 3].map(|order| twin::mean(x, |x| (x - center).powi(order)));
        if n > 2.0 && m2 > 0.0 { (n * (n - 1.0)).sqrt() / (n - 2.0) * m3 / m2.powf(1.5) } else { f64::NAN }
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            agree(&RollingSkew::with(windows), windows, [&x], 1e-11, |[x]| naive(x));
        }
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 1, 1, 1, 1, 2, 3, 4, 5, 7, 1]).rolling(4).skew()`.
        let x = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 1.0];
        let found = reference(&RollingSkew::of(4), &[&x]).unwrap();
        assert!(found[..5].iter().all(|skew| skew.is_nan()));
        let wanted = [2.0, 0.854_563_038_327_971_2, 0.0, 0.0, 0.752_837_199_131_725_6, -0.56];
        assert!(found[5..].iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn an_offset_costs_nothing() {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i * i % 17)).collect();
        let far: Vec<f64> = x.iter().map(|x| x + 1e8).collect();
        let [near, far] = [&x, &far].map(|x| reference(&RollingSkew::of(9), &[x]).unwrap().0);
        assert!(near[8..].iter().zip(&far[8..]).all(|(near, far)| (near - far).abs() < 1e-14));
    }

    /// Of values in any unit the same, or none: never what is left of powers that have vanished.
    #[test]
    fn a_unit_changes_nothing_or_leaves_nothing() {
        let x = [0.5, -1.2, 0.3, 2.1, -0.4, 1.7];
        let of = |power: i32| reference(&RollingSkew::of(5), &[&x.map(|x| x * 10f64.powi(power))]).unwrap();
        for power in [-30, 30] {
            assert!(of(power)[4..].iter().zip(&of(0)[4..]).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        for power in [-120, -100, 103, 150] {
            assert!(of(power).iter().all(|found| found.is_nan()), "1e{power}");
        }
    }
}
