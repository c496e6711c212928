//! How many pairs fall into each cell of a grid. Exact: the counts are those of the [edges](Edges) of both columns.

use super::{Edges, edges::Ruler};
use echoes_kernel::{Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Cells that a grid may have: each thread has a few grids.
pub const CELLS_MAX: u64 = 1 << 20;

/// Counts of two columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram2d {
    /// Of either column.
    edges: [Edges; 2],
    /// A row for each bin of the first column.
    cells: Vec<u64>,
    outside: u64,
    nan: u64,
}

impl Histogram2d {
    /// The bins of either column.
    pub const fn edges(&self) -> &[Edges; 2] {
        &self.edges
    }

    /// Pairs in each cell, a row for each bin of the first column.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.cells.chunks(self.edges[1].count() as usize)
    }

    /// Pairs of numbers that are in no cell.
    pub const fn outside(&self) -> u64 {
        self.outside
    }

    /// Pairs with a NaN.
    pub const fn nan(&self) -> u64 {
        self.nan
    }

    /// Counts one pair.
    fn count(&mut self, x: f64, y: f64) {
        let [rows, columns] = &self.edges;
        if rows.hold(x) && columns.hold(y) {
            self.cells[(rows.bin(x) * columns.count() + columns.bin(y)) as usize] += 1;
        } else {
            self.count_outside(x, y);
        }
    }

    /// Counts one pair that is in no cell.
    const fn count_outside(&mut self, x: f64, y: f64) {
        if x.is_nan() || y.is_nan() {
            self.nan += 1;
        } else {
            self.outside += 1;
        }
    }
}

/// Counts a block.
struct Count<'a> {
    into: &'a mut Histogram2d,
    columns: [&'a [f64]; 2],
}

impl Operation for Count<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { into, columns: [x, y] } = self;
        let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
        let (rows, columns) = (Ruler::new(l, into.edges[0]), Ruler::new(l, into.edges[1]));
        let [height, width] = [into.edges[0].count(), into.edges[1].count()];
        for (x, y) in xs.iter().zip(ys) {
            let (i, j) = (rows.places(l, l.load8(x)), columns.places(l, l.load8(y)));
            for k in 0..8 {
                let (i, j) = (i[k].to_bits() as u32, j[k].to_bits() as u32);
                if i < height && j < width {
                    into.cells[(i * width + j) as usize] += 1;
                } else {
                    into.count_outside(x[k], y[k]);
                }
            }
        }
        for (&x, &y) in x_rest.iter().zip(y_rest) {
            into.count(x, y);
        }
    }
}

impl Partial for Histogram2d {
    type Setup = [Edges; 2];
    const NAME: &'static str = "histogram2d/1";

    fn begin(edges: &[Edges; 2]) -> Self {
        let cells = edges.iter().map(|edges| edges.count() as usize).product();
        Self { edges: *edges, cells: vec![0; cells], outside: 0, nan: 0 }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Count { into: self, columns: [block.values(0), block.values(1)] });
    }

    fn merge(&mut self, later: &Self) {
        for (mine, more) in self.cells.iter_mut().zip(&later.cells) {
            *mine = mine.saturating_add(*more);
        }
        self.outside = self.outside.saturating_add(later.outside);
        self.nan = self.nan.saturating_add(later.nan);
    }

    fn is_sound(&self) -> bool {
        let cells: u64 = self.edges.iter().map(|edges| u64::from(edges.count())).product();
        self.edges.iter().all(Edges::are_sound) && cells == self.cells.len() as u64 && cells <= CELLS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Column, wire};
    use proptest::prelude::*;

    fn read(edges: [Edges; 2], x: &[f64], y: &[f64]) -> Histogram2d {
        let mut counts = Histogram2d::begin(&edges);
        Partial::absorb(&mut counts, &Block::new(&[Column::of(x), Column::of(y)], 0));
        counts
    }

    /// A bin at a time: how many edges but the last are at or below the value.
    fn naive(edges: [Edges; 2], x: &[f64], y: &[f64]) -> Histogram2d {
        let mut found = Histogram2d::begin(&edges);
        let all = edges.map(|edges| edges.all());
        let bin = |edges: &[f64], x: f64| {
            let (last, others) = edges.split_last().unwrap();
            (x <= *last).then(|| others.iter().filter(|edge| **edge <= x).count()).filter(|bin| *bin > 0)
        };
        for (&x, &y) in x.iter().zip(y) {
            match (bin(&all[0], x), bin(&all[1], y)) {
                (Some(i), Some(j)) => found.cells[(i - 1) * edges[1].count() as usize + j - 1] += 1,
                _ if x.is_nan() || y.is_nan() => found.nan += 1,
                _ => found.outside += 1,
            }
        }
        found
    }

    proptest! {
        #[test]
        fn counts_are_the_naive_ones(
            pairs in prop::collection::vec((
                prop_oneof![8 => (-24..24).prop_map(|x| f64::from(x) * 0.125), 1 => any::<f64>()],
                prop_oneof![8 => -4.0..4.0f64, 1 => any::<f64>()],
            ), 0..100),
            counts in (1..20u32, 1..20u32),
            at in any::<prop::sample::Index>(),
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let edges = [Edges::new(-2.0, 2.5, counts.0).unwrap(), Edges::new(-3.0, 3.0, counts.1).unwrap()];
            let whole = read(edges, &x, &y);
            prop_assert_eq!(&whole, &naive(edges, &x, &y));
            let at = at.index(x.len() + 1);
            let mut parts = read(edges, &x[..at], &y[..at]);
            Partial::merge(&mut parts, &read(edges, &x[at..], &y[at..]));
            prop_assert_eq!(&parts, &whole);
            prop_assert_eq!(wire::decode::<Histogram2d>(&wire::encode(&whole).unwrap()).unwrap(), whole);
        }
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let edges = [Edges::new(0.0, 1.0, 2).unwrap(), Edges::new(0.0, 1.0, 3).unwrap()];
        let sound = read(edges, &[0.5], &[0.5]);
        let refused = |counts: Histogram2d| wire::decode::<Histogram2d>(&wire::encode(&counts).unwrap()).is_err();
        assert!(refused(Histogram2d { cells: vec![0; 5], ..sound.clone() }));
        assert!(refused(Histogram2d { edges: [edges[0]; 2], ..sound }));
    }
}
