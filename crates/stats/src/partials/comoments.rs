//! Sums of products of deviations of every pair of `k` columns.
//!
//! Within a block, a sweep over each column about an [`anchor`](super::anchor) near its mean, or once more about that itself where the
//! anchor is too far off, and one over each pair, corrected for what the centers miss; P. Pébay, SAND2008-6212, eq. 3.12 between
//! blocks, with centers and sums in two doubles. Deviations beyond 3e38 or below 3e-39 are measured in a power of two, the column's
//! [`Unit`], so that no product overflows or vanishes.

mod panels;

use super::anchor::Anchor;
use crate::{ahead::Ahead, double::Double, sweeps, unit::Unit};
use echoes_kernel::{BLOCK, Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use panels::{Column, PANEL, Panel, TILED};
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
    /// About what the blocks to come are swept first; none before the first one.
    anchors: Vec<f64>,
    /// Room for the block in hand, so that `absorb` allocates nothing; no part of the state.
    #[serde(skip)]
    work: Work,
}

#[derive(Debug, Default)]
struct Work(Vec<Panel>);

impl Work {
    /// A copy, or what was read back, has no room yet.
    fn make_room(&mut self, columns: usize) {
        if self.0.is_empty() {
            self.0 = Panel::for_columns(columns);
        }
    }

    fn column(&self, i: usize) -> Column {
        self.0[i / PANEL].columns[i % PANEL]
    }

    fn column_mut(&mut self, i: usize) -> &mut Column {
        &mut self.0[i / PANEL].columns[i % PANEL]
    }
}

