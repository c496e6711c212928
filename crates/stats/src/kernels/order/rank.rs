//! Ranks.

use crate::sorting::in_order;
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rank of each value, from 1 for the smallest.
///
/// The ranks of `scipy.stats.rankdata`. With a NaN among the values all ranks are null; with `nan = omit` the answer has the rows
/// that are left, where SciPy keeps NaN in their places.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::{Rank, Ties};
/// let x = [30.0, 10.0, 20.0, 10.0];
/// assert_eq!(reference(&Rank::default(), &[&x])?.0, [4.0, 1.5, 3.0, 1.5]);
/// assert_eq!(reference(&Rank { method: Ties::Dense }, &[&x])?.0, [3.0, 1.0, 2.0, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rank {
    /// What equal values are given.
    #[serde(default)]
    pub method: Ties,
}

/// The ranks of equal values, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// The mean of the ranks that they take up.
    #[default]
    Average,
    /// The smallest of these.
    Min,
    /// The largest of these.
    Max,
    /// The smallest, and the next value has the next rank.
    Dense,
    /// Each its own, in the order of the rows.
    Ordinal,
}

impl Kernel for Rank {
    const SPEC: Spec = Spec::new("rank", Category::Order).form(Form::Whole);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Series> for Rank {
    fn whole(&self, columns: Columns) -> Result<Series> {
        let x = columns.into_iter().next().unwrap_or_default();
        if x.iter().any(|x| x.is_nan()) {
            return Ok(Series(vec![f64::NAN; x.len()]));
        }
        let mut ranks = vec![0.0; x.len()];
        let mut values = 0_u64;
        in_order(&x, |before, rows| {
            values += 1;
            let last = before + rows.len();
            for (i, &row) in rows.iter().enumerate() {
                ranks[row as usize] = match self.method {
                    Ties::Average => (before + 1 + last) as f64 / 2.0,
                    Ties::Min => (before + 1) as f64,
                    Ties::Max => last as f64,
                    Ties::Dense => values as f64,
                    Ties::Ordinal => (before + 1 + i) as f64,
                };
            }
        });
        Ok(Series(ranks))
    }

    fn columns(&self, ranks: Series) -> Option<NamedColumns> {
        Some(vec![("", ranks.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// SciPy 1.17: `rankdata(x, method)`.
    #[test]
    fn scipys_ranks() {
        let x = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
        for (method, ranks) in [
            (Ties::Average, [6.5, 4.0, 6.5, 9.0, 1.0, 4.0, 4.0, 10.0, 2.0, 8.0]),
            (Ties::Min, [6.0, 3.0, 6.0, 9.0, 1.0, 3.0, 3.0, 10.0, 2.0, 8.0]),
            (Ties::Max, [7.0, 5.0, 7.0, 9.0, 1.0, 5.0, 5.0, 10.0, 2.0, 8.0]),
            (Ties::Dense, [4.0, 3.0, 4.0, 6.0, 1.0, 3.0, 3.0, 7.0, 2.0, 5.0]),
            (Ties::Ordinal, [6.0, 3.0, 7.0, 9.0, 1.0, 4.0, 5.0, 10.0, 2.0, 8.0]),
        ] {
            assert_eq!(reference(&Rank { method }, &[&x]).unwrap().0, ranks, "{method:?}");
        }
    }

    #[test]
    fn zeros_are_equal_and_nan_spreads() {
        let rank = |x: &[f64]| reference(&Rank::default(), &[x]).unwrap().0;
        assert_eq!(rank(&[0.0, -0.0, f64::NEG_INFINITY, f64::INFINITY]), [2.5, 2.5, 1.0, 4.0]);
        assert!(rank(&[1.0, f64::NAN]).iter().all(|rank| rank.is_nan()));
        assert!(rank(&[]).is_empty());
        assert_eq!(rank(&[7.0]), [1.0]);
    }
}
