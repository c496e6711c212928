//! The Theil–Sen estimator.

use super::spearmanr::both;
use crate::{selection::select, slopes::Slopes, sorting::in_order, special::normal_quantile};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Theil–Sen line: the median of the slopes of all pairs of rows, which outliers hardly move, with a confidence interval.
///
/// The first column is x, the second y: `scipy.stats.theilslopes(y, x)`, whose slopes these are, to the last bit, in `O(n log n)` where
/// SciPy makes all `n²/2` of them. Pairs of one x have no slope. The interval is Sen's, of the variance of Kendall's tau with ties.
/// Null of a single row, where all x are the same, and where a NaN is among the values; slope and intercept also where one is among
/// the slopes, as of two infinite y.
///
/// Rows on one line but for the rounding of their numbers, which have `n²` slopes that are nearly the same, take `O(n²)`: some seconds
/// for 32,768 rows, and more are refused. So are more than 16,384 rows in which numbers differ by more than the largest double.
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
    /// The y at x = 0.
    pub intercept: f64,
    /// The lower end of the interval of the slope.
    pub low_slope: f64,
    /// The upper end of the interval of the slope.
    pub high_slope: f64,
}

impl Kernel for TheilSlopes {
    const SPEC: Spec = Spec::new("theilslopes", Category::Pair).columns(2).form(Form::Gather).work(40).references(&[
        "H. Theil, A Rank-Invariant Method of Linear and Polynomial Regression Analysis, Proc. Royal Netherlands Academy of Sciences 53, 1950",
        "P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, J. Am. Stat. Assoc. 63(324), 1968",
        "J. Matoušek, Randomized Optimal Algorithm for Slope Selection, Information Processing Letters 39(4), 1991",
        "M. B. Dillencourt, D. M. Mount, N. S. Netanyahu, A Randomized Algorithm for Slope Selection, Int. J. Computational Geometry & Applications 2(1), 1992",
    ]);
    type Pass = ();
    type Output = MedianLine;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        if (0.0..=1.0).contains(&self.alpha) {
            return Ok(());
        }
        let value = self.alpha.to_string();
        Err(Reject::Parameter { name: "alpha", value, expected: "between 0 and 1" })
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<MedianLine> for TheilSlopes {
    fn whole(&self, columns: Columns) -> Result<MedianLine> {
        let [x, y] = both(columns)?;
        let none = MedianLine { slope: f64::NAN, intercept: f64::NAN, low_slope: f64::NAN, high_slope: f64::NAN };
        if x.iter().chain(&y).any(|x| x.is_nan()) {
            return Ok(none);
        }
        let slopes = Slopes::of(&x, &y)?;
        if slopes.len() == 0 {
            return Ok(none);
        }
        let (many, (low, high)) = (slopes.len(), self.interval(slopes.len(), variance(&x, &y)));
        let found = slopes.at(&[low, (many - 1) / 2, many / 2, high])?;
        let slope = if slopes.any_nan()? { f64::NAN } else { f64::midpoint(found[1], found[2]) };
        Ok(MedianLine { slope, intercept: self.intercept(slope, x, y), low_slope: found[0], high_slope: found[3] })
    }

    fn columns(&self, _: MedianLine) -> Option<NamedColumns> {
        None
    }
}

impl TheilSlopes {
    /// The ranks of the ends of the interval among so many slopes, which are no higher than half of them and no lower.
    fn interval(&self, slopes: u64, variance: f64) -> (u64, u64) {
        let outside = self.alpha.min(1.0 - self.alpha);
        let aside = if variance > 0.0 { -normal_quantile(outside / 2.0) * variance.sqrt() } else { 0.0 };
        let size = slopes as f64;
        // A number below zero becomes zero, one that is infinite the largest.
        let low = (((size - aside) / 2.0).round_ties_even() - 1.0) as u64;
        let high = ((size + aside) / 2.0).round_ties_even() as u64;
        (low.min((slopes - 1) / 2), high.clamp(slopes / 2, slopes - 1))
    }

