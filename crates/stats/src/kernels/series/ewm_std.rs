//! Exponentially weighted standard deviation.

use crate::{
    decay::{Decaying, decaying},
    partials::{Decay, Decayed, WeightedSquares},
};
use echoes_kernel::{Category, Form, Kernel, Next, Result, Series, Shape, Spec};

decaying! {
/// Exponentially weighted standard deviation: each row is that of all rows up to it, their weights decaying, as in
/// pandas.
///
/// The mean is carried in two doubles, so that an offset of the data costs nothing. Null for one value, unless `bias`.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::EwmStd;
/// assert_eq!(reference(&EwmStd { adjust: false, bias: true, ..EwmStd::of(0.5) }, &[&[1.0, 3.0]])?.0, [0.0, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
pub struct EwmStd {
    /// Leave the weighted variance as it is, instead of adjusting it for bias.
    #[serde(default)]
    pub bias: bool = false,
}
}

impl Kernel for EwmStd {
    const SPEC: Spec = Spec::new("ewm_std", Category::Series).form(Form::Scan);
    type Pass = Decayed<WeightedSquares>;
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<Decay> {
        self.decay()
    }

    fn finish(&self, _: &Decayed<WeightedSquares>) -> Result<Next<Self>> {
        Ok(Next::emit(Decaying { min_periods: self.min_periods, bias: self.bias }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, reference};

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 4, nan, 2, 8, 5]).ewm(alpha=.3, adjust=…, ignore_na=…).std(bias=…)`.
        let x = [1.0, 4.0, f64::NAN, 2.0, 8.0, 5.0];
        let rows = [
            (true, true, false, [2.121_320_343_6, 2.121_320_343_6, 1.442_188_848_9, 3.405_201_914_7, 2.657_419_316_4]),
            (true, true, true, [1.476_458_870_4, 1.476_458_870_4, 1.153_092_357_3, 2.873_339_138_9, 2.304_806_521_5]),
            (true, false, false, [2.121_320_343_6, 2.121_320_343_6, 1.380_498_395_5, 3.534_814_264_9, 2.676_813_840_6]),
            (true, false, true, [1.476_458_870_4, 1.476_458_870_4, 1.065_664_902, 2.915_999_719_6, 2.288_610_160_7]),
            (false, true, false, [2.121_320_343_6, 2.121_320_343_6, 1.455_145_925_5, 3.453_218_112_8, 2.870_183_074_2]),
            (false, true, true, [1.374_772_708_5, 1.374_772_708_5, 1.151_129_879_7, 2.943_637_036, 2.528_457_931_2]),
            (
                false,
                false,
                false,
                [2.121_320_343_6, 2.121_320_343_6, 1.362_594_651_6, 3.420_191_013_1, 2.846_692_988_1],
            ),
            (false, false, true, [1.374_772_708_5, 1.374_772_708_5, 1.083_805_274_4, 2.922_217_549_7, 2.510_423_706_8]),
        ];
        for (adjust, ignore_na, bias, wanted) in rows {
            let kernel = EwmStd { adjust, ignore_na, bias, ..EwmStd::of(0.3) };
            let found = reference(&kernel, &[&x]).unwrap();
            assert!(if bias { found[0] == 0.0 } else { found[0].is_nan() });
            let same = found[1..].iter().zip(wanted).all(|(found, wanted)| (found / wanted - 1.0).abs() < 1e-10);
            assert!(same, "{kernel:?}: {found:?} is not {wanted:?}");
        }
    }

    #[test]
    fn an_offset_costs_nothing_and_chunks_leave_no_seam() {
        let x: Vec<f64> = (0..CHUNK + 300).map(|i| ((i * i % 101) as f64) / 4.0).collect();
        let far: Vec<f64> = x.iter().map(|x| x + 1e8).collect();
        for adjust in [true, false] {
            let kernel = EwmStd { adjust, ..EwmStd::of(0.05) };
            let [near, far] = [&x, &far].map(|x| reference(&kernel, &[x]).unwrap().0);
            let same = near[1..].iter().zip(&far[1..]).all(|(near, far)| (near / far - 1.0).abs() < 1e-12);
            assert!(same, "{adjust}");
        }
    }
}
