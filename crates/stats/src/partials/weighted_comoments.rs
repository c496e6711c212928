//! Weighted sums, means, and sums of products of deviations of every pair of `k` columns.
//!
//! Two sweeps within a block, the second about the block's weighted means, corrected for their rounding; between blocks P. Pébay,
//! SAND2008-6212, eq. 3.12, with sums of weights for counts (as D. H. D. West, Comm. ACM 22(9), 1979, has it for one column), centers
//! and sums in two doubles.
//!
//! Error against exact rationals of the data, at any offset: sum and mean ≤ 2 units in the last place, variance ≤ 4 (where `Σ w` is
//! not near `ddof`), correlation ≤ 1e-14. There is no other unit than 1: products `w x²` and `w²` must be doubles, which those of
//! numbers between 1e-100 and 1e100 are.

use super::comoments::{index, pearson};
use crate::{
    Weights,
    ahead::Ahead,
    double::Double,
    sweeps::{self, weighted},
    weights,
};
use echoes_kernel::{Block, Partial, Reject, Result};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Weighted co-moments of `k` columns; the weights are the column after them. A row of weight 0 is left out, whatever it holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WeightedComoments {
    /// Rows with a weight other than 0.
    count: u64,
    /// The first row whose weight is none.
    refused: Option<u64>,
    /// `Σ w`.
    weight: Double,
    /// `Σ w²`.
    squares: Double,
    /// `Σ w xᵢ`.
    totals: Vec<Double>,
    centers: Vec<Double>,
    /// `Σ w (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)` for `j ≤ i`, row by row.
    products: Vec<Double>,
    /// Room for the block in hand, so that `absorb` allocates nothing; no part of the state.
    #[serde(skip)]
    scratch: Vec<Own>,
}

/// What a block has of a column.
#[derive(Debug, Clone, Copy, Default)]
struct Own {
    /// What its deviations are from.
    center: f64,
    /// Their weighted sum.
    first: f64,
    /// How far its mean lies beyond ours.
    delta: f64,
}

impl WeightedComoments {
    /// Refuses weights below zero, infinite ones and NaN.
    ///
    /// # Errors
    /// [`Reject::Weight`] with the first such row.
    pub fn checked(&self) -> Result<&Self> {
        self.refused.map_or(Ok(self), |row| Err(Reject::Weight { row }))
    }

    /// `Σ w x`; 0 for no rows.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn sum(&self, i: usize) -> f64 {
        self.totals[i].value()
    }

    /// `Σ w x / Σ w`; `None` for no rows with a weight.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn mean(&self, i: usize) -> Option<f64> {
        let (total, center) = (self.totals[i], self.centers[i]);
        let mean = if total.is_finite() {
            total.over(self.weight).value()
        } else if center.is_finite() {
            // It is the sum alone that is beyond the range of doubles.
            center.value()
        } else {
            total.value()
        };
        (self.count > 0).then_some(mean)
    }

    /// `Σ w (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)` over `Σ w − ddof`, or over `Σ w − ddof Σ w² / Σ w`; `None` for no rows with a weight, NaN where the
    /// divisor is not above 0.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn covariance(&self, i: usize, j: usize, kind: Weights, ddof: f64) -> Option<f64> {
        let freedom = match kind {
            Weights::Frequency => self.weight.add(-ddof).value(),
            // So few rows leave none: the difference would be rounding.
            Weights::Reliability if self.count as f64 <= ddof => 0.0,
            Weights::Reliability => {
                self.weight.add_double(self.squares.over(self.weight).times(Double::from(-ddof))).value()
            }
        };
        let is_defined = freedom > 0.0 && ![i, j].iter().any(|&i| self.product(i, i).is_nan());
        let covariance = if is_defined { self.product(i, j) / freedom } else { f64::NAN };
        (self.count > 0).then_some(covariance)
    }

    /// Pearson's correlation, within [−1, 1]; `None` for no rows with a weight, NaN if either column is constant.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn correlation(&self, i: usize, j: usize) -> Option<f64> {
        let [xx, yy, xy] = [(i, i), (j, j), (i, j)].map(|(i, j)| self.product(i, j));
        (self.count > 0).then_some(pearson(xx, yy, xy))
    }

    fn product(&self, i: usize, j: usize) -> f64 {
        self.products[index(i.max(j), i.min(j))].value()
    }

    #[inline(always)]
    fn absorb_block<L: Lanes>(&mut self, l: L, block: &Block<'_>) {
        let columns = self.centers.len();
        let w = block.values(columns);
        let (own, squares) = (sweeps::total(l, w, Ahead::Nothing), sweeps::product(l, (w, 0.0), (w, 0.0)));
        if own == 0.0 {
            return;
        }
        let before = self.weight.value();
        let weight = self.weight.add(own);
        let share = own / weight.value();
        self.scratch.resize(columns, Own::default());
        for i in 0..columns {
            let x = block.values(i);
            let total = weighted::deviations(l, w, (x, 0.0));
            let center = center(w, x, total / own);
            let first = weighted::deviations(l, w, (x, center));
            let mean = Double::sum(center, first / own);
            let delta = if before == 0.0 { 0.0 } else { mean.minus(self.centers[i]) };
            self.scratch[i] = Own { center, first, delta };
            for j in 0..=i {
                let Own { center: other, first: others, .. } = self.scratch[j];
                let product = weighted::products(l, w, (x, center), (block.values(j), other));
                let shift = delta * self.scratch[j].delta * (before * share);
                let at = index(i, j);
                self.products[at] = self.products[at].add(product - first * others / own).add(shift);
            }
            self.totals[i] = self.totals[i].add(total);
            self.centers[i] = if before == 0.0 { mean } else { self.centers[i].toward(mean, delta, share) };
        }
        let rows = w.iter().filter(|&&w| w > 0.0).count() as u64;
        self.count = self.count.saturating_add(rows);
        (self.weight, self.squares) = (weight, self.squares.add(squares));
    }
}

