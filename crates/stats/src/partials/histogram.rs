//! How many values fall into bins of one width. Exact: the counts are those of the edges `low + k (high − low)/n`, each rounded as
//! that formula is in doubles.

use crate::{
    special::{SIZE, WHOLE},
    sweeps,
};
use echoes_kernel::{
    Block, Partial,
    sweep::{self, Bins, Sweep},
};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Bins that a histogram may have.
pub const BINS_MAX: u32 = 1 << 16;

/// Bins that a block counts beside the partial at most, and one place for values outside: more are slower than the partial's own.
const PLACES: usize = 512;

/// Counters of each place, used in turn: neighbours often fall into one bin, and a counter has to wait for itself. Measured:
/// one or four take a fifth longer.
const COUNTERS: usize = 2;

/// Bins of one width: each holds its lower edge and not its upper one, the last holds both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edges {
    low: f64,
    high: f64,
    count: u32,
}

impl Edges {
    /// `count` bins between two values; `None` unless both are finite and so far apart that no two edges could be taken for one
    /// another, or for no bin or more than 65,536.
    pub fn new(low: f64, high: f64, count: u32) -> Option<Self> {
        let edges = Self { low, high, count };
        let apart = 4.0 * f64::EPSILON * low.abs().max(high.abs());
        let fits = (1..=BINS_MAX).contains(&count) && edges.per_unit().is_finite();
        (fits && edges.width().is_finite() && edges.width() > apart).then_some(edges)
    }

    /// Where the first bin begins.
    pub const fn low(&self) -> f64 {
        self.low
    }

    /// Where the last bin ends.
    pub const fn high(&self) -> f64 {
        self.high
    }

    /// How many bins there are.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The width of a bin.
    pub fn width(&self) -> f64 {
        (self.high - self.low) / f64::from(self.count)
    }

    /// Bins in a unit.
    pub fn per_unit(&self) -> f64 {
        f64::from(self.count) / (self.high - self.low)
    }

    /// Where each bin begins, and where the last ends.
    pub fn all(&self) -> Vec<f64> {
        (0..self.count).map(|k| self.edge(k)).chain([self.high]).collect()
    }

    /// Where bin `k` begins; for the number of bins, where the last but for its upper edge ends.
    fn edge(&self, k: u32) -> f64 {
        self.low + f64::from(k) * self.width()
    }

    /// The bin of a value between the outer edges: a guess, at most one off, and the edges beside it.
    fn bin(&self, x: f64) -> u32 {
        let last = self.count - 1;
        let guess = ((x - self.low) * self.per_unit()).min(f64::from(last)) as u32;
        if x < self.edge(guess) && guess > 0 {
            guess - 1
        } else if self.edge(guess + 1) <= x && guess < last {
            guess + 1
        } else {
            guess
        }
    }
}

/// Counts of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    edges: Edges,
    bins: Vec<u64>,
    below: u64,
    above: u64,
    nan: u64,
}

impl Histogram {
    /// The bins.
    pub const fn edges(&self) -> Edges {
        self.edges
    }

    /// Values in each bin.
    pub fn bins(&self) -> &[u64] {
        &self.bins
    }

    /// Values below the first bin.
    pub const fn below(&self) -> u64 {
        self.below
    }

    /// Values above the last bin.
    pub const fn above(&self) -> u64 {
        self.above
    }

    /// NaN.
    pub const fn nan(&self) -> u64 {
        self.nan
    }

    /// Counts one value.
    fn count(&mut self, x: f64) {
        let counter = if x < self.edges.low {
            &mut self.below
        } else if self.edges.high < x {
            &mut self.above
        } else if x.is_nan() {
            &mut self.nan
        } else {
            &mut self.bins[self.edges.bin(x) as usize]
        };
        *counter += 1;
    }

    /// Counts the values that are in no bin.
    #[cold]
    fn count_outside(&mut self, x: &[f64]) {
        for &x in x {
            if !(self.edges.low <= x && x <= self.edges.high) {
                self.count(x);
            }
        }
    }

    /// Takes in counts of the same bins.
    fn absorb_counts(&mut self, bins: &[u64], below: u64, above: u64, nan: u64) {
        for (mine, more) in self.bins.iter_mut().zip(bins) {
            *mine = mine.saturating_add(*more);
        }
        self.below = self.below.saturating_add(below);
        self.above = self.above.saturating_add(above);
        self.nan = self.nan.saturating_add(nan);
    }
}

/// The edges in every lane.
struct Ruler<L: Lanes> {
    low: L::V,
    high: L::V,
    width: L::V,
    per_unit: L::V,
    last: L::V,
    /// The place of values outside.
    outside: L::V,
    /// The middle of the first bin.
    first: L::V,
    /// The middle of all bins, in bins from the first one's, and how far they reach to either side.
    middle: L::V,
    reach: L::V,
    /// How far from its middle a bin is certain.
    certain: L::V,
}

