//! How many values fall into bins of one width. Exact: the counts are those of the edges `low + k (high − low)/n`, each rounded as
//! that formula is in doubles.

use super::{Edges, edges::Ruler};
use crate::sweeps;
use echoes_kernel::{
    Block, Partial,
    sweep::{self, Bins, Counts, Sweep},
};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Bins that a block counts beside the partial at most, and one place for values outside: more are slower than the partial's own.
const PLACES: usize = 512;

/// Counters of each place, used in turn: neighbours often fall into one bin, and a counter has to wait for itself. Measured:
/// one or four take a fifth longer.
const COUNTERS: usize = 2;

/// Counts of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    edges: Edges,
    counts: Counts,
}

impl Histogram {
    /// The bins.
    pub const fn edges(&self) -> Edges {
        self.edges
    }

    /// What has been counted.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Counts one value.
    fn count(&mut self, x: f64) {
        if self.edges.hold(x) {
            self.counts.bins[self.edges.bin(x) as usize] += 1;
        } else {
            self.counts.count_outside(x, self.edges.high());
        }
    }

    /// Counts the values that are in no bin.
    #[cold]
    fn count_outside(&mut self, x: &[f64]) {
        for &x in x.iter().filter(|x| !self.edges.hold(**x)) {
            self.counts.count_outside(x, self.edges.high());
        }
    }
}

/// Counts a block.
struct Count<'a> {
    into: &'a mut Histogram,
    x: &'a [f64],
    ahead: bool,
}

impl Operation for Count<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (eights, rest) = self.x.as_chunks::<8>();
        let outside = if (self.into.edges.count() as usize) < PLACES {
            count_few_bins(l, self.into, eights, self.ahead)
        } else {
            count_many_bins(l, self.into, eights)
        };
        if outside {
            self.into.count_outside(eights.as_flattened());
        }
        for &x in rest {
            self.into.count(x);
        }
    }
}

/// Counts into counters of its own, which are then added up; whether there are values outside.
#[inline(always)]
fn count_few_bins<L: Lanes>(l: L, into: &mut Histogram, eights: &[[f64; 8]], ahead: bool) -> bool {
    let ruler = Ruler::new(l, into.edges);
    // Side by side: of two arrays the compiler makes gathers and scatters, which take seven times as long.
    let mut counters = [[0u32; COUNTERS]; PLACES];
    for eight in eights {
        if ahead {
            sweeps::prefetch_eight(l, eight);
        }
        let places = ruler.places(l, l.load8(eight));
        for i in 0..8 {
            counters[places[i].to_bits() as usize % PLACES][i % COUNTERS] += 1;
        }
    }
    let sum = |place: &[u32; COUNTERS]| place.iter().copied().map(u64::from).sum::<u64>();
    for (bin, place) in into.counts.bins.iter_mut().zip(&counters) {
        *bin += sum(place);
    }
    let outside = sum(&counters[into.counts.bins.len() % PLACES]);
    outside > 0
}

/// Counts into the partial's bins; whether there are values outside.
#[inline(always)]
fn count_many_bins<L: Lanes>(l: L, into: &mut Histogram, eights: &[[f64; 8]]) -> bool {
    let ruler = Ruler::new(l, into.edges);
    let mut outside = false;
    for eight in eights {
        for place in ruler.places(l, l.load8(eight)) {
            match into.counts.bins.get_mut(place.to_bits() as u32 as usize) {
                Some(bin) => *bin += 1,
                None => outside = true,
            }
        }
    }
    outside
}

impl Partial for Histogram {
    type Setup = Edges;
    const NAME: &'static str = "histogram/1";

