//! The Theil–Sen estimator.

use super::spearmanr::both;
use crate::{
    Method,
    partials::{Brackets, Intervals},
    quantiles::quantiles,
    sorting::in_order,
    special::normal_quantile,
    threads,
};
use echoes_kernel::{
    BLOCK, Block, CHUNK, Category, Column, Columns, Form, Kernel, NamedColumns, Next, Partial, READINGS_MAX, Reject,
    Result, Shape, Spec, Whole,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Rows whose pairs can be gone through in seconds.
const ROWS_MAX: u64 = 50_000;

/// Rows whose pairs with those before them are not worth another thread.
const SHARED: usize = 64;

/// Pairs that a first look at the slopes takes.
const SAMPLE: u64 = 1 << 15;

/// Theil–Sen line: the median of the slopes of all pairs of rows, which outliers hardly move.
///
/// `scipy.stats.theilslopes(y, x)` for columns `x` and `y`, with the confidence interval of the slope by Sen. Pairs of one `x` have no
/// slope. All pairs are gone through, which takes seconds for the 50,000 rows that there may be at most, and no slopes are kept but
/// those around the ones that are wanted, which are exact. Null of a single row, where all `x` are the same, and where a NaN is among
/// the values or the slopes.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::TheilSlopes;
/// let line = reference(&TheilSlopes::default(), &[&[0.0, 1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 5.0, 100.0, 9.0]])?;
/// assert_eq!((line.slope, line.intercept), (2.0, 1.0));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TheilSlopes {
    /// The degree of confidence of the interval, between 0 and 1; below 0.5, what is left of it: 0.1 is 0.9.
    #[serde(default = "usual")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub alpha: f64,
    /// How the intercept is found.
    #[serde(default)]
    pub method: Intercept,
}

const fn usual() -> f64 {
    0.95
}

impl Default for TheilSlopes {
    fn default() -> Self {
        Self { alpha: usual(), method: Intercept::default() }
    }
}

/// How the intercept of a Theil–Sen line is found, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intercept {
    /// The median of `y` less the slope times the median of `x`.
    #[default]
    Separate,
    /// The median of `y` less the slope times `x`.
    Joint,
}

/// A line, with an interval of its slope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct MedianLine {
    /// The slope.
    pub slope: f64,
    /// Where it meets `x = 0`.
    pub intercept: f64,
    /// The lower end of the interval of the slope.
    pub low_slope: f64,
    /// The upper end of the interval of the slope.
    pub high_slope: f64,
}

impl Kernel for TheilSlopes {
    const SPEC: Spec = Spec::new("theilslopes", Category::Pair).columns(2).form(Form::Gather).references(&[
        "P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, J. Am. Stat. Assoc. 63(324), 1968",
    ]);
    type Pass = ();
    type Output = MedianLine;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        if !(0.0..=1.0).contains(&self.alpha) {
            let value = self.alpha.to_string();
            return Err(Reject::Parameter { name: "alpha", value, expected: "between 0 and 1" });
        }
        check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

fn check(rows: u64) -> Result<()> {
    if rows > ROWS_MAX {
        return Err(Reject::TooLarge { what: "a Theil–Sen line", needed: rows, limit: ROWS_MAX });
    }
    Ok(())
}

impl Whole<MedianLine> for TheilSlopes {
    fn whole(&self, columns: Columns) -> Result<MedianLine> {
        let [mut x, mut y] = both(columns)?;
        check(x.len() as u64)?;
        let none = MedianLine { slope: f64::NAN, intercept: f64::NAN, low_slope: f64::NAN, high_slope: f64::NAN };
        let (pairs, variance) = pairs(&x, &y);
        if pairs == 0 || x.iter().chain(&y).any(|x| x.is_nan()) {
            return Ok(none);
        }
        let (low, high) = self.interval(pairs, variance);
        let ranks = [(pairs - 1) / 2, pairs / 2, low, high];
        let [lower, upper, low_slope, high_slope] = slopes(&x, &y, pairs, ranks);
        let slope = middle(lower, upper);
        let intercept = match self.method {
            Intercept::Separate => median(&mut y) - slope * median(&mut x),
            Intercept::Joint => {
                let mut rests: Vec<f64> = x.iter().zip(&y).map(|(x, y)| y - slope * x).collect();
                median(&mut rests)
            }
        };
        Ok(MedianLine { slope, intercept, low_slope, high_slope })
    }