impl<L: Lanes> Ruler<L> {
    #[inline(always)]
    fn new(l: L, edges: Edges) -> Self {
        let Edges { low, high, count } = edges;
        let (width, count) = (edges.width(), f64::from(count));
        // Of edges and of where a value lies among them no more than 9 ε of the larger end is lost to rounding.
        let doubt = 16.0 * f64::EPSILON * low.abs().max(high.abs()) / width;
        Self {
            low: l.splat(low),
            high: l.splat(high),
            width: l.splat(width),
            per_unit: l.splat(edges.per_unit()),
            last: l.splat(count - 1.0),
            outside: l.splat(count),
            first: l.splat(low + width / 2.0),
            middle: l.splat((count - 1.0) / 2.0),
            reach: l.splat(count / 2.0),
            certain: l.splat(0.5 - doubt),
        }
    }

    /// The bins of eight values, each in the lowest bits of its lane; outside all bins their number.
    #[inline(always)]
    fn places(&self, l: L, x: L::V) -> [f64; 8] {
        let (size, whole) = (l.splat(SIZE), l.splat(WHOLE));
        let at = (x - self.first) * self.per_unit;
        let place = at + whole;
        let beside = l.and(at - (place - whole), size);
        let away = l.and(at - self.middle, size);
        // NaN is neither.
        if l.bits(l.le(beside, self.certain) & l.le(away, self.reach)) == u8::MAX {
            l.to_array(place)
        } else {
            self.certain_places(l, x)
        }
    }

    /// The same for any values, as [`Edges::bin`] finds them: a guess, at most one off, and the edges beside it.
    #[inline(always)]
    fn certain_places(&self, l: L, x: L::V) -> [f64; 8] {
        let (zero, one, whole) = (l.splat(0.0), l.splat(1.0), l.splat(WHOLE));
        // Rounded, not cut off: at most one off either way.
        let guess = l.max(l.min((x - self.low) * self.per_unit - l.splat(0.5), self.last), zero);
        let guess = (guess + whole) - whole;
        let too_high = l.lt(x, self.low + guess * self.width);
        let too_low = l.le(self.low + (guess + one) * self.width, x);
        let bin = guess + l.select(too_low, one, l.select(too_high, l.splat(-1.0), zero));
        let inside = l.le(self.low, x) & l.le(x, self.high);
        l.to_array(l.select(inside, l.min(bin, self.last), self.outside) + whole)
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
        let outside = if (self.into.edges.count as usize) < PLACES {
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
    for (bin, place) in into.bins.iter_mut().zip(&counters) {
        *bin += sum(place);
    }
    let outside = sum(&counters[into.bins.len() % PLACES]);
    outside > 0
}

/// Counts into the partial's bins; whether there are values outside.
#[inline(always)]
fn count_many_bins<L: Lanes>(l: L, into: &mut Histogram, eights: &[[f64; 8]]) -> bool {
    let ruler = Ruler::new(l, into.edges);
    let mut outside = false;
    for eight in eights {
        for place in ruler.places(l, l.load8(eight)) {
            match into.bins.get_mut(place.to_bits() as u32 as usize) {
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
        Self { edges: *edges, bins: vec![0; edges.count as usize], below: 0, above: 0, nan: 0 }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Count { into: self, x: block.values(0), ahead: sweeps::is_followed(block) });
    }

    fn merge(&mut self, later: &Self) {
        self.absorb_counts(&later.bins, later.below, later.above, later.nan);
    }

    fn is_sound(&self) -> bool {
        let Edges { low, high, count } = self.edges;
        Edges::new(low, high, count).is_some() && self.bins.len() == count as usize
    }

    fn swept(edges: &Edges) -> Option<Sweep<Self>> {
        (edges.count <= sweep::BINS_MAX).then_some(|edges, column| {
            let Edges { low, high, count } = *edges;
            let bins = Bins { low, high, width: edges.width(), per_unit: edges.per_unit(), count };
            let counts = column.counts(bins)?;
            let mut whole = Self::begin(edges);
            whole.absorb_counts(&counts.bins, counts.below, counts.above, counts.nan);
            Ok(whole)
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
        let mut found = Histogram::begin(&edges);
        let last = edges.count - 1;
        for &x in x {
            match x {
                x if x.is_nan() => found.nan += 1,
                x if x < edges.low => found.below += 1,
                x if x > edges.high => found.above += 1,
                x => found.bins[(0..last).find(|&k| x < edges.edge(k + 1)).unwrap_or(last) as usize] += 1,
            }
        }
        found
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
        assert!(refused(Histogram { bins: vec![0; 7], ..sound.clone() }));
        assert!(refused(Histogram { edges: Edges { count: 0, ..edges }, bins: Vec::new(), ..sound.clone() }));
        assert!(refused(Histogram { edges: Edges { low: 2.0, ..edges }, ..sound }));
    }

    #[test]
    fn edges_that_cannot_be_told_apart_are_refused() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (low, high, count) in [
            (0.0, 1.0, 0),
            (0.0, 1.0, 65_537),
            (1.0, 1.0, 1),
            (2.0, 1.0, 3),
            (0.0, inf, 3),
            (-inf, 0.0, 3),
            (nan, 1.0, 3),
            (0.0, nan, 3),
            (-f64::MAX, f64::MAX, 3),
            (1e16, 1e16 + 8.0, 100),
            (0.0, 5e-324, 1),
        ] {
            assert_eq!(Edges::new(low, high, count), None, "{low} {high} {count}");
        }
        assert!(Edges::new(0.0, 1.0, 65_536).is_some());
    }
}
