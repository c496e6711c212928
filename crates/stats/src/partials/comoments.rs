//! Sums of products of deviations of every pair of `k` columns.
//!
//! Two sweeps within a block, the second about the block's means, corrected for their rounding; P. Pébay, SAND2008-6212, eq. 3.12
//! between blocks, with centers and sums in two doubles. Deviations beyond 3e38 or below 3e-39 are measured in a power of two, the
//! column's [`Unit`], so that no product overflows or vanishes.

use crate::{double::Double, sweeps, unit::Unit};
use echoes_kernel::{BLOCK, Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Co-moments of `k` columns, over the rows in which all of them are present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comoments {
    count: u64,
    centers: Vec<Double>,
    /// What the deviations of each column are measured in.
    units: Vec<Unit>,
    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)` for `j ≤ i`, row by row, in the units of both columns.
    products: Vec<Double>,
    /// Room for the block in hand, so that `absorb` allocates nothing; no part of the state.
    #[serde(skip)]
    scratch: Vec<f64>,
}

impl Comoments {
    /// Rows present in every column.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.centers.len()
    }

    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)`.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        self.units[i].and(self.units[j]).times(1, self.measured_product(i, j))
    }

    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ) / (n − ddof)`; NaN if `n ≤ ddof`. Infinite, 0 or subnormal where the truth is beyond the range of
    /// doubles.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn covariance(&self, i: usize, j: usize, ddof: f64) -> f64 {
        let freedom = self.count as f64 - ddof;
        let covariance = if freedom > 0.0 { self.measured_product(i, j) / freedom } else { f64::NAN };
        self.units[i].and(self.units[j]).times(1, covariance)
    }

    /// A product in the units of its columns.
    fn measured_product(&self, i: usize, j: usize) -> f64 {
        self.measured(i, j).value()
    }

    /// Pearson's correlation, within [−1, 1]; NaN if either column is constant.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        let [xx, yy, xy] = [(i, i), (j, j), (i, j)].map(|(i, j)| self.measured_product(i, j));
        if i == j && xx > 0.0 { 1.0 } else { pearson(xx, yy, xy) }
    }

    /// What is left of the variance of one column beside the line through the other, `1 − r²`, between 0 and 1; NaN if either is
    /// constant.
    pub(crate) fn unexplained(&self, i: usize, j: usize) -> f64 {
        let [xx, xy, yy] = [(i, i), (i, j), (j, j)].map(|(i, j)| self.measured(i, j));
        if !(xx.high() > 0.0 && yy.high() > 0.0) {
            return f64::NAN;
        }
        Double::from(1.0).minus(xy.over(xx).times(xy.over(yy))).clamp(0.0, 1.0)
    }

    /// The mean of a column in its unit.
    pub(crate) fn measured_mean(&self, i: usize) -> Double {
        self.centers[i].times_unit(Unit::ONE.over(self.units[i]), 1)
    }

    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)` in the units of the columns.
    pub(crate) fn measured(&self, i: usize, j: usize) -> Double {
        self.products[index(i.max(j), i.min(j))]
    }

    /// What the deviations of a column are measured in.
    pub(crate) fn unit_of(&self, i: usize) -> Unit {
        self.units[i]
    }

    #[inline(always)]
    fn absorb_block<L: Lanes>(&mut self, l: L, block: &Block<'_>) {
        let n = block.len() as f64;
        let (before, count) = (self.count as f64, self.count + block.len() as u64);
        let (right, weight) = (n / count as f64, before * n / count as f64);
        let columns = self.centers.len();
        self.scratch.resize(3 * columns, 0.0);
        // First third of the scratch: the block's centers. Second: the sums of the deviations from them, and third: how far the
        // block's means lie from ours, both in the columns' units.
        for i in 0..columns {
            let x = block.values(i);
            self.scratch[i] = sweeps::center(l, x, sweeps::is_followed(block));
        }
        for i in 0..columns {
            let (x, cx) = (block.values(i), self.scratch[i]);
            let Deviations { mean, s1, s2, delta } = self.deviations(l, i, x, cx);
            self.scratch[columns + i] = s1;
            self.scratch[2 * columns + i] = delta;
            self.products[index(i, i)] = self.products[index(i, i)].add(s2 - s1 * s1 / n);
            for j in 0..i {
                let (y, cy) = (block.values(j), self.scratch[j]);
                let units = [self.units[i], self.units[j]];
                let sum = if units == [Unit::ONE; 2] {
                    sweeps::product(l, (x, cx), (y, cy))
                } else {
                    run(Product { units, columns: [x, y], centers: [cx, cy] })
                };
                // Multiplied first: (x, y) and (y, x) have the same bits.
                let xy = sum - s1 * self.scratch[columns + j] / n;
                self.products[index(i, j)] = self.products[index(i, j)].add(xy);
            }
            self.centers[i] =
                if before == 0.0 { mean } else { self.centers[i].toward(mean, mean.minus(self.centers[i]), right) };
        }
        for i in 0..columns {
            for j in 0..=i {
                let shift = self.scratch[2 * columns + i] * self.scratch[2 * columns + j] * weight;
                self.products[index(i, j)] = self.products[index(i, j)].add(shift);
            }
        }
        self.count = count;
    }

    /// The deviations of a column of a block, in the column's unit.
    #[inline(always)]
    fn deviations<L: Lanes>(&mut self, l: L, i: usize, x: &[f64], center: f64) -> Deviations {
        let [s1, s2, ..] = sweeps::powers::<L, 2>(l, x, center, false);
        let mean = Double::sum(center, s1 / x.len() as f64);
        let plain = Deviations { mean, s1, s2, delta: self.delta(i, mean) };
        if self.units[i] == Unit::ONE && Unit::is_ordinary(s2) && is_ordinary(plain.delta) {
            plain
        } else {
            self.measured_deviations(i, x, center, plain)
        }
    }

    /// The same where 1 may not be the unit for them: the column's becomes the largest that is needed.
    #[cold]
    #[inline(never)]
    fn measured_deviations(&mut self, i: usize, x: &[f64], center: f64, plain: Deviations) -> Deviations {
        self.make_room(i, run(Fit { x, center }), plain.delta);
        let unit = self.units[i];
        let [s1, s2, ..] = run(Sums { unit, x, center });
        let mean = if plain.s1.is_finite() {
            plain.mean
        } else {
            Double::sum(unit.divide(1, center), s1 / x.len() as f64).times_unit(unit, 1)
        };
        let delta =
            if self.count == 0 { 0.0 } else { self.centers[i].measured_delta(mean, mean.minus(self.centers[i]), unit) };
        Deviations { mean, s1, s2, delta }
    }

    /// How far a mean lies beyond ours; not at all where there are no rows yet.
    #[inline(always)]
    fn delta(&self, i: usize, mean: Double) -> f64 {
        if self.count == 0 { 0.0 } else { mean.minus(self.centers[i]) }
    }

    /// Brings the column into the largest unit that it, others and the distance to their mean need.
    fn make_room(&mut self, i: usize, others: Option<Unit>, delta: f64) {
        let apart = (delta != 0.0).then(|| Unit::of(delta));
        let unit = [self.unit(i), others, apart].into_iter().flatten().max().unwrap_or_default();
        let ratio = self.units[i].over(unit);
        for j in 0..self.centers.len() {
            let at = index(i.max(j), i.min(j));
            self.products[at] = self.products[at].times_unit(ratio, if i == j { 2 } else { 1 });
        }
        self.units[i] = unit;
    }

    /// What the deviations of a column are measured in; `None` if there are none.
    fn unit(&self, i: usize) -> Option<Unit> {
        (self.measured_product(i, i) != 0.0).then_some(self.units[i])
    }

    fn merge_pair(&mut self, at: usize, product: Double, delta: f64) {
        self.products[at] = self.products[at].add_double(product).add(delta);
    }
}

