//! Pearson's correlation with its test.

use super::linregress::pvalue;
use crate::{
    kernels::test::Alternative,
    partials::Comoments,
    special::{exp_of, ln_1p_of, normal_quantile},
};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pearson's correlation of two columns with its p-value and a confidence interval.
///
/// The p-value is that of normal data without a relation: `t = r √((n − 2) / (1 − r²))` of `n − 2` degrees of freedom; 1 for two rows.
/// The interval is Fisher's, `tanh(atanh r ± z / √(n − 3))`; all of [−1, 1] for three rows or fewer. As SciPy's `pearsonr`; null if either
/// column is constant. Relative error of r ≤ 1e-14 at an offset of 1e8, for values of any size; of the p-value ≤ 1e-12 while r is not
/// so near to ±1 that `1 − r²` has lost digits.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::PearsonR;
/// let test = reference(&PearsonR::default(), &[&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 5.0]])?;
/// assert!(test.statistic > 0.8 && test.pvalue > 0.1 && test.low < 0.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PearsonR {
    /// What the correlation is held to be, against none.
    #[serde(default)]
    pub alternative: Alternative,
    /// How often such an interval holds the true correlation, from 0 to 1.
    #[serde(default = "nineteen_in_twenty")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence_level: f64,
}

const fn nineteen_in_twenty() -> f64 {
    0.95
}

impl Default for PearsonR {
    fn default() -> Self {
        Self { alternative: Alternative::default(), confidence_level: nineteen_in_twenty() }
    }
}

/// A correlation with its test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Correlation {
    /// Pearson's correlation.
    pub statistic: f64,
    /// The probability of one at least as far out, if there is no relation.
    pub pvalue: f64,
    /// The lower end of the confidence interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Kernel for PearsonR {
    const SPEC: Spec = Spec::new("pearsonr", Category::Pair).columns(2).references(&[
        "R. A. Fisher, Frequency distribution of the values of the correlation coefficient in samples from an indefinitely large \
         population, Biometrika 10, 1915",
    ]);
    type Pass = Comoments;
    type Output = Correlation;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        if !(0.0..=1.0).contains(&self.confidence_level) {
            let value = format!("{:?}", self.confidence_level);
            return Err(Reject::Parameter { name: "confidence_level", value, expected: "from 0 to 1" });
        }
        Ok(shape.columns)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        if comoments.count() == 0 {
            return Err(Reject::Empty);
        }
        let statistic = comoments.correlation(0, 1);
        let [low, high] = self.interval(comoments.count() as f64, statistic, comoments.unexplained(0, 1));
        Ok(Next::Done(Correlation { statistic, pvalue: pvalue(comoments, self.alternative), low, high }))
    }
}

impl PearsonR {
    fn interval(&self, n: f64, r: f64, unexplained: f64) -> [f64; 2] {
        if r.is_nan() {
            return [r; 2];
        }
        let outside = match self.alternative {
            Alternative::TwoSided => (1.0 - self.confidence_level) / 2.0,
            Alternative::Less | Alternative::Greater => 1.0 - self.confidence_level,
        };
        let step = -normal_quantile(outside) / (n - 3.0).max(0.0).sqrt();
        let at = |step: f64| match unexplained {
            // ±1 lies infinitely far out on Fisher's scale, whatever the step.
            0.0 if n > 3.0 => r,
            _ if n > 3.0 => tanh(fisher(r, unexplained) + step),
            _ => 1f64.copysign(step),
        };
        match self.alternative {
            Alternative::TwoSided => [at(-step), at(step)],
            Alternative::Less => [-1.0, at(step)],
            Alternative::Greater => [at(-step), 1.0],
        }
    }
}

/// `atanh r`, with `1 − r²` given apart.
fn fisher(r: f64, unexplained: f64) -> f64 {
    let size = r.abs();
    (0.5 * ln_1p_of(2.0 * size * (1.0 + size) / unexplained)).copysign(r)
}

/// `tanh z`; ±1 where that is infinite, and next to it.
fn tanh(z: f64) -> f64 {
    let power = exp_of(-2.0 * z.abs(), 0.0);
    ((1.0 - power) / (1.0 + power)).copysign(z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::pair::linregress::tests::{X, Y, close};
    use echoes_kernel::reference;

    fn test(alternative: Alternative, confidence_level: f64, x: &[f64], y: &[f64]) -> Correlation {
        reference(&PearsonR { alternative, confidence_level }, &[x, y]).unwrap()
    }

    /// SciPy 1.17: `pearsonr(x, y, alternative=…)` and its `confidence_interval(…)`.
    #[test]
    fn as_scipy_has_it() {
        for (alternative, pvalue, level, low, high) in [
            (
                Alternative::TwoSided,
                0.002_169_628_873_078_815_2,
                0.95,
                0.424_391_213_393_215_2,
                0.950_693_253_786_560_4,
            ),
            (
                Alternative::TwoSided,
                0.002_169_628_873_078_815_2,
                0.99,
                0.231_046_310_323_429_12,
                0.967_820_799_978_797_3,
            ),
            (Alternative::Less, 0.998_915_185_563_460_6, 0.95, -1.0, 0.938_763_515_434_161_8),
            (Alternative::Greater, 0.001_084_814_436_539_407_6, 0.99, 0.312_667_756_264_245_26, 1.0),
        ] {
            let found = test(alternative, level, &X, &Y);
            close(found.statistic, 0.816_420_516_344_839_5, 1e-15);
            close(found.pvalue, pvalue, 1e-13);
            close(found.low, low, 1e-14);
            close(found.high, high, 1e-14);
        }
        let (falling, rising) =
            (test(Alternative::TwoSided, 0.9, &X, &Y.map(|y| -y)), test(Alternative::TwoSided, 0.9, &X, &Y));
        assert_eq!((falling.statistic, falling.low, falling.high), (-rising.statistic, -rising.high, -rising.low));
    }

    #[test]
    fn ends() {
        let both = Alternative::TwoSided;
        let line = test(both, 0.95, &[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0]);
        assert_eq!((line.statistic, line.pvalue, line.low, line.high), (1.0, 0.0, 1.0, 1.0));
        let few = test(both, 0.95, &[1.0, 2.0, 3.0], &[3.0, 5.0, 6.0]);
        assert_eq!((few.low, few.high), (-1.0, 1.0));
        let two = test(both, 0.95, &[1.0, 2.0], &[5.0, 3.0]);
        assert_eq!((two.statistic, two.pvalue, two.low, two.high), (-1.0, 1.0, -1.0, 1.0));
        for (x, y) in
            [(&[1.0][..], &[1.0][..]), (&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), (&[f64::NAN, 1.0], &[1.0, 2.0])]
        {
            let nothing = test(both, 0.95, x, y);
            assert!(
                nothing.statistic.is_nan() && nothing.pvalue.is_nan() && nothing.low.is_nan() && nothing.high.is_nan()
            );
        }
        assert_eq!(reference(&PearsonR::default(), &[&[], &[]]), Err(Reject::Empty));
        let certain = test(both, 1.0, &X, &Y);
        assert_eq!((certain.low, certain.high), (-1.0, 1.0));
        let none = test(both, 0.0, &X, &Y);
        assert!((none.low - none.statistic).abs() < 1e-15 && (none.high - none.statistic).abs() < 1e-15);
    }
}
