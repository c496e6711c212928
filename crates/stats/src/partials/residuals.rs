//! What a fit leaves of y in each row: the sum of the squares, and the extremes. Each is made in two doubles and rounded once, so that
//! nothing of them is lost next to values of any size.

use super::{
    Design, Extrema, Moments, Order,
    triangle::{measured, root},
};
use crate::{
    double::Double,
    special::{Twofold, times},
    upper::{ROWS, plus},
};
use echoes_kernel::{Block, Column, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// A fit: coefficients, and the units in which it was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    pub(crate) design: Design,
    /// In the units of y over those of the columns.
    pub(crate) coefficients: Vec<Double>,
    /// The binary logarithms of the units of the columns, y the last one.
    pub(crate) exponents: Vec<i32>,
    /// Half that of the unit of the weights.
    pub(crate) lift: i32,
}

/// What a fit leaves, in units of y; a row with a weight is multiplied by the root of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Residuals {
    fitted: Fitted,
    moments: Moments,
    extrema: Extrema,
    /// Room for the rows in hand, so that `absorb` allocates nothing; no part of the state.
    #[serde(skip)]
    space: Space,
}

impl Residuals {
    /// The sum of the squares.
    pub(crate) fn squares(&self) -> f64 {
        let (n, mean) = (self.moments.count() as f64, self.moments.mean().unwrap_or_default());
        n * (self.moments.variance(0.0).unwrap_or_default() + mean * mean)
    }

    /// The smallest and the largest.
    pub(crate) fn ends(&self) -> [f64; 2] {
        [self.extrema.min(), self.extrema.max()].map(|place| place.map_or(f64::NAN, |(value, _)| value.to_f64()))
    }
}

/// A column of rows in hand in two parts, and one that is measured.
#[derive(Debug, Clone)]
struct Space {
    high: [f64; ROWS],
    low: [f64; ROWS],
    column: [f64; ROWS],
}

impl Default for Space {
    fn default() -> Self {
        Self { high: [0.0; ROWS], low: [0.0; ROWS], column: [0.0; ROWS] }
    }
}

impl Partial for Residuals {
    type Setup = Fitted;
    const NAME: &'static str = "residuals/1";

    fn begin(fitted: &Fitted) -> Self {
        let (moments, extrema) = (Moments::begin(&Order::Second), Extrema::default());
        Self { fitted: fitted.clone(), moments, extrema, space: Space::default() }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        for from in (0..block.len()).step_by(ROWS) {
            let to = block.len().min(from + ROWS);
            let rows = |column: usize| &block.values(column)[from..to];
            let (fitted, space) = (&self.fitted, &mut self.space);
            // What is fitted is taken away from y: the signs of the coefficients are the others.
            let y = fitted.coefficients.len();
            let powers = matches!(fitted.design, Design::Powers(_));
            space.low = [0.0; ROWS];
            if powers {
                space.high = [0.0; ROWS];
                if y > 1 {
                    measured(rows(0), fitted.exponents[1], &mut space.column);
                }
            } else {
                measured(rows(fitted.design.y()), fitted.exponents[y], &mut space.high);
            }
            for (column, coefficient) in fitted.coefficients.iter().enumerate().rev() {
                let coefficient = coefficient.negated();
                if powers {
                    run(Horner(coefficient, space));
                    continue;
                }
                if column < fitted.design.ones() {
                    space.column = [1.0; ROWS];
                } else {
                    measured(rows(fitted.design.read(column)), fitted.exponents[column], &mut space.column);
                }
                run(AddMultiple(coefficient, space));
            }
            if powers {
                measured(rows(fitted.design.y()), fitted.exponents[y], &mut space.column);
                run(AddMultiple(Double::from(1.0), space));
            }
            let mut left = [0.0; ROWS];
            let mut count = 0;
            for row in 0..to - from {
                let weight = fitted.design.weights().map(|weights| rows(weights)[row]);
                if weight == Some(0.0) {
                    continue;
                }
                let rest = space.high[row] + space.low[row];
                left[count] = weight.map_or(rest, |weight| rest * root(weight, fitted.lift).high());
                count += 1;
            }
            if count > 0 {
                let column = [Column::of(&left[..count])];
                let block = Block::new(&column, 0);
                Partial::absorb(&mut self.moments, &block);
                Partial::absorb(&mut self.extrema, &block);
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        Partial::merge(&mut self.moments, &later.moments);
        Partial::merge(&mut self.extrema, &later.extrema);
    }

    fn is_sound(&self) -> bool {
        let terms = self.fitted.coefficients.len();
        terms + 1 == self.fitted.exponents.len() && self.moments.is_sound() && self.extrema.is_sound()
    }
}

/// Adds a multiple of the column.
struct AddMultiple<'a>(Double, &'a mut Space);

/// Multiplies by the column and adds a number.
struct Horner<'a>(Double, &'a mut Space);

/// Calls for each vector of the column and of what is in hand.
macro_rules! each {
    ($l:ident, $space:ident, $x:ident, $have:ident => $becomes:expr) => {
        let ((high, _), (low, _)) = ($space.high.as_chunks_mut::<8>(), $space.low.as_chunks_mut::<8>());
        for ((high, low), x) in high.iter_mut().zip(low).zip($space.column.as_chunks::<8>().0) {
            let $x = Twofold { high: $l.load8(x), low: $l.splat(0.0) };
            let $have = Twofold { high: $l.load8(high), low: $l.load8(low) };
            let becomes: Twofold<L::V> = $becomes;
            (*high, *low) = ($l.to_array(becomes.high), $l.to_array(becomes.low));
        }
    };
}

impl Operation for AddMultiple<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(factor, space) = self;
        let factor = Twofold { high: l.splat(factor.high()), low: l.splat(factor.low()) };
        each!(l, space, x, have => plus(l, have, times(l, factor, x)));
    }
}

impl Operation for Horner<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(term, space) = self;
        let term = Twofold { high: l.splat(term.high()), low: l.splat(term.low()) };
        each!(l, space, x, have => plus(l, times(l, have, x), term));
    }
}
