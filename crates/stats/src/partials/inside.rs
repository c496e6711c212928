//! Extremes, moments and ranks of the values between two ends: what rules for the width of bins are made of.

use super::{Brackets, Intervals, Moments, Order};
use crate::{
    ahead::Ahead,
    sweeps::{self, Extremes},
};
use echoes_kernel::{BLOCK, Block, Column, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// What is looked at, and for what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The ends, both inside.
    pub ends: [f64; 2],
    /// The highest moment to keep.
    pub order: Order,
    /// Where ranks are looked for.
    pub intervals: Intervals,
}

/// Of the values between two ends, both included, the extremes, the moments and some ranks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inside {
    ends: [f64; 2],
    outside: u64,
    /// The smallest and the largest value; the first above the second if there is none.
    extremes: [f64; 2],
    moments: Moments,
    brackets: Brackets,
}

impl Inside {
    /// Values inside.
    pub const fn count(&self) -> u64 {
        self.moments.count()
    }

    /// Values outside, NaN among them.
    pub const fn outside(&self) -> u64 {
        self.outside
    }

    /// The smallest value inside and the largest one; `None` if there is none.
    pub fn extremes(&self) -> Option<[f64; 2]> {
        (self.count() > 0).then_some(self.extremes)
    }

    /// The moments of the values inside.
    pub const fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The ranks of the values inside.
    pub const fn brackets(&self) -> &Brackets {
        &self.brackets
    }

    fn offer(&mut self, [min, max]: [f64; 2]) {
        let [least, most] = self.extremes;
        self.extremes = [if min < least { min } else { least }, if most < max { max } else { most }];
    }
}

struct Range<'a>(&'a [f64], Ahead);

impl Operation for Range<'_> {
    type Output = Extremes;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Extremes {
        sweeps::range(l, self.0, self.1)
    }
}

impl Partial for Inside {
    type Setup = Look;
    const NAME: &'static str = "inside/1";

    fn begin(look: &Look) -> Self {
        Self {
            ends: look.ends,
            outside: 0,
            extremes: [f64::INFINITY, f64::NEG_INFINITY],
            moments: Moments::begin(&look.order),
            brackets: Brackets::begin(&look.intervals),
        }
    }

    fn make_room(&mut self, rows: usize) {
        Partial::make_room(&mut self.brackets, rows);
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let (x, [low, high]) = (block.values(0), self.ends);
        let Extremes { min, max, nan } = run(Range(x, Ahead::of(block)));
        if !nan && low <= min && max <= high {
            self.offer([min, max]);
            Partial::absorb(&mut self.moments, block);
            Partial::absorb(&mut self.brackets, block);
            return;
        }
        let (mut space, mut count) = ([0.0; BLOCK], 0);
        for &x in x {
            if low <= x && x <= high {
                self.offer([x, x]);
                space[count] = x;
                count += 1;
            }
        }
        self.outside += (x.len() - count) as u64;
        // Neither moments nor ranks know of rows.
        let inside = [Column::of(&space[..count])];
        Partial::absorb(&mut self.moments, &Block::new(&inside, 0));
        Partial::absorb(&mut self.brackets, &Block::new(&inside, 0));
    }

    fn merge(&mut self, later: &Self) {
        self.outside = self.outside.saturating_add(later.outside);
        self.offer(later.extremes);
        Partial::merge(&mut self.moments, &later.moments);
        Partial::merge(&mut self.brackets, &later.brackets);
    }

    fn is_sound(&self) -> bool {
        self.brackets.is_sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partials::Rank;

    #[test]
    fn what_is_outside_is_as_if_it_were_not_there() {
        let x: Vec<f64> = (0..300).map(|i| f64::from(i * 7919 % 3001) / 7.0).chain([f64::NAN, f64::INFINITY]).collect();
        let read = |ends: [f64; 2], x: &[f64]| {
            let look = Look { ends, order: Order::Fourth, intervals: Intervals::everything() };
            let (mut whole, mut later) = (Inside::begin(&look), Inside::begin(&look));
            let (left, right) = x.split_at(x.len() / 3);
            Partial::absorb(&mut whole, &Block::new(&[Column::of(left)], 0));
            Partial::absorb(&mut later, &Block::new(&[Column::of(right)], 100));
            Partial::merge(&mut whole, &later);
            whole
        };
        for ends in [[0.0, 200.5], [f64::MIN, f64::MAX], [3.0, 3.0]] {
            let found = read(ends, &x);
            let mut kept: Vec<f64> = x.iter().copied().filter(|x| ends[0] <= *x && *x <= ends[1]).collect();
            kept.sort_unstable_by(f64::total_cmp);
            let count = kept.len();
            assert_eq!((found.count(), found.outside()), (count as u64, (x.len() - count) as u64));
            assert_eq!(found.extremes(), kept.first().map(|min| [*min, kept[count - 1]]));
            if count > 0 {
                let mean = kept.iter().sum::<f64>() / count as f64;
                assert!((found.moments().mean().unwrap() - mean).abs() < 1e-12 * mean);
                assert_eq!(found.brackets().ranks(&[count as u64 / 2]), [Rank::Value(kept[count / 2])]);
            }
        }
    }
}