/// A finite center for the deviations of a block: its weighted mean, or the value of the rows with a weight where it is the same in
/// all of them: then deviations are exactly zero.
fn center(w: &[f64], x: &[f64], mean: f64) -> f64 {
    let mut weighted = x.iter().zip(w).filter(|(_, w)| **w > 0.0).map(|(x, _)| *x);
    let first = weighted.next().unwrap_or(0.0);
    let mean = if weighted.all(|x| x == first) { first } else { mean };
    [mean, first].into_iter().find(|center| center.is_finite()).unwrap_or(0.0)
}

struct Absorb<'a, 'b>(&'a mut WeightedComoments, &'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        self.0.absorb_block(l, self.1);
    }
}

impl Partial for WeightedComoments {
    type Setup = usize;
    const NAME: &'static str = "weighted comoments/2";

    fn begin(&columns: &usize) -> Self {
        let zero = Double::default();
        Self {
            count: 0,
            refused: None,
            weight: zero,
            squares: zero,
            totals: vec![zero; columns],
            centers: vec![zero; columns],
            products: vec![zero; index(columns, 0)],
            scratch: vec![Own::default(); columns],
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        self.refused = self.refused.or_else(|| weights::refused(block, self.centers.len()));
        if self.refused.is_none() {
            run(Absorb(self, block));
        }
    }

    fn merge(&mut self, later: &Self) {
        let refused = self.refused.or(later.refused);
        if self.count == 0 {
            self.clone_from(later);
        } else if later.count > 0 && self.centers.len() == later.centers.len() {
            let weight = self.weight.add_double(later.weight);
            let share = later.weight.value() / weight.value();
            let before = self.weight.value() * share;
            self.scratch.resize(self.centers.len(), Own::default());
            for i in 0..self.centers.len() {
                let delta = later.centers[i].minus(self.centers[i]);
                self.scratch[i].delta = delta;
                for j in 0..=i {
                    let at = index(i, j);
                    let shift = delta * self.scratch[j].delta * before;
                    self.products[at] = self.products[at].add_double(later.products[at]).add(shift);
                }
                self.centers[i] = self.centers[i].toward(later.centers[i], delta, share);
                self.totals[i] = self.totals[i].add_double(later.totals[i]);
            }
            self.count = self.count.saturating_add(later.count);
            (self.weight, self.squares) = (weight, self.squares.add_double(later.squares));
        }
        self.refused = refused;
    }

    fn is_sound(&self) -> bool {
        self.totals.len() == self.centers.len() && self.products.len() == index(self.centers.len(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use echoes_kernel::{BLOCK, Column};
    use echoes_simd::{Level, run_at};
    use num_rational::BigRational;

    fn absorbed(columns: &[&[f64]], start: usize, end: usize) -> WeightedComoments {
        let mut partial = WeightedComoments::begin(&(columns.len() - 1));
        for from in (start..end).step_by(BLOCK) {
            let block: Vec<_> = columns.iter().map(|c| Column::of(&c[from..end.min(from + BLOCK)])).collect();
            partial.absorb(&Block::new(&block, from as u64));
        }
        partial
    }

    /// Half of the rows absorbed, the others merged.
    fn read(columns: &[&[f64]]) -> WeightedComoments {
        let rows = columns[0].len();
        let mut partial = absorbed(columns, 0, rows / 2);
        partial.merge(&absorbed(columns, rows / 2, rows));
        partial
    }

    /// What exact arithmetic says.
    struct Truth {
        weight: BigRational,
        squares: BigRational,
        sum: BigRational,
        products: [BigRational; 3],
    }

    fn truth(x: &[f64], y: &[f64], w: &[f64]) -> Truth {
        let exact = |x: &[f64]| -> Vec<BigRational> { x.iter().map(|&x| rational(x)).collect() };
        let (x, y, w) = (exact(x), exact(y), exact(w));
        let dot = |x: &[BigRational], y: &[BigRational]| x.iter().zip(y).map(|(x, y)| x * y).sum::<BigRational>();
        let weight: BigRational = w.iter().sum();
        let away = |x: &[BigRational]| -> Vec<BigRational> {
            let mean = dot(x, &w) / &weight;
            x.iter().map(|x| x - &mean).collect()
        };
        let product = |x: &[BigRational], y: &[BigRational]| {
            away(x).iter().zip(away(y)).zip(&w).map(|((x, y), w)| x * y * w).sum::<BigRational>()
        };
        Truth {
            squares: dot(&w, &w),
            sum: dot(&x, &w),
            products: [product(&x, &x), product(&x, &y), product(&y, &y)],
            weight,
        }
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(21);
        for offset in [0.0, 1e8, -1e12] {
            let rows = oracle::count(5000);
            let x: Vec<f64> = (0..rows).map(|_| offset + noise()).collect();
            let y: Vec<f64> = x.iter().map(|x| 3.0 * x - noise()).collect();
            let w: Vec<f64> = (0..rows).map(|i| if i % 5 == 4 { 0.0 } else { 3.0 * noise() }).collect();
            let (found, truth) = (read(&[&x, &y, &w]), truth(&x, &y, &w));
            let within = |what: &str, found: f64, truth: &BigRational, most: f64| {
                let error = ulp(found, truth);
                assert!(error <= most, "{what} at {offset}: {error} units");
            };
            within("sum", found.sum(0), &truth.sum, 2.0);
            within("mean", found.mean(0).unwrap(), &(&truth.sum / &truth.weight), 2.0);
            let reliable = &truth.weight - &truth.squares / &truth.weight;
            let frequent = &truth.weight - rational(1.0);
            for (at, (i, j)) in [(0, 0), (1, 0), (1, 1)].into_iter().enumerate() {
                let of = |kind| found.covariance(i, j, kind, 1.0).unwrap();
                within("reliability", of(Weights::Reliability), &(&truth.products[at] / &reliable), 4.0);
                within("frequency", of(Weights::Frequency), &(&truth.products[at] / &frequent), 4.0);
            }
            let r = rational(found.correlation(0, 1).unwrap());
            let [xx, xy, yy] = &truth.products;
            // r² is told of twice the relative error of r.
            let square = (xy * xy) / (xx * yy);
            let error = (&r * &r - &square) / square;
            assert!(error < rational(2e-14) && error > rational(-2e-14), "correlation at {offset}");
            assert_eq!(
                found.covariance(0, 1, Weights::Frequency, 0.0),
                found.covariance(1, 0, Weights::Frequency, 0.0)
            );
        }
    }

    #[test]
    fn columns_may_change_places() {
        let mut noise = oracle::noise(23);
        let columns: Vec<Vec<f64>> = (0..3).map(|_| (0..5000).map(|_| noise()).collect()).collect();
        let of = |x: usize, y: usize| read(&[&columns[x], &columns[y], &columns[2]]);
        let (one, other) = (of(0, 1), of(1, 0));
        assert_eq!(one.covariance(0, 1, Weights::Reliability, 1.0), other.covariance(0, 1, Weights::Reliability, 1.0));
        assert_eq!(one.correlation(0, 1), other.correlation(0, 1));
    }

    #[test]
    fn frequencies_are_rows_said_so_often() {
        let mut noise = oracle::noise(24);
        let rows = oracle::count(3000);
        let x: Vec<f64> = (0..rows).map(|_| noise()).collect();
        let w: Vec<f64> = (0..rows).map(|i| f64::from(i % 4)).collect();
        let often: Vec<f64> = x.iter().zip(&w).flat_map(|(&x, &w)| std::iter::repeat_n(x, w as usize)).collect();
        let (weighted, plain) = (read(&[&x, &w]), read(&[&often, &vec![1.0; often.len()]]));
        for (a, b) in [
            (weighted.mean(0), plain.mean(0)),
            (weighted.covariance(0, 0, Weights::Frequency, 1.0), plain.covariance(0, 0, Weights::Reliability, 1.0)),
        ] {
            let (a, b) = (a.unwrap(), b.unwrap());
            assert!((a - b).abs() <= 1e-15 * b, "{a} is not {b}");
        }
    }

    #[test]
    fn rows_without_weight_are_left_out_and_what_is_no_weight_refused() {
        let found = read(&[&[f64::NAN, 2.0, f64::INFINITY, 4.0], &[0.0, 1.0, 0.0, 1.0]]);
        let variance = found.covariance(0, 0, Weights::Frequency, 1.0);
        assert_eq!((found.count, found.sum(0), found.mean(0), variance), (2, 6.0, Some(3.0), Some(2.0)));
        let nothing = read(&[&[1.0, 2.0], &[0.0, -0.0]]);
        assert_eq!((nothing.checked().unwrap().mean(0), nothing.correlation(0, 0), nothing.sum(0)), (None, None, 0.0));
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            for row in 0..4 {
                let mut w = [1.0; 4];
                (w[row], w[3]) = (weight, weight);
                let found = read(&[&[1.0; 4], &w]).checked().map(|_| ());
                assert_eq!(found, Err(Reject::Weight { row: row as u64 }));
            }
        }
    }

    #[test]
    fn a_divisor_must_be_above_zero() {
        for w in [0.1, 0.3, 1.0, 7.0] {
            let one = read(&[&[5.0, 5.0], &[w, 0.0]]);
            assert!(one.covariance(0, 0, Weights::Reliability, 1.0).unwrap().is_nan(), "{w}");
            assert_eq!(one.covariance(0, 0, Weights::Frequency, 1.0).unwrap().is_nan(), w <= 1.0);
        }
    }

    #[test]
    fn constants_and_infinities() {
        let (x, w) = (vec![0.1; 5000], (0..5000).map(f64::from).collect::<Vec<_>>());
        let constant = read(&[&x, &w, &w]);
        assert_eq!(constant.covariance(0, 0, Weights::Reliability, 1.0), Some(0.0));
        assert!(constant.correlation(0, 1).unwrap().is_nan());
        let infinite = read(&[&[f64::INFINITY, 1.0, 2.0], &[1.0; 3]]);
        assert_eq!((infinite.sum(0), infinite.mean(0)), (f64::INFINITY, Some(f64::INFINITY)));
        assert!(infinite.covariance(0, 0, Weights::Frequency, 1.0).unwrap().is_nan());
        let large = read(&[&[f64::MAX, f64::MAX], &[2.0; 2]]);
        assert_eq!((large.sum(0), large.mean(0)), (f64::INFINITY, Some(f64::MAX)));
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let mut noise = oracle::noise(22);
        let columns: Vec<Vec<f64>> = (0..3).map(|_| (0..777).map(|_| noise()).collect()).collect();
        let block: Vec<_> = columns.iter().map(|c| Column::of(c)).collect();
        let of = |level| {
            let mut partial = WeightedComoments::begin(&2);
            run_at(level, Absorb(&mut partial, &Block::new(&block, 0)));
            format!("{partial:?}")
        };
        assert!(Level::available().all(|level| of(level) == of(Level::Portable)));
    }
}
