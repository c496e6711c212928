//! Sums of products of deviations of every pair of `k` columns.
//!
//! Two sweeps within a block, the second about the block's means, corrected for their rounding; P. Pébay, SAND2008-6212, eq. 3.12
//! between blocks, with centers and sums in two doubles.

use crate::{double::Double, sweeps};
use echoes_kernel::{Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Co-moments of `k` columns, over the rows in which all of them are present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comoments {
    count: u64,
    centers: Vec<Double>,
    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)` for `j ≤ i`, row by row.
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
        self.products[index(i.max(j), i.min(j))].value()
    }

    /// `Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ) / (n − ddof)`; NaN if `n ≤ ddof`.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn covariance(&self, i: usize, j: usize, ddof: f64) -> f64 {
        let freedom = self.count as f64 - ddof;
        if freedom > 0.0 { self.product(i, j) / freedom } else { f64::NAN }
    }

    /// Pearson's correlation, within [−1, 1]; NaN if either column is constant.
    ///
    /// # Panics
    /// If a column is not there.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        let (xx, yy) = (self.product(i, i), self.product(j, j));
        if !(xx > 0.0 && yy > 0.0) {
            return f64::NAN;
        }
        if i == j {
            return 1.0;
        }
        let square = xx * yy;
        // The root of the product is the more exact one, but for products that overflow or vanish.
        let scale = if square.is_normal() { square.sqrt() } else { xx.sqrt() * yy.sqrt() };
        (self.product(i, j) / scale).clamp(-1.0, 1.0)
    }

    #[inline(always)]
    fn absorb_block<L: Lanes>(&mut self, l: L, block: &Block<'_>) {
        let n = block.len() as f64;
        let (before, count) = (self.count as f64, self.count + block.len() as u64);
        let (right, weight) = (n / count as f64, before * n / count as f64);
        let columns = self.centers.len();
        self.scratch.resize(2 * columns, 0.0);
        // First half of the scratch: the block's centers. Second: how far its means lie from ours, beyond them.
        for i in 0..columns {
            let x = block.values(i);
            self.scratch[i] = sweeps::center(l, x);
        }
        for i in 0..columns {
            let (x, cx) = (block.values(i), self.scratch[i]);
            let [s1, s2, ..] = sweeps::powers::<L, 2>(l, x, cx, false);
            self.scratch[columns + i] = s1;
            self.products[index(i, i)] = self.products[index(i, i)].add(s2 - s1 * s1 / n);
            for j in 0..i {
                let (y, cy) = (block.values(j), self.scratch[j]);
                // Multiplied first: (x, y) and (y, x) have the same bits.
                let xy = sweeps::product(l, (x, cx), (y, cy)) - s1 * self.scratch[columns + j] / n;
                self.products[index(i, j)] = self.products[index(i, j)].add(xy);
            }
        }
        for i in 0..columns {
            let mean = Double::sum(self.scratch[i], self.scratch[columns + i] / n);
            let delta = if self.count == 0 { 0.0 } else { mean.minus(self.centers[i]) };
            self.scratch[i] = delta;
            self.centers[i] = if self.count == 0 { mean } else { self.centers[i].add(delta * right) };
        }
        for i in 0..columns {
            for j in 0..=i {
                let shift = self.scratch[i] * self.scratch[j] * weight;
                self.products[index(i, j)] = self.products[index(i, j)].add(shift);
            }
        }
        self.count = count;
    }

    fn merge_pair(&mut self, at: usize, product: Double, delta: f64) {
        self.products[at] = self.products[at].add_double(product).add(delta);
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

const fn index(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

impl Partial for Comoments {
    type Setup = usize;
    const NAME: &'static str = "comoments/1";

    fn begin(&columns: &usize) -> Self {
        let pairs = index(columns, 0);
        let zero = Double::default();
        Self { count: 0, centers: vec![zero; columns], products: vec![zero; pairs], scratch: vec![0.0; 2 * columns] }
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
        deltas.resize(2 * self.centers.len(), 0.0);
        for (i, (mine, theirs)) in self.centers.iter_mut().zip(&later.centers).enumerate() {
            deltas[i] = theirs.minus(*mine);
            *mine = mine.add(deltas[i] * (right / n));
        }
        for i in 0..self.centers.len() {
            for j in 0..=i {
                self.merge_pair(index(i, j), later.products[index(i, j)], deltas[i] * deltas[j] * (left * right / n));
            }
        }
        self.scratch = deltas;
        self.count = self.count.saturating_add(later.count);
    }

    fn is_sound(&self) -> bool {
        self.products.len() == index(self.centers.len(), 0)
    }
}
