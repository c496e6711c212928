//! Values held between two of their ranks.

use crate::{
    elementwise::{self, Elementwise},
    partials::{Bounds, Brackets, Intervals},
    quantiles::values_of_ranks,
};
use echoes_kernel::{Category, Emit, Form, Kernel, Next, Piece, Reject, Result, Series, Shape, Spec};
use echoes_simd::Lanes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Winsorised rows: the smallest and the largest values, a share of each, become the nearest of those that remain.
///
/// Of `n` values the `⌊n · limits[0]⌋` smallest become the next larger one, the `⌊n · limits[1]⌋` largest the next smaller one. Exact
/// for doubles, as which rows are read, of any number: a reading for the two ranks, more only where a sample misleads, then each row
/// is written. Every row is null if one is NaN; a missing row stays missing. Where the limits overlap SciPy answers with what its
/// order of steps happens to leave: here they are refused.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::Winsorize;
/// let rows = reference(&Winsorize::of([0.25, 0.25]), &[&[9.0, 1.0, 3.0, 4.0]])?;
/// assert_eq!(rows.0, [4.0, 3.0, 3.0, 4.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Winsorize {
    /// The shares of the values that are replaced at the low and at the high end, from 0, together below 1.
    #[serde(default = "twentieths")]
    #[schemars(length(min = 2, max = 2), inner(range(min = 0.0, max = 1.0)))]
    pub limits: Vec<f64>,
    /// What an earlier reading has found out.
    #[serde(skip)]
    within: Option<Intervals>,
}

impl Winsorize {
    /// Rows of which such shares are replaced at the low and at the high end.
    pub fn of(limits: [f64; 2]) -> Self {
        Self { limits: limits.to_vec(), within: None }
    }

    /// The limits, if they may be.
    fn limits(&self) -> Result<[f64; 2]> {
        let (name, expected) = ("limits", "two shares from 0, together below 1");
        match self.limits[..] {
            [low, high] if low >= 0.0 && high >= 0.0 && low + high < 1.0 => Ok([low, high]),
            [low, high] => Err(Reject::Parameter { name, value: format!("[{low:?}, {high:?}]"), expected }),
            _ => Err(Reject::Parameter { name, value: format!("a list of {}", self.limits.len()), expected }),
        }
    }
}

impl Default for Winsorize {
    fn default() -> Self {
        Self::of([0.05, 0.05])
    }
}

fn twentieths() -> Vec<f64> {
    Winsorize::default().limits
}

impl Kernel for Winsorize {
    const SPEC: Spec = Spec::new("winsorize", Category::Series).form(Form::Map).sampled();
    type Pass = Brackets;
    type Output = Series;

    fn pass(&self, shape: &Shape<'_>) -> Result<Intervals> {
        let [low, high] = self.limits()?;
        Ok(self.within.clone().unwrap_or_else(|| Intervals::around(&[low, 1.0 - high], shape)))
    }

    fn finish(&self, brackets: &Brackets) -> Result<Next<Self>> {
        let (n, [low, high]) = (brackets.count(), self.limits()?);
        if n + brackets.nans() == 0 {
            return Err(Reject::Empty);
        }
        if brackets.nans() > 0 {
            return Ok(Next::emit(Between(Bounds { low: f64::NAN, high: f64::NAN })));
        }
        let replaced = |share: f64| (n as f64 * share) as u64;
        let greatest = n.saturating_sub(1).saturating_sub(replaced(high));
        Ok(match values_of_ranks(brackets, &[replaced(low).min(greatest), greatest]) {
            Ok(ends) => Next::emit(Between(Bounds { low: ends[0], high: ends[1] })),
            Err(within) => Next::Again(Self { within: Some(within), ..self.clone() }),
        })
    }
}

/// Rows held between two values; NaN where these are.
struct Between(Bounds);

impl Emit<Brackets> for Between {
    fn emit(&self, _: &Brackets, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        elementwise::write(self, piece.own(0), out[0]);
    }
}