    fn columns(&self, _: MedianLine) -> Option<NamedColumns> {
        None
    }
}

impl TheilSlopes {
    /// The ranks of the ends of the interval among so many slopes.
    fn interval(&self, slopes: u64, variance: f64) -> (u64, u64) {
        let outside = self.alpha.min(1.0 - self.alpha);
        let aside = if variance > 0.0 { -normal_quantile(outside / 2.0) * variance.sqrt() } else { 0.0 };
        let size = slopes as f64;
        // A number below zero becomes zero, one that is infinite the largest.
        let low = (((size - aside) / 2.0).round_ties_even() - 1.0) as u64;
        let high = ((size + aside) / 2.0).round_ties_even() as u64;
        (low.min(slopes - 1), high.min(slopes - 1))
    }
}

/// How many pairs have two `x`, and the variance of Kendall's excess of pairs, by Sen's equation 2.6.
fn pairs(x: &[f64], y: &[f64]) -> (u64, f64) {
    let count = |t: usize| (t * (t - 1) / 2) as u64;
    let spread = |t: usize| (2 * t + 5) as f64 * 2.0 * count(t) as f64;
    let (mut pairs, mut variance) = (count(x.len()), spread(x.len()));
    in_order(x, |_, rows| {
        pairs -= count(rows.len());
        variance -= spread(rows.len());
    });
    in_order(y, |_, rows| variance -= spread(rows.len()));
    (pairs, variance / 18.0)
}

/// The slopes of four ranks among those of so many pairs.
fn slopes(x: &[f64], y: &[f64], pairs: u64, ranks: [u64; 4]) -> [f64; 4] {
    let q = ranks.map(|rank| rank as f64 / (pairs - 1).max(1) as f64);
    let sample = if pairs > CHUNK as u64 { sample(x, y) } else { Vec::new() };
    let mut intervals = Intervals::around(&q, &Shape { rows: Some(pairs), columns: 1, sample: &sample });
    for _ in 0..READINGS_MAX {
        match quantiles(&read(x, y, 0..x.len(), &intervals), &q, Method::Nearest) {
            Ok(slopes) => return slopes.try_into().unwrap_or([f64::NAN; 4]),
            Err(narrower) => intervals = narrower,
        }
    }
    [f64::NAN; 4]
}

/// The slopes of pairs from all over, in order.
fn sample(x: &[f64], y: &[f64]) -> Vec<f64> {
    let rows = x.len() as u64;
    // Two numbers of 32 bits a step, drawn by H. Weyl's sequence.
    let draw = |bits: u64| (((bits >> 32) * rows) >> 32) as usize;
    let pair = |step: u64| {
        let bits = step.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (draw(bits), draw(bits.wrapping_mul(0xd1b5_4a32_d192_ed03)))
    };
    let slope = |(i, j): (usize, usize)| (y[i] - y[j]) / (x[i] - x[j]);
    let mut slopes: Vec<f64> = (1..=SAMPLE).map(pair).filter(|&(i, j)| x[i] != x[j]).map(slope).collect();
    slopes.retain(|slope| !slope.is_nan());
    slopes.sort_unstable_by(f64::total_cmp);
    slopes
}

/// What the slopes of the pairs of some rows with those before them leave behind.
fn read(x: &[f64], y: &[f64], rows: Range<usize>, intervals: &Intervals) -> Brackets {
    if rows.len() > SHARED {
        let middle = rows.start + rows.len() / 2;
        let part = |rows: Range<usize>| read(x, y, rows, intervals);
        let (mut brackets, later) = threads::both(true, || part(rows.start..middle), || part(middle..rows.end));
        Partial::merge(&mut brackets, &later);
        return brackets;
    }
    let mut brackets = Brackets::begin(intervals);
    let mut slopes = [0.0; BLOCK];
    for row in rows {
        for (x_before, y_before) in x[..row].chunks(BLOCK).zip(y[..row].chunks(BLOCK)) {
            let mut many = 0;
            for (before, y_before) in x_before.iter().zip(y_before) {
                slopes[many] = (y[row] - y_before) / (x[row] - before);
                many += usize::from(x[row] != *before);
            }
            Partial::absorb(&mut brackets, &Block::new(&[Column::of(&slopes[..many])], 0));
        }
    }
    brackets
}

/// The value that has so many before it in order, which it changes.
fn nth(x: &mut [f64], rank: usize) -> f64 {
    *x.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// The middle value of some, or halfway between the middle two.
fn median(x: &mut [f64]) -> f64 {
    let middle = x.len() / 2;
    let upper = nth(x, middle);
    if x.len() % 2 == 1 {
        return upper;
    }
    self::middle(nth(x, middle - 1), upper)
}

/// Halfway between both.
fn middle(lower: f64, upper: f64) -> f64 {
    if lower == upper { lower } else { (lower + upper) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn line(alpha: f64, method: Intercept, x: &[f64], y: &[f64]) -> [f64; 4] {
        let line = reference(&TheilSlopes { alpha, method }, &[x, y]).unwrap();
        [line.slope, line.intercept, line.low_slope, line.high_slope]
    }

    /// SciPy 1.17: `theilslopes(y, x, alpha, method)`.
    #[test]
    fn scipys_lines() {
        let x = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
        let y = [1.0, 2.0, 2.0, 8.0, -1.0, 0.5, 3.0, 11.0, 2.0, 2.0];
        let u = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0, 3.5, 8.0];
        let v = [2.0, 7.0, 1.0, 8.0, 2.8, 1.8, 2.9, 4.0, 5.0];
        let (m, n) = (0.833_333_333_333_333_4, -0.373_626_373_626_373_63);
        for (method, alpha, of_x, of_u) in [
            (
                Intercept::Separate,
                0.95,
                [m, 0.541_666_666_666_666_5, 0.0, 1.058_823_529_411_764_7],
                [n, 4.207_692_307_692_308, -2.0, 0.5],
            ),
            (
                Intercept::Separate,
                0.1,
                [m, 0.541_666_666_666_666_5, 0.0, 1.0],
                [n, 4.207_692_307_692_308, -1.457_142_857_142_857, 0.458_333_333_333_333_3],
            ),
            (
                Intercept::Joint,
                0.95,
                [m, 1.333_333_333_333_333_3, 0.0, 1.058_823_529_411_764_7],
                [n, 5.307_692_307_692_307_5, -2.0, 0.5],
            ),
        ] {
            for (found, wanted) in [(line(alpha, method, &x, &y), of_x), (line(alpha, method, &u, &v), of_u)] {
                let close = found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-15 * 6.0);
                assert!(close, "{found:?} is not {wanted:?}");
            }
        }
    }

    #[test]
    fn what_says_nothing() {
        let usual = |x: &[f64], y: &[f64]| line(0.95, Intercept::Separate, x, y);
        assert!(usual(&[1.0], &[2.0])[0].is_nan());
        assert!(usual(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0])[0].is_nan());
        assert!(usual(&[1.0, 2.0], &[f64::NAN, 1.0])[1].is_nan());
        assert_eq!(usual(&[1.0, 2.0], &[3.0, 1.0]), [-2.0, 5.0, -2.0, -2.0]);
        assert_eq!(usual(&[1.0, 2.0, 3.0, 4.0], &[2.0; 4]), [0.0, 2.0, 0.0, 0.0]);
        assert_eq!(line(1.0, Intercept::Joint, &[1.0, 2.0, 4.0], &[0.0, 1.0, 5.0])[2..], [1.0, 2.0]);
        assert_eq!(reference(&TheilSlopes::default(), &[&[], &[]]), Err(Reject::Empty));
    }

