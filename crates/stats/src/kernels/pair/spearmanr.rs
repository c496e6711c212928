//! Spearman's rank correlation.

use crate::{kernels::test::Alternative, sorting::in_order, special::student_both, threads};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spearman's rank correlation, over the rows in which both columns are present.
///
/// Pearson's correlation of the ranks, of which equal values have the mean. `statistic` and `pvalue` of `scipy.stats.spearmanr`: the
/// p-value is that of Student's t with `n − 2` degrees of freedom. Null if a column is constant or has a NaN, the p-value of fewer
/// than three rows too. The sums of the ranks are exact, so that the statistic has an error of three units in the last place at most,
/// and is 1 where the orders are the same.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::SpearmanR;
/// let found = reference(&SpearmanR::default(), &[&[1.0, 2.0, 3.0, 4.0], &[1.0, 4.0, 9.0, 8.0]])?;
/// assert_eq!(found.statistic, 0.8);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpearmanR {
    /// What the relation is held to be, if there is one.
    #[serde(default)]
    pub alternative: Alternative,
}

/// A correlation of ranks, and how likely one so far from zero is of columns that have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct RankCorrelation {
    /// Between −1 and 1.
    pub statistic: f64,
    /// The probability of one at least as far out, if there is no relation.
    pub pvalue: f64,
}

impl RankCorrelation {
    /// What cannot be told.
    pub(super) const NONE: Self = Self { statistic: f64::NAN, pvalue: f64::NAN };
}

impl Kernel for SpearmanR {
    const SPEC: Spec = Spec::new("spearmanr", Category::Pair).columns(2).form(Form::Gather).work(11).references(&[
        "C. Spearman, The Proof and Measurement of Association between Two Things, The American Journal of Psychology 15(1), 1904",
    ]);
    type Pass = ();
    type Output = RankCorrelation;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<RankCorrelation> for SpearmanR {
    fn whole(&self, columns: Columns) -> Result<RankCorrelation> {
        let [x, y] = both(columns)?;
        check(x.len() as u64)?;
        if x.iter().chain(&y).any(|x| x.is_nan()) {
            return Ok(RankCorrelation::NONE);
        }
        let (of_x, of_y) = threads::both(true, || Deviations::of(&x), || Deviations::of(&y));
        let statistic = of_x.correlation(&of_y);
        let both = student_both_of(statistic, x.len());
        Ok(RankCorrelation { statistic, pvalue: self.alternative.side(both, statistic) })
    }

    fn columns(&self, _: RankCorrelation) -> Option<NamedColumns> {
        None
    }
}

/// The product of two ranks must be a number of 64 bits.
fn check(rows: u64) -> Result<()> {
    let limit = 3_000_000_000;
    if rows > limit { Err(Reject::TooLarge { what: "a rank correlation", needed: rows, limit }) } else { Ok(()) }
}

/// Two columns that have rows.
pub(super) fn both(columns: Columns) -> Result<[Vec<f64>; 2]> {
    let both: [Vec<f64>; 2] = columns.try_into().map_err(|_| Reject::Kernel("it has not been given two columns"))?;
    if both[0].is_empty() { Err(Reject::Empty) } else { Ok(both) }
}

/// The p-value of a correlation on both sides.
fn student_both_of(r: f64, rows: usize) -> f64 {
    let df = rows as f64 - 2.0;
    student_both(r * (df / ((1.0 + r) * (1.0 - r))).sqrt(), df)
}

/// Twice the deviations of the ranks from their mean, which are whole numbers, and the sum of their squares.
#[derive(Default)]
struct Deviations {
    of_rows: Vec<i64>,
    squares: i128,
}

impl Deviations {
    fn of(x: &[f64]) -> Self {
        let cubes = |t: usize| (t as i128 * t as i128 - 1) * t as i128 / 3;
        let (mut of_rows, mut squares) = (vec![0; x.len()], cubes(x.len()));
        in_order(x, |before, rows| {
            let deviation = (2 * before + rows.len()) as i64 - x.len() as i64;
            for &row in rows {
                of_rows[row as usize] = deviation;
            }
            // What ties take from the squares of a row of whole numbers.
            if rows.len() > 1 {
                squares -= cubes(rows.len());
            }
        });
        Self { of_rows, squares }
    }

