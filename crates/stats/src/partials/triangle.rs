//! The triangle that the rows of a least squares problem come down to, in two doubles: as exact as it is without squaring anything.
//!
//! The error of what follows from it is about 1e-31 times the condition number of the columns, so that 15 digits are left of the worst
//! conditioned ones of NIST's (`crates/stats/src/kernels/regression/polyfit.rs`). Powers of a column are made in two doubles too.

use crate::{
    double::{Double, shifted},
    upper::{LEAST, ROWS, Rows, Upper, exponent_beyond},
    weights,
};
use echoes_kernel::{Block, Partial, Reject, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What the columns that are read are in `y = X b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Design {
    /// y, then those of X, so many in all.
    Columns {
        /// How many are read.
        read: usize,
        /// Whether a column of ones goes before those of X.
        intercept: bool,
    },
    /// y, the weights of the rows, then those of X, so many in all.
    Weighted {
        /// How many are read.
        read: usize,
        /// Whether a column of ones goes before those of X.
        intercept: bool,
    },
    /// x, then y; X has the powers of x from 0 to this one.
    Powers(usize),
}

/// Columns of the largest triangle that a stored partial may have.
const ORDER_MAX: usize = 1 << 12;

impl Design {
    /// Columns of X, and y.
    pub(crate) const fn order(self) -> usize {
        match self {
            Self::Columns { read, intercept } => read + intercept as usize,
            Self::Weighted { read, intercept } => read + intercept as usize - 1,
            Self::Powers(degree) => degree + 2,
        }
    }

    /// Whether the first column of X is one of ones.
    pub(crate) const fn has_intercept(self) -> bool {
        match self {
            Self::Columns { intercept, .. } | Self::Weighted { intercept, .. } => intercept,
            Self::Powers(_) => true,
        }
    }

    /// The column that is y.
    pub(crate) const fn y(self) -> usize {
        match self {
            Self::Columns { .. } | Self::Weighted { .. } => 0,
            Self::Powers(_) => 1,
        }
    }

    /// The column that has the weights.
    pub(crate) const fn weights(self) -> Option<usize> {
        match self {
            Self::Weighted { .. } => Some(1),
            Self::Columns { .. } | Self::Powers(_) => None,
        }
    }

    /// Columns of ones before those that are read.
    pub(crate) const fn ones(self) -> usize {
        self.has_intercept() as usize
    }

    /// The column that is read as a column of X; that of powers is x for all of them.
    pub(crate) const fn read(self, column: usize) -> usize {
        match self {
            Self::Columns { .. } => column + 1 - self.ones(),
            Self::Weighted { .. } => column + 2 - self.ones(),
            Self::Powers(_) => 0,
        }
    }
}

/// The triangle of the rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Triangle {
    design: Design,
    /// Rows with a weight.
    count: u64,
    /// The first row whose weight is none.
    refused: Option<u64>,
    /// Half the binary logarithm of the unit of the weights: the roots of them multiply the rows.
    lift: i32,
    upper: Upper,
    /// Room for the rows in hand, so that `absorb` allocates nothing; no part of the state.
    #[serde(skip)]
    rows: Rows,
}

impl Triangle {
    /// Rows that have a weight other than 0.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Refuses weights below zero, infinite ones and NaN.
    ///
    /// # Errors
    /// [`Reject::Weight`] with the first such row.
    pub fn checked(&self) -> Result<&Self> {
        self.refused.map_or(Ok(self), |row| Err(Reject::Weight { row }))
    }

    /// What its columns are.
    pub(crate) const fn design(&self) -> Design {
        self.design
    }

    /// The triangle itself.
    pub(crate) fn upper(&self) -> &Upper {
        &self.upper
    }

    /// Half the binary logarithm of the unit of the weights.
    pub(crate) const fn lift(&self) -> i32 {
        self.lift
    }

    /// Measures in units that the block's values do not exceed.
    fn measure(&mut self, block: &Block<'_>) {
        if let Some(weights) = self.design.weights() {
            self.lift_to((exponent_of(block.values(weights)) + 1).div_euclid(2));
        }
        let (order, design) = (self.upper.order(), self.design);
        self.upper.raise(order - 1, exponent_of(block.values(design.y())));
        match design {
            Design::Powers(degree) => {
                let exponent = exponent_of(block.values(0));
                for power in 1..=degree {
                    self.upper.raise(power, exponent * power as i32);
                }
            }
            Design::Columns { .. } | Design::Weighted { .. } => {
                for column in design.ones()..order - 1 {
                    self.upper.raise(column, exponent_of(block.values(design.read(column))));
                }
            }
        }
    }

    /// Measures the weights in a larger unit, if it is larger.
    fn lift_to(&mut self, lift: i32) {
        if lift > self.lift {
            self.upper.shrink(self.lift - lift);
            self.lift = lift;
        }
    }

    /// Makes the rows of the problem of those of a block.
    fn fill(&mut self, block: &Block<'_>, range: Range<usize>) {
        let (order, design, rows) = (self.upper.order(), self.design, range.len());
        let values = |read: usize| &block.values(read)[range.clone()];
        let to = &mut self.rows;
        to.clear(order);
        measured(values(design.y()), self.upper.exponent(order - 1), to.column(order - 1).0);
        if design.has_intercept() {
            to.column(0).0[..rows].fill(1.0);
        }
        match design {
            Design::Powers(degree) => {
                if degree > 0 {
                    measured(values(0), self.upper.exponent(1), to.column(1).0);
                }
                for (power, row) in (2..=degree).flat_map(|power| (0..rows).map(move |row| (power, row))) {
                    to.set(row, power, to.at(row, power - 1).times(to.at(row, 1)));
                }
            }
            Design::Columns { .. } | Design::Weighted { .. } => {
                for column in design.ones()..order - 1 {
                    measured(values(design.read(column)), self.upper.exponent(column), to.column(column).0);
                }
            }
        }
        let Some(weights) = design.weights() else {
            self.count += rows as u64;
            return;
        };
        for (row, &weight) in values(weights).iter().enumerate() {
            self.count += u64::from(weight != 0.0);
            let root = root(weight, self.lift);
            for column in 0..order {
                // Not even a NaN matters in a row without weight.
                let value = if weight == 0.0 { Double::default() } else { to.at(row, column).times(root) };
                to.set(row, column, value);
            }
        }
    }
}

/// The root of a weight, in a unit of which `lift` is half the logarithm.
pub(crate) fn root(weight: f64, lift: i32) -> Double {
    Double::from(weight).shifted(-2 * lift).sqrt()
}

/// Values in the unit with that logarithm, which none of them exceeds.
pub(crate) fn measured(x: &[f64], exponent: i32, to: &mut [f64]) {
    let half = exponent / 2;
    // The inverse of a unit may be no double, those of its roots are.
    let (first, second) = (shifted(1.0, -half), shifted(1.0, half - exponent));
    for (to, x) in to.iter_mut().zip(x) {
        *to = x * first * second;
    }
}

/// That of a unit that no value exceeds; NaN has none.
fn exponent_of(x: &[f64]) -> i32 {
    exponent_beyond(x.iter().fold(0.0, |most: f64, x| if x.abs() > most { x.abs() } else { most }))
}

impl Partial for Triangle {
    type Setup = Design;
    const NAME: &'static str = "triangle/2";

    fn begin(&design: &Design) -> Self {
        let order = design.order();
        let least = |column: usize| match design {
            Design::Powers(degree) if column <= degree => column as i32 * LEAST,
            _ if column < design.ones() => 0,
            _ => LEAST,
        };
        let lift = if design.weights().is_some() { LEAST / 2 } else { 0 };
        Self {
            design,
            count: 0,
            refused: None,
            lift,
            upper: Upper::new((0..order).map(least).collect()),
            rows: Rows::new(order),
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        if let Some(weights) = self.design.weights() {
            self.refused = self.refused.or_else(|| weights::refused(block, weights));
        }
        if block.is_empty() || self.refused.is_some() {
            return;
        }
        self.measure(block);
        for from in (0..block.len()).step_by(ROWS) {
            self.fill(block, from..block.len().min(from + ROWS));
            self.upper.absorb(&mut self.rows);
        }
    }

    fn merge(&mut self, later: &Self) {
        if self.design != later.design {
            return;
        }
        let refused = self.refused.or(later.refused);
        if self.count == 0 {
            self.clone_from(later);
        } else if later.count > 0 {
            self.lift_to(later.lift);
            self.upper.merge(&later.upper, later.lift - self.lift, &mut self.rows);
            self.count = self.count.saturating_add(later.count);
        }
        self.refused = refused;
    }

    fn is_sound(&self) -> bool {
        let (Design::Columns { read, .. } | Design::Weighted { read, .. } | Design::Powers(read)) = self.design;
        let fits = (2..ORDER_MAX).contains(&read) || matches!(self.design, Design::Powers(0..ORDER_MAX));
        fits && (-2000..2000).contains(&self.lift) && self.upper.is_sound(self.design.order())
    }
}
