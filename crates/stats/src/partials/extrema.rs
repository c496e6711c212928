//! The smallest and the largest value, and the rows where they first stand. Exact, for integers of every width too.

use crate::{ahead::Ahead, sweeps, swept};
use echoes_kernel::{
    BLOCK, Block, Number, Partial, Values,
    sweep::{Extent, Spot, Sweep},
};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// A value and the row where it first stands.
pub type Place = (Number, u64);

/// Smallest and largest, with their rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Extrema {
    min: Option<Place>,
    max: Option<Place>,
    /// The first NaN, which spreads to both.
    nan: Option<u64>,
}

impl Extrema {
    /// The smallest value and its first row; the first NaN if there is one; `None` for no values.
    pub fn min(&self) -> Option<Place> {
        self.nan().or(self.min)
    }

    /// The largest value and its first row; the first NaN if there is one; `None` for no values.
    pub fn max(&self) -> Option<Place> {
        self.nan().or(self.max)
    }

    fn nan(&self) -> Option<Place> {
        self.nan.map(|row| (Number::Float(f64::NAN), row))
    }

    /// Takes in what the block of doubles of this number has been found to hold.
    fn absorb_extent(&mut self, block: u64, found: &Extent) {
        let row = |at: usize| block * BLOCK as u64 + at as u64;
        let place = |(value, at): Spot| (Number::Float(value), row(at));
        self.offer(found.min.map(place), found.max.map(place), found.nan.map(row));
    }

    fn offer(&mut self, min: Option<Place>, max: Option<Place>, nan: Option<u64>) {
        self.min = better(self.min, min, less);
        self.max = better(self.max, max, |new, old| less(old, new));
        self.nan = self.nan.or(nan);
    }

    #[inline(always)]
    fn absorb_doubles<L: Lanes>(&mut self, l: L, block: &Block<'_>) {
        let x = block.values(0);
        let range = sweeps::range(l, x, Ahead::of(block));
        // A position is looked for only where the block improves on what is known: seldom.
        if self.min.is_none_or(|(min, _)| less(number(block.stored(0), range.min), min)) {
            self.min = place_of(l, block, range.min).or(self.min);
        }
        if self.max.is_none_or(|(max, _)| less(max, number(block.stored(0), range.max))) {
            self.max = place_of(l, block, range.max).or(self.max);
        }
        if range.nan && self.nan.is_none() {
            self.nan = x.iter().position(|x| x.is_nan()).map(|at| block.row(at));
        }
    }

    #[inline(always)]
    fn absorb_integers<T: Copy + Ord + Into<i128>>(&mut self, block: &Block<'_>, x: &[T]) {
        let Some((&first, rest)) = x.split_first() else { return };
        let (mut min, mut max) = (first, first);
        for &x in rest {
            min = if x < min { x } else { min };
            max = if max < x { x } else { max };
        }
        let place = |value: T| {
            let at = x.iter().position(|&x| x == value)?;
            Some((Number::Int(value.into()), block.row(at)))
        };
        self.offer(place(min), place(max), None);
    }
}

struct Absorb<'a, 'b>(&'a mut Extrema, &'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(extrema, block) = self;
        match block.stored(0) {
            Values::Int64(x) => extrema.absorb_integers(block, x),
            Values::UInt64(x) => extrema.absorb_integers(block, x),
            _ => extrema.absorb_doubles(l, block),
        }
    }
}

#[inline(always)]
fn place_of<L: Lanes>(l: L, block: &Block<'_>, value: f64) -> Option<Place> {
    let at = sweeps::position(l, block.values(0), value)?;
    Some((number(block.stored(0), block.values(0)[at]), block.row(at)))
}

/// As it is stored: an integer stays one.
fn number(stored: Values<'_>, value: f64) -> Number {
    if stored.dtype().is_float() { Number::Float(value) } else { Number::Int(value as i128) }
}

fn better(old: Option<Place>, new: Option<Place>, improves: impl Fn(Number, Number) -> bool) -> Option<Place> {
    match (old, new) {
        (Some(old), Some(new)) if !improves(new.0, old.0) => Some(old),
        (old, new) => new.or(old),
    }
}

/// Exact, for an integer beside a double too: rounded, the comparisons of three numbers could contradict one another.
fn less(a: Number, b: Number) -> bool {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => a < b,
        (Number::Float(a), Number::Float(b)) => a < b,
        // Beyond the integers the conversion gives the outermost one.
        (Number::Int(a), Number::Float(b)) => a < b.ceil() as i128,
        (Number::Float(a), Number::Int(b)) => (a.floor() as i128) < b,
    }
}

impl Partial for Extrema {
    type Setup = ();
    const NAME: &'static str = "extrema/1";

    fn begin((): &()) -> Self {
        Self::default()
    }

    #[inline]
    fn absorb(&mut self, block: &Block<'_>) {
        run(Absorb(self, block));
    }

    fn merge(&mut self, later: &Self) {
        self.offer(later.min, later.max, later.nan);
    }

    fn swept((): &()) -> Option<Sweep<Self>> {
        Some(|(), column| {
            let extents = column.extents()?;
            Ok(swept::of_blocks(column, &(), &extents, Self::absorb_extent))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::Column;

    const TOP: i64 = 1 << 53;

    /// A column that is whole in one chunk and not in the next, as a text's may be.
    fn mixed(whole: &[i64], real: &[f64]) -> Extrema {
        let doubles: Vec<f64> = whole.iter().map(|&x| x as f64).collect();
        let column = Column { values: &doubles, stored: Values::Int64(whole) };
        let (mut first, mut later) = (Extrema::begin(&()), Extrema::begin(&()));
        Partial::absorb(&mut first, &Block::new(&[column], 0));
        Partial::absorb(&mut later, &Block::new(&[Column::of(real)], whole.len() as u64));
        let mut other_way = later;
        Partial::merge(&mut other_way, &first);
        Partial::merge(&mut first, &later);
        assert_eq!((other_way.min, other_way.max), (first.min, first.max));
        first
    }

    #[test]
    fn whole_numbers_beside_doubles_are_compared_exactly() {
        let found = mixed(&[TOP + 1, TOP + 3], &[TOP as f64, TOP as f64 + 2.0]);
        assert_eq!(found.min(), Some((Number::Float(TOP as f64), 2)));
        assert_eq!(found.max(), Some((Number::Int(i128::from(TOP) + 3), 1)));
        let found = mixed(&[i64::MIN, i64::MAX], &[-f64::INFINITY, f64::INFINITY]);
        assert_eq!(found.min(), Some((Number::Float(f64::NEG_INFINITY), 2)));
        assert_eq!(found.max(), Some((Number::Float(f64::INFINITY), 3)));
        assert!(less(Number::Float(0.5), Number::Int(1)) && !less(Number::Int(1), Number::Float(0.5)));
        assert!(less(Number::Int(0), Number::Float(0.5)) && !less(Number::Float(-0.5), Number::Int(-1)));
    }
}
