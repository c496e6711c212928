//! The empirical distribution function.

use crate::sorting;
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The empirical distribution function: each value, and the part of all values that are no larger.
///
/// `quantiles` and `probabilities` of `scipy.stats.ecdf(x).cdf`. −0 and 0 are one value; with a NaN among the values, all are null.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::Ecdf;
/// let found = reference(&Ecdf {}, &[&[3.0, 1.0, 2.0, 1.0]])?;
/// assert_eq!(found.quantiles.0, [1.0, 2.0, 3.0]);
/// assert_eq!(found.probabilities.0, [0.5, 0.75, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ecdf {}

/// A step function.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Steps {
    /// Where it rises: the values, each once.
    pub quantiles: Series,
    /// How high it stands from there on.
    pub probabilities: Series,
}

impl Kernel for Ecdf {
    const SPEC: Spec = Spec::new("ecdf", Category::Order).form(Form::Whole);
    type Pass = ();
    type Output = Steps;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Steps> for Ecdf {
    fn whole(&self, columns: Columns) -> Result<Steps> {
        let mut x = columns.into_iter().next().filter(|x| !x.is_empty()).ok_or(Reject::Empty)?;
        sorting::sort(&mut x);
        if x.last().is_some_and(|last| last.is_nan()) {
            return Ok(Steps { quantiles: Series(vec![f64::NAN]), probabilities: Series(vec![f64::NAN]) });
        }
        let (mut quantiles, mut probabilities) = (Vec::new(), Vec::new());
        let mut count = 0;
        for equal in x.chunk_by(|a, b| a == b) {
            count += equal.len();
            quantiles.push(equal[0]);
            probabilities.push(count as f64 / x.len() as f64);
        }
        Ok(Steps { quantiles: Series(quantiles), probabilities: Series(probabilities) })
    }

    fn columns(&self, steps: Steps) -> Option<NamedColumns> {
        Some(vec![("quantiles", steps.quantiles.0), ("probabilities", steps.probabilities.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// SciPy 1.17: `ecdf(x).cdf`.
    #[test]
    fn scipys_steps() {
        let x = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
        let found = reference(&Ecdf {}, &[&x]).unwrap();
        assert_eq!(found.quantiles.0, [-3.0, 0.0, 1.0, 2.5, 4.0, 7.0, 9.5]);
        assert_eq!(found.probabilities.0, [0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1.0]);
    }

    #[test]
    fn one_value_none_and_nan() {
        let ecdf = |x: &[f64]| reference(&Ecdf {}, &[x]).map(|steps| (steps.quantiles.0, steps.probabilities.0));
        assert_eq!(ecdf(&[f64::INFINITY; 3]), Ok((vec![f64::INFINITY], vec![1.0])));
        assert_eq!(ecdf(&[0.0, -0.0]).map(|(_, probabilities)| probabilities), Ok(vec![1.0]));
        assert_eq!(ecdf(&[]), Err(Reject::Empty));
        assert!(ecdf(&[1.0, f64::NAN]).unwrap().1[0].is_nan());
    }
}
