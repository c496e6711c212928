//! Histogram of two columns.

use super::histogram::{no_range, outer_edges};
use crate::partials::{self, BINS_MAX, CELLS_MAX, Edges, Extents};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Histogram of two columns: how many pairs lie in each cell of a grid of bins of one width.
///
/// Each bin holds its lower edge and not its upper one, the last holds both. Exact: the counts and edges are those of NumPy's
/// `histogram2d` of doubles, with a row for each bin of the first column. Pairs outside a `range` that is given are counted beside
/// it, and so are those with a NaN. Without one the bins of each column reach from its smallest to its largest value, which a
/// first reading finds; of no values, or with a NaN or an infinity among them, that is an error. Where both ends are the same the
/// bins reach half a unit to either side. Refused are bins that `histogram` refuses, and more than 1,048,576 cells. Rows are read
/// as doubles.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::histogram::Histogram2d;
/// let found = reference(&Histogram2d::of([2, 3]), &[&[1.0, 2.0, 3.0], &[10.0, 20.0, 40.0]])?;
/// assert_eq!(found.counts, [[1, 0, 0], [0, 1, 1]]);
/// assert_eq!((found.x_edges, found.y_edges), (vec![1.0, 2.0, 3.0], vec![10.0, 20.0, 30.0, 40.0]));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Histogram2d {
    /// How many bins the first column has and how many the second one, or one number for both; 1,048,576 cells at most.
    #[serde(default = "ten")]
    #[schemars(length(min = 1, max = 2), inner(range(min = 1, max = BINS_MAX)))]
    pub bins: Vec<u32>,
    /// Four numbers: where the bins of the first column begin and end, then those of the second; the smallest and the largest
    /// values if not given.
    #[serde(default)]
    #[schemars(length(min = 4, max = 4))]
    pub range: Option<Vec<f64>>,
    /// Whether to tell the density too: each count over the area of its cell and the sum of all counts.
    #[serde(default)]
    pub density: bool,
    /// What an earlier reading has found out.
    #[serde(skip)]
    extents: Option<[[f64; 2]; 2]>,
}

fn ten() -> Vec<u32> {
    vec![10]
}

impl Default for Histogram2d {
    fn default() -> Self {
        Self { bins: ten(), range: None, density: false, extents: None }
    }
}

impl Histogram2d {
    /// So many bins of either column between its smallest and its largest value.
    pub fn of(bins: [u32; 2]) -> Self {
        Self { bins: bins.to_vec(), ..Self::default() }
    }

    /// How many bins either column has.
    fn counts(&self) -> Result<[u32; 2]> {
        let expected = "one number or two, each from 1 to 65,536, of 1,048,576 cells at most";
        let refused = || Reject::Parameter { name: "bins", value: format!("{:?}", self.bins), expected };
        let counts = match *self.bins.as_slice() {
            [both] => [both; 2],
            [x, y] => [x, y],
            _ => {
                let value = format!("a list of {}", self.bins.len());
                return Err(Reject::Parameter { name: "bins", value, expected });
            }
        };
        let cells: u64 = counts.iter().map(|&count| u64::from(count)).product();
        if (1..=CELLS_MAX).contains(&cells) && counts.iter().all(|&count| count <= BINS_MAX) {
            Ok(counts)
        } else {
            Err(refused())
        }
    }

    /// Where the bins of either column begin and end, if that is known.
    fn ends(&self) -> Result<Option<[[f64; 2]; 2]>> {
        match self.range.as_deref() {
            None => Ok(self.extents),
            Some(&[a, b, c, d]) => Ok(Some([[a, b], [c, d]])),
            Some(range) => {
                let value = format!("a list of {}", range.len());
                Err(Reject::Parameter { name: "range", value, expected: "four numbers" })
            }
        }
    }

    fn edges(&self, ends: [f64; 2], count: u32) -> Result<Edges> {
        let [low, high] = outer_edges(ends);
        Edges::new(low, high, count).ok_or_else(|| {
            let whose = if self.range.is_some() { "" } else { "not given, and the values of a column are " };
            Reject::Parameter {
                name: "range",
                value: format!("{whose}{:?} to {:?}, for {count} bins", ends[0], ends[1]),
                expected: "four numbers, the lower one of each two first, with bins that doubles can tell apart and measure",
            }
        })
    }
}

/// Counts of pairs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Counts2d {
    /// Pairs in each cell, a row for each bin of the first column.
    pub counts: Vec<Vec<u64>>,
    /// The density in each cell, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Vec<Series>>,
    /// Where each bin of the first column begins, and where the last one ends.
    pub x_edges: Vec<f64>,
    /// The same of the second column.
    pub y_edges: Vec<f64>,
    /// Pairs of numbers that are in no cell.
    pub outside: u64,
    /// Pairs with a NaN.
    pub nan: u64,
}

impl Kernel for Histogram2d {
    const SPEC: Spec = Spec::new("histogram2d", Category::Histogram).columns(2).rereads();
    type Pass = Either<Extents, partials::Histogram2d>;
    type Output = Counts2d;

