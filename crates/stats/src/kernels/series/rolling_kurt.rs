//! Rolling kurtosis.

use crate::windows::{Doubling, Kurtosis, PEBAY, Rolling, windowed};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

windowed! {
/// Rolling excess kurtosis: each row is that of the `window` rows that end at it, adjusted for bias, as in pandas.
///
/// `(n − 1) / ((n − 2) (n − 3)) · ((n + 1) m₄ / m₂² − 3 (n − 1))` with the central moments `mₖ = Σ (x − x̄)ᵏ / n`; null
/// for fewer than four values, where all are equal, and where `Σ (x − x̄)²` is outside 1e-140 to 1e150, so that fourth powers
/// lose digits or overflow.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::RollingKurt;
/// let kurt = reference(&RollingKurt::of(4), &[&[1.0, 2.0, 3.0, 4.0]])?;
/// assert!((kurt[3] + 1.2).abs() < 1e-14);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct RollingKurt {}
}

impl Kernel for RollingKurt {
    const SPEC: Spec = Spec::new("rolling_kurt", Category::Series).form(Form::Scan).references(&[PEBAY]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        self.windows().check()
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(Rolling { windows: self.windows(), work: Doubling(Kurtosis) }))
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
        let [m2, m4] = [2, 4].map(|order| twin::mean(x, |x| (x - center).powi(order)));
        let factor = (n - 1.0) / ((n - 2.0) * (n - 3.0));
        if n > 3.0 && m2 > 0.0 { factor * ((n + 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0)) } else { f64::NAN }
    }

    #[test]
    fn every_window_is_a_fresh_one() {
        let [x, _] = twin::columns();
        for windows in cases() {
            agree(&RollingKurt::with(windows), windows, [&x], 1e-10, |[x]| naive(x));
        }
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 1, 1, 1, 1, 2, 3, 4, 5, 7, 1]).rolling(4).kurt()`.
        let x = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 1.0];
        let found = reference(&RollingKurt::of(4), &[&x]).unwrap();
        assert!(found[..5].iter().all(|kurt| kurt.is_nan()));
        let wanted = [4.0, -1.289_256_198_347_103, -1.2, -1.2, 0.342_857_142_857_142, 0.928];
        assert!(found[5..].iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-13), "{found:?}");
    }

    /// Of values in any unit the same, or none: never what is left of powers that have vanished.
    #[test]
    fn a_unit_changes_nothing_or_leaves_nothing() {
        let x = [0.5, -1.2, 0.3, 2.1, -0.4, 1.7];
        let of = |power: i32| reference(&RollingKurt::of(5), &[&x.map(|x| x * 10f64.powi(power))]).unwrap();
        for power in [-20, 20] {
            assert!(of(power)[4..].iter().zip(&of(0)[4..]).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        for power in [-100, -75, 77, 120] {
            assert!(of(power).iter().all(|found| found.is_nan()), "1e{power}");
        }
    }
}
