//! Exact ranks by weight of data larger than memory: add up the weights between some edges, keep the rows of some cells.
//!
//! A first reading keeps everything. Where that is too much it is thinned to a sample, whose rows name narrower cells for another
//! reading. Edges are values of the data and stay once they are there, so that each reading leaves less between them.
//!
//! Sums of weights are in two doubles: exact for whole numbers, else as good as that. A zero comes back as +0.

use super::thinned::{Limits, Thinned};
use crate::{double::Double, sorting::in_order, weights};
use echoes_kernel::{Block, CHUNK, Partial, Reject, Result};
use serde::{Deserialize, Serialize};

/// Rows that one cell may keep, which are sorted while nobody can stop it: those of a chunk, which nothing has thinned, within a few
/// milliseconds.
const KEEP: Limits = Limits { whole: CHUNK, sample: CHUNK / 4 };

/// Rising edges, and which of the cells before, between and after them are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cells {
    edges: Vec<f64>,
    kept: Vec<bool>,
}

impl Cells {
    /// One cell that holds everything.
    pub fn everything() -> Self {
        Self { edges: Vec::new(), kept: vec![true] }
    }

    /// More edges, at the ends of intervals, whose insides alone are kept.
    fn narrowed(&self, intervals: &[[f64; 2]]) -> Self {
        let mut edges: Vec<f64> = self.edges.iter().chain(intervals.as_flattened()).copied().collect();
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let inside = |from: f64, to: f64| intervals.iter().any(|[low, high]| *low <= from && to <= *high);
        let between = edges.windows(2).map(|pair| inside(pair[0], pair[1]));
        let kept = [false].into_iter().chain(between).chain([false]).collect();
        Self { edges, kept }
    }
}

/// The weight that a value is looked for at; where all of them come to less, that is the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// The smallest value with which the weights come to so much.
    Of(f64),
    /// The smallest value with which they come to more.
    Beyond(f64),
}

impl Share {
    fn is_reached(self, sum: Double) -> bool {
        match self {
            Self::Of(weight) => sum.value() >= weight,
            Self::Beyond(weight) => sum.value() > weight,
        }
    }

    const fn weight(self) -> f64 {
        match self {
            Self::Of(weight) | Self::Beyond(weight) => weight,
        }
    }
}

/// The rows of a cell, each a value and its weight.
type Kept = Thinned<[f64; 2]>;

impl Kept {
    /// Each value from the smallest on, and what its rows weigh.
    fn rising(&self) -> Vec<(f64, Double)> {
        let mut rising = Vec::new();
        let values: Vec<f64> = self.rows.iter().map(|[x, _]| *x).collect();
        in_order(&values, |_, rows| {
            let weight = rows.iter().fold(Double::default(), |sum, &row| sum.add(self.rows[row as usize][1]));
            rising.push((values[rows[0] as usize] + 0.0, weight));
        });
        rising
    }

    /// Narrower intervals around rising parts of the weight of this sample; one end at least of each is the value of a row.
    fn around(&self, parts: &[f64], [low, high]: [f64; 2]) -> Vec<[f64; 2]> {
        let mut sum = Double::default();
        let upto = |(value, own)| {
            sum = sum.add_double(own);
            (value, sum.value())
        };
        let rising: Vec<(f64, f64)> = self.rising().into_iter().map(upto).collect();
        let weight: f64 = self.rows.iter().map(|[_, w]| w).sum();
        // Rows of one weight that would tell as much.
        let as_many = weight * weight / self.rows.iter().map(|[_, w]| w * w).sum::<f64>();
        let at = |part: f64, beyond: f64| {
            let at = rising.partition_point(|(_, upto)| *upto < part * weight);
            rising.get(at).map_or(beyond, |(value, _)| *value)
        };
        let around = |&part: &f64| {
            let margin = (4.0 * (part * (1.0 - part) / as_many).sqrt() + 4.0 / as_many).min(0.25);
            let from = if part > margin { at(part - margin, low) } else { low };
            let to = if part + margin < 1.0 { at(part + margin, high) } else { high };
            [from, to]
        };
        parts.iter().map(around).collect()
    }
}

/// What lies in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cell {
    weight: Double,
    kept: Option<Kept>,
}

/// Where weight lies: at a value, or somewhere in a cell.
#[derive(Debug, Clone, Copy)]
enum Place {
    Value(f64),
    Cell(usize),
}

/// A place, and the weights up to it and with it.
#[derive(Debug, Clone, Copy)]
struct Step {
    place: Place,
    before: Double,
    upto: Double,
}

