//! The products of many columns, four by four.
//!
//! The product of two columns by themselves takes two loads a multiplication; sixteen products of four columns with four share eight
//! loads (K. Goto, R. van de Geijn, Anatomy of high-performance matrix multiplication, ACM TOMS 34(3), 2008). Each of them is added
//! in the order of [`sweeps::product`](crate::sweeps::product), so that a matrix has the bits of its pairs.

use super::{super::anchor::is_near, Fit, Sums, index};
use crate::{
    ahead::Ahead,
    double::Double,
    sweeps::{self, Long, RUN},
    threads,
    unit::Unit,
};
use echoes_kernel::{BLOCK, Block};
use echoes_simd::{GROUP, Lanes, Operation, run};
use std::ops::Range;

/// Columns of a panel.
pub(super) const PANEL: usize = 4;

/// Columns from which on tiles are quicker than pairs.
pub(super) const TILED: usize = 12;

/// Vectors of a group.
const VECTORS: usize = GROUP / 8;

/// Steps of a panel.
const STEPS: usize = BLOCK / 8;

/// Panels that a thread multiplies with all up to them, which stay in its second-level cache meanwhile: 64 KiB each. What the others
/// bring from farther away is worth that many multiplications. Fewer where several threads would have nothing to do.
const KEPT: usize = 8;

/// Pieces for each thread, so that those who are done find more.
const PIECES: usize = 4;

/// Of these panels, so many are multiplied with a batch of others at a time.
const OWN: usize = 2;

/// Others in a batch, which is in that cache too.
const BATCH: usize = 4;

/// Panels from which on they are worth several threads.
const SHARED: usize = 16;

/// What is known of a column of a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    /// Near its mean.
    pub(super) center: f64,
    /// The sum of the deviations from that.
    pub(super) s1: f64,
    /// That of their squares.
    pub(super) s2: f64,
    /// How far the mean lies beyond that of the rows before.
    pub(super) delta: f64,
}

impl Column {
    /// A column of a block, swept about its anchor, and about its own mean where that is too far off.
    #[inline(always)]
    fn about<L: Lanes>(l: L, x: &[f64], anchor: f64, ahead: Ahead) -> Self {
        let (mut center, mut spread) = (anchor, sweeps::spread(l, x, anchor, ahead));
        let is_enough = if Unit::is_ordinary(spread[1]) {
            is_near(spread, x.len())
        } else {
            is_near_in_its_unit(x, anchor, spread)
        };
        if !is_enough {
            center = sweeps::center(l, x);
            spread = sweeps::spread(l, x, center, Ahead::Nothing);
        }
        let [s1, s2] = spread;
        Self { center, s1, s2, delta: 0.0 }
    }
}

/// Whether an anchor is near where the squares of the deviations from it may have overflowed or vanished.
#[cold]
#[inline(never)]
fn is_near_in_its_unit(x: &[f64], anchor: f64, spread: [f64; 2]) -> bool {
    let unit = run(Fit { x, center: anchor }).filter(|&unit| unit != Unit::ONE);
    is_near(unit.map_or(spread, |unit| run(Sums { unit, x, center: anchor })), x.len())
}

/// Eight rows of a panel's columns.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Step([[f64; 8]; PANEL]);

/// Columns of a block that stand beside each other.
#[derive(Debug, Default)]
pub(super) struct Panel {
    pub(super) columns: [Column; PANEL],
    /// The deviations in the order in which they are added: run by run, and in a run first the first vector of each of its groups,
    /// then the second. None where there are too few columns for tiles.
    steps: Vec<Step>,
    /// How many of them are of whole groups.
    whole: usize,
}

impl Panel {
    /// Panels for so many columns.
    pub(super) fn for_columns(columns: usize) -> Vec<Self> {
        let capacity = if columns < TILED { 0 } else { STEPS };
        let panel = || Self { columns: Default::default(), steps: Vec::with_capacity(capacity), whole: 0 };
        std::iter::repeat_with(panel).take(columns.div_ceil(PANEL)).collect()
    }

