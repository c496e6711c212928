//! How many rows fall into bins, and what their weights come to.
//!
//! The counts are exact. Sums of weights are added in two doubles: exact for whole numbers, else the double next to the truth but for
//! 2⁻¹⁰⁰ of it.

use super::{Borders, Edges, edges::Ruler};
use crate::{double::Double, weights};
use echoes_kernel::{Block, Either, Partial, Reject, Result, sweep::Counts};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Counts of one column, and sums of the weights in the column after it. A row of weight 0 is left out, whatever it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedHistogram {
    bins: Either<Edges, Borders>,
    held: Held,
    /// The first row whose weight is none.
    refused: Option<u64>,
}

/// What the bins hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Held {
    counts: Counts,
    weights: Vec<Double>,
}

impl WeightedHistogram {
    /// Refuses weights below zero, infinite ones and NaN.
    ///
    /// # Errors
    /// [`Reject::Weight`] with the first such row.
    pub fn checked(&self) -> Result<&Self> {
        self.refused.map_or(Ok(self), |row| Err(Reject::Weight { row }))
    }

    /// Where each bin begins, and where the last ends.
    pub fn edges(&self) -> Vec<f64> {
        match &self.bins {
            Either::First(edges) => edges.all(),
            Either::Second(borders) => borders.all().to_vec(),
        }
    }

    /// How many rows with a weight there are.
    pub const fn counts(&self) -> &Counts {
        &self.held.counts
    }

    /// The sum of the weights in each bin.
    pub fn weights(&self) -> Vec<f64> {
        self.held.weights.iter().map(|weight| weight.value()).collect()
    }
}

impl Held {
    /// Takes rows in, of which the bins are known; that of a value outside is none of ours.
    #[inline(always)]
    fn take(&mut self, x: &[f64], w: &[f64], bins: impl IntoIterator<Item = usize>, high: f64) {
        for ((&x, &w), bin) in x.iter().zip(w).zip(bins).filter(|((_, w), _)| **w > 0.0) {
            match (self.counts.bins.get_mut(bin), self.weights.get_mut(bin)) {
                (Some(count), Some(weight)) => {
                    *count += 1;
                    *weight = weight.add(w);
                }
                _ => self.counts.count_outside(x, high),
            }
        }
    }
}

/// Takes in rows of which bins of one width hold the values.
struct Take<'a> {
    into: &'a mut Held,
    edges: Edges,
    x: &'a [f64],
    w: &'a [f64],
}

impl Operation for Take<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { into, edges, x, w } = self;
        let ruler = Ruler::new(l, edges);
        let mut space = [0.0; 8];
        for (x, w) in x.chunks(8).zip(w.chunks(8)) {
            space[..x.len()].copy_from_slice(x);
            let places = ruler.places(l, l.load8(&space));
            into.take(x, w, places.map(|place| place.to_bits() as u32 as usize), edges.high());
        }
    }
}

impl Partial for WeightedHistogram {
    type Setup = Either<Edges, Borders>;
    const NAME: &'static str = "weighted histogram/1";

