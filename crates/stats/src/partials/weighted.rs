//! Weighted count, mean and second moment: the sums of the weights and of their squares, and the rest about the weighted mean.
//!
//! D. H. D. West, Updating mean and variance estimates: an improved method, Comm. ACM 22(9), 1979, between blocks, with means and
//! moments in two doubles. Within a block two sweeps, the second about the block's weighted mean, corrected for what its rounding
//! leaves.

use crate::double::Double;
use echoes_kernel::{Block, Partial, Reject, Result};
use echoes_simd::{GROUP, Lanes, Operation, run, split};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What weights stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// How often a row was seen: the divisor is `Σ w − ddof`. NumPy's `fweights`.
    #[default]
    Frequency,
    /// How much a row counts: the divisor is `Σ w − ddof Σ w² / Σ w`. NumPy's `aweights`.
    Reliability,
}

/// Weighted moments of a column: the weights are the column after it. A row of weight 0 counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct WeightedMoments {
    /// Rows, those of weight 0 too.
    count: u64,
    /// The first row whose weight is none.
    refused: Option<u64>,
    /// `Σ w` and `Σ w²`.
    weight: Double,
    squares: Double,
    /// `Σ w x`.
    total: Double,
    mean: Double,
    m2: Double,
}

impl WeightedMoments {
    /// Refuses weights below zero, infinite ones and NaN.
    ///
    /// # Errors
    /// [`Reject::Weight`] with the first such row.
    pub fn checked(&self) -> Result<&Self> {
        match self.refused {
            Some(row) => Err(Reject::Weight { row }),
            None if self.count == 0 => Err(Reject::Empty),
            None => Ok(self),
        }
    }

    /// `Σ w x`.
    pub const fn sum(&self) -> f64 {
        self.total.value()
    }

    /// `Σ w x / Σ w`; NaN where all weights are 0.
    pub fn mean(&self) -> f64 {
        if self.weight.value() > 0.0 { self.mean.value() } else { f64::NAN }
    }

    /// `Σ w (x − mean)²` over what the kind of the weights says; NaN where that is not above 0.
    pub fn variance(&self, kind: Weights, ddof: f64) -> f64 {
        let weight = self.weight.value();
        let freedom = match kind {
            Weights::Frequency => self.weight.add(-ddof).value(),
            Weights::Reliability => weight - ddof * (self.squares.value() / weight),
        };
        if freedom > 0.0 { self.m2.value() / freedom } else { f64::NAN }
    }
}

/// The sums of a block about a center.
struct Sums {
    weight: f64,
    squares: f64,
    first: f64,
    second: f64,
}

/// `Σ w`, `Σ w²`, `Σ w d` and `Σ w d²` with `d = x − center`, 0 where the weight is.
#[inline(always)]
fn sums<L: Lanes>(l: L, x: &[f64], w: &[f64], center: f64) -> Sums {
    let zero = l.splat(0.0);
    let mut sums = [[zero; 4]; 4];
    let mut spaces = [[0.0; GROUP]; 2];
    let [x_space, w_space] = &mut spaces;
    let ((xs, x_tail), (ws, w_tail)) = (split(x, center, x_space), split(w, 0.0, w_space));
    for (x, w) in xs.iter().zip(ws) {
        add(l, &mut sums, x, w, center);
    }
    if let (Some(x), Some(w)) = (x_tail, w_tail) {
        add(l, &mut sums, x, w, center);
    }
    let [weight, squares, first, second] = sums;
    Sums { weight: l.total(weight), squares: l.total(squares), first: l.total(first), second: l.total(second) }
}

#[inline(always)]
fn add<L: Lanes>(l: L, sums: &mut [[L::V; 4]; 4], x: &[f64; GROUP], w: &[f64; GROUP], center: f64) {
    let (x, w, zero) = (l.load(x), l.load(w), l.splat(0.0));
    for i in 0..4 {
        let d = l.select(l.lt(zero, w[i]), x[i] - l.splat(center), zero);
        let first = w[i] * d;
        sums[0][i] = sums[0][i] + w[i];
        sums[1][i] = sums[1][i] + w[i] * w[i];
        sums[2][i] = sums[2][i] + first;
        sums[3][i] = sums[3][i] + first * d;
    }
}

struct Absorb<'a, 'b>(&'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = WeightedMoments;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> WeightedMoments {
        let block = self.0;
        let (x, w) = (block.values(0), block.values(1));
        let rough = sums(l, x, w, 0.0);
        let center = rough.first / rough.weight;
        let center = if center.is_finite() { center } else { 0.0 };
        let Sums { weight, squares, first, second } = sums(l, x, w, center);
        let shift = if weight > 0.0 { first / weight } else { 0.0 };
        WeightedMoments {
            count: x.len() as u64,
            refused: None,
            weight: weight.into(),
            squares: squares.into(),
            total: Double::product(center, weight).add(first),
            mean: Double::sum(center, shift),
            m2: (second - first * shift).into(),
        }
    }
}

