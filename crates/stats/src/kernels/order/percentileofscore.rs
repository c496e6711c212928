//! The percentile of a score.

use crate::partials::Standing;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Percentile of a score: how many of a hundred values are below it.
///
/// The figure of `scipy.stats.percentileofscore`, in one reading; null if a NaN is among the values.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::{PercentileKind, PercentileOfScore};
/// let x = [1.0, 2.0, 3.0, 3.0, 4.0];
/// let of = |kind| reference(&PercentileOfScore { score: 3.0, kind }, &[&x]);
/// assert_eq!((of(PercentileKind::Strict)?, of(PercentileKind::Weak)?), (40.0, 80.0));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PercentileOfScore {
    /// The score, on the scale of the values.
    pub score: f64,
    /// What is done with values equal to the score.
    #[serde(default)]
    pub kind: PercentileKind,
}

/// What is done with values equal to a score, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PercentileKind {
    /// The mean of the percentages that they take up.
    #[default]
    Rank,
    /// They are counted: the cumulative distribution.
    Weak,
    /// They are not counted.
    Strict,
    /// Halfway between both.
    Mean,
}

impl Kernel for PercentileOfScore {
    const SPEC: Spec = Spec::new("percentileofscore", Category::Order);
    type Pass = Standing;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<f64> {
        if self.score.is_nan() {
            return Err(Reject::Parameter { name: "score", value: "NaN".to_owned(), expected: "a number" });
        }
        Ok(self.score)
    }

    fn finish(&self, standing: &Standing) -> Result<Next<Self>> {
        let count = match standing.count() {
            0 => return Err(Reject::Empty),
            count => count as f64,
        };
        if standing.nans() > 0 {
            return Ok(Next::Done(f64::NAN));
        }
        let (below, up_to) = (standing.below() as f64, (standing.below() + standing.equal()) as f64);
        Ok(Next::Done(match self.kind {
            PercentileKind::Rank => (below + up_to + if below < up_to { 1.0 } else { 0.0 }) * (50.0 / count),
            PercentileKind::Weak => up_to * (100.0 / count),
            PercentileKind::Strict => below * (100.0 / count),
            PercentileKind::Mean => (below + up_to) * (50.0 / count),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// SciPy 1.17: `percentileofscore(x, score, kind)`.
    #[test]
    fn scipys_percentages() {
        let x = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
        let scores = [2.5, 1.0, 100.0, -5.0, 3.0];
        for (kind, expected) in [
            (PercentileKind::Rank, [65.0, 40.0, 100.0, 0.0, 70.0]),
            (PercentileKind::Weak, [70.0, 50.0, 100.0, 0.0, 70.0]),
            (PercentileKind::Strict, [50.0, 20.0, 100.0, 0.0, 70.0]),
            (PercentileKind::Mean, [60.0, 35.0, 100.0, 0.0, 70.0]),
        ] {
            let found = scores.map(|score| reference(&PercentileOfScore { score, kind }, &[&x]).unwrap());
            assert_eq!(found, expected, "{kind:?}");
        }
    }

    #[test]
    fn none_nan_and_infinite() {
        let of = |score, x: &[f64]| reference(&PercentileOfScore { score, kind: PercentileKind::Weak }, &[x]);
        assert_eq!(of(1.0, &[]), Err(Reject::Empty));
        assert!(of(1.0, &[0.0, f64::NAN]).unwrap().is_nan());
        assert_eq!(of(f64::INFINITY, &[f64::INFINITY, 1.0]), Ok(100.0));
        assert!(matches!(of(f64::NAN, &[1.0]), Err(Reject::Parameter { name: "score", .. })));
    }
}
