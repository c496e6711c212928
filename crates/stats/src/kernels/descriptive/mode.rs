//! The most common value.

use crate::sorting::sort;
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most common value, the smallest where several are equally common, and how often it is there.
///
/// Exact for doubles, as which the column is read and sorted in memory. NaN is a value like others, greater than all of them, as in
/// SciPy: where it is the most common one, the mode is null. −0 and 0 are one value, 0.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::{MostCommon, Mode};
/// let found = reference(&Mode {}, &[&[3.0, 1.0, 3.0, 2.0]])?;
/// assert_eq!(found, MostCommon { mode: 3.0, count: 2 });
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mode {}

/// A value, and how often it is there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct MostCommon {
    /// The most common value; null where that is NaN.
    pub mode: f64,
    /// How often it is there.
    pub count: u64,
}

impl Kernel for Mode {
    const SPEC: Spec = Spec::new("mode", Category::Descriptive).form(Form::Gather);
    type Pass = ();
    type Output = MostCommon;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<MostCommon> for Mode {
    fn whole(&self, mut columns: Columns) -> Result<MostCommon> {
        let column = columns.first_mut().filter(|column| !column.is_empty()).ok_or(Reject::Empty)?;
        sort(column);
        let runs = column.chunk_by(|a, b| a == b || a.is_nan() && b.is_nan());
        let longest = runs.reduce(|most, run| if run.len() > most.len() { run } else { most }).ok_or(Reject::Empty)?;
        Ok(MostCommon { mode: longest[0] + 0.0, count: longest.len() as u64 })
    }

    fn columns(&self, _: MostCommon) -> Option<NamedColumns> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn mode(x: &[f64]) -> Result<(f64, u64)> {
        reference(&Mode {}, &[x]).map(|most| (most.mode, most.count))
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `mode(x)`.
        let inf = f64::INFINITY;
        assert_eq!(mode(&[3.0, 1.0, 3.0, 1.0, 2.0]), Ok((1.0, 2)));
        assert_eq!(mode(&[f64::NAN, 1.0, f64::NAN, 1.0]), Ok((1.0, 2)));
        assert_eq!(mode(&[inf, -inf, inf]), Ok((inf, 2)));
        assert_eq!((mode(&[7.0]), mode(&[0.1; 50])), (Ok((7.0, 1)), Ok((0.1, 50))));
        let (nan, count) = mode(&[-f64::NAN, f64::NAN, 1.0]).unwrap();
        assert_eq!((nan.is_nan(), count), (true, 2));
    }

    #[test]
    fn none_and_zeros_of_both_signs() {
        assert_eq!(mode(&[]), Err(Reject::Empty));
        let (zero, count) = mode(&[0.0, 1.0, -0.0, 1.0, -0.0]).unwrap();
        assert_eq!((zero.to_bits(), count), (0, 3));
    }

    #[test]
    fn it_is_there_as_often_as_counted_and_no_value_more_often() {
        let x: Vec<f64> = (0..600u32).map(|i| f64::from(i.wrapping_mul(0x9e37_79b9) >> 24 & 37)).collect();
        let often = |value: f64| x.iter().filter(|&&x| x == value).count() as u64;
        let (most, count) = mode(&x).unwrap();
        assert_eq!(often(most), count);
        assert!(x.iter().all(|&x| often(x) < count || x >= most && often(x) == count));
    }
}