    /// Sets the deviations of the columns, as many of each, from their centers.
    #[inline(always)]
    pub(super) fn set<L: Lanes>(&mut self, l: L, columns: [&[f64]; PANEL], centers: [f64; PANEL]) {
        self.steps.clear();
        self.whole = columns[0].len() / GROUP * VECTORS;
        let columns = columns.map(|x| x.as_chunks::<GROUP>());
        let whole = columns[0].0.len();
        for start in (0..whole).step_by(RUN) {
            self.add_run(l, columns.map(|(groups, _)| &groups[start..whole.min(start + RUN)]), centers);
        }
        if !columns[0].1.is_empty() {
            let mut tails = centers.map(|center| [center; GROUP]);
            for (tail, (_, rest)) in tails.iter_mut().zip(columns) {
                tail[..rest.len()].copy_from_slice(rest);
            }
            self.add_run(l, tails.each_ref().map(std::slice::from_ref), centers);
        }
    }

    #[inline(always)]
    fn add_run<L: Lanes>(&mut self, l: L, run: [&[[f64; GROUP]]; PANEL], centers: [f64; PANEL]) {
        let [a, b, c, d] = run;
        for vector in 0..VECTORS {
            for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
                let mut step = Step::default();
                for ((to, group), center) in step.0.iter_mut().zip([a, b, c, d]).zip(centers) {
                    let (vectors, _) = group.as_chunks::<8>();
                    *to = l.to_array(l.load8(&vectors[vector]) - l.splat(center));
                }
                self.steps.push(step);
            }
        }
    }
}

/// Sweeps over each column of a block by itself, about its anchor first, on all threads where that is worth it.
pub(super) fn sweep(panels: &mut [Panel], anchors: &[f64], block: &Block<'_>) {
    let size = if panels.len() < SHARED { panels.len() } else { 1 };
    threads::each_piece(
        panels,
        size,
        || (),
        |(), piece, panels| {
            for (i, panel) in panels.iter_mut().enumerate() {
                let first = PANEL * (piece * size + i);
                let columns = first..anchors.len().min(first + PANEL);
                run(Sweep { panel, anchors: &anchors[columns.clone()], columns, block });
            }
        },
    );
}

struct Sweep<'a, 'b> {
    panel: &'a mut Panel,
    columns: Range<usize>,
    anchors: &'a [f64],
    block: &'a Block<'b>,
}

impl Operation for Sweep<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { panel, columns, anchors, block } = self;
        let mut values = [block.values(columns.start); PANEL];
        for (i, &anchor) in anchors.iter().enumerate() {
            values[i] = block.values(columns.start + i);
            panel.columns[i] = Column::about(l, values[i], anchor, Ahead::of(block));
        }
        if panel.steps.capacity() > 0 {
            panel.set(l, values, panel.columns.map(|column| column.center));
        }
    }
}

/// Gives `add` the sum of the products of every two of so many columns, `j < i`, with where it belongs: on all threads where that
/// is worth it.
pub(super) fn multiply(
    panels: &[Panel],
    columns: usize,
    sums: &mut [Double],
    add: &(impl Fn(&mut Double, [usize; 2], f64) + Sync),
) {
    let pieces = if panels.len() < SHARED { 1 } else { PIECES * threads::count() };
    let kept = (panels.len() / pieces).clamp(OWN, KEPT);
    multiply_rows(panels, 0..panels.len(), kept, columns, sums, add);
}

