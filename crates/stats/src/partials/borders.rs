//! How many values fall into bins of any widths. Exact.

use super::BINS_MAX;
use echoes_kernel::{Block, Partial, sweep::Counts};
use serde::{Deserialize, Serialize};
use std::hint::select_unpredictable;

/// Where bins begin, and where the last one ends: finite, none below the one before. Each bin holds its lower edge and not its
/// upper one, the last holds both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Borders(Vec<f64>);

impl Borders {
    /// Bins with these edges; `None` unless all are finite and in order, and there are 2 to 65,537 of them.
    pub fn new(edges: Vec<f64>) -> Option<Self> {
        let fits = (2..=BINS_MAX as usize + 1).contains(&edges.len());
        (fits && edges.is_sorted() && edges.iter().all(|edge| edge.is_finite())).then_some(Self(edges))
    }

    /// Where each bin begins, and where the last ends.
    pub fn all(&self) -> &[f64] {
        &self.0
    }

    /// How many bins there are.
    pub(super) fn count(&self) -> u32 {
        self.0.len() as u32 - 1
    }

    /// The bin of a value, if it is in one.
    pub(super) fn bin(&self, x: f64) -> Option<usize> {
        let [low, high] = self.ends();
        (low <= x && x <= high).then(|| places(self.inner(), &[x])[0])
    }

    /// Whether they could have been [made](Borders::new), for those that come over the wire.
    pub(super) fn are_sound(&self) -> bool {
        Self::new(self.0.clone()).is_some()
    }

    /// The first and the last edge.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.0.first(), self.0.last()].map(|end| end.copied().unwrap_or(f64::NAN))
    }

    /// The edges between bins.
    fn inner(&self) -> &[f64] {
        &self.0[1..self.0.len() - 1]
    }
}

/// Counts of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BorderCounts {
    borders: Borders,
    counts: Counts,
}

impl BorderCounts {
    /// The bins.
    pub const fn borders(&self) -> &Borders {
        &self.borders
    }

    /// What has been counted.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// How many of the rising edges are at or below each value. `N` searches at a time, because each step of one waits for the step
/// before it; without branches, every second of which would be guessed wrong.
fn places<const N: usize>(edges: &[f64], x: &[f64; N]) -> [usize; N] {
    let mut below = [0; N];
    let mut size = edges.len();
    while size > 0 {
        let half = size - size / 2;
        for i in 0..N {
            below[i] += select_unpredictable(edges[below[i] + half - 1] <= x[i], half, 0);
        }
        size /= 2;
    }
    below
}

impl Partial for BorderCounts {
    type Setup = Borders;
    const NAME: &'static str = "border_counts/1";

    fn begin(borders: &Borders) -> Self {
        Self { borders: borders.clone(), counts: Counts::none(borders.count()) }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let Self { borders, counts } = self;
        let ([low, high], inner) = (borders.ends(), borders.inner());
        let mut count = |x: f64, place: usize| {
            if low <= x && x <= high {
                counts.bins[place] += 1;
            } else {
                counts.count_outside(x, high);
            }
        };
        let (eights, rest) = block.values(0).as_chunks::<8>();
        for eight in eights {
            for (&x, place) in eight.iter().zip(places(inner, eight)) {
                count(x, place);
            }
        }
        for &x in rest {
            count(x, places(inner, &[x])[0]);
        }
    }

    fn merge(&mut self, later: &Self) {
        self.counts.add(&later.counts);
    }

    fn is_sound(&self) -> bool {
        self.borders.are_sound() && self.counts.bins.len() == self.borders.count() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Column, wire};
    use proptest::prelude::*;

    fn read(edges: &[f64], x: &[f64]) -> BorderCounts {
        let mut counts = BorderCounts::begin(&Borders::new(edges.to_vec()).unwrap());
        Partial::absorb(&mut counts, &Block::new(&[Column::of(x)], 0));
        counts
    }

    /// NumPy's: how many values are below each edge, and how many at most at the last.
    fn naive(edges: &[f64], x: &[f64]) -> Counts {
        let (low, high) = (edges[0], edges[edges.len() - 1]);
        let below = |edge: f64| x.iter().filter(|x| **x < edge).count() as u64;
        let up_to_last = x.iter().filter(|x| **x <= high).count() as u64;
        let sums: Vec<u64> = edges[..edges.len() - 1].iter().map(|&edge| below(edge)).chain([up_to_last]).collect();
        Counts {
            bins: sums.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            below: below(low),
            above: x.iter().filter(|x| **x > high).count() as u64,
            nan: x.iter().filter(|x| x.is_nan()).count() as u64,
        }
    }

    proptest! {
        #[test]
        fn counts_are_the_naive_ones(
            x in prop::collection::vec(prop_oneof![8 => (-20..20).prop_map(f64::from), 1 => any::<f64>()], 0..100),
            mut edges in prop::collection::vec(prop_oneof![3 => (-18..18).prop_map(f64::from), 1 => -1e3..1e3f64], 2..40),
        ) {
            edges.sort_unstable_by(f64::total_cmp);
            let found = read(&edges, &x);
            prop_assert_eq!(found.counts(), &naive(&edges, &x));
            prop_assert_eq!(wire::decode::<BorderCounts>(&wire::encode(&found).unwrap()).unwrap(), found);
        }
    }

    #[test]
    fn only_edges_in_order_are_taken() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for edges in [vec![], vec![1.0], vec![2.0, 1.0], vec![0.0, inf], vec![0.0, nan], vec![0.0; 65_538]] {
            assert_eq!(Borders::new(edges), None);
        }
        assert!(Borders::new(vec![0.0; 65_537]).is_some());
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let sound = read(&[0.0, 1.0, 3.0], &[0.5]);
        let refused = |counts: BorderCounts| wire::decode::<BorderCounts>(&wire::encode(&counts).unwrap()).is_err();
        assert!(refused(BorderCounts { borders: Borders(vec![0.0, 1.0]), ..sound.clone() }));
        assert!(refused(BorderCounts { borders: Borders(vec![0.0, 3.0, 1.0]), ..sound.clone() }));
        assert!(refused(BorderCounts { borders: Borders(vec![]), ..sound }));
    }
}