impl Partial for WeightedMoments {
    type Setup = ();
    const NAME: &'static str = "weighted moments/1";

    fn begin((): &()) -> Self {
        Self::default()
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let is_weight = |w: &f64| (0.0..=f64::MAX).contains(w);
        let refused = block.values(1).iter().position(|w| !is_weight(w)).map(|i| block.row(i));
        self.merge(&Self { refused, ..run(Absorb(block)) });
    }

    fn merge(&mut self, later: &Self) {
        let (count, refused) = (self.count.saturating_add(later.count), self.refused.or(later.refused));
        let (left, right) = (self.weight.value(), later.weight.value());
        if left == 0.0 {
            *self = *later;
        } else if right != 0.0 {
            let weight = self.weight.add_double(later.weight);
            let (delta, share) = (later.mean.minus(self.mean), right / weight.value());
            self.m2 = self.m2.add_double(later.m2).add(delta * delta * (left * share));
            self.mean = self.mean.toward(later.mean, delta, share);
            self.total = self.total.add_double(later.total);
            self.squares = self.squares.add_double(later.squares);
            self.weight = weight;
        }
        (self.count, self.refused) = (count, refused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use echoes_kernel::{BLOCK, Column};
    use echoes_simd::{Level, run_at};
    use num_rational::BigRational;

    fn read(x: &[f64], w: &[f64]) -> WeightedMoments {
        let mut moments = WeightedMoments::begin(&());
        for start in (0..x.len()).step_by(BLOCK) {
            let end = x.len().min(start + BLOCK);
            let mut block = WeightedMoments::begin(&());
            block.absorb(&Block::new(&[Column::of(&x[start..end]), Column::of(&w[start..end])], start as u64));
            moments.merge(&block);
        }
        moments
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(21);
        for offset in [0.0, 1e8] {
            let rows = oracle::count(5000);
            let x: Vec<f64> = (0..rows).map(|_| offset + noise()).collect();
            let w: Vec<f64> = (0..rows).map(|i| if i % 5 == 0 { 0.0 } else { noise() }).collect();
            let sum = |terms: &mut dyn Iterator<Item = BigRational>| terms.sum::<BigRational>();
            let weight = sum(&mut w.iter().map(|&w| rational(w)));
            let mean = sum(&mut x.iter().zip(&w).map(|(&x, &w)| rational(x) * rational(w))) / &weight;
            let m2 = sum(&mut x.iter().zip(&w).map(|(&x, &w)| (rational(x) - &mean).pow(2) * rational(w)));
            let squares = sum(&mut w.iter().map(|&w| rational(w).pow(2)));
            let found = read(&x, &w);
            assert!(ulp(found.mean(), &mean) <= 4.0, "{offset}: {}", found.mean());
            let reliable = found.variance(Weights::Reliability, 1.0);
            let frequent = found.variance(Weights::Frequency, 1.0);
            assert!(ulp(reliable, &(&m2 / (&weight - squares / &weight))) <= 16.0, "{offset}: {reliable}");
            assert!(ulp(frequent, &(m2 / (weight - rational(1.0)))) <= 16.0, "{offset}: {frequent}");
        }
    }

    #[test]
    fn weights_of_nothing_and_those_that_are_none() {
        let found = read(&[f64::NAN, 2.0, f64::INFINITY, 4.0], &[0.0, 1.0, 0.0, 1.0]);
        assert_eq!((found.mean(), found.variance(Weights::Frequency, 1.0), found.sum()), (3.0, 2.0, 6.0));
        assert!(read(&[1.0, 2.0], &[0.0; 2]).checked().unwrap().mean().is_nan());
        assert!(read(&[1.0], &[1.0]).variance(Weights::Frequency, 1.0).is_nan());
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(read(&[1.0, 2.0], &[1.0, weight]).checked().map(|_| ()), Err(Reject::Weight { row: 1 }));
        }
        assert_eq!(read(&[], &[]).checked().map(|_| ()), Err(Reject::Empty));
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let mut noise = oracle::noise(22);
        let (x, w): (Vec<f64>, Vec<f64>) = (0..777).map(|_| (noise() - 0.5, noise())).unzip();
        let columns = [Column::of(&x), Column::of(&w)];
        let of = |level| run_at(level, Absorb(&Block::new(&columns, 0)));
        assert!(Level::available().all(|level| of(level) == of(Level::Portable)));
    }
}