    fn begin(bins: &Either<Edges, Borders>) -> Self {
        let count = match bins {
            Either::First(edges) => edges.count(),
            Either::Second(borders) => borders.count(),
        };
        let held = Held { counts: Counts::none(count), weights: vec![Double::default(); count as usize] };
        Self { bins: bins.clone(), held, refused: None }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        self.refused = self.refused.or_else(|| weights::refused(block, 1));
        if self.refused.is_some() {
            return;
        }
        let (x, w) = (block.values(0), block.values(1));
        match &self.bins {
            Either::First(edges) => run(Take { into: &mut self.held, edges: *edges, x, w }),
            Either::Second(borders) => {
                let bins = x.iter().map(|&x| borders.bin(x).unwrap_or(usize::MAX));
                self.held.take(x, w, bins, borders.ends()[1]);
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        self.refused = self.refused.or(later.refused);
        self.held.counts.add(&later.held.counts);
        for (mine, theirs) in self.held.weights.iter_mut().zip(&later.held.weights) {
            *mine = mine.add_double(*theirs);
        }
    }

    fn is_sound(&self) -> bool {
        let bins = match &self.bins {
            Either::First(edges) => edges.are_sound().then(|| edges.count()),
            Either::Second(borders) => borders.are_sound().then(|| borders.count()),
        };
        bins.is_some_and(|bins| [self.held.counts.bins.len(), self.held.weights.len()] == [bins as usize; 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partials;
    use echoes_kernel::{Column, wire};
    use proptest::prelude::*;

    fn read<P: Partial>(setup: &P::Setup, columns: [&[f64]; 2]) -> P {
        let mut partial = P::begin(setup);
        partial.absorb(&Block::new(&columns.map(Column::of), 0));
        partial
    }

    proptest! {
        /// Where each row stands as often as its weight says, the counts are the weights.
        #[test]
        fn whole_weights_are_repeated_rows(
            rows in prop::collection::vec((prop_oneof![8 => (-20..20).prop_map(f64::from), 1 => any::<f64>()], 0u8..4), 0..200),
            mut edges in prop::collection::vec((-18..18).prop_map(f64::from), 2..40),
            count in 1..40u32,
        ) {
            edges.sort_unstable_by(f64::total_cmp);
            let x: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let w: Vec<f64> = rows.iter().map(|row| row.1.into()).collect();
            let repeated: Vec<f64> = rows.iter().flat_map(|row| vec![row.0; row.1.into()]).collect();
            let of_one_width = Edges::new(-15.0, 12.0, count).unwrap();
            let borders = Borders::new(edges).unwrap();
            let counts: [Vec<u64>; 2] = [
                read::<partials::Histogram>(&of_one_width, [&repeated, &[]]).counts().bins.clone(),
                read::<partials::BorderCounts>(&borders, [&repeated, &[]]).counts().bins.clone(),
            ];
            for (bins, counts) in [Either::First(of_one_width), Either::Second(borders)].iter().zip(counts) {
                let found: WeightedHistogram = read(bins, [&x, &w]);
                prop_assert_eq!(found.weights(), counts.iter().map(|&count| count as f64).collect::<Vec<_>>());
                let rows: u64 = found.counts().bins.iter().sum();
                let outside = found.counts().below + found.counts().above + found.counts().nan;
                prop_assert_eq!((rows + outside) as usize, w.iter().filter(|w| **w > 0.0).count());
                let (left, right) = (x.len() / 3, w.len() / 3);
                let mut parts: WeightedHistogram = read(bins, [&x[..left], &w[..right]]);
                parts.merge(&read(bins, [&x[left..], &w[right..]]));
                prop_assert_eq!(&parts, &found);
                prop_assert_eq!(wire::decode::<WeightedHistogram>(&wire::encode(&found).unwrap()).unwrap(), found);
            }
        }
    }

    #[test]
    fn the_first_row_that_has_no_weight_is_named() {
        let bins = Either::First(Edges::new(0.0, 1.0, 2).unwrap());
        let found: WeightedHistogram = read(&bins, [&[0.1, 0.2, 0.3], &[1.0, -1.0, f64::NAN]]);
        assert_eq!(found.checked().err(), Some(Reject::Weight { row: 1 }));
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let bins = Either::Second(Borders::new(vec![0.0, 1.0, 3.0]).unwrap());
        let sound: WeightedHistogram = read(&bins, [&[0.5], &[2.0]]);
        let refused =
            |damaged: WeightedHistogram| wire::decode::<WeightedHistogram>(&wire::encode(&damaged).unwrap()).is_err();
        let held =
            |counts, weights: usize| Held { counts: Counts::none(counts), weights: vec![Double::default(); weights] };
        assert!(!refused(WeightedHistogram { held: held(2, 2), ..sound.clone() }));
        assert!(refused(WeightedHistogram { held: held(2, 1), ..sound.clone() }));
        assert!(refused(WeightedHistogram { held: held(3, 2), ..sound }));
    }
}