    fn pass(&self, _: &Shape<'_>) -> Result<Either<usize, [Edges; 2]>> {
        let counts = self.counts()?;
        match self.ends()? {
            Some([x, y]) => Ok(Either::Second([self.edges(x, counts[0])?, self.edges(y, counts[1])?])),
            None => Ok(Either::First(2)),
        }
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        let found = match pass {
            Either::First(extents) => {
                let mut ends = [[0.0; 2]; 2];
                for (ends, extrema) in ends.iter_mut().zip(extents.columns()) {
                    let (min, max) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
                    *ends = [min.0.to_f64(), max.0.to_f64()];
                }
                if !ends.as_flattened().iter().all(|end| end.is_finite()) {
                    return Err(no_range());
                }
                return Ok(Next::Again(Self { extents: Some(ends), ..self.clone() }));
            }
            Either::Second(found) => found,
        };
        let counts: Vec<Vec<u64>> = found.rows().map(<[u64]>::to_vec).collect();
        let [x_edges, y_edges] = found.edges().map(|edges| edges.all());
        let density = self.density.then(|| densities(&counts, &x_edges, &y_edges));
        let (outside, nan) = (found.outside(), found.nan());
        Ok(Next::Done(Counts2d { counts, density, x_edges, y_edges, outside, nan }))
    }
}

/// Each count over the area of its cell and the sum of all.
fn densities(counts: &[Vec<u64>], x_edges: &[f64], y_edges: &[f64]) -> Vec<Series> {
    let sum = counts.iter().flatten().fold(0u64, |sum, count| sum.saturating_add(*count)) as f64;
    let row = |(row, x): (&Vec<u64>, &[f64])| {
        let density = |(count, y): (&u64, &[f64])| *count as f64 / (x[1] - x[0]) / (y[1] - y[0]) / sum;
        Series(row.iter().zip(y_edges.windows(2)).map(density).collect())
    };
    counts.iter().zip(x_edges.windows(2)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    const X: [f64; 7] = [1.0, 2.0, 2.5, 7.0, 7.5, 8.0, 3.0];
    const Y: [f64; 7] = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 0.5];

    /// NumPy 2.4: `np.histogram2d(x, y, bins=[3, 4])`, and with `range=[[2, 7], [0.1, 0.75]], density=True`.
    #[test]
    fn numpys_counts_and_edges() {
        let found = reference(&Histogram2d::of([3, 4]), &[&X, &Y]).unwrap();
        assert_eq!(found.counts, [[2, 1, 1, 0], [0, 0, 0, 0], [0, 0, 1, 2]]);
        assert_eq!(found.x_edges, [1.0, 10.0 / 3.0, 17.0 / 3.0, 8.0]);
        assert_eq!((found.y_edges, found.density), (vec![0.0, 0.25, 0.5, 0.75, 1.0], None));
        let part = Histogram2d { range: Some(vec![2.0, 7.0, 0.1, 0.75]), density: true, ..Histogram2d::of([3, 4]) };
        let found = reference(&part, &[&X, &Y]).unwrap();
        assert_eq!((found.outside, found.nan), (3, 0));
        let wanted = [[1.8461538461538456, 0.0, 0.923076923076923, 0.0], [0.0; 4], [0.0, 0.0, 0.9230769230769235, 0.0]];
        for (row, wanted) in found.density.unwrap().iter().zip(wanted) {
            assert!(row.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-15), "{row:?}");
        }
    }

    #[test]
    fn a_constant_is_in_the_middle_of_a_unit_and_nan_beside() {
        let found = reference(&Histogram2d::of([1, 3]), &[&[3.0; 7], &Y]).unwrap();
        assert_eq!((found.x_edges, found.counts), (vec![2.5, 3.5], vec![vec![3, 2, 2]]));
        let given = Histogram2d { range: Some(vec![0.0, 1.0, 0.0, 1.0]), ..Histogram2d::of([1, 1]) };
        let inf = f64::INFINITY;
        let found = reference(&given, &[&[f64::NAN, 0.5, inf, 0.5], &[0.5, f64::NAN, 0.5, 0.5]]).unwrap();
        assert_eq!((found.counts, found.outside, found.nan), (vec![vec![1]], 1, 2));
        let found = reference(&given, &[&[], &[]]).unwrap();
        assert_eq!(found.counts, vec![vec![0]]);
    }

    #[test]
    fn what_cannot_be_a_grid_is_refused() {
        let refused = |kernel: Histogram2d, x: &[f64]| match reference(&kernel, &[x, x]) {
            Err(Reject::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        let bins = |bins: &[u32]| Histogram2d { bins: bins.to_vec(), ..Histogram2d::default() };
        for wrong in [&[][..], &[0], &[1, 0], &[1, 2, 3], &[1025, 1024], &[1, 65_537], &[65_536]] {
            assert_eq!(refused(bins(wrong), &[1.0, 2.0]), "bins");
        }
        assert!(reference(&bins(&[1024]), &[&[1.0, 2.0], &[1.0, 2.0]]).is_ok());
        for x in [&[1.0, f64::NAN], &[1.0, f64::INFINITY], &[1e16, 1e16]] {
            assert_eq!(refused(Histogram2d::default(), x), "range");
        }
        let range = |range: &[f64]| Histogram2d { range: Some(range.to_vec()), ..Histogram2d::default() };
        for wrong in [&[][..], &[0.0, 1.0], &[0.0, 1.0, 2.0, 1.0], &[f64::NAN, 1.0, 0.0, 1.0]] {
            assert_eq!(refused(range(wrong), &[1.0, 2.0]), "range");
        }
        assert_eq!(reference(&Histogram2d::default(), &[&[], &[]]), Err(Reject::Empty));
    }
}