impl Elementwise for Between {
    #[inline(always)]
    fn apply<L: Lanes>(&self, l: L, x: L::V) -> L::V {
        let (low, high) = (l.splat(self.0.low), l.splat(self.0.high));
        // What is between them stays as it is, −0 beside a bound of 0 too. They stand second, so that NaN comes of a bound that is one.
        l.select(l.le(low, x) & l.le(x, high), x, l.max(l.min(x, high), low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle;
    use echoes_kernel::reference;

    /// Student, Biometrika 6 (1908): hours of sleep gained with the second drug.
    const SLEEP: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn winsorize(limits: [f64; 2], x: &[f64]) -> Result<Vec<f64>> {
        reference(&Winsorize::of(limits), &[x]).map(|series| series.0)
    }

    #[test]
    fn zeros_that_stay_keep_their_signs() {
        let kept = winsorize([0.0, 0.0], &[-0.0, 1.0, 0.0, -0.0]).unwrap();
        assert_eq!(kept.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), [-0.0, 1.0, 0.0, -0.0].map(f64::to_bits));
    }

    #[test]
    fn as_scipy_has_it() {
        // SciPy 1.17: `mstats.winsorize(sleep, limits=limits)`.
        for (limits, wanted) in [
            ([0.1, 0.2], [1.9, 0.8, 1.1, 0.1, 0.1, 4.4, 4.4, 1.6, 4.4, 3.4]),
            ([0.05, 0.05], SLEEP),
            ([0.25, 0.0], [1.9, 0.8, 1.1, 0.8, 0.8, 4.4, 5.5, 1.6, 4.6, 3.4]),
            ([0.0, 0.34], [1.9, 0.8, 1.1, 0.1, -0.1, 3.4, 3.4, 1.6, 3.4, 3.4]),
            ([0.5, 0.4], [1.9; 10]),
        ] {
            assert_eq!(winsorize(limits, &SLEEP).unwrap(), wanted, "{limits:?}");
        }
        // Its documentation: `winsorize([10, 4, 9, 8, 5, 3, 7, 2, 1, 6], limits=[0.1, 0.2])`.
        let documented = winsorize([0.1, 0.2], &[10.0, 4.0, 9.0, 8.0, 5.0, 3.0, 7.0, 2.0, 1.0, 6.0]).unwrap();
        assert_eq!(documented, [8.0, 4.0, 8.0, 8.0, 5.0, 3.0, 7.0, 2.0, 2.0, 6.0]);
    }

    #[test]
    fn the_ranks_that_are_replaced_are_those_of_the_sorted_rows() {
        let mut noise = oracle::noise(74);
        for n in [1, 2, 3, 20, oracle::count(600)] {
            let x: Vec<f64> = (0..n).map(|_| (noise() * 30.0).round() - 9.0).collect();
            for [low, high] in [[0.0, 0.0], [0.3, 0.1], [0.0, 0.99], [0.5, 0.49]] {
                let mut wanted = x.clone();
                let mut order: Vec<usize> = (0..x.len()).collect();
                order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
                let (from, to) = ((x.len() as f64 * low) as usize, x.len() - (x.len() as f64 * high) as usize);
                order[..from].iter().for_each(|&i| wanted[i] = x[order[from]]);
                order[to..].iter().for_each(|&i| wanted[i] = x[order[to - 1]]);
                assert_eq!(winsorize([low, high], &x).unwrap(), wanted);
            }
        }
    }

    #[test]
    fn none_one_nan_and_infinities() {
        let inf = f64::INFINITY;
        assert_eq!(winsorize([0.1, 0.1], &[]), Err(Reject::Empty));
        assert_eq!(winsorize([0.4, 0.4], &[7.0]).unwrap(), [7.0]);
        assert!(winsorize([0.0, 0.0], &[1.0, f64::NAN, 3.0]).unwrap().iter().all(|x| x.is_nan()));
        assert_eq!(winsorize([0.25, 0.25], &[inf, 1.0, 2.0, -inf]).unwrap(), [2.0, 1.0, 2.0, 1.0]);
        assert_eq!(winsorize([0.0, 0.0], &[inf, -inf]).unwrap(), [inf, -inf]);
    }

    #[test]
    fn limits_that_leave_nothing_are_refused() {
        for limits in [vec![], vec![0.1], vec![0.1; 3], vec![-0.1, 0.0], vec![0.5, 0.5], vec![f64::NAN, 0.0]] {
            let refused = reference(&Winsorize { limits, within: None }, &[&SLEEP]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "limits", .. })));
        }
    }
}