    fn intercept(&self, slope: f64, mut x: Vec<f64>, mut y: Vec<f64>) -> f64 {
        match self.method {
            Intercept::Separate => median(&mut y) - slope * median(&mut x),
            Intercept::Joint => {
                y.iter_mut().zip(&x).for_each(|(y, x)| *y -= slope * x);
                median(&mut y)
            }
        }
    }
}

/// The variance of Kendall's excess of pairs, with ties, by Sen's equation 2.6.
fn variance(x: &[f64], y: &[f64]) -> f64 {
    let spread = |t: usize| t as i128 * (t as i128 - 1) * (2 * t as i128 + 5);
    let mut sum = spread(x.len());
    for column in [x, y] {
        in_order(column, |_, rows| sum -= spread(rows.len()));
    }
    1.0 / 18.0 * sum as f64
}

/// The middle value, or halfway between the middle two; NaN if one is NaN.
fn median(x: &mut [f64]) -> f64 {
    if x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let mut ranks = vec![(x.len() - 1) / 2, x.len() / 2];
    ranks.dedup();
    let found = select(x, &ranks);
    f64::midpoint(found[0], found[found.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    const X: [f64; 10] = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
    const Y: [f64; 10] = [1.0, 2.0, 2.0, 8.0, -1.0, 0.5, 3.0, 11.0, 2.0, 2.0];
    const U: [f64; 9] = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0, 3.5, 8.0];
    const V: [f64; 9] = [2.0, 7.0, 1.0, 8.0, 2.8, 1.8, 2.9, 4.0, 5.0];

    fn line(alpha: f64, method: Intercept, x: &[f64], y: &[f64]) -> [f64; 4] {
        let line = reference(&TheilSlopes { alpha, method }, &[x, y]).unwrap();
        [line.slope, line.intercept, line.low_slope, line.high_slope]
    }

    fn usual_line(x: &[f64], y: &[f64]) -> [f64; 4] {
        line(usual(), Intercept::Separate, x, y)
    }

    /// SciPy 1.17: `theilslopes(y, x, alpha, method)`.
    #[test]
    fn scipys_lines() {
        let (separate, joint) = (Intercept::Separate, Intercept::Joint);
        let (m, n) = (0.833_333_333_333_333_4, -0.373_626_373_626_373_63);
        for (method, alpha, of_x, of_u) in [
            (
                separate,
                0.95,
                [m, 0.541_666_666_666_666_5, 0.0, 1.058_823_529_411_764_7],
                [n, 4.207_692_307_692_308, -2.0, 0.5],
            ),
            (
                separate,
                0.1,
                [m, 0.541_666_666_666_666_5, 0.0, 1.0],
                [n, 4.207_692_307_692_308, -1.457_142_857_142_857, 0.458_333_333_333_333_3],
            ),
            (
                joint,
                0.95,
                [m, 1.333_333_333_333_333_3, 0.0, 1.058_823_529_411_764_7],
                [n, 5.307_692_307_692_307_5, -2.0, 0.5],
            ),
        ] {
            assert_eq!(line(alpha, method, &X, &Y), of_x);
            assert_eq!(line(alpha, method, &U, &V), of_u);
        }
    }

    #[test]
    fn what_says_nothing() {
        for nothing in [
            usual_line(&[1.0], &[2.0]),
            usual_line(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]),
            usual_line(&[1.0, 2.0], &[f64::NAN, 1.0]),
        ] {
            assert!(nothing.iter().all(|x| x.is_nan()), "{nothing:?}");
        }
        assert_eq!(usual_line(&[1.0, 2.0], &[3.0, 1.0]), [-2.0, 5.0, -2.0, -2.0]);
        assert_eq!(usual_line(&[1.0, 2.0, 3.0, 4.0], &[2.0; 4]), [0.0, 2.0, 0.0, 0.0]);
        assert_eq!(line(1.0, Intercept::Joint, &[1.0, 2.0, 4.0], &[0.0, 1.0, 5.0])[2..], [1.0, 2.0]);
        assert_eq!(reference(&TheilSlopes::default(), &[&[], &[]]), Err(Reject::Empty));
    }

    /// SciPy 1.17, with the numbers of what comes before NaN.
    #[test]
    fn infinite_numbers() {
        let mut y = Y;
        y[3] = f64::INFINITY;
        assert_eq!(usual_line(&X, &y), [0.75, 0.6875, 0.0, 1.428_571_428_571_428_6]);
        y[8] = f64::INFINITY;
        let found = usual_line(&X, &y);
        assert!(found[0].is_nan() && found[1].is_nan());
        assert_eq!(found[2..], [-0.666_666_666_666_666_6, 1.636_363_636_363_636_4]);
    }

    #[test]
    fn no_degree_is_refused() {
        for alpha in [-0.1, 1.1, f64::NAN] {
            let line = TheilSlopes { alpha, ..TheilSlopes::default() };
            assert!(matches!(reference(&line, &[&[1.0], &[1.0]]), Err(Reject::Parameter { name: "alpha", .. })));
        }
    }
}
