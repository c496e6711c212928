//! A column in order.

use crate::sorting;
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The values in order, from the smallest to the largest or the other way round.
///
/// −0 comes before 0, and NaN last either way. Rows with a missing value are left out. The column is held in memory twice.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::order::Sort;
/// assert_eq!(reference(&Sort::default(), &[&[3.0, 1.0, 2.0]])?.0, [1.0, 2.0, 3.0]);
/// assert_eq!(reference(&Sort { ascending: false }, &[&[3.0, 1.0, 2.0]])?.0, [3.0, 2.0, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sort {
    /// Whether the smallest value comes first.
    #[serde(default = "yes")]
    pub ascending: bool,
}

const fn yes() -> bool {
    true
}

impl Default for Sort {
    fn default() -> Self {
        Self { ascending: yes() }
    }
}

impl Kernel for Sort {
    const SPEC: Spec = Spec::new("sort", Category::Order).form(Form::Whole).references(&[
        "M. Blacher, J. Giesen, P. Sanders, J. Wassenberg, Vectorized and performance-portable Quicksort, Software: Practice and \
         Experience 52(12), 2022",
    ]);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Series> for Sort {
    fn whole(&self, columns: Columns) -> Result<Series> {
        let mut x = columns.into_iter().next().unwrap_or_default();
        sorting::sort(&mut x);
        if !self.ascending {
            let numbers = x.partition_point(|x| !x.is_nan());
            x[..numbers].reverse();
        }
        Ok(Series(x))
    }

    fn columns(&self, sorted: Series) -> Option<NamedColumns> {
        Some(vec![("", sorted.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn both_ways_with_nan_last() {
        let x = [0.0, f64::NAN, f64::INFINITY, -0.0, -2.0, f64::NEG_INFINITY, 5e-324];
        let bits = |ascending| -> Vec<u64> {
            let sorted = reference(&Sort { ascending }, &[&x]).unwrap();
            sorted.iter().map(|x| x.to_bits()).collect()
        };
        let mut expected =
            [f64::NEG_INFINITY, -2.0, -0.0, 0.0, 5e-324, f64::INFINITY, f64::NAN].map(f64::to_bits).to_vec();
        assert_eq!(bits(true), expected);
        expected[..6].reverse();
        assert_eq!(bits(false), expected);
        assert!(reference(&Sort::default(), &[&[]]).unwrap().is_empty());
    }
}
