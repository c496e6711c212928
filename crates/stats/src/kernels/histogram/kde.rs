//! Density by Gaussian kernels.

use crate::{
    partials::{Extrema, KernelSums, Kernels, Moments, Order},
    special::power_of,
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Density of the values by Gaussian kernels: `Σ exp(−z²/2) / (n h √(2π))` with `z = (point − x) / h`, at each point.
///
/// As SciPy's `gaussian_kde` of one column, which it equals to some 1e-13 of each density. The bandwidth `h` is the standard
/// deviation (n − 1 degrees of freedom) times a factor: `n^(−1/5)` by Scott's rule, `(3n/4)^(−1/5)` by Silverman's, or the number
/// given. The points are `points`, or `n` of them, equally far from one another, from `cut` bandwidths below the smallest value to
/// as many above the largest. Every value is looked at for every point, in a second reading: nothing is approximated. Null at every
/// point if the values have no spread or are fewer than two, or if a NaN or an infinity is among them.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::histogram::Kde;
/// let found = reference(&Kde::at([1.0, 2.5]), &[&[1.0, 2.0, 4.0]])?;
/// assert!((found.bandwidth - 1.22620799).abs() < 1e-8);
/// assert!((found.density[1] - 0.20243611).abs() < 1e-8);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kde {
    /// Where the density is wanted, 1 to 4,096 numbers: instead of `n` and `cut`.
    #[serde(default)]
    #[schemars(length(min = 1, max = POINTS_MAX))]
    pub points: Option<Vec<f64>>,
    /// How many points there are, 2 to 4,096.
    #[serde(default = "points")]
    #[schemars(range(min = 2, max = POINTS_MAX))]
    pub n: u32,
    /// How many bandwidths the points reach beyond the smallest and the largest value, up to 1,000.
    #[serde(default = "three")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub cut: f64,
    /// The bandwidth in standard deviations, from 1e-9 to 1e9, or a rule for that: scott or silverman.
    #[serde(default)]
    pub bw_method: Bandwidth,
    /// What an earlier reading has found out.
    #[serde(skip)]
    kernels: Option<Kernels>,
}

/// So many that a block of rows, in which nobody can cancel, takes some 10 ms.
const POINTS_MAX: u32 = 4096;

const fn points() -> u32 {
    100
}

const fn three() -> f64 {
    3.0
}

/// The bandwidth in standard deviations, or a rule for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`bw_method` must be a number, or one of scott and silverman")]
pub enum Bandwidth {
    /// So many.
    Factor(#[schemars(range(min = 1e-9, max = 1e9))] f64),
    /// As a rule says.
    Rule(BandwidthRule),
}

/// A rule for the bandwidth, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BandwidthRule {
    /// `n^(−1/5)` standard deviations.
    Scott,
    /// `(3n/4)^(−1/5)` standard deviations.
    Silverman,
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self::Rule(BandwidthRule::Scott)
    }
}

impl Bandwidth {
    /// In standard deviations, of so many values.
    fn factor(self, n: f64) -> f64 {
        match self {
            Self::Factor(factor) => factor,
            Self::Rule(BandwidthRule::Scott) => power_of(n, -0.2),
            Self::Rule(BandwidthRule::Silverman) => power_of(n * 3.0 / 4.0, -0.2),
        }
    }
}

impl Default for Kde {
    fn default() -> Self {
        Self { points: None, n: points(), cut: three(), bw_method: Bandwidth::default(), kernels: None }
    }
}

impl Kde {
    /// The density at some points.
    pub fn at(points: impl Into<Vec<f64>>) -> Self {
        Self { points: Some(points.into()), ..Self::default() }
    }

    /// The points, for values between two ends.
    fn points(&self, [min, max]: [f64; 2], bandwidth: f64) -> Vec<f64> {
        let (from, to) = (min - self.cut * bandwidth, max + self.cut * bandwidth);
        let step = (to - from) / f64::from(self.n - 1);
        let grid = || (0..self.n - 1).map(|k| from + f64::from(k) * step).chain([to]).collect();
        self.points.clone().unwrap_or_else(grid)
    }

    /// What is to be summed; where the density is undefined, only the points.
    fn kernels(&self, extrema: &Extrema, moments: &Moments) -> Result<Either<Vec<f64>, Kernels>> {
        let (min, max) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
        let std = moments.std(1.0).unwrap_or(f64::NAN);
        let bandwidth = std * self.bw_method.factor(moments.count() as f64);
        let points = self.points([min.0.to_f64(), max.0.to_f64()], bandwidth);
        let is_defined = bandwidth.is_normal() && (1.0 / bandwidth).is_normal() && points.iter().all(|x| x.is_finite());
        Ok(if is_defined { Either::Second(Kernels { points, bandwidth }) } else { Either::First(points) })
    }
}

/// A density.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Density {
    /// Where it was taken.
    pub points: Series,
    /// The density at each point.
    pub density: Series,
    /// The standard deviation of the Gaussian about each value; null if the density is undefined.
    pub bandwidth: f64,
}

impl Kernel for Kde {
    const SPEC: Spec = Spec::new("kde", Category::Histogram).rereads().references(&[
        "D. W. Scott, Multivariate Density Estimation: Theory, Practice, and Visualization, Wiley, 1992",
        "B. W. Silverman, Density Estimation for Statistics and Data Analysis, Chapman and Hall, 1986",
    ]);
    type Pass = Either<(Extrema, Moments), KernelSums>;
    type Output = Density;