impl Step {
    /// The part of its weight at which a share is reached: the last where it is not, or the weight is lost beside what is before.
    fn part(&self, share: Share) -> f64 {
        let (before, upto) = (self.before.value(), self.upto.value());
        if share.weight() < upto { ((share.weight() - before) / (upto - before)).clamp(0.0, 1.0) } else { 1.0 }
    }
}

/// Weights between edges and rows of cells, of one column and the weights in the column after it. A row of weight 0 is left out,
/// whatever it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedRanks {
    edges: Vec<f64>,
    /// What the rows at each edge weigh.
    at: Vec<Double>,
    /// One more than there are edges.
    cells: Vec<Cell>,
    /// Rows with a weight.
    count: u64,
    /// Those of them whose value is NaN.
    nans: u64,
    /// The first row whose weight is none.
    refused: Option<u64>,
}

impl WeightedRanks {
    /// Refuses weights below zero, infinite ones and NaN.
    ///
    /// # Errors
    /// [`Reject::Weight`] with the first such row.
    pub fn checked(&self) -> Result<&Self> {
        self.refused.map_or(Ok(self), |row| Err(Reject::Weight { row }))
    }

    /// Rows with a weight.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Rows with a weight whose value is NaN.
    pub const fn nans(&self) -> u64 {
        self.nans
    }

    /// The values at shares, which `shares` makes rising, of all of the weight; or the cells that another reading must keep. Without
    /// rows there is none.
    pub fn values(&self, shares: impl Fn(f64) -> Vec<Share>) -> std::result::Result<Vec<f64>, Cells> {
        let steps = self.steps();
        let Some(last) = steps.last() else { return Ok(Vec::new()) };
        let (mut values, mut missed) = (Vec::new(), Vec::new());
        for share in shares(last.upto.value()) {
            let at = steps.partition_point(|step| !share.is_reached(step.upto));
            let step = steps.get(at).unwrap_or(last);
            match step.place {
                Place::Value(value) => values.push(value),
                Place::Cell(cell) => missed.push((cell, step.part(share))),
            }
        }
        if missed.is_empty() {
            return Ok(values);
        }
        let of_one_cell = missed.chunk_by(|(a, _), (b, _)| a == b);
        let narrower = of_one_cell.flat_map(|missed| {
            let parts: Vec<f64> = missed.iter().map(|(_, part)| *part).collect();
            self.narrower(missed[0].0, &parts)
        });
        Err(self.cells().narrowed(&narrower.collect::<Vec<_>>()))
    }

    fn cells(&self) -> Cells {
        Cells { edges: self.edges.clone(), kept: self.cells.iter().map(|cell| cell.kept.is_some()).collect() }
    }

    /// The places where there is weight, rising.
    fn steps(&self) -> Vec<Step> {
        let (mut steps, mut before) = (Vec::new(), Double::default());
        let mut step = |place: Place, weight: Double| {
            if weight.value() > 0.0 {
                let upto = before.add_double(weight);
                steps.push(Step { place, before, upto });
                before = upto;
            }
        };
        for (at, cell) in self.cells.iter().enumerate() {
            match &cell.kept {
                Some(kept) if kept.is_whole() => {
                    kept.rising().into_iter().for_each(|(value, weight)| step(Place::Value(value), weight));
                }
                _ => step(Place::Cell(at), cell.weight),
            }
            if let (Some(edge), Some(weight)) = (self.edges.get(at), self.at.get(at)) {
                step(Place::Value(edge + 0.0), *weight);
            }
        }
        steps
    }

    /// What another reading must keep of a cell for these parts of its weight.
    fn narrower(&self, cell: usize, parts: &[f64]) -> Vec<[f64; 2]> {
        let low = cell.checked_sub(1).map_or(f64::NEG_INFINITY, |at| self.edges[at]);
        let high = self.edges.get(cell).copied().unwrap_or(f64::INFINITY);
        match &self.cells[cell].kept {
            Some(kept) => kept.around(parts, [low, high]),
            None => vec![[low, high]],
        }
    }
}

impl Partial for WeightedRanks {
    type Setup = Cells;
    const NAME: &'static str = "weighted ranks/2";

    fn begin(cells: &Cells) -> Self {
        let cell = |&kept: &bool| Cell { weight: Double::default(), kept: kept.then(Kept::none) };
        Self {
            edges: cells.edges.clone(),
            at: vec![Double::default(); cells.edges.len()],
            cells: cells.kept.iter().map(cell).collect(),
            count: 0,
            nans: 0,
            refused: None,
        }
    }