impl Clone for Work {
    fn clone(&self) -> Self {
        Self::default()
    }
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

    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ) / (n − ddof)`; NaN if `n ≤ ddof`, and where either column has no variance, as with an infinity.
    /// Infinite, 0 or subnormal where the truth is beyond the range of doubles.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn covariance(&self, i: usize, j: usize, ddof: f64) -> f64 {
        let freedom = self.count as f64 - ddof;
        let is_defined = freedom > 0.0 && ![i, j].iter().any(|&i| self.measured_product(i, i).is_nan());
        let covariance = if is_defined { self.measured_product(i, j) / freedom } else { f64::NAN };
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

    /// What a column of a block is by itself: the unit that its deviations need, its mean, its squares, and for how much it counts that
    /// the mean lies elsewhere than ours.
    fn settle(&mut self, i: usize, block: &Block<'_>, weight: f64) {
        let n = block.len() as f64;
        let Column { center, s1, s2, .. } = self.work.column(i);
        let mut mean = Double::sum(center, s1 / n);
        let mut column = Column { center, s1, s2, delta: self.delta(i, mean) };
        if self.units[i] != Unit::ONE || !Unit::is_ordinary(s2) || !is_ordinary(column.delta) {
            (mean, column) = self.measure(i, block.values(i), mean, column);
        }
        *self.work.column_mut(i) = column;
        add_pair(&mut self.products[index(i, i)], column.s2, [column; 2], block.len(), weight);
        let mine = self.centers[i];
        let share = n / (self.count + block.len() as u64) as f64;
        self.centers[i] = if self.count == 0 { mean } else { mine.toward(mean, mean.minus(mine), share) };
    }

    /// The same where 1 may not be the unit for it: the column's becomes the largest that is needed.
    #[cold]
    #[inline(never)]
    fn measure(&mut self, i: usize, x: &[f64], plain: Double, column: Column) -> (Double, Column) {
        let center = column.center;
        self.make_room(i, run(Fit { x, center }), column.delta);
        let unit = self.units[i];
        let [s1, s2] = run(Sums { unit, x, center });
        let mean = if column.s1.is_finite() {
            plain
        } else {
            Double::sum(unit.divide(1, center), s1 / x.len() as f64).times_unit(unit, 1)
        };
        let delta =
            if self.count == 0 { 0.0 } else { self.centers[i].measured_delta(mean, mean.minus(self.centers[i]), unit) };
        (mean, Column { center, s1, s2, delta })
    }

    /// The products of different columns of a block.
    fn absorb_pairs(&mut self, block: &Block<'_>, weight: f64) {
        for i in 0..self.centers.len() {
            for j in 0..i {
                let pair = [i, j].map(|i| self.work.column(i));
                let sum = run(Product {
                    units: [i, j].map(|i| self.units[i]),
                    columns: [i, j].map(|i| block.values(i)),
                    centers: pair.map(|column| column.center),
                });
                add_pair(&mut self.products[index(i, j)], sum, pair, block.len(), weight);
            }
        }
    }

    /// The same of many columns.
    fn absorb_panels(&mut self, block: &Block<'_>, weight: f64) {
        for (panel, units) in self.units.chunks(PANEL).enumerate() {
            if units.iter().any(|&unit| unit != Unit::ONE) {
                run(Reset { panel: &mut self.work.0[panel], first: PANEL * panel, units, block });
            }
        }
        let work = &self.work;
        panels::multiply(&work.0, self.centers.len(), &mut self.products, &|product, pair, sum| {
            add_pair(product, sum, pair.map(|i| work.column(i)), block.len(), weight);
        });
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
    type Output = [f64; 2];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [f64; 2] {
        let mut space = [0.0; BLOCK];
        let x = sweeps::measured(self.x, self.unit, &mut space);
        sweeps::spread(l, x, self.unit.divide(1, self.center), Ahead::Nothing)
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
        let ([x, y], [cx, cy]) = (self.columns, self.centers);
        if self.units == [Unit::ONE; 2] {
            return sweeps::product(l, (x, cx), (y, cy));
        }
        let [x_unit, y_unit] = self.units;
        let mut spaces = [[0.0; BLOCK]; 2];
        let [x_space, y_space] = &mut spaces;
        let (x, y) = (sweeps::measured(x, x_unit, x_space), sweeps::measured(y, y_unit, y_space));
        sweeps::product(l, (x, x_unit.divide(1, cx)), (y, y_unit.divide(1, cy)))
    }
}

/// Sets the deviations of a panel anew, each column's in its unit.
struct Reset<'a, 'b> {
    panel: &'a mut Panel,
    first: usize,
    units: &'a [Unit],
    block: &'a Block<'b>,
}

impl Operation for Reset<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut spaces = [[0.0; BLOCK]; PANEL];
        let (mut columns, mut centers) = ([&[][..]; PANEL], [0.0; PANEL]);
        for (i, space) in spaces.iter_mut().enumerate() {
            // Those that are not there are as the first, and nobody asks for them.
            let from = if i < self.units.len() { i } else { 0 };
            columns[i] = sweeps::measured(self.block.values(self.first + from), self.units[from], space);
            centers[i] = self.units[from].divide(1, self.panel.columns[from].center);
        }
        self.panel.set(l, columns, centers);
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

/// Adds the sum of a block's products of two columns, from which it takes what the rounding of their centers adds, and that their
/// means lie elsewhere than ours.
fn add_pair(product: &mut Double, sum: f64, [x, y]: [Column; 2], rows: usize, weight: f64) {
    // Multiplied first: (x, y) and (y, x) have the same bits.
    *product = product.add((sum - x.s1 * y.s1 / rows as f64) + x.delta * y.delta * weight);
}

/// Where the products of a pair stand.
pub(super) const fn index(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

impl Partial for Comoments {
    type Setup = usize;
    const NAME: &'static str = "comoments/4";

    fn begin(&columns: &usize) -> Self {
        let pairs = index(columns, 0);
        let zero = Double::default();
        Self {
            count: 0,
            centers: vec![zero; columns],
            units: vec![Unit::ONE; columns],
            products: vec![zero; pairs],
            anchors: Vec::with_capacity(columns),
            work: Work(Panel::for_columns(columns)),
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        if block.is_empty() {
            return;
        }
        let columns = self.centers.len();
        self.work.make_room(columns);
        if self.anchors.is_empty() {
            self.anchors.extend((0..columns).map(|i| run(Anchor(block.values(i)))));
        }
        panels::sweep(&mut self.work.0, &self.anchors, block);
        // What the distance of the block's means from ours counts for.
        let (before, n) = (self.count as f64, block.len() as f64);
        let weight = before * n / (before + n);
        for i in 0..columns {
            self.settle(i, block, weight);
        }
        if columns < TILED {
            self.absorb_pairs(block, weight);
        } else {
            self.absorb_panels(block, weight);
        }
        self.count += block.len() as u64;
    }

    fn merge(&mut self, later: &Self) {
        if later.count == 0 || self.centers.len() != later.centers.len() {
            return;
        }
        if self.count == 0 {
            self.count = later.count;
            self.centers.clone_from(&later.centers);
            self.units.clone_from(&later.units);
            self.products.clone_from(&later.products);
            if self.anchors.is_empty() {
                self.anchors.clone_from(&later.anchors);
            }
            return;
        }
        let (left, right) = (self.count as f64, later.count as f64);
        let n = left + right;
        self.work.make_room(self.centers.len());
        for i in 0..self.centers.len() {
            let (mine, theirs) = (self.centers[i], later.centers[i]);
            let delta = theirs.minus(mine);
            self.work.column_mut(i).delta =
                if self.units[i] == Unit::ONE && later.units[i] == Unit::ONE && is_ordinary(delta) {
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
                let shift = self.work.column(i).delta * self.work.column(j).delta * (left * right / n);
                self.merge_pair(index(i, j), product, shift);
            }
        }
        self.count = self.count.saturating_add(later.count);
    }

    fn is_sound(&self) -> bool {
        let columns = self.centers.len();
        self.products.len() == index(columns, 0)
            && self.units.len() == columns
            && [0, columns].contains(&self.anchors.len())
            && self.anchors.iter().all(|anchor| anchor.is_finite())
    }
}
