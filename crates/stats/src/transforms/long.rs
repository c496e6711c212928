//! Long transforms in two sweeps over memory: of the columns of a table, where they are, then of its rows, which are written where
//! they belong.

mod back;
mod complex;
mod eights;
mod real;

use super::{
    Half, Parts,
    butterflies::LANES,
    columns::{Columns, Row},
    twists::Twists,
    zeros,
};
use crate::threads::{each_pair, each_piece};
use back::{RealBack, RealUp};
use complex::{ComplexAcross, ComplexDown};
use echoes_simd::{Divisor, Lanes, Level, Strip, run_at, strips};
use real::{RealAcross, RealDown};
use std::{cell::RefCell, ops::Range};

/// Real columns that are transformed at a time: two make a complex one.
const REALS: usize = 2 * LANES;

/// Rows of vectors that are worked on at a time, in the second cache: 1 MiB.
const TILE: usize = 8192;

/// The most vectors that are taken beside each other: several lines of the caches in a row come quicker than one, but threads are
/// to have something to share.
const VECTORS_MAX: usize = 8;

/// Numbers that one thread transforms sooner than others are awake.
const ALONE: usize = 1 << 17;

/// A transform of `rows` times `columns` numbers (Bailey, FFTs in external or hierarchical memory, J. Supercomputing 4, 1990).
///
/// With `j = j₁ columns + j₂` and `k = k₁ + k₂ rows`, it is the transform of each column, a twist of each number by the root of
/// unity `j₂ k₁`, and the transform of each row, eight columns or rows at a time. Nothing but additions and multiplications of
/// single lanes is done, so the bits are those of the length.
///
/// Of real numbers two columns are one transform, and the first half of what becomes of each says it all: number `k₁` of a column
/// stands in rows `2 k₁ − 1` and `2 k₁` of the table, the real ones of `k₁ = 0` and `rows/2` in the first row and the last. The
/// twists of `rows/2` are left to the second sweep.
pub(super) struct Long {
    down: Columns,
    across: Columns,
    twists: Twists,
    /// Vectors beside each other that are taken at a time.
    tile: usize,
    level: Level,
}

/// What a thread works in.
#[derive(Default)]
struct Memory {
    rows: Vec<Row>,
    factors: [Vec<Row>; 2],
}