/// The deviations of a column of a block from a center, and its mean.
struct Deviations {
    mean: Double,
    /// The sum of the deviations.
    s1: f64,
    /// That of their squares.
    s2: f64,
    /// How far the mean lies beyond that of the rows before.
    delta: f64,
}

/// Whether a distance needs no other unit than 1.
#[inline(always)]
fn is_ordinary(delta: f64) -> bool {
    delta == 0.0 || Unit::is_ordinary(delta * delta)
}

struct Fit<'a> {
    x: &'a [f64],
    center: f64,
}

impl Operation for Fit<'_> {
    type Output = Option<Unit>;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Option<Unit> {
        sweeps::unit(l, self.x, self.center)
    }
}

struct Sums<'a> {
    unit: Unit,
    x: &'a [f64],
    center: f64,
}

impl Operation for Sums<'_> {
    type Output = [f64; 4];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [f64; 4] {
        let mut space = [0.0; BLOCK];
        let x = sweeps::measured(self.x, self.unit, &mut space);
        sweeps::powers::<L, 2>(l, x, self.unit.divide(1, self.center), false)
    }
}

struct Product<'a> {
    units: [Unit; 2],
    columns: [&'a [f64]; 2],
    centers: [f64; 2],
}

impl Operation for Product<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f64 {
        let ([x_unit, y_unit], [x, y], [cx, cy]) = (self.units, self.columns, self.centers);
        let mut spaces = [[0.0; BLOCK]; 2];
        let [x_space, y_space] = &mut spaces;
        let (x, y) = (sweeps::measured(x, x_unit, x_space), sweeps::measured(y, y_unit, y_space));
        sweeps::product(l, (x, x_unit.divide(1, cx)), (y, y_unit.divide(1, cy)))
    }
}