    fn correlation(&self, other: &Self) -> f64 {
        // Equal orders have equal squares.
        let size = if self.squares == other.squares {
            self.squares as f64
        } else {
            (self.squares as f64).sqrt() * (other.squares as f64).sqrt()
        };
        if size == 0.0 { f64::NAN } else { (self.products(other) as f64 / size).clamp(-1.0, 1.0) }
    }

    fn products(&self, other: &Self) -> i128 {
        // So many products are surely summed in 64 bits.
        let rows = self.of_rows.len().max(1) as u64;
        let many = (i64::MAX as u64 / rows.saturating_mul(rows)).clamp(1, 1 << 16) as usize;
        let pieces = self.of_rows.chunks(many).zip(other.of_rows.chunks(many));
        pieces.map(|(a, b)| i128::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<i64>())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn spearman(alternative: Alternative, x: &[f64], y: &[f64]) -> (f64, f64) {
        let found = reference(&SpearmanR { alternative }, &[x, y]).unwrap();
        (found.statistic, found.pvalue)
    }

    fn assert_close(found: (f64, f64), wanted: (f64, f64)) {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs();
        assert!(close(found.0, wanted.0) && close(found.1, wanted.1), "{found:?} is not {wanted:?}");
    }

    /// SciPy 1.17: `spearmanr(x, y, alternative=…)`.
    #[test]
    fn scipys_figures_with_ties_and_without() {
        let x = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
        let y = [1.0, 2.0, 2.0, 8.0, -1.0, 0.5, 3.0, f64::INFINITY, 2.0, 2.0];
        let r = 0.657_225_657_225_985_9;
        assert_close(spearman(Alternative::TwoSided, &x, &y), (r, 0.038_927_988_815_820_32));
        assert_close(spearman(Alternative::Less, &x, &y), (r, 0.980_536_005_592_089_9));
        assert_close(spearman(Alternative::Greater, &x, &y), (r, 0.019_463_994_407_910_16));
        let u = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0, 3.5, 8.0];
        let v = [2.0, 7.0, 1.0, 8.0, 2.8, 1.8, 2.9, 4.0, 5.0];
        assert_close(spearman(Alternative::TwoSided, &u, &v), (-0.3, 0.432_845_326_709_482_34));
        assert_close(spearman(Alternative::Greater, &u, &v), (-0.3, 0.783_577_336_645_258_9));
        let (g, h): (Vec<f64>, Vec<f64>) = (0..200).map(|i| (f64::from(i), f64::from(i * 73 % 199))).unzip();
        assert_close(spearman(Alternative::TwoSided, &g, &h), (0.027_313_443_078_620_04, 0.701_037_076_167_970_1));
    }

    #[test]
    fn the_same_order_and_its_reverse() {
        let x = [1.0, 1.0, 5.0, 7.0, 7.0, 7.0, 20.0];
        let y = x.map(|x| x * x - 3.0);
        assert_eq!(spearman(Alternative::TwoSided, &x, &y), (1.0, 0.0));
        assert_eq!(spearman(Alternative::TwoSided, &x, &y.map(|y| -y)), (-1.0, 0.0));
    }

    #[test]
    fn what_says_nothing() {
        let none = |x: &[f64], y: &[f64]| {
            let (statistic, pvalue) = spearman(Alternative::TwoSided, x, y);
            (statistic.is_nan(), pvalue.is_nan())
        };
        assert_eq!(none(&[1.0], &[2.0]), (true, true));
        assert_eq!(none(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]), (true, true));
        assert_eq!(none(&[1.0, 2.0, f64::NAN], &[1.0, 2.0, 3.0]), (true, true));
        assert_eq!(none(&[1.0, 2.0], &[3.0, 1.0]), (false, true));
        assert_eq!(reference(&SpearmanR::default(), &[&[], &[]]), Err(Reject::Empty));
    }
}
