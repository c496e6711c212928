//! Histogram.

use crate::partials::{self, BINS_MAX, Edges, Extrema};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Histogram: how many values lie in each of `bins` bins of one width.
///
/// Each bin holds its lower edge and not its upper one, the last holds both. Exact: the counts and edges are those of
/// NumPy's `histogram` of doubles (of `float32` NumPy rounds the edges to that). Values outside a `range` that is given are
/// counted beside it, and so is NaN. Without one the bins reach from the smallest to the largest value, which a first reading
/// finds; of no values, or with a NaN or an infinity among them, that is an error. Where both ends are the same the bins reach
/// half a unit to either side. Refused are bins narrower than four units in the last place of the larger end, or than
/// 1e-308, and ranges wider than the largest double. Rows are read as doubles.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::histogram::Histogram;
/// let found = reference(&Histogram::of(2), &[&[1.0, 2.0, 3.0, 5.0]])?;
/// assert_eq!((found.counts, found.bin_edges), (vec![2, 2], vec![1.0, 3.0, 5.0]));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// How many bins there are, 65,536 at most.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = BINS_MAX))]
    pub bins: u32,
    /// Two numbers: where the first bin begins and the last one ends; the smallest and the largest value if not given.
    #[serde(default)]
    #[schemars(length(min = 2, max = 2))]
    pub range: Option<Vec<f64>>,
    /// What an earlier reading has found out.
    #[serde(skip)]
    extent: Option<[f64; 2]>,
}

const fn ten() -> u32 {
    10
}

impl Default for Histogram {
    fn default() -> Self {
        Self::of(ten())
    }
}

impl Histogram {
    /// So many bins between the smallest and the largest value.
    pub const fn of(bins: u32) -> Self {
        Self { bins, range: None, extent: None }
    }

    /// The bins between two ends; half a unit to either side where both are the same.
    fn edges(&self, low: f64, high: f64, whose: &str) -> Result<Edges> {
        let aside = if low == high { 0.5 } else { 0.0 };
        Edges::new(low - aside, high + aside, self.bins).ok_or_else(|| Reject::Parameter {
            name: "range",
            value: format!("{whose}{low:?} to {high:?}, for {} bins", self.bins),
            expected: "two numbers, the lower one first, with bins that doubles can tell apart and measure between them",
        })
    }
}

/// Counts of values.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Counts {
    /// Values in each bin.
    pub counts: Vec<u64>,
    /// Where each bin begins, and where the last one ends: one more than there are bins.
    pub bin_edges: Vec<f64>,
    /// Values below the first bin.
    pub below: u64,
    /// Values above the last bin.
    pub above: u64,
    /// How many values are NaN.
    pub nan: u64,
}

impl Kernel for Histogram {
    const SPEC: Spec = Spec::new("histogram", Category::Histogram).rereads();
    type Pass = Either<Extrema, partials::Histogram>;
    type Output = Counts;

    fn pass(&self, _: &Shape<'_>) -> Result<Either<(), Edges>> {
        if !(1..=BINS_MAX).contains(&self.bins) {
            let (value, expected) = (self.bins.to_string(), "from 1 to 65,536");
            return Err(Reject::Parameter { name: "bins", value, expected });
        }
        match (self.range.as_deref(), self.extent) {
            (Some(&[low, high]), _) => self.edges(low, high, "").map(Either::Second),
            (Some(range), _) => {
                let value = format!("a list of {}", range.len());
                Err(Reject::Parameter { name: "range", value, expected: "two numbers" })
            }
            (None, Some([low, high])) => self.edges(low, high, "not given, and the values are ").map(Either::Second),
            (None, None) => Ok(Either::First(())),
        }
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        match pass {
            Either::First(extrema) => {
                let (min, max) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
                let (min, max) = (min.0.to_f64(), max.0.to_f64());
                if !(min.is_finite() && max.is_finite()) {
                    let value = "not given, and a NaN or an infinity is among the values".to_owned();
                    return Err(Reject::Parameter {
                        name: "range",
                        value,
                        expected: "two finite numbers then, or these left out with nan = omit",
                    });
                }
                Ok(Next::Again(Self { extent: Some([min, max]), ..self.clone() }))
            }
            Either::Second(found) => Ok(Next::Done(Counts {
                counts: found.bins().to_vec(),
                bin_edges: found.edges().all(),
                below: found.below(),
                above: found.above(),
                nan: found.nan(),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// `np.histogram([1, 2, 2.5, 7, 7.5, 8], bins=3)` and with `range=(2, 7)`, NumPy 2.4.
    #[test]
    fn numpys_counts_and_edges() {
        let x = [1.0, 2.0, 2.5, 7.0, 7.5, 8.0];
        let found = reference(&Histogram::of(3), &[&x]).unwrap();
        assert_eq!((found.counts, found.bin_edges), (vec![3, 0, 3], vec![1.0, 10.0 / 3.0, 17.0 / 3.0, 8.0]));
        let found = reference(&Histogram { range: Some(vec![2.0, 7.0]), ..Histogram::of(3) }, &[&x]).unwrap();
        assert_eq!((found.counts, found.below, found.above, found.nan), (vec![2, 0, 1], 1, 2, 0));
    }

    #[test]
    fn a_constant_is_in_the_middle_of_a_unit() {
        let found = reference(&Histogram::default(), &[&[3.0; 7]]).unwrap();
        assert_eq!((found.counts[5], found.bin_edges[0], found.bin_edges[10]), (7, 2.5, 3.5));
        let given = Histogram { range: Some(vec![2.0; 2]), ..Histogram::of(1) };
        assert_eq!(reference(&given, &[&[2.0, 3.0]]).map(|found| (found.counts, found.above)), Ok((vec![1], 1)));
    }

    #[test]
    fn what_has_no_range_is_refused() {
        let refused =
            |histogram: &Histogram, x: &[f64]| matches!(reference(histogram, &[x]), Err(Reject::Parameter { .. }));
        assert!(refused(&Histogram::default(), &[1.0, f64::NAN]));
        assert!(refused(&Histogram::default(), &[1.0, f64::INFINITY]));
        assert!(refused(&Histogram::of(0), &[1.0, 2.0]));
        assert!(refused(&Histogram::default(), &[1e16; 3]));
        assert!(refused(&Histogram { range: Some(vec![0.0]), ..Histogram::default() }, &[1.0]));
        assert!(refused(&Histogram { range: Some(vec![2.0, 1.0]), ..Histogram::default() }, &[1.0]));
        assert_eq!(reference(&Histogram::default(), &[&[]]), Err(Reject::Empty));
        let given = Histogram { range: Some(vec![0.0, 1.0]), ..Histogram::of(1) };
        assert_eq!(
            reference(&given, &[&[f64::NAN, 0.5, f64::INFINITY]]).map(|found| (found.nan, found.above)),
            Ok((1, 1))
        );
    }
}