    fn pass(&self, _: &Shape<'_>) -> Result<Either<((), Order), Kernels>> {
        let refuse = |name, value, expected| Err(Reject::Parameter { name, value, expected });
        if let Some(points) = &self.points {
            let expected = "1 to 4,096 finite numbers";
            if !(1..=POINTS_MAX as usize).contains(&points.len()) {
                return refuse("points", format!("a list of {}", points.len()), expected);
            }
            if let Some(wrong) = points.iter().find(|point| !point.is_finite()) {
                return refuse("points", wrong.to_string(), expected);
            }
        }
        if !(2..=POINTS_MAX).contains(&self.n) {
            return refuse("n", self.n.to_string(), "from 2 to 4,096");
        }
        if !(0.0..=1000.0).contains(&self.cut) {
            return refuse("cut", self.cut.to_string(), "from 0 to 1,000");
        }
        match self.bw_method {
            Bandwidth::Factor(factor) if !(1e-9..=1e9).contains(&factor) => {
                refuse("bw_method", format!("{factor:?}"), "from 1e-9 to 1e9, or one of scott and silverman")
            }
            _ => Ok(self.kernels.clone().map_or(Either::First(((), Order::Second)), Either::Second)),
        }
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        Ok(match pass {
            Either::First((extrema, moments)) => match self.kernels(extrema, moments)? {
                Either::Second(kernels) => Next::Again(Self { kernels: Some(kernels), ..self.clone() }),
                Either::First(points) => {
                    let density = Series(vec![f64::NAN; points.len()]);
                    Next::Done(Density { points: Series(points), density, bandwidth: f64::NAN })
                }
            },
            Either::Second(found) => {
                let Kernels { points, bandwidth } = found.kernels().clone();
                let whole = found.count() as f64 * (bandwidth * ROOT_OF_TWO_PI);
                let density = Series(found.sums().iter().map(|sum| sum / whole).collect());
                Next::Done(Density { points: Series(points), density, bandwidth })
            }
        })
    }
}

/// `√(2π)`.
const ROOT_OF_TWO_PI: f64 = 2.506_628_274_631_000_7;

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    /// SciPy 1.17: `gaussian_kde(sleep, bw_method)([-3, 0.5, 2, 7])`, and the root of its `covariance`.
    #[test]
    fn as_scipy_has_it() {
        for (bw_method, bandwidth, density) in SCIPY {
            let found = reference(&Kde { bw_method, ..Kde::at([-3.0, 0.5, 2.0, 7.0]) }, &[&SLEEP]).unwrap();
            assert!((found.bandwidth / bandwidth - 1.0).abs() < 1e-15, "{}", found.bandwidth);
            for (found, wanted) in found.density.iter().zip(density) {
                assert!((found / wanted - 1.0).abs() < 5e-14, "{bw_method:?}: {found} is not {wanted}");
            }
        }
    }

    const SCIPY: [(Bandwidth, f64, [f64; 4]); 3] = [
        (
            Bandwidth::Rule(BandwidthRule::Scott),
            1.2633335453271914,
            [0.004385560230828232, 0.15857125719506598, 0.15101649289620062, 0.025158338772266777],
        ),
        (
            Bandwidth::Rule(BandwidthRule::Silverman),
            1.3381530104072814,
            [0.005804744106034322, 0.15359452093666712, 0.1502485877077089, 0.02722112335315876],
        ),
        (
            Bandwidth::Factor(0.1),
            0.20022487357968294,
            [5.580567571274552e-47, 0.09640802465635742, 0.20297898679962162, 1.2950326998956627e-13],
        ),
    ];

    #[test]
    fn equally_far_points_beyond_the_values() {
        let found = reference(&Kde { n: 5, cut: 2.0, ..Kde::default() }, &[&SLEEP]).unwrap();
        let (h, points) = (found.bandwidth, found.points.0);
        assert_eq!((points[0], points[4]), (-0.1 - 2.0 * h, 5.5 + 2.0 * h));
        assert!((points[2] - 2.7).abs() < 1e-15 && found.density.len() == 5);
        // All of the density is between the points.
        let found = reference(&Kde { n: 400, cut: 9.0, ..Kde::default() }, &[&SLEEP]).unwrap();
        let step = found.points[1] - found.points[0];
        assert!((found.density.iter().sum::<f64>() * step - 1.0).abs() < 1e-12);
    }

    #[test]
    fn undefined_is_nan() {
        let undefined = |x: &[f64]| {
            let found = reference(&Kde::at([1.0, 2.0]), &[x]).unwrap();
            found.density.iter().all(|density| density.is_nan()) && found.bandwidth.is_nan()
        };
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for x in [&[3.0][..], &[0.1; 9], &[1.0, nan], &[1.0, inf], &[-inf, inf], &[5e-324, 0.0]] {
            assert!(undefined(x), "{x:?}");
        }
        let found = reference(&Kde { n: 3, ..Kde::default() }, &[&[f64::MAX, f64::MIN]]).unwrap();
        assert!(found.density.iter().all(|density| density.is_nan()) && found.points.len() == 3);
        assert_eq!(reference(&Kde::default(), &[&[]]), Err(Reject::Empty));
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let name = |kernel: Kde| match reference(&kernel, &[&SLEEP]) {
            Err(Reject::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(Kde::at([])), "points");
        assert_eq!(name(Kde::at([f64::NAN])), "points");
        assert_eq!(name(Kde::at(vec![0.0; 4097])), "points");
        assert_eq!((name(Kde { n: 1, ..Kde::default() }), name(Kde { n: 4097, ..Kde::default() })), ("n", "n"));
        assert_eq!(name(Kde { cut: -1.0, ..Kde::default() }), "cut");
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(name(Kde { bw_method: Bandwidth::Factor(factor), ..Kde::default() }), "bw_method");
        }
        assert!(serde_json::from_str::<Kde>(r#"{"bw_method": "silverman"}"#).is_ok());
        assert!(serde_json::from_str::<Kde>(r#"{"bw_method": "other"}"#).is_err());
    }
}
