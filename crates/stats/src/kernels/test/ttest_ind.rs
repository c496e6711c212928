//! Student's and Welch's t-test.

use crate::{
    partials::{Moments, Order},
    special::student_both,
};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Samples, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// t-test for the means of two independent samples: Welch's, or Student's with `equal_var`.
///
/// The samples may differ in length; missing values of one do not touch the other. Null where a sample has fewer than two values or
/// both are the same constant; of two constants the statistic is infinite (null in JSON) and the p-value that of certainty, as in
/// SciPy. Unlike SciPy, whose default is `equal_var = true`, it does not assume equal variances unless told so.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::test::TtestInd;
/// let test = reference(&TtestInd::default(), &[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0, 7.0]])?;
/// assert!(test.pvalue < 0.05);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TtestInd {
    /// Assume that both populations have the same variance (Student's test).
    #[serde(default)]
    pub equal_var: bool,
    /// What the mean of the first sample is held to be, against the second's.
    #[serde(default)]
    pub alternative: Alternative,
}

/// The alternative to equal means, or to no relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alternative {
    /// They differ; there is one.
    #[default]
    TwoSided,
    /// The first is less; it falls.
    Less,
    /// The first is greater; it rises.
    Greater,
}

/// A t-test's result.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct TTest {
    /// The t statistic.
    pub statistic: f64,
    /// The probability of one at least as far out, if the means are equal.
    pub pvalue: f64,
    /// Degrees of freedom.
    pub df: f64,
}

impl Kernel for TtestInd {
    const SPEC: Spec = Spec::new("ttest_ind", Category::Test)
        .samples(2)
        .references(&["B. L. Welch, The generalization of Student's problem, Biometrika 34, 1947"]);
    type Pass = Samples<Moments, 2>;
    type Output = TTest;

    fn pass(&self, _: &Shape<'_>) -> Result<Order> {
        Ok(Order::Second)
    }

    fn finish(&self, Samples([x, y]): &Self::Pass) -> Result<Next<Self>> {
        // The squares of variances are beyond the range of doubles long before their ratios.
        let unit = x.unit().max(y.unit()).unwrap_or_default();
        let variances = x.variance_in(unit, 1.0).zip(y.variance_in(unit, 1.0));
        let ((mean_x, mean_y), (var_x, var_y)) = x.mean().zip(y.mean()).zip(variances).ok_or(Reject::Empty)?;
        let (n, m) = (x.count() as f64, y.count() as f64);
        let (part_x, part_y) = (var_x / n, var_y / m);
        let (error, df) = if self.equal_var {
            let df = n + m - 2.0;
            let pooled = ((n - 1.0) * var_x + (m - 1.0) * var_y) / df;
            ((pooled * (1.0 / n + 1.0 / m)).sqrt(), df)
        } else {
            let sum = part_x + part_y;
            (sum.sqrt(), sum * sum / (part_x * part_x / (n - 1.0) + part_y * part_y / (m - 1.0)))
        };
        let statistic = (unit.divide(1, mean_x) - unit.divide(1, mean_y)) / error;
        let pvalue = self.alternative.side(student_both(statistic, df), statistic);
        Ok(Next::Done(TTest { statistic, pvalue, df }))
    }
}

impl Alternative {
    /// The p-value of a statistic that is symmetric about zero, from that of both sides.
    pub(crate) fn side(self, both: f64, statistic: f64) -> f64 {
        match self {
            Self::TwoSided => both,
            Self::Less if statistic < 0.0 => both / 2.0,
            Self::Greater if statistic > 0.0 => both / 2.0,
            Self::Less | Self::Greater => 1.0 - both / 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with each of two drugs.
    const FIRST: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const SECOND: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    /// R's documentation of `t.test(extra ~ group, data = sleep)`: t = −1.8608, df = 17.776, p = 0.07939.
    #[test]
    fn welch_on_the_sleep_data() {
        let test = reference(&TtestInd::default(), &[&FIRST, &SECOND]).unwrap();
        assert!((test.statistic + 1.8608).abs() < 5e-5, "{test:?}");
        assert!((test.df - 17.776).abs() < 5e-4, "{test:?}");
        assert!((test.pvalue - 0.07939).abs() < 5e-6, "{test:?}");
    }

    #[test]
    fn one_side_and_the_other_make_one() {
        let side = |alternative| reference(&TtestInd { equal_var: true, alternative }, &[&FIRST, &SECOND]).unwrap();
        let [both, less, greater] = [Alternative::TwoSided, Alternative::Less, Alternative::Greater].map(side);
        assert_eq!(both.df, 18.0);
        assert!((less.pvalue + greater.pvalue - 1.0).abs() < 1e-15);
        assert!((2.0 * less.pvalue - both.pvalue).abs() < 1e-15);
    }

    #[test]
    fn samples_that_say_nothing() {
        let test = |x: &[f64], y: &[f64]| reference(&TtestInd::default(), &[x, y]);
        assert_eq!(test(&[], &[1.0]), Err(Reject::Empty));
        assert!(test(&[1.0], &[2.0]).unwrap().pvalue.is_nan());
        assert!(test(&[1.0; 5], &[1.0; 5]).unwrap().statistic.is_nan());
    }
}