    fn begin(edges: &Edges) -> Self {
        Self { edges: *edges, counts: Counts::none(edges.count()) }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Count { into: self, x: block.values(0), ahead: sweeps::is_followed(block) });
    }

    fn merge(&mut self, later: &Self) {
        self.counts.add(&later.counts);
    }

    fn is_sound(&self) -> bool {
        self.edges.are_sound() && self.counts.bins.len() == self.edges.count() as usize
    }

    fn swept(edges: &Edges) -> Option<Sweep<Self>> {
        (edges.count() <= sweep::BINS_MAX).then_some(|edges, column| {
            let (low, high, count) = (edges.low(), edges.high(), edges.count());
            let bins = Bins { low, high, width: edges.width(), per_unit: edges.per_unit(), count };
            Ok(Self { edges: *edges, counts: column.counts(bins)? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Column, wire};
    use proptest::prelude::*;

    fn read(edges: Edges, x: &[f64]) -> Histogram {
        let mut histogram = Histogram::begin(&edges);
        Partial::absorb(&mut histogram, &Block::new(&[Column::of(x)], 0));
        histogram
    }

    /// The bin whose upper edge is the first above the value.
    fn naive(edges: Edges, x: &[f64]) -> Histogram {
        let mut counts = Counts::none(edges.count());
        let last = edges.count() - 1;
        for &x in x {
            match x {
                x if x.is_nan() => counts.nan += 1,
                x if x < edges.low() => counts.below += 1,
                x if x > edges.high() => counts.above += 1,
                x => counts.bins[(0..last).find(|&k| x < edges.edge(k + 1)).unwrap_or(last) as usize] += 1,
            }
        }
        Histogram { edges, counts }
    }

    fn any_values() -> impl Strategy<Value = Vec<f64>> {
        let any = prop_oneof![4 => -3.0..3.0f64, 4 => (-24..24).prop_map(|x| f64::from(x) * 0.125), 1 => any::<f64>()];
        prop::collection::vec(any, 0..400)
    }

    /// Few bins and many, and as many as there are places, and one more or less.
    fn any_count() -> impl Strategy<Value = u32> {
        let places = PLACES as u32;
        prop_oneof![4 => 1..100u32, 1 => places - 2..places + 2, 1 => 600..700u32]
    }

    proptest! {
        #[test]
        fn counts_are_the_naive_ones(x in any_values(), low in -4.0..0.0f64, width in 1e-6..8.0f64, count in any_count()) {
            let edges = Edges::new(low, low + width, count).unwrap();
            prop_assert_eq!(read(edges, &x), naive(edges, &x));
            let on_edges: Vec<f64> = (0..=count).map(|k| edges.edge(k)).collect();
            prop_assert_eq!(read(edges, &on_edges), naive(edges, &on_edges));
        }

        #[test]
        fn bins_as_narrow_as_allowed_are_the_naive_ones(low in 1.0..2.0f64, count in 1..50u32, at in 0.0..1.0f64) {
            let high = low + f64::from(count) * 4.0 * f64::EPSILON * 2.1;
            let edges = Edges::new(low, high, count).unwrap();
            let x: Vec<f64> = (0..9).map(|i| low + (high - low) * at + f64::from(i) * f64::EPSILON).collect();
            prop_assert_eq!(read(edges, &x), naive(edges, &x));
        }

        #[test]
        fn parts_merge_to_the_whole(x in any_values(), at in any::<prop::sample::Index>()) {
            let edges = Edges::new(-1.0, 1.0, 8).unwrap();
            let (left, right) = x.split_at(at.index(x.len() + 1));
            let mut parts = read(edges, left);
            Partial::merge(&mut parts, &read(edges, right));
            let whole = read(edges, &x);
            prop_assert_eq!(&parts, &whole);
            prop_assert_eq!(wire::decode::<Histogram>(&wire::encode(&whole).unwrap()).unwrap(), whole);
            Partial::merge(&mut parts, &Histogram::begin(&edges));
            prop_assert_eq!(parts, read(edges, &x));
        }
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let edges = Edges::new(-1.0, 1.0, 8).unwrap();
        let sound = read(edges, &[0.5]);
        let refused = |histogram| wire::decode::<Histogram>(&wire::encode(&histogram).unwrap()).is_err();
        assert!(refused(Histogram { counts: Counts::none(7), ..sound.clone() }));
        assert!(refused(Histogram { edges: Edges::new(-1.0, 1.0, 9).unwrap(), ..sound }));
    }
}
