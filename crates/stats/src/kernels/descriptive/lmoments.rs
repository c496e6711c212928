//! L-moments.

use crate::{double::Double, sorting::sort};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first four L-moments of a sample, and the ratios of the third and the fourth to the second.
///
/// Unbiased: `l₁ = b₀`, `l₂ = 2b₁ − b₀`, `l₃ = 6b₂ − 6b₁ + b₀`, `l₄ = 20b₃ − 30b₂ + 12b₁ − b₀` with `bᵣ = n⁻¹ Σ C(i, r) / C(n−1, r) xᵢ`
/// over the sorted values, `i` from 0. `t3 = l₃ / l₂` (skewness) and `t4 = l₄ / l₂` (kurtosis) are what SciPy's `lmoment` answers with
/// by default, `l3` and `l4` what it does with `standardize=False`.
///
/// The column is sorted in memory, the sums are carried in two doubles: an error of a unit in the last place, where SciPy loses as many
/// digits as the mean has more than the moment. Moments of an order beyond the number of values are null, so are ratios of a constant,
/// and all but `l1` where a value is infinite; all are where one is NaN.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::LMoments;
/// let found = reference(&LMoments {}, &[&[1.0, 2.0, 4.0, 9.0]])?;
/// assert_eq!((found.l1, found.l2), (4.0, 13.0 / 6.0));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LMoments {}

/// L-moments and their ratios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct LMomentsAndRatios {
    /// The mean.
    pub l1: f64,
    /// The scale: half of Gini's mean difference.
    pub l2: f64,
    /// The third L-moment.
    pub l3: f64,
    /// The fourth L-moment.
    pub l4: f64,
    /// The skewness, `l3 / l2`.
    pub t3: f64,
    /// The kurtosis, `l4 / l2`.
    pub t4: f64,
}

