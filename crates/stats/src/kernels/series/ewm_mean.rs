//! Exponentially weighted mean.

use crate::{
    decay::{Decaying, decaying},
    partials::{Decay, Decayed, WeightedMean},
};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

decaying! {
/// Exponentially weighted mean: each row is the mean of all rows up to it, their weights decaying from row to row, as
/// in pandas.
///
/// Of equal values it is that value; a relative error of some `2⁻⁵³ / √α` of the largest value, `2⁻⁵³ / α` at the most.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::EwmMean;
/// assert_eq!(reference(&EwmMean { adjust: false, ..EwmMean::of(0.5) }, &[&[1.0, 3.0, 7.0]])?.0, [1.0, 2.0, 4.5]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct EwmMean {}
}

impl Kernel for EwmMean {
    const SPEC: Spec = Spec::new("ewm_mean", Category::Series).form(Form::Scan);
    type Pass = Decayed<WeightedMean>;
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<Decay> {
        self.decay()
    }

    fn finish(&self, _: &Decayed<WeightedMean>) -> Result<Next<Self>> {
        Ok(Next::emit(Decaying { min_periods: self.min_periods, bias: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, Reject, reference};

    const X: [f64; 6] = [1.0, 4.0, f64::NAN, 2.0, 8.0, 5.0];

    fn close(found: &[f64], wanted: &[f64], error: f64) -> bool {
        found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= error * b.abs() || a.is_nan() && b.is_nan())
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 4, nan, 2, 8, 5]).ewm(alpha=.3, adjust=…, ignore_na=…).mean()`.
        let rows = [
            (true, true, [1.0, 2.764_705_882_4, 2.764_705_882_4, 2.415_525_114_2, 4.620_213_185_9, 4.757_167_069_3]),
            (true, false, [1.0, 2.764_705_882_4, 2.764_705_882_4, 2.347_517_730_5, 4.823_310_411_3, 4.891_315_810_7]),
            (false, true, [1.0, 1.9, 1.9, 1.93, 3.751, 4.1257]),
            (false, false, [1.0, 1.9, 1.9, 1.937_974_683_5, 3.756_582_278_5, 4.129_607_594_9]),
        ];
        for (adjust, ignore_na, wanted) in rows {
            let found = reference(&EwmMean { adjust, ignore_na, ..EwmMean::of(0.3) }, &[&X]).unwrap();
            assert!(close(&found, &wanted, 1e-10), "{adjust} {ignore_na}: {found:?} is not {wanted:?}");
        }
    }

    #[test]
    fn speeds_as_pandas_has_them() {
        // pandas 3.1: `Series([1, 2, 4]).ewm(span=3).mean()`, `….ewm(com=2).mean()`, `….ewm(halflife=2).mean()`.
        let none = EwmMean { alpha: None, ..EwmMean::of(1.0) };
        let rows = [
            (EwmMean { span: Some(3.0), ..none.clone() }, [1.0, 1.666_666_666_7, 3.0]),
            (EwmMean { com: Some(2.0), ..none.clone() }, [1.0, 1.6, 2.736_842_105_3]),
            (EwmMean { halflife: Some(2.0), ..none.clone() }, [1.0, 1.585_786_437_6, 2.679_622_759]),
            (EwmMean::of(1.0), [1.0, 2.0, 4.0]),
        ];
        for (kernel, wanted) in rows {
            let found = reference(&kernel, &[&[1.0, 2.0, 4.0]]).unwrap();
            assert!(close(&found, &wanted, 1e-10), "{kernel:?}: {found:?} is not {wanted:?}");
        }
    }

    #[test]
    fn exactly_one_speed_within_its_range() {
        let none = EwmMean { alpha: None, ..EwmMean::of(1.0) };
        let refused = [
            (none.clone(), "alpha"),
            (EwmMean { span: Some(3.0), ..EwmMean::of(0.5) }, "alpha"),
            (EwmMean::of(0.0), "alpha"),
            (EwmMean::of(1.1), "alpha"),
            (EwmMean { com: Some(-0.1), ..none.clone() }, "com"),
            (EwmMean { span: Some(0.9), ..none.clone() }, "span"),
            (EwmMean { halflife: Some(0.0), ..none }, "halflife"),
        ];
        for (kernel, name) in refused {
            let refused = reference(&kernel, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: found, .. }) if found == name), "{kernel:?}");
        }
    }

    #[test]
    fn periods_are_waited_for_and_infinity_is_felt() {
        // pandas 3.1: `Series([nan, 3, 5]).ewm(alpha=.3, min_periods=2).mean()`.
        let found = reference(&EwmMean { min_periods: 2, ..EwmMean::of(0.3) }, &[&[f64::NAN, 3.0, 5.0]]).unwrap();
        assert!(close(&found, &[f64::NAN, f64::NAN, 4.176_470_588_2], 1e-10), "{found:?}");
        let found = reference(&EwmMean::of(0.3), &[&[1.0, f64::INFINITY, 5.0]]).unwrap();
        assert_eq!(found.0, [1.0, f64::INFINITY, f64::INFINITY]);
        assert_eq!(reference(&EwmMean::of(0.3), &[&[0.1; 50]]).unwrap().0, [0.1; 50]);
    }

    #[test]
    fn chunks_leave_no_seam() {
        let rows = CHUNK + 300;
        let mut x: Vec<f64> = (0..rows).map(|i| (i * i % 101) as f64 + 1.0).collect();
        for row in [0, 1, CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 5] {
            x[row] = f64::NAN;
        }
        for (adjust, ignore_na) in [(true, true), (true, false), (false, true), (false, false)] {
            for alpha in [0.001, 0.3] {
                let found = reference(&EwmMean { adjust, ignore_na, ..EwmMean::of(alpha) }, &[&x]).unwrap();
                // pandas' loop, one row after the other.
                let (mut mean, mut old) = (f64::NAN, 1.0);
                for (row, &x) in x.iter().enumerate() {
                    let new = if adjust { 1.0 } else { alpha };
                    if mean.is_nan() {
                        mean = x;
                    } else if !x.is_nan() || !ignore_na {
                        old *= 1.0 - alpha;
                        if !x.is_nan() {
                            mean = (old * mean + new * x) / (old + new);
                            old = if adjust { old + new } else { 1.0 };
                        }
                    }
                    let same = (found[row] - mean).abs() <= 1e-12 * mean || found[row].is_nan() && mean.is_nan();
                    assert!(same, "{adjust} {ignore_na} row {row}: {} is not {mean}", found[row]);
                }
            }
        }
    }
}
