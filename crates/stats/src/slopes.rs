//! Order statistics of the slopes of all pairs of points, without going through the pairs.
//!
//! The slopes are `fl(fl(yⱼ − yᵢ) / fl(xⱼ − xᵢ))` for `xᵢ < xⱼ`, and it is they that are found, to the last bit. How many are below some
//! value is how many pairs change places between the order by x and that by `y − value · x` ([`cut`]): inversions, counted by merging.
//! A sample of the slopes between two such values, drawn as they are counted, says where to cut next, until so few are between them
//! that they can be looked at ([`select`]).
//!
//! J. Matoušek, Randomized Optimal Algorithm for Slope Selection, Information Processing Letters 39(4), 1991; M. B. Dillencourt,
//! D. M. Mount, N. S. Netanyahu, A Randomized Algorithm for Slope Selection, Int. J. Computational Geometry & Applications 2(1), 1992.
//! Chance decides how long it takes, never what is found, and it has the same seeds every time.

mod band;
mod cut;
mod grid;
mod keys;
mod places;
mod points;
mod select;

use crate::sorting::in_order;
use echoes_kernel::{Reject, Result};
use points::Points;

/// Points whose differences may be beyond the largest double: they are looked at pair by pair.
const OVERFLOWING_MAX: u64 = 1 << 14;

/// The slopes of all pairs of points that differ in x; a zero is never −0.
pub(crate) struct Slopes {
    points: Points,
    beside: Beside,
}

/// How many slopes have a point with an infinite number.
#[derive(Clone, Copy, Default)]
struct Beside {
    falling: u64,
    level: u64,
    rising: u64,
    nan: u64,
}

impl Slopes {
    /// Of points of which no number is NaN.
    ///
    /// # Errors
    /// [`Reject::TooLarge`] for more than 2^32 points, or 2^14 where a difference of two is infinite and they are not.
    pub(crate) fn of(x: &[f64], y: &[f64]) -> Result<Self> {
        check("slopes of pairs", x.len(), u64::from(u32::MAX))?;
        let is_finite = |(x, y): &(&f64, &f64)| x.is_finite() && y.is_finite();
        let (finite_x, finite_y): (Vec<f64>, Vec<f64>) = x.iter().zip(y).filter(is_finite).unzip();
        let mut slopes = Self { points: Points::of(&finite_x, &finite_y), beside: Beside::default() };
        if slopes.points.overflow() {
            check("slopes of pairs whose differences overflow", x.len(), OVERFLOWING_MAX)?;
            slopes.points = Points::of(x, y);
        } else if finite_x.len() < x.len() {
            slopes.beside = Beside::of(x, y);
        }
        Ok(slopes)
    }

    /// How many there are, those that are NaN too.
    pub(crate) const fn len(&self) -> u64 {
        let Beside { falling, level, rising, nan } = self.beside;
        self.points.pairs + falling + level + rising + nan
    }

    /// Whether one is NaN.
    ///
    /// # Errors
    /// As [`at`](Slopes::at).
    pub(crate) fn any_nan(&self) -> Result<bool> {
        if self.beside.nan > 0 {
            return Ok(true);
        }
        match self.points.pairs.checked_sub(1).filter(|_| self.points.overflow()) {
            Some(last) => Ok(select::slopes(&self.points, &[last])?[0].is_nan()),
            None => Ok(false),
        }
    }

    /// Those at these places of their order, which rise; NaN comes last.
    ///
    /// # Errors
    /// [`Reject::TooLarge`] for more than 2^15 points between which slopes are so nearly alike that rounding hides which is larger.
    pub(crate) fn at(&self, ranks: &[u64]) -> Result<Vec<f64>> {
        let Beside { falling, level, rising, .. } = self.beside;
        let zero = falling + if level > 0 { select::below_zero(&self.points)? } else { 0 };
        let end = falling + level + self.points.pairs;
        let is_own = |rank: u64| falling <= rank && rank < end && !(zero..zero + level).contains(&rank);
        let own = ranks.iter().filter(|&&rank| is_own(rank));
        let own: Vec<u64> = own.map(|&rank| rank - falling - if rank < zero { 0 } else { level }).collect();
        let mut own = select::slopes(&self.points, &own)?.into_iter();
        let slope = |&rank: &u64| match rank {
            _ if rank < falling => f64::NEG_INFINITY,
            _ if is_own(rank) => own.next().unwrap_or(f64::NAN),
            _ if rank < end => 0.0,
            _ if rank < end + rising => f64::INFINITY,
            _ => f64::NAN,
        };
        Ok(ranks.iter().map(slope).collect())
    }
}

fn check(what: &'static str, rows: usize, limit: u64) -> Result<()> {
    let needed = rows as u64;
    if needed > limit { Err(Reject::TooLarge { what, needed, limit }) } else { Ok(()) }
}

impl Beside {
    fn of(x: &[f64], y: &[f64]) -> Self {
        let mut beside = Self::default();
        // Points so far whose y is −∞, a number, ∞; those at x = −∞ by themselves.
        let (mut far, mut before) = ([0; 3], [0; 3]);
        in_order(x, |_, rows| {
            let here = rows.iter().fold([0_u64; 3], |mut kinds, &row| {
                let y = y[row as usize];
                kinds[if y.is_finite() { 1 } else { usize::from(y > 0.0) * 2 }] += 1;
                kinds
            });
            let x = x[rows[0] as usize];
            beside.add(far, here, true);
            beside.add(before, here, x.is_infinite());
            let kept = if x == f64::NEG_INFINITY { &mut far } else { &mut before };
            kept.iter_mut().zip(here).for_each(|(kept, here)| *kept += here);
        });
        beside
    }

    /// Pairs of points before with some here, `apart` if the difference of their x is infinite.
    fn add(&mut self, before: [u64; 3], here: [u64; 3], apart: bool) {
        let all = before.iter().sum::<u64>() * here.iter().sum::<u64>();
        let finite = before[1] * here[1];
        if apart {
            self.level += finite;
            self.nan += all - finite;
        } else {
            let equal = before[0] * here[0] + before[2] * here[2];
            let rising = before[0] * (here[1] + here[2]) + before[1] * here[2];
            self.rising += rising;
            self.nan += equal;
            self.falling += all - finite - equal - rising;
        }
    }
}

#[cfg(test)]
mod tests;