/// The same of some panels with all up to them, `kept` at a time; `sums` begins with theirs.
fn multiply_rows(
    panels: &[Panel],
    rows: Range<usize>,
    kept: usize,
    columns: usize,
    sums: &mut [Double],
    add: &(impl Fn(&mut Double, [usize; 2], f64) + Sync),
) {
    if rows.len() > kept {
        let middle = usize::midpoint(rows.start, rows.end);
        let (upper, lower) = sums.split_at_mut(index(PANEL * middle, 0) - index(PANEL * rows.start, 0));
        // The long rows first: what is left for threads to share at the end is short.
        threads::both(
            rows.end >= SHARED,
            || multiply_rows(panels, middle..rows.end, kept, columns, lower, add),
            || multiply_rows(panels, rows.start..middle, kept, columns, upper, add),
        );
        return;
    }
    let first = index(PANEL * rows.start, 0);
    for (batch, others) in panels[..rows.end].chunks(BATCH).enumerate() {
        let start = batch * BATCH;
        for own in rows.clone().step_by(OWN).filter(|own| own + OWN > start) {
            let rows = own..rows.end.min(own + OWN);
            let tiles = run(Tiles { own: &panels[rows.clone()], others, reach: (own + 1).saturating_sub(start) });
            for (own, tiles) in rows.zip(&tiles) {
                for (other, tile) in (start..=own).zip(tiles) {
                    for (i, products) in (PANEL * own..columns).zip(tile) {
                        for (j, &product) in (PANEL * other..i).zip(products) {
                            add(&mut sums[index(i, j) - first], [i, j], product);
                        }
                    }
                }
            }
        }
    }
}

type Tile = [[f64; PANEL]; PANEL];

/// The same before their lanes are added.
type Totals<V> = [[Long<V>; PANEL]; PANEL];

/// The products of the columns of some panels with those of a batch of others, as far as these are none behind them.
struct Tiles<'a> {
    own: &'a [Panel],
    others: &'a [Panel],
    /// How many of these are none behind the first of them; of each of them it is one more.
    reach: usize,
}

impl Operation for Tiles<'_> {
    type Output = [[Tile; BATCH]; OWN];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [[Tile; BATCH]; OWN] {
        let Some(&Panel { whole, ref steps, .. }) = self.own.first() else { return Default::default() };
        let mut totals = [[[[Long::new(l, 0.0); PANEL]; PANEL]; BATCH]; OWN];
        for start in (0..whole).step_by(RUN * VECTORS) {
            self.add_run(l, start..whole.min(start + RUN * VECTORS), &mut totals);
        }
        if whole < steps.len() {
            self.add_run(l, whole..steps.len(), &mut totals);
        }
        let mut tiles = [[Tile::default(); BATCH]; OWN];
        for (i, (tiles, totals)) in tiles.iter_mut().zip(&totals).enumerate().take(self.own.len()) {
            for (tile, totals) in tiles.iter_mut().zip(totals).take(self.others.len().min(self.reach + i)) {
                for (sum, total) in tile.iter_mut().flatten().zip(totals.iter().flatten()) {
                    *sum = total.value(l);
                }
            }
        }
        tiles
    }
}

impl Tiles<'_> {
    #[inline(always)]
    fn add_run<L: Lanes>(&self, l: L, run: Range<usize>, totals: &mut [[Totals<L::V>; BATCH]; OWN]) {
        for (j, other) in self.others.iter().enumerate() {
            let other = &other.steps[run.clone()];
            for (i, (own, totals)) in self.own.iter().zip(totals.iter_mut()).enumerate() {
                if j < self.reach + i {
                    add_tile(l, [&own.steps[run.clone()], other], &mut totals[j]);
                }
            }
        }
    }
}

/// Adds the products of the columns of two panels in a run.
#[inline(always)]
fn add_tile<L: Lanes>(l: L, panels: [&[Step]; 2], totals: &mut Totals<L::V>) {
    if L::WIDE {
        add_corner::<L, PANEL>(l, panels, [0, 0], totals);
    } else {
        for corner in [[0, 0], [0, 2], [2, 0], [2, 2]] {
            add_corner::<L, 2>(l, panels, corner, totals);
        }
    }
}