thread_local! {
    /// Kept, a few MiB at most: asking the system for new memory takes longer than the work in it.
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// Whether there is one of `n` numbers: they have no large prime.
pub(super) fn is_for(n: usize) -> bool {
    Columns::is_for(n)
}

/// Rows and columns of a table of `n` numbers, real or complex: of those not too far from a square the ones that leave the fewest
/// lanes empty.
fn shape(n: usize, real: bool) -> (usize, usize) {
    let root = n.isqrt();
    let work = |&(rows, columns): &(usize, usize)| {
        let (taken, half) = if real { (REALS, rows / 2 + 1) } else { (LANES, rows) };
        let across = half.next_multiple_of(LANES) * columns * if real { 2 } else { 1 };
        columns.next_multiple_of(taken) * rows + across + n / 64 * rows.ilog2().abs_diff(columns.ilog2()) as usize
    };
    let rows = (root / 16 + 1..=16 * root).filter(|rows| n.is_multiple_of(*rows));
    rows.map(|rows| (rows, n / rows)).min_by_key(work).unwrap_or((n, 1))
}

impl Long {
    /// That of `n` numbers without large primes, for real ones or complex ones.
    pub(super) fn new(n: usize, real: bool) -> Self {
        Self::of_shape(shape(n, real), echoes_simd::level())
    }

    fn of_shape((rows, columns): (usize, usize), level: Level) -> Self {
        let tile = (TILE / rows.max(columns)).clamp(1, VECTORS_MAX);
        let (down, across) = (Columns::new(rows), Columns::new(columns));
        Self { down, across, twists: Twists::new(rows, columns), tile, level }
    }

    /// Complex numbers that the plan of `n` numbers holds, about.
    pub(super) fn size(n: usize) -> usize {
        Twists::size(n.isqrt(), n.isqrt()) + 8 * n.isqrt()
    }

    const fn shape(&self) -> (usize, usize) {
        (self.down.len(), self.across.len())
    }

    fn with_memory(&self, work: impl FnOnce(&mut Memory)) {
        let mut memory = MEMORY.take();
        let rows = self.tile * self.down.len().max(self.across.len());
        let factors = self.twists.room();
        let [low, high] = &mut memory.factors;
        for (kept, len) in [(&mut memory.rows, rows), (low, factors), (high, factors)] {
            if kept.len() < len {
                kept.resize(len, Row::default());
            }
        }
        work(&mut memory);
        MEMORY.set(memory);
    }

    /// Does `work` on each of some jobs, which threads share.
    fn each<T: Send>(&self, mut jobs: Vec<T>, work: impl Fn(usize, &mut T, &mut Memory) + Send + Sync) {
        let some = |(): &mut (), first: usize, jobs: &mut [T]| {
            self.with_memory(|memory| (first..).zip(jobs).for_each(|(i, job)| work(i, job, memory)));
        };
        if self.down.len() * self.across.len() <= ALONE {
            return some(&mut (), 0, &mut jobs);
        }
        each_piece(&mut jobs, 1, || (), some);
    }

    /// The columns of a table of that width, so many vectors at a time.
    fn strips<'a>(&self, table: &'a mut [f64], width: usize, vectors: usize) -> Vec<Strip<'a>> {
        let wide = vectors * self.tile * LANES;
        strips(table, width, (0..width).step_by(wide).map(|first| wide.min(width - first)))
    }

    fn complex_strips<'a>(&self, re: &'a mut [f64], im: &'a mut [f64], width: usize) -> Vec<(Strip<'a>, Strip<'a>)> {
        self.strips(re, width, 1).into_iter().zip(self.strips(im, width, 1)).collect()
    }

    /// The transform of complex numbers, each part over `divisor`. What was read is used up.
    pub(super) fn of_complex(&self, re: &mut [f64], im: &mut [f64], to: [&mut [f64]; 2], divisor: f64) {
        let (rows, columns) = self.shape();
        self.each(self.complex_strips(re, im, columns), |tile, strip, memory| {
            run_at(self.level, ComplexDown { long: self, strip, tile, memory });
        });
        let (re, im, divisor) = (&*re, &*im, quotient(divisor));
        let [to_re, to_im] = to;
        touch(to_re, to_im);
        self.each(self.complex_strips(to_re, to_im, rows), |tile, to, memory| {
            run_at(self.level, ComplexAcross { long: self, re, im, tile, to, divisor, memory });
        });
    }

    /// The transform of real numbers, each part over `divisor`. What was read is used up.
    pub(super) fn of_real(&self, x: &mut [f64], half: Half, divisor: f64) -> Parts {
        let (rows, columns) = self.shape();
        self.each(self.strips(x, columns, 2), |tile, strip, memory| {
            run_at(self.level, RealDown { long: self, strip, tile, memory });
        });
        let (x, divisor, wanted) = (&*x, quotient(divisor), half.len(x.len()));
        let (mut re, mut im) = (zeros(wanted), zeros(wanted));
        touch(&mut re, &mut im);
        let tiles: Vec<Tile> = Tile::all(rows, self.tile * LANES).collect();
        let sizes = || tiles.iter().map(Tile::len).chain(tiles.iter().rev().map(|tile| tile.mirrored().len()));
        let (mut re_strips, mut im_strips) = (strips(&mut re, rows, sizes()), strips(&mut im, rows, sizes()));
        let mirrors = re_strips.split_off(tiles.len()).into_iter().zip(im_strips.split_off(tiles.len())).rev();
        let jobs = tiles.iter().zip(re_strips.into_iter().zip(im_strips)).zip(mirrors).collect();
        let last = wanted.div_ceil(rows);
        self.each(jobs, |_, ((tile, to), mirror), memory| {
            run_at(self.level, RealAcross { long: self, x, tile, to, mirror, last, divisor, memory });
        });
        (re, im)
    }

    /// The real numbers whose transform begins with these, each over `divisor`.
    pub(super) fn to_real(&self, re: &[f64], im: &[f64], x: &mut [f64], divisor: f64) {
        let (rows, columns) = self.shape();
        let mut jobs = Vec::new();
        let mut rest = &mut *x;
        for tile in Tile::all(rows, self.tile * LANES) {
            let (piece, after) = rest.split_at_mut(tile.table_rows().len() * columns);
            jobs.push((tile, piece));
            rest = after;
        }
        self.each(jobs, |_, (tile, piece), memory| {
            run_at(self.level, RealBack { long: self, re, im, tile, piece, memory });
        });
        let divisor = quotient(divisor);
        self.each(self.strips(x, columns, 2), |tile, strip, memory| {
            run_at(self.level, RealUp { long: self, strip, tile, divisor, memory });
        });
    }

    /// The factors of the twists of sixteen columns.
    #[inline(always)]
    fn prepare_both<L: Lanes>(&self, l: L, group: usize, scale: f64, low: &mut [Row], high: &mut [Row]) {
        self.twists.prepare(l, 2 * group, scale, low);
        if 2 * group + 1 < self.across.len().div_ceil(LANES) {
            self.twists.prepare(l, 2 * group + 1, scale, high);
        }
    }
}

