//! Brackets of the distances of the values from a center: ranks among them, exact for data of any size.
//!
//! Each distance is rounded once.

use super::{Brackets, Intervals};
use echoes_kernel::{BLOCK, Block, Column, Partial};
use serde::{Deserialize, Serialize};

/// What is bracketed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Center {
    /// What the distances are from.
    pub center: f64,
    /// Where the ranks are looked for.
    pub intervals: Intervals,
}

/// Counts below intervals and values inside them, of the distances from a center.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    center: f64,
    brackets: Brackets,
}

impl Distances {
    /// The brackets of the distances.
    pub const fn brackets(&self) -> &Brackets {
        &self.brackets
    }
}

impl Partial for Distances {
    type Setup = Center;
    const NAME: &'static str = "distances/1";

    fn begin(setup: &Center) -> Self {
        Self { center: setup.center, brackets: Brackets::begin(&setup.intervals) }
    }

    fn make_room(&mut self, rows: usize) {
        Partial::make_room(&mut self.brackets, rows);
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let mut space = [0.0; BLOCK];
        let x = block.values(0);
        for (to, x) in space.iter_mut().zip(x) {
            *to = (x - self.center).abs();
        }
        let distances = Column::of(&space[..x.len()]);
        // Ranks know of no rows.
        Partial::absorb(&mut self.brackets, &Block::new(&[distances], 0));
    }

    fn merge(&mut self, later: &Self) {
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
    fn ranks_are_those_of_the_sorted_distances() {
        let x: Vec<f64> = (0..300).map(|i| f64::from(i * 7919 % 3001) / 7.0).collect();
        let read = |center| {
            let setup = Center { center, intervals: Intervals::everything() };
            let (mut whole, mut later) = (Distances::begin(&setup), Distances::begin(&setup));
            Partial::absorb(&mut whole, &Block::new(&[Column::of(&x[..100])], 0));
            Partial::absorb(&mut later, &Block::new(&[Column::of(&x[100..])], 100));
            Partial::merge(&mut whole, &later);
            whole
        };
        for center in [0.0, 200.5, -1e9] {
            let mut naive: Vec<f64> = x.iter().map(|x| (x - center).abs()).collect();
            naive.sort_unstable_by(f64::total_cmp);
            let found = read(center).brackets().ranks(&[0, 123, 299]);
            assert_eq!(found, [0, 123, 299].map(|rank| Rank::Value(naive[rank])));
        }
        assert_eq!(read(f64::INFINITY).brackets().count(), 300);
    }
}
