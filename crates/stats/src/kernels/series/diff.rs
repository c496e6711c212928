//! Differences.

use echoes_kernel::{Category, Emit, Form, Kernel, Needs, Next, Piece, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A chunk is read with so many rows before it, whole before it can be stopped.
const PERIODS_MAX: u32 = 1 << 20;

/// Difference: each row less the row `periods` before it, as in pandas.
///
/// One subtraction of doubles, as which rows are read, rounded once. The first `periods` rows have no row before them and are null; so are rows of which either value
/// is missing or NaN, whatever `nan` says.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::Diff;
/// assert_eq!(reference(&Diff { periods: 1 }, &[&[1.0, 4.0, 9.0]])?.0[1..], [3.0, 5.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// How many rows before it the row stands that is taken away, 1,048,576 at most.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub periods: u32,
}

impl Kernel for Diff {
    const SPEC: Spec = Spec::new("diff", Category::Series).form(Form::Scan);
    type Pass = ();
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        if (1..=PERIODS_MAX).contains(&self.periods) {
            return Ok(());
        }
        let value = self.periods.to_string();
        Err(Reject::Parameter { name: "periods", value, expected: "from 1 to 1048576" })
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::emit(self.clone()))
    }
}

impl Emit<()> for Diff {
    fn needs(&self) -> Needs {
        Needs { behind: self.periods as usize, ..Needs::default() }
    }

    fn emit(&self, (): &(), piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        // Only at the start of the data are there fewer rows behind than were asked for.
        let absent = (self.periods as usize - piece.behind).min(piece.len);
        let (first, rest) = out[0].split_at_mut(absent);
        first.fill(f64::NAN);
        for ((out, x), before) in rest.iter_mut().zip(&piece.own(0)[absent..]).zip(piece.columns[0]) {
            *out = x - before;
        }
    }
}

const fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, reference};

    fn diff(periods: u32, x: &[f64]) -> Vec<Option<f64>> {
        let found = reference(&Diff { periods }, &[x]).unwrap();
        found.iter().map(|&x| (!x.is_nan()).then_some(x)).collect()
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([1, 4, 9, 16, nan, 36]).diff(2)`.
        let x = [1.0, 4.0, 9.0, 16.0, f64::NAN, 36.0];
        assert_eq!(diff(2, &x), [None, None, Some(8.0), Some(12.0), None, Some(20.0)]);
        assert_eq!(diff(9, &x), [None; 6]);
        assert_eq!(diff(1, &[7.0]), [None]);
        assert_eq!(diff(1, &[]), []);
        assert_eq!(diff(1, &[0.1, 0.1]), [None, Some(0.0)]);
    }

    #[test]
    fn chunks_leave_no_seam() {
        let x: Vec<f64> = (0..CHUNK + 10).map(|i| (i * i) as f64).collect();
        for periods in [1, 7, CHUNK + 3] {
            let found = diff(periods as u32, &x);
            let wanted = |row: usize| row.checked_sub(periods).map(|before| x[row] - x[before]);
            assert!(found.iter().enumerate().all(|(row, found)| *found == wanted(row)), "{periods}");
        }
    }

    #[test]
    fn no_periods_are_refused() {
        for periods in [0, PERIODS_MAX + 1] {
            let refused = reference(&Diff { periods }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "periods", .. })));
        }
    }
}