    #[test]
    fn many_pairs_have_the_slopes_of_all_of_them_in_order() {
        let rows = if cfg!(miri) { 30 } else { 700 };
        let (x, y): (Vec<f64>, Vec<f64>) =
            (0..rows).map(|i| (f64::from(i * 7919 % 611), f64::from(i * 104_729 % 1009) / 7.0 - 3.0)).unzip();
        let mut all = Vec::new();
        for i in 0..x.len() {
            all.extend((0..i).filter(|&j| x[i] != x[j]).map(|j| (y[i] - y[j]) / (x[i] - x[j])));
        }
        all.sort_unstable_by(f64::total_cmp);
        let many = all.len() as u64;
        assert_eq!(pairs(&x, &y).0, many);
        let ranks = [many / 2, 3 * many / 4, 0, many - 1];
        let found = slopes(&x, &y, many, ranks);
        assert_eq!(found, ranks.map(|rank| all[rank as usize]));
    }

    #[test]
    fn too_many_rows_and_no_degree_are_refused() {
        let long = vec![0.0; ROWS_MAX as usize + 1];
        let refused = reference(&TheilSlopes::default(), &[&long, &long]);
        assert!(matches!(refused, Err(Reject::TooLarge { needed: 50_001, .. })));
        for alpha in [-0.1, 1.1, f64::NAN] {
            let line = TheilSlopes { alpha, ..TheilSlopes::default() };
            assert!(matches!(reference(&line, &[&[1.0], &[1.0]]), Err(Reject::Parameter { name: "alpha", .. })));
        }
    }
}