/// Adds the products of `N` columns of two panels, from these on, in a run.
#[inline(always)]
fn add_corner<L: Lanes, const N: usize>(
    l: L,
    [a, b]: [&[Step]; 2],
    [left, right]: [usize; 2],
    totals: &mut Totals<L::V>,
) {
    let groups = a.len() / VECTORS;
    let mut sums = [[[l.splat(0.0); VECTORS]; N]; N];
    for v in 0..VECTORS {
        let mut lanes = [[l.splat(0.0); N]; N];
        for (a, b) in a[v * groups..][..groups].iter().zip(&b[v * groups..][..groups]) {
            for (row, x) in lanes.iter_mut().zip(&a.0[left..]) {
                let x = l.load8(x);
                for (sum, y) in row.iter_mut().zip(&b.0[right..]) {
                    *sum = l.add_product(*sum, x, l.load8(y));
                }
            }
        }
        for i in 0..N {
            for j in 0..N {
                sums[i][j][v] = lanes[i][j];
            }
        }
    }
    for i in 0..N {
        for j in 0..N {
            totals[left + i][right + j].add(sums[i][j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle;
    use echoes_kernel::Column as Values;
    use echoes_simd::{Level, run_at};

    struct Pair<'a>([&'a [f64]; 2], [f64; 2]);

    impl Operation for Pair<'_> {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            sweeps::product(l, (self.0[0], self.1[0]), (self.0[1], self.1[1]))
        }
    }

    /// The bits of the products of every two columns, `j < i`, one pair at a time.
    fn of_pairs(x: &[Vec<f64>], panels: &[Panel]) -> Vec<Vec<u64>> {
        let center = |i: usize| panels[i / PANEL].columns[i % PANEL].center;
        let pair = |i: usize, j: usize| run(Pair([&x[i], &x[j]], [center(i), center(j)])).to_bits();
        (0..x.len()).map(|i| (0..i).map(|j| pair(i, j)).collect()).collect()
    }

    #[test]
    fn tiles_have_the_bits_of_pairs() {
        let mut noise = oracle::noise(7);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        for (columns, rows) in [(12, 1), (13, 31), (14, 33), (15, 300), (40, 777), (16, BLOCK), (70, 300)] {
            let x: Vec<Vec<f64>> = (0..columns).map(|_| (0..rows).map(|_| noise()).collect()).collect();
            let slices: Vec<Values<'_>> = x.iter().map(|x| Values::of(x)).collect();
            let mut panels = Panel::for_columns(columns);
            let mut sums = vec![Double::default(); index(columns, 0)];
            pool.install(|| {
                sweep(&mut panels, &vec![0.0; columns], &Block::new(&slices, 0));
                multiply(&panels, columns, &mut sums, &|sum, _, product| *sum = sum.add(product));
            });
            let pairs = of_pairs(&x, &panels);
            for (i, row) in pairs.iter().enumerate() {
                for (j, &pair) in row.iter().enumerate() {
                    assert_eq!(sums[index(i, j)].value().to_bits(), pair, "{i} and {j} of {columns}");
                }
            }
            for level in Level::available() {
                every_tile(level, &panels, |[i, j], product| {
                    let pair = pairs.get(i).and_then(|row| row.get(j));
                    assert!(pair.is_none_or(|&pair| pair == product.to_bits()), "{i} and {j} of {columns}, {level:?}");
                });
            }
        }
    }

    /// Gives `check` the columns and the product of each place of every tile at some level.
    fn every_tile(level: Level, panels: &[Panel], check: impl Fn([usize; 2], f64)) {
        for (leaf, own) in panels.chunks(OWN).enumerate() {
            for (batch, others) in panels.chunks(BATCH).enumerate() {
                let (first, start) = (leaf * OWN, batch * BATCH);
                let tiles = run_at(level, Tiles { own, others, reach: (first + 1).saturating_sub(start) });
                for row in first..first + own.len() {
                    for other in start..(start + others.len()).min(row + 1) {
                        for (i, products) in tiles[row - first][other - start].iter().enumerate() {
                            for (j, &product) in products.iter().enumerate() {
                                check([PANEL * row + i, PANEL * other + j], product);
                            }
                        }
                    }
                }
            }
        }
    }
}