struct Absorb<'a, 'b>(&'a mut Comoments, &'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        self.0.absorb_block(l, self.1);
    }
}

/// The correlation of columns with such sums of squares and of products; NaN if either is constant.
pub(super) fn pearson(xx: f64, yy: f64, xy: f64) -> f64 {
    if !(xx > 0.0 && yy > 0.0) {
        return f64::NAN;
    }
    let square = xx * yy;
    // The root of the product is the more exact one, but for products that overflow or vanish.
    let scale = if square.is_normal() { square.sqrt() } else { xx.sqrt() * yy.sqrt() };
    (xy / scale).clamp(-1.0, 1.0)
}

/// Where the products of a pair stand.
pub(super) const fn index(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

impl Partial for Comoments {
    type Setup = usize;
    const NAME: &'static str = "comoments/2";

    fn begin(&columns: &usize) -> Self {
        let pairs = index(columns, 0);
        let zero = Double::default();
        Self {
            count: 0,
            centers: vec![zero; columns],
            units: vec![Unit::ONE; columns],
            products: vec![zero; pairs],
            scratch: vec![0.0; 3 * columns],
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        if !block.is_empty() {
            run(Absorb(self, block));
        }
    }

    fn merge(&mut self, later: &Self) {
        if later.count == 0 || self.centers.len() != later.centers.len() {
            return;
        }
        if self.count == 0 {
            self.clone_from(later);
            return;
        }
        let (left, right) = (self.count as f64, later.count as f64);
        let n = left + right;
        let mut deltas = std::mem::take(&mut self.scratch);
        deltas.resize(3 * self.centers.len(), 0.0);
        for (i, step) in deltas.iter_mut().enumerate().take(self.centers.len()) {
            let (mine, theirs) = (self.centers[i], later.centers[i]);
            let delta = theirs.minus(mine);
            *step = if self.units[i] == Unit::ONE && later.units[i] == Unit::ONE && is_ordinary(delta) {
                delta
            } else {
                self.make_room(i, later.unit(i), delta);
                mine.measured_delta(theirs, delta, self.units[i])
            };
            self.centers[i] = mine.toward(theirs, delta, right / n);
        }
        for i in 0..self.centers.len() {
            for j in 0..=i {
                let [a, b] = [i, j].map(|i| later.units[i].over(self.units[i]));
                let product = later.products[index(i, j)].times_unit(a.and(b), 1);
                self.merge_pair(index(i, j), product, deltas[i] * deltas[j] * (left * right / n));
            }
        }
        self.scratch = deltas;
        self.count = self.count.saturating_add(later.count);
    }

    fn is_sound(&self) -> bool {
        self.products.len() == index(self.centers.len(), 0) && self.units.len() == self.centers.len()
    }
}
