//! The largest or smallest values.

use crate::partials::{Best, K_MAX, Wanted};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `k` largest or smallest values, the best first, and the rows where they stand.
///
/// One reading, in memory for `2k` values however many rows there are. Of equal values that with the lowest row comes first; −0
/// and 0 are equal. NaN is never among them, as in pandas' `nlargest`: there are fewer than `k` where there are fewer numbers.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::TopK;
/// let top = reference(&TopK { k: 2, largest: true }, &[&[3.0, 9.0, 1.0, 9.0]])?;
/// assert_eq!((top.values.0, top.rows), (vec![9.0, 9.0], vec![1, 3]));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopK {
    /// How many values are wanted, 65,536 at most.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = K_MAX))]
    pub k: u32,
    /// The largest ones, else the smallest.
    #[serde(default = "yes")]
    pub largest: bool,
}

const fn five() -> u32 {
    5
}

const fn yes() -> bool {
    true
}

impl Default for TopK {
    fn default() -> Self {
        Self { k: five(), largest: yes() }
    }
}

/// Values and where they stand.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Top {
    /// The values, the best first.
    pub values: Series,
    /// The row of each, from 0.
    pub rows: Vec<u64>,
}

impl Kernel for TopK {
    const SPEC: Spec = Spec::new("topk", Category::Order);
    type Pass = Best;
    type Output = Top;

    fn pass(&self, _: &Shape<'_>) -> Result<Wanted> {
        if !(1..=K_MAX).contains(&self.k) {
            return Err(Reject::Parameter { name: "k", value: self.k.to_string(), expected: "from 1 to 65,536" });
        }
        Ok(Wanted { k: self.k, largest: self.largest })
    }

    fn finish(&self, best: &Best) -> Result<Next<Self>> {
        let (values, rows) = best.in_order().into_iter().unzip();
        Ok(Next::Done(Top { values: Series(values), rows }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn both_ends_with_ties_and_nan() {
        let x = [2.0, f64::NAN, -1.0, 2.0, f64::NEG_INFINITY, 0.0, -0.0, 2.0];
        let top = |k, largest| {
            let top = reference(&TopK { k, largest }, &[&x]).unwrap();
            (top.values.0, top.rows)
        };
        assert_eq!(top(4, true), (vec![2.0, 2.0, 2.0, 0.0], vec![0, 3, 7, 5]));
        assert_eq!(top(4, false), (vec![f64::NEG_INFINITY, -1.0, 0.0, 0.0], vec![4, 2, 5, 6]));
        assert_eq!(top(100, true).1, [0, 3, 7, 5, 6, 2, 4]);
        assert!(reference(&TopK::default(), &[&[]]).unwrap().rows.is_empty());
    }

    #[test]
    fn k_has_its_bounds() {
        for k in [0, K_MAX + 1, u32::MAX] {
            let refused = reference(&TopK { k, largest: true }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "k", .. })));
        }
    }
}
