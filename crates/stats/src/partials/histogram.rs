//! How many values fall into bins of one width. Exact: the counts are those of the edges `low + k (high − low)/n`, each rounded as
//! that formula is in doubles.

use super::{Edges, edges::Ruler};
use crate::ahead::Ahead;
use echoes_kernel::{
    Block, Partial,
    sweep::{self, Bins, Counts, Sweep},
};
use echoes_simd::{Counters, GROUP, Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Bins that a block counts beside the partial at most, and one place for values outside: more are slower than the partial's own.
const PLACES: usize = 512;

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
    ahead: Ahead,
}

impl Operation for Count<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { into, x, ahead } = self;
        let few = (into.edges.count() as usize) < PLACES;
        let inside = if few { count_few_bins(l, into, x, ahead) } else { count_many_bins(l, into, x, ahead) };
        if inside < x.len() as u64 {
            into.count_outside(x);
        }
    }
}

/// Counts into counters of its own, which are then added up; how many values are in a bin.
#[inline(always)]
fn count_few_bins<L: Lanes>(l: L, into: &mut Histogram, x: &[f64], ahead: Ahead) -> u64 {
    let ruler = Ruler::new(l, into.edges);
    let mut counters = Counters::ZERO;
    let mut rest = x;
    if L::WIDE {
        let (eights, _) = x.as_chunks::<8>();
        let (sixties, _) = eights.as_chunks::<8>();
        for sixty in sixties {
            for group in sixty.as_flattened().as_chunks().0 {
                ahead.fetch(l, group, 0..4);
            }
            l.tally(ruler.few_places(l, sixty), into.counts.bins.len() - 1, &mut counters);
        }
        rest = &x[64 * sixties.len()..];
    }
    each_eight(l, &ruler, rest, ahead, |places| counters.count(places));
    let mut inside = 0;
    for (bin, counters) in into.counts.bins.iter_mut().zip(&counters.0) {
        let found = counters.iter().copied().map(u64::from).sum::<u64>();
        *bin += found;
        inside += found;
    }
    inside
}

/// Counts into the partial's bins; how many values are in one.
#[inline(always)]
fn count_many_bins<L: Lanes>(l: L, into: &mut Histogram, x: &[f64], ahead: Ahead) -> u64 {
    let ruler = Ruler::new(l, into.edges);
    let mut inside = 0;
    each_eight(l, &ruler, x, ahead, |places| {
        for place in places {
            if let Some(bin) = into.counts.bins.get_mut(place.to_bits() as u32 as usize) {
                *bin += 1;
                inside += 1;
            }
        }
    });
    inside
}

/// Gives the places of eight values at a time, the last ones perhaps outside of all bins.
#[inline(always)]
fn each_eight<L: Lanes>(l: L, ruler: &Ruler<L>, x: &[f64], ahead: Ahead, mut count: impl FnMut([f64; 8])) {
    let mut space = [f64::NAN; 8];
    let ((groups, _), (eights, rest)) = (x.as_chunks::<GROUP>(), x.as_chunks::<8>());
    space[..rest.len()].copy_from_slice(rest);
    // Vector by vector: the code that places values on edges is too long to be there four times.
    for (at, eight) in eights.iter().chain((!rest.is_empty()).then_some(&space)).enumerate() {
        if let Some(group) = groups.get(at / 4) {
            ahead.fetch(l, group, at % 4..at % 4 + 1);
        }
        count(ruler.places(l, l.load8(eight)));
    }
}

impl Partial for Histogram {
    type Setup = Edges;
    const NAME: &'static str = "histogram/1";

    fn begin(edges: &Edges) -> Self {
        Self { edges: *edges, counts: Counts::none(edges.count()) }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Count { into: self, x: block.values(0), ahead: Ahead::of(block) });
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
        fn values_that_are_mostly_certain_are_counted_as_the_naive_ones(
            x in prop::collection::vec(-0.1..1.2f64, 64..400),
            at in any::<prop::sample::Index>(),
            shift in -40..40i32,
            count in prop_oneof![1..3u32, 62..66u32, 126..130u32, 254..258u32, 510..514u32],
        ) {
            let edges = Edges::new(0.0, 1.0, count).unwrap();
            // All inside, then some outside, then one on an edge or so near it that it is not certain.
            let inside: Vec<f64> = x.iter().map(|x| (x + 0.1) / 1.31).collect();
            prop_assert_eq!(read(edges, &inside), naive(edges, &inside));
            prop_assert_eq!(read(edges, &x), naive(edges, &x));
            let mut near = inside;
            let row = at.index(near.len());
            near[row] = edges.edge(at.index(count as usize + 1) as u32) + f64::from(shift) * f64::EPSILON / 8.0;
            prop_assert_eq!(read(edges, &near), naive(edges, &near));
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