impl Kernel for LMoments {
    const SPEC: Spec = Spec::new("lmoments", Category::Descriptive).form(Form::Gather).references(&[
        "J. R. M. Hosking, L-Moments: Analysis and Estimation of Distributions Using Linear Combinations of Order Statistics, \
         Journal of the Royal Statistical Society B 52(1), 1990",
    ]);
    type Pass = ();
    type Output = LMomentsAndRatios;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<LMomentsAndRatios> for LMoments {
    fn whole(&self, mut columns: Columns) -> Result<LMomentsAndRatios> {
        let column = columns.first_mut().filter(|column| !column.is_empty()).ok_or(Reject::Empty)?;
        sort(column);
        Ok(of_sorted(column))
    }

    fn columns(&self, _: LMomentsAndRatios) -> Option<NamedColumns> {
        None
    }
}

/// What a size must lie between for its sums, and quotients of them, to keep all their digits.
const ORDINARY: std::ops::Range<f64> = 1e-200..1e200;

/// A power of two that brings what is beyond nearer to that.
const UNIT: f64 = f64::from_bits((1023 + 300) << 52);

fn of_sorted(x: &[f64]) -> LMomentsAndRatios {
    let (least, most) = (x[0], x[x.len() - 1]);
    if !least.is_finite() || !most.is_finite() {
        let nan = f64::NAN;
        return LMomentsAndRatios { l1: least + most, l2: nan, l3: nan, l4: nan, t3: nan, t4: nan };
    }
    let unit = match least.abs().max(most.abs()) {
        size if size >= ORDINARY.end => UNIT,
        size if size < ORDINARY.start => 1.0 / UNIT,
        _ => 1.0,
    };
    // Moments from the second on are those of the differences from any value.
    let center = x[x.len() / 2] / unit;
    let b = weighted_means(x, 1.0 / unit, center);
    let combined = |weights: [f64; 4]| {
        let terms = b.iter().zip(weights).map(|(b, weight)| b.times(weight.into()));
        terms.reduce(Double::add_double).unwrap_or_default()
    };
    let l2 = combined([-1.0, 2.0, 0.0, 0.0]);
    let l3 = combined([1.0, -6.0, 6.0, 0.0]);
    let l4 = combined([-1.0, 12.0, -30.0, 20.0]);
    let of_order = |order: usize, value: f64| if x.len() < order { f64::NAN } else { value };
    LMomentsAndRatios {
        l1: b[0].add(center).value() * unit,
        l2: of_order(2, l2.value() * unit),
        l3: of_order(3, l3.value() * unit),
        l4: of_order(4, l4.value() * unit),
        t3: of_order(3, l3.over(l2).value()),
        t4: of_order(4, l4.over(l2).value()),
    }
}

/// `bᵣ` for `r` from 0 to 3, of what values times `factor` lie beyond `center`; 0 for those of orders beyond the number of values.
fn weighted_means(x: &[f64], factor: f64, center: f64) -> [Double; 4] {
    // Sums of sums from the last value down have binomial weights: Σ C(i, r) xᵢ, when the sum of order r has stopped at i = r.
    let beyond = |x: f64| Double::sum(x * factor, -center);
    let mut sums = [Double::default(); 4];
    let (first, rest) = x.split_at(x.len().min(3));
    for &x in rest.iter().rev() {
        sums[0] = sums[0].add_double(beyond(x));
        for r in 1..4 {
            sums[r] = sums[r].add_double(sums[r - 1]);
        }
    }
    for (i, &x) in first.iter().enumerate().rev() {
        sums[0] = sums[0].add_double(beyond(x));
        for r in 1..=i {
            sums[r] = sums[r].add_double(sums[r - 1]);
        }
    }
    let n = x.len() as u128;
    let mut weight = n;
    std::array::from_fn(|r| {
        let sum = sums[r].over(exactly(weight));
        let r = r as u128;
        // n C(n − 1, r), which is 0 from r = n on: what is divided by it then is a sum of nothing.
        weight = (weight * n.saturating_sub(r + 1) / (r + 1)).max(1);
        sum
    })
}

fn exactly(whole: u128) -> Double {
    let high = whole as f64;
    Double::sum(high, (whole as i128 - high as i128) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::reference;
    use num_rational::BigRational;
    use num_traits::ToPrimitive;

    fn lmoments(x: &[f64]) -> [f64; 6] {
        let LMomentsAndRatios { l1, l2, l3, l4, t3, t4 } = reference(&LMoments {}, &[x]).unwrap();
        [l1, l2, l3, l4, t3, t4]
    }

    fn assert_close(found: [f64; 6], wanted: [f64; 6]) {
        for (found, wanted) in found.into_iter().zip(wanted) {
            assert_eq!(found.is_nan(), wanted.is_nan());
            assert!(found.is_nan() || (found - wanted).abs() <= 1e-13 * wanted.abs(), "{found} is not {wanted}");
        }
    }

    #[test]
    fn as_scipy_has_it() {
        let nan = f64::NAN;
        // SciPy 1.17: `lmoment(x, standardize=False)`, then the last two of `lmoment(x)`.
        let sleep = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let found = lmoments(&sleep);
        let (l3, l4) = (0.151_666_666_666_666_66, -0.068_333_333_333_333_33);
        assert_close(found, [2.33, 1.19, l3, l4, 0.127_450_980_392_156_86, -0.057_422_969_187_675_07]);
        assert_close(lmoments(&[5.0]), [5.0, nan, nan, nan, nan, nan]);
        assert_close(lmoments(&[7.0, 5.0]), [6.0, 1.0, nan, nan, nan, nan]);
        assert_close(lmoments(&[5.0, 7.0, 7.0]), [19.0 / 3.0, 2.0 / 3.0, -2.0 / 3.0, nan, -1.0, nan]);
        assert_close(lmoments(&[5.0, 7.0, 90.0, 7.0]), [27.25, 21.25, 20.25, 21.25, 81.0 / 85.0, 1.0]);
        assert_close(lmoments(&[3.0; 5]), [3.0, 0.0, 0.0, 0.0, nan, nan]);
    }

    #[test]
    fn none_nan_and_infinity() {
        assert_eq!(reference(&LMoments {}, &[&[]]), Err(Reject::Empty));
        assert!(lmoments(&[1.0, f64::NAN, 3.0, 4.0]).iter().all(|l| l.is_nan()));
        let [l1, rest @ ..] = lmoments(&[1.0, f64::INFINITY, 3.0, 4.0]);
        assert!(l1 == f64::INFINITY && rest.iter().all(|l| l.is_nan()), "{l1} {rest:?}");
    }

    /// The moments from their definition, in exact arithmetic.
    fn exact(x: &[f64]) -> [BigRational; 4] {
        let mut sorted = x.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = x.len();
        let choose = |n: usize, k: usize| {
            (0..k).fold(rational(1.0), |c, i| c * rational((n as f64) - i as f64) / rational(i as f64 + 1.0))
        };
        let b: [BigRational; 4] = std::array::from_fn(|r| {
            let terms = sorted.iter().enumerate().map(|(i, &x)| choose(i, r) * rational(x));
            terms.fold(rational(0.0), |sum, term| sum + term) / choose(n - 1, r) / rational(n as f64)
        });
        let combined = |weights: [f64; 4]| {
            b.iter().zip(weights).fold(rational(0.0), |sum, (b, weight)| sum + b.clone() * rational(weight))
        };
        [[1.0, 0.0, 0.0, 0.0], [-1.0, 2.0, 0.0, 0.0], [1.0, -6.0, 6.0, 0.0], [-1.0, 12.0, -30.0, 20.0]].map(combined)
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(75);
        let mut worst = 0.0f64;
        for n in [4, 5, 17, oracle::count(300)] {
            for (offset, scale) in [(0.0, 1.0), (1e8, 1.0), (1e15, 1.0), (0.0, 1e300), (0.0, 1e-300)] {
                let x: Vec<f64> = (0..n).map(|_| (offset + noise() * noise() * 7.0 - 2.0) * scale).collect();
                let found = lmoments(&x);
                let exact = exact(&x);
                let ratio = |l: usize| (exact[l].clone() / exact[1].clone()).to_f64().unwrap();
                let wanted = exact.iter().map(|l| l.to_f64().unwrap()).chain([ratio(2), ratio(3)]);
                for (found, wanted) in found.into_iter().zip(wanted) {
                    worst = worst.max((found - wanted).abs() / (wanted.abs().next_up() - wanted.abs()));
                }
            }
        }
        println!("L-moments: {worst:.3} units in the last place");
        assert!(worst <= 1.0, "{worst}");
    }

    #[test]
    fn sizes_at_the_ends_of_the_range() {
        let far = lmoments(&[f64::MIN, f64::MAX, 1.0, -1.0]);
        assert!(far[1] > 1e307 && far[1].is_finite(), "{far:?}");
        let tiny = lmoments(&[5e-324, 1e-323, 1.5e-323, 2.0e-323]);
        assert_eq!(tiny[2..], [0.0, 0.0, 0.0, 0.0]);
    }
}