/// Has the system hand out the pages of two columns, each to one thread: strips are on all pages, so two threads would ask for the
/// same one, and both wait until it is cleared.
fn touch(re: &mut [f64], im: &mut [f64]) {
    /// Doubles in a large page.
    const PAGE: usize = 1 << 18;
    each_pair(re, im, PAGE, |_, re, im| (re[0], im[0]) = (0.0, 0.0));
}

/// What numbers are divided by, unless that changes none.
fn quotient(divisor: f64) -> Option<Divisor> {
    (divisor != 1.0).then(|| Divisor::new(divisor))
}

/// The number of a column of `n` that stands in row `i` of the table: 0, 1, n − 1, 2, n − 2 and so on.
const fn kept_in(n: usize, i: usize) -> usize {
    if i % 2 == 1 { i.div_ceil(2) } else { (n - i / 2) % n }
}

/// Some neighbouring `k₁` from 0 to half of the rows.
struct Tile {
    rows: usize,
    first: usize,
    end: usize,
}

impl Tile {
    /// All of them, `len` in each.
    fn all(rows: usize, len: usize) -> impl Iterator<Item = Self> {
        let half = rows / 2 + 1;
        (0..half).step_by(len).map(move |first| Self { rows, first, end: half.min(first + len) })
    }

    const fn len(&self) -> usize {
        self.end - self.first
    }

    /// Whether `k₁` is half of the rows.
    const fn is_half(&self, k: usize) -> bool {
        2 * k == self.rows
    }

    /// Whether the last one is.
    const fn has_half(&self) -> bool {
        self.is_half(self.end - 1)
    }

    /// Those that mirror others: neither 0 nor half of the rows.
    const fn mirrored(&self) -> Range<usize> {
        (self.first == 0) as usize..self.len() - self.has_half() as usize
    }

    /// The rows of the table that they stand in.
    const fn table_rows(&self) -> Range<usize> {
        let end = if self.has_half() { self.rows } else { 2 * self.end - 1 };
        (2 * self.first).saturating_sub(1)..end
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Direction, *};

    fn numbers(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i + seed) * (i + seed) % 31) as f64 - 15.0).collect()
    }

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-11)
    }

    /// Even and odd, with whole groups and parts of them, and every radix.
    const SHAPES: [(usize, usize); 9] =
        [(8, 8), (16, 16), (6, 10), (10, 9), (9, 7), (15, 32), (32, 13), (1, 5), (62, 40)];

    #[test]
    fn a_table_gives_what_one_piece_gives_at_every_level() {
        for (rows, columns) in SHAPES {
            let n = rows * columns;
            let (x, y) = (numbers(n, 0), numbers(n, 7));
            let whole = super::super::of_real(x.clone(), Half::Both, 1.0);
            let both = super::super::of_complex(x.clone(), y.clone(), Direction::Forward, 1.0);
            let mut bits = Vec::new();
            for level in Level::available() {
                let long = Long::of_shape((rows, columns), level);
                let mut all = Vec::new();
                for half in [Half::First, Half::Both] {
                    let found = long.of_real(&mut x.clone(), half, 1.0);
                    let wanted = half.len(n);
                    let is_near = near(&found.0, &whole.0[..wanted]) && near(&found.1, &whole.1[..wanted]);
                    assert!(is_near, "{rows} × {columns} {half:?} {level:?}");
                    all.extend([found.0, found.1]);
                }
                let mut back = vec![0.0; n];
                long.to_real(&whole.0[..=n / 2], &whole.1[..=n / 2], &mut back, n as f64);
                assert!(near(&back, &x), "{rows} × {columns} {level:?}");
                let mut found = (vec![0.0; n], vec![0.0; n]);
                long.of_complex(&mut x.clone(), &mut y.clone(), [&mut found.0, &mut found.1], 1.0);
                assert!(near(&found.0, &both.0) && near(&found.1, &both.1), "{rows} × {columns} {level:?}");
                all.extend([back, found.0, found.1]);
                bits.push(all.concat().iter().map(|x| x.to_bits()).collect::<Vec<u64>>());
            }
            assert!(bits.iter().all(|level| *level == bits[0]), "{rows} × {columns}");
        }
    }

    #[test]
    fn shapes_make_the_length() {
        for n in [1 << 13, 1 << 20, 1_000_000, 1 << 24, 300_000, 97 * 97 * 97, 3 * 5 * 7 * 11 * 13 * 17 * 19] {
            for real in [false, true] {
                let (rows, columns) = shape(n, real);
                assert!(rows * columns == n && rows.max(columns) <= 256 * rows.min(columns), "{n}: {rows} × {columns}");
            }
        }
        assert!(is_for(2 * 97) && !is_for(101) && !is_for(2_000_006));
    }
}
