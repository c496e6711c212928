//! Trimmed mean.

use crate::{
    partials::{Bounds, Brackets, ClampedSum, Intervals},
    quantiles::values_of_ranks,
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Trimmed mean: the mean of what remains when the smallest and the largest values, a share of each, are left out.
///
/// Of `n` values `⌊n · proportiontocut⌋` are left out at either end. The same bits for any order of the values, for data of any size:
/// one reading for the two ranks, another for the sum between them, more only where a sample misleads. Error: half a unit in the last
/// place of the mean, but where positive and negative values cancel, there 2⁻⁷³ of the largest that remains. Null if a NaN is among
/// the values.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::TrimMean;
/// assert_eq!(reference(&TrimMean::of(0.25), &[&[1.0, 2.0, 4.0, 900.0]])?, 3.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrimMean {
    /// The share of the values that is left out at either end, from 0 to below ½.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0, max = 0.5))]
    pub proportiontocut: f64,
    /// The least and the greatest value that remain, once they are known.
    #[serde(skip)]
    remaining: Option<Bounds>,
    /// What an earlier reading has found out about them.
    #[serde(skip)]
    within: Option<Intervals>,
}

impl TrimMean {
    /// The mean without such a share of the values at either end.
    pub const fn of(proportiontocut: f64) -> Self {
        Self { proportiontocut, remaining: None, within: None }
    }

    /// How many of `n` values are left out at either end.
    fn cut(&self, n: u64) -> u64 {
        ((n as f64 * self.proportiontocut) as u64).min(n.saturating_sub(1) / 2)
    }

    /// What follows the reading of the ranks.
    fn between(&self, brackets: &Brackets) -> Result<Next<Self>> {
        let n = brackets.count();
        if n + brackets.nans() == 0 {
            return Err(Reject::Empty);
        }
        if brackets.nans() > 0 {
            return Ok(Next::Done(f64::NAN));
        }
        let cut = self.cut(n);
        Ok(match values_of_ranks(brackets, &[cut, n - 1 - cut]) {
            Err(within) => Next::Again(Self { within: Some(within), ..self.clone() }),
            Ok(ends) if ends[0] == ends[1] => Next::Done(ends[0]),
            // The ends remain, and an infinite one outweighs what is between.
            Ok(ends) if ends.iter().any(|end| end.is_infinite()) => Next::Done(ends[0] + ends[1]),
            Ok(ends) => {
                let remaining = Some(Bounds { low: ends[0], high: ends[1] });
                Next::Again(Self { remaining, within: None, ..*self })
            }
        })
    }
}

impl Default for TrimMean {
    fn default() -> Self {
        Self::of(tenth())
    }
}

const fn tenth() -> f64 {
    0.1
}

impl Kernel for TrimMean {
    const SPEC: Spec = Spec::new("trim_mean", Category::Descriptive).sampled();
    type Pass = Either<Brackets, ClampedSum>;
    type Output = f64;

    fn pass(&self, shape: &Shape<'_>) -> Result<Either<Intervals, Bounds>> {
        let share = self.proportiontocut;
        if !(0.0..0.5).contains(&share) {
            let (name, value) = ("proportiontocut", format!("{share:?}"));
            return Err(Reject::Parameter { name, value, expected: "from 0 to below 0.5" });
        }
        Ok(match self.remaining {
            Some(bounds) => Either::Second(bounds),
            None => {
                Either::First(self.within.clone().unwrap_or_else(|| Intervals::around(&[share, 1.0 - share], shape)))
            }
        })
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        match pass {
            Either::First(brackets) => self.between(brackets),
            // What is left out counted as the end on its side.
            Either::Second(sum) => {
                let cut = self.cut(sum.count());
                Ok(Next::Done(sum.mean_without(cut, cut)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::reference;
    use num_traits::ToPrimitive;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn trim_mean(share: f64, x: &[f64]) -> Result<f64> {
        reference(&TrimMean::of(share), &[x])
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `trim_mean(sleep, share)`.
        for (share, wanted) in
            [(0.0, 2.330_000_000_000_000_3), (0.1, 2.237_5), (0.25, 2.2), (0.29, 2.2), (0.3, 2.0), (0.499, 1.75)]
        {
            let found = trim_mean(share, &SLEEP).unwrap();
            assert!((found - wanted).abs() <= 4.0 * f64::EPSILON, "{share}: {found} is not {wanted}");
        }
    }

    #[test]
    fn it_is_the_mean_of_the_sorted_middle() {
        let mut noise = oracle::noise(73);
        for n in [1, 2, 3, 9, 40, oracle::count(900)] {
            // Whole numbers, so that there are ties at the cuts, and fractions.
            for grid in [1.0, 1e-9] {
                let x: Vec<f64> = (0..n).map(|_| ((noise() * 20.0 - 7.0) / grid).round() * grid).collect();
                let mut sorted = x.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                for share in [0.0, 0.05, 0.2, 1.0 / 3.0, 0.49] {
                    let cut = (share * x.len() as f64) as usize;
                    let middle = &sorted[cut..x.len() - cut];
                    let sum = middle.iter().fold(rational(0.0), |sum, &x| sum + rational(x));
                    let exact = (sum / rational(middle.len() as f64)).to_f64().unwrap();
                    let found = trim_mean(share, &x).unwrap();
                    assert!((found - exact).abs() <= exact.abs() * f64::EPSILON / 2.0, "{n} {share}: {found} {exact}");
                    assert_eq!(trim_mean(share, &sorted), Ok(found));
                }
            }
        }
    }

    #[test]
    fn none_one_constant_nan_and_infinities() {
        let inf = f64::INFINITY;
        assert_eq!(trim_mean(0.1, &[]), Err(Reject::Empty));
        assert_eq!((trim_mean(0.4, &[7.0]), trim_mean(0.1, &[0.1; 50])), (Ok(7.0), Ok(0.1)));
        assert_eq!(trim_mean(0.4, &[7.0, 8.0]), Ok(7.5));
        assert!(trim_mean(0.1, &[1.0, f64::NAN]).unwrap().is_nan());
        let x = [-inf, 1.0, 2.0, 6.0, inf];
        assert_eq!(trim_mean(0.2, &x), Ok(3.0));
        assert!(trim_mean(0.1, &x).unwrap().is_nan());
        assert_eq!((trim_mean(0.1, &x[1..]), trim_mean(0.1, &x[..4])), (Ok(inf), Ok(-inf)));
        assert_eq!(trim_mean(0.1, &[inf; 3]), Ok(inf));
        assert_eq!(trim_mean(0.0, &[f64::MAX, f64::MIN]), Ok(0.0));
        assert_eq!(trim_mean(0.0, &[f64::MAX, f64::MAX.next_down()]), Ok(f64::MAX.next_down()));
    }

    #[test]
    fn shares_that_leave_nothing_are_refused() {
        for share in [-0.1, 0.5, 1.0, f64::NAN] {
            let refused = trim_mean(share, &SLEEP);
            assert!(matches!(refused, Err(Reject::Parameter { name: "proportiontocut", .. })), "{share}");
        }
    }
}
