//! Autocorrelation.

use crate::partials::Lagged;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows that the parts of a reading keep at either end.
const LAG_MAX: u32 = 1 << 20;

/// Autocorrelation: Pearson's correlation of a column with itself `lag` rows later, as in pandas.
///
/// Over the pairs of rows that are both present; a missing row keeps its place, so that pairs are as far apart as they
/// were. Each side of the pairs has its own mean, unlike in the estimator that divides by the variance of all rows.
/// Within [−1, 1]; null where there are fewer than two pairs, or either side is constant. Relative error ≤ 1e-14 at an
/// offset of 1e8.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::AutoCorr;
/// assert_eq!(reference(&AutoCorr { lag: 2 }, &[&[1.0, 5.0, 2.0, 6.0, 3.0, 7.0]])?, 1.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoCorr {
    /// Rows between the two of a pair, 1,048,576 at most.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub lag: u32,
}

impl Kernel for AutoCorr {
    const SPEC: Spec = Spec::new("autocorr", Category::Series);
    type Pass = Lagged;
    type Output = f64;

    fn pass(&self, _: &Shape<'_>) -> Result<u32> {
        if (1..=LAG_MAX).contains(&self.lag) {
            return Ok(self.lag);
        }
        Err(Reject::Parameter { name: "lag", value: self.lag.to_string(), expected: "from 1 to 1048576" })
    }

    fn finish(&self, lagged: &Lagged) -> Result<Next<Self>> {
        if lagged.is_empty() {
            return Err(Reject::Empty);
        }
        Ok(Next::Done(lagged.pairs().correlation(0, 1)))
    }
}

const fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::{BLOCK, Block, CHUNK, Column, Partial, reference};
    use num_rational::BigRational;
    use num_traits::ToPrimitive;

    fn autocorr(lag: u32, x: &[f64]) -> f64 {
        reference(&AutoCorr { lag }, &[x]).unwrap()
    }

    /// The correlation of the pairs, exactly but for the root.
    fn exact(x: &[f64], y: &[f64]) -> f64 {
        let n = rational(x.len() as f64);
        let mean = |x: &[f64]| x.iter().map(|&x| rational(x)).sum::<BigRational>() / &n;
        let product = |[x, y]: [&[f64]; 2]| {
            let sum: BigRational = x.iter().zip(y).map(|(&x, &y)| rational(x) * rational(y)).sum();
            sum - mean(x) * mean(y) * &n
        };
        let square = product([x, y]).pow(2) / (product([x, x]) * product([y, y]));
        square.to_f64().unwrap().sqrt() * product([x, y]).to_f64().unwrap().signum()
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let rows = if cfg!(miri) { 60 } else { 2000 };
        let mut noise = oracle::noise(21);
        let mut walk = 0.0;
        let walk: Vec<f64> = std::iter::repeat_with(|| {
            walk = 0.9 * walk + noise() - 0.5;
            walk
        })
        .take(rows)
        .collect();
        for offset in [0.0, 1e4, 1e8] {
            let x: Vec<f64> = walk.iter().map(|x| offset + x).collect();
            for lag in [1, 7, BLOCK / 2 + 1].into_iter().filter(|&lag| lag + 2 < rows) {
                let (found, truth) = (autocorr(lag as u32, &x), exact(&x[..rows - lag], &x[lag..]));
                let error = (found / truth - 1.0).abs();
                println!("offset {offset:e}, lag {lag}: {error:.1e}");
                assert!(error <= 1e-14, "offset {offset:e}, lag {lag}: {found} is not {truth}");
            }
        }
    }

    #[test]
    fn nist_numacc4() {
        // NIST Statistical Reference Datasets; pairs of neighbours run opposite, as exact arithmetic has it.
        let x: Vec<f64> = (0..1001)
            .map(|i| [10_000_000.2, 10_000_000.1, 10_000_000.3][usize::from(i > 0) + usize::from(i > 0 && i % 2 == 0)])
            .collect();
        let (found, truth) = (autocorr(1, &x), exact(&x[..1000], &x[1..]));
        assert!((found / truth - 1.0).abs() <= 4.0 * f64::EPSILON, "{found} is not {truth}");
    }

    #[test]
    fn as_pandas_has_it() {
        // pandas 3.1: `Series([0.25, 0.5, 0.2, -0.05]).autocorr()`, `….autocorr(lag=2)`.
        let x = [0.25, 0.5, 0.2, -0.05];
        assert!((autocorr(1, &x) - 0.103_552_633_090_240_7).abs() < 1e-15, "{}", autocorr(1, &x));
        assert!((autocorr(2, &x) + 1.0).abs() < 1e-15);
        assert!(autocorr(3, &x).is_nan() && autocorr(9, &x).is_nan() && autocorr(1, &[2.0; 9]).is_nan());
        assert_eq!(reference(&AutoCorr { lag: 1 }, &[&[]]), Err(Reject::Empty));
    }

    #[test]
    fn pairs_across_blocks_and_chunks_are_there() {
        let rows = 2 * CHUNK + 50;
        let x: Vec<f64> = (0..rows).map(|i| ((i * i) % 1013) as f64).collect();
        for lag in [1, 3, BLOCK, BLOCK + 1, CHUNK, CHUNK + 7, rows - 2] {
            let mut lagged = Lagged::begin(&(lag as u32));
            let parts = [0, 5, 9, BLOCK + 9, BLOCK + 10, CHUNK, CHUNK + 300, rows];
            for ends in parts.windows(2) {
                let mut part = Lagged::begin(&(lag as u32));
                for start in (ends[0]..ends[1]).step_by(BLOCK) {
                    let end = ends[1].min(start + BLOCK);
                    part.absorb(&Block::new(&[Column::of(&x[start..end])], start as u64));
                }
                Partial::merge(&mut lagged, &part);
            }
            assert_eq!(lagged.pairs().count(), (rows - lag) as u64, "{lag}");
            let (parts, whole) = (lagged.pairs().correlation(0, 1), autocorr(lag as u32, &x));
            assert!((parts - whole).abs() < 1e-13, "{lag}: {parts} is not {whole}");
        }
    }

    #[test]
    fn missing_rows_keep_their_places() {
        // Rows 0, 1, 3, 4, 6: of pairs two rows apart there are (1, 3) and (4, 6).
        let mut lagged = Lagged::begin(&2);
        let x = [1.0, 2.0, 9.0, 4.0, 5.0];
        lagged.absorb(&Block::with_missing(&[Column::of(&x[..3])], 0, 4, &[0, 1, 3]));
        let mut later = Lagged::begin(&2);
        later.absorb(&Block::with_missing(&[Column::of(&x[3..])], 4, 3, &[0, 2]));
        Partial::merge(&mut lagged, &later);
        assert_eq!(lagged.pairs().count(), 2);
        assert_eq!(lagged.pairs().covariance(0, 1, 0.0), (2.0 * 9.0 + 4.0 * 5.0) / 2.0 - 3.0 * 7.0);
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_rows() {
        // Parts that claim the same rows again and again, as no reading has them.
        let mut lagged = Lagged::begin(&3);
        lagged.absorb(&Block::new(&[Column::of(&[1.0, 4.0, 2.0, 8.0, 5.0])], 0));
        let size = serde_json::to_string(&lagged).unwrap().len();
        for _ in 0..53 {
            let same = lagged.clone();
            Partial::merge(&mut lagged, &same);
        }
        assert!(serde_json::to_string(&lagged).unwrap().len() < 2 * size);
    }

    #[test]
    fn no_lag_is_refused() {
        for lag in [0, LAG_MAX + 1] {
            let refused = reference(&AutoCorr { lag }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "lag", .. })));
        }
    }
}