    fn make_room(&mut self, rows: usize) {
        // As many as there can be in all of the cells: `absorb` allocates nothing, unless a sample was far off.
        let kept = self.cells.iter().filter(|cell| cell.kept.is_some()).count();
        let room = rows / kept.max(1);
        for kept in self.cells.iter_mut().filter_map(|cell| cell.kept.as_mut()) {
            kept.rows.reserve(room);
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        self.refused = self.refused.or_else(|| weights::refused(block, 1));
        if self.refused.is_some() {
            return;
        }
        for (&x, &w) in block.values(0).iter().zip(block.values(1)).filter(|(_, w)| **w > 0.0) {
            self.count += 1;
            if x.is_nan() {
                self.nans += 1;
                continue;
            }
            let at = self.edges.partition_point(|edge| *edge < x);
            if self.edges.get(at) == Some(&x) {
                self.at[at] = self.at[at].add(w);
                continue;
            }
            let cell = &mut self.cells[at];
            cell.weight = cell.weight.add(w);
            if let Some(kept) = &mut cell.kept {
                kept.rows.push([x, w]);
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        self.refused = self.refused.or(later.refused);
        self.count = self.count.saturating_add(later.count);
        self.nans = self.nans.saturating_add(later.nans);
        for (mine, theirs) in self.at.iter_mut().zip(&later.at) {
            *mine = mine.add_double(*theirs);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&later.cells) {
            mine.weight = mine.weight.add_double(theirs.weight);
            if let (Some(mine), Some(theirs)) = (&mut mine.kept, &theirs.kept) {
                mine.merge(theirs, KEEP);
            }
        }
    }

    fn is_sound(&self) -> bool {
        let edges = self.edges.len();
        self.edges.is_sorted_by(|a, b| a < b)
            && !self.edges.iter().any(|edge| edge.is_nan())
            && (self.at.len(), self.cells.len()) == (edges, edges + 1)
            && self.nans <= self.count
            && self.cells.iter().filter_map(|cell| cell.kept.as_ref()).all(|kept| kept.is_of_at_most(self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Column, wire};
    use proptest::prelude::*;

    fn read(cells: &Cells, x: &[f64], w: &[f64]) -> WeightedRanks {
        let mut whole = WeightedRanks::begin(cells);
        for (i, (x, w)) in x.chunks(777).zip(w.chunks(777)).enumerate() {
            let mut part = WeightedRanks::begin(cells);
            part.absorb(&Block::new(&[Column::of(x), Column::of(w)], 777 * i as u64));
            whole.merge(&part);
        }
        whole
    }

    /// Reads until the value is known, as a kernel does; how often, and the value.
    fn value(x: &[f64], w: &[f64], share: Share, first: Cells) -> (usize, f64) {
        let mut cells = first;
        for readings in 1..100 {
            match read(&cells, x, w).values(|_| vec![share]) {
                Ok(values) => return (readings, values[0]),
                Err(narrower) => cells = narrower,
            }
        }
        panic!("the readings do not end");
    }

    /// Of each value as many as it weighs, sorted.
    fn repeated(x: &[f64], w: &[f64]) -> Vec<f64> {
        let mut all: Vec<f64> = x.iter().zip(w).flat_map(|(&x, &w)| vec![x; w as usize]).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    proptest! {
        #[test]
        fn whole_weights_are_repeated_rows_whatever_the_edges(
            rows in prop::collection::vec((prop_oneof![-5i32..5, -1000i32..1000], 0u8..5), 1..500),
            ends in (-1100i32..1100, -1100i32..1100),
            at in any::<prop::sample::Index>(),
        ) {
            let x: Vec<f64> = rows.iter().map(|row| row.0.into()).collect();
            let w: Vec<f64> = rows.iter().map(|row| row.1.into()).collect();
            let sorted = repeated(&x, &w);
            prop_assume!(!sorted.is_empty());
            let rank = at.index(sorted.len());
            let low = ends.0.min(ends.1);
            let bad_guess = Cells::everything().narrowed(&[[low.into(), ends.0.max(ends.1).into()]]);
            for (share, expected) in [
                (Share::Of(rank as f64 + 1.0), sorted[rank]),
                (Share::Beyond(rank as f64), sorted[rank]),
                (Share::Of(0.0), sorted[0]),
                (Share::Beyond(1e9), sorted[sorted.len() - 1]),
            ] {
                prop_assert_eq!(value(&x, &w, share, Cells::everything()), (1, expected));
                prop_assert_eq!(value(&x, &w, share, bad_guess.clone()).1, expected);
            }
            let found = read(&bad_guess, &x, &w);
            prop_assert_eq!(wire::decode::<WeightedRanks>(&wire::encode(&found).unwrap()).unwrap(), found);
        }
    }

    #[test]
    fn too_many_rows_are_thinned_and_read_again() {
        let n = 3 * KEEP.whole as u64;
        let x: Vec<f64> = (0..n).map(|i| (i * 2_654_435_761 % n) as f64).collect();
        let w: Vec<f64> = x.iter().map(|x| if 2.0 * x < n as f64 { 1.0 } else { 3.0 }).collect();
        // The upper half has three quarters of the weight.
        let (half, share) = (n as f64 / 2.0, 2.0 / 3.0 * 2.0 * n as f64);
        let expected = half + ((share - half) / 3.0).ceil() - 1.0;
        assert_eq!(value(&x, &w, Share::Of(share), Cells::everything()), (2, expected));
    }

    /// A row that has nearly all of the weight and that no sample holds.
    #[test]
    #[cfg_attr(miri, ignore = "too many readings of too many rows")]
    fn a_sample_that_misleads_costs_readings_and_ends() {
        let n = 5 * KEEP.whole;
        let x: Vec<f64> = (0..n).map(|i| (i as u64 * 2_654_435_761 % n as u64) as f64).collect();
        for heavy in [3, n / 2 + 1, n - 2] {
            let mut w = vec![1.0; n];
            w[heavy] = 1e9;
            let (readings, found) = value(&x, &w, Share::Of(5e8), Cells::everything());
            assert!(found == x[heavy] && readings < 8, "{readings} readings");
        }
    }

    /// Weights that fall by forty powers of ten: what is above is lost beside what is below, but is the largest nonetheless.
    #[test]
    #[cfg_attr(miri, ignore = "too many readings of too many rows")]
    fn light_rows_on_top_are_found() {
        let n = 3 * KEEP.whole;
        let x: Vec<f64> = (0..n).map(|i| (i as u64 * 2_654_435_761 % n as u64) as f64 * 92.0 / n as f64).collect();
        let w: Vec<f64> = x.iter().map(|x| crate::special::exp_of(-x, 0.0)).collect();
        let largest = x.iter().copied().fold(0.0, f64::max);
        let (readings, found) = value(&x, &w, Share::Of(f64::INFINITY), Cells::everything());
        assert!(found == largest && readings < 30, "{readings} readings");
        let (x, w): (Vec<f64>, Vec<f64>) =
            (0..2 * n).map(|i| if i < n { (i as f64, 1.0) } else { (i as f64, 1e-22) }).unzip();
        let last = (2 * n - 1) as f64;
        assert_eq!(value(&x, &w, Share::Beyond(f64::INFINITY), Cells::everything()).1, last);
        assert_eq!(value(&x, &w, Share::Beyond(n as f64), Cells::everything()).1, last);
    }

    /// What one chunk leaves is what it is merged to with nothing before it.
    #[test]
    fn a_chunk_is_not_thinned() {
        let x: Vec<f64> = (0..CHUNK).map(|i| (i * 7919 % CHUNK) as f64).collect();
        let mut chunk = WeightedRanks::begin(&Cells::everything());
        chunk.absorb(&Block::new(&[Column::of(&x), Column::of(&vec![1.0; CHUNK])], 0));
        let mut merged = WeightedRanks::begin(&Cells::everything());
        merged.merge(&chunk);
        assert_eq!(merged, chunk);
    }

    #[test]
    fn ties_end_too() {
        let (x, w) = (vec![1.0; 3 * KEEP.whole], vec![0.5; 3 * KEEP.whole]);
        assert_eq!(value(&x, &w, Share::Of(5.0), Cells::everything()).1, 1.0);
    }

    #[test]
    fn infinities_are_values_and_nans_are_counted_apart() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let found = read(&Cells::everything(), &[inf, nan, -inf, 0.0, nan], &[1.0, 1.0, 2.0, 1.0, 0.0]);
        assert_eq!((found.count(), found.nans()), (4, 1));
        let values = found.values(|_| [1.0, 2.5, 3.5].map(Share::Of).to_vec());
        assert_eq!(values, Ok(vec![-inf, 0.0, inf]));
        assert_eq!(read(&Cells::everything(), &[1.0], &[0.0]).values(|_| vec![Share::Of(0.0)]), Ok(vec![]));
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let sound = read(&Cells::everything().narrowed(&[[0.0, 5.0]]), &[1.0, 2.0], &[1.0, 2.0]);
        let alter = |alter: fn(&mut WeightedRanks)| {
            let mut altered = sound.clone();
            alter(&mut altered);
            wire::decode::<WeightedRanks>(&wire::encode(&altered).unwrap()).is_err()
        };
        assert!(!alter(|_| ()));
        assert!(alter(|ranks| ranks.cells[1].kept.as_mut().unwrap().rows = vec![[1.0; 2]; 3]));
        assert!(alter(|ranks| ranks.edges.clear()));
        assert!(alter(|ranks| ranks.edges.reverse()));
        assert!(alter(|ranks| ranks.edges[0] = f64::NAN));
        assert!(alter(|ranks| ranks.nans = 3));
    }
}
