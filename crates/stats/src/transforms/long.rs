//! Long transforms in two sweeps over memory: of the columns of a table, where they are, then of its rows, which are written where
//! they belong.

use super::{
    Complex, Half, Parts,
    butterflies::{C, LANES, times},
    columns::{Columns, Row},
    twists::Twists,
    zeros,
};
use crate::threads::{each_pair, each_piece};
use echoes_simd::{Divisor, Lanes, Level, Operation, Strip, run_at, strips};
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

#[inline(always)]
fn over<L: Lanes>(l: L, x: L::V, divisor: Option<Divisor>) -> L::V {
    match divisor {
        Some(divisor) => l.quotient(x, divisor),
        None => x,
    }
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

/// The first sweep over some complex columns.
struct ComplexDown<'a, 'b> {
    long: &'a Long,
    strip: &'a mut (Strip<'b>, Strip<'b>),
    tile: usize,
    memory: &'a mut Memory,
}

impl Operation for ComplexDown<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { down, twists, tile, .. } = self.long;
        let (n, (re, im)) = (down.len(), self.strip);
        let Memory { rows, factors } = self.memory;
        let wide = re.row(0).len();
        let mut i = 0;
        while i < n {
            let (re, im) = (re.row(i), im.row(i));
            let mut at = 0;
            while at < wide {
                rows[at / LANES * n + i].store(l, (load(l, re, at), load(l, im, at)));
                at += LANES;
            }
            i += 1;
        }
        let mut group = 0;
        while group * LANES < wide {
            let rows = &mut rows[group * n..][..n];
            down.run(l, rows);
            twists.prepare(l, self.tile * tile + group, 1.0, &mut factors[0]);
            let mut k = 1;
            while k < n {
                let row = &mut rows[down.place(k)];
                row.store(l, times::<L>(row.load(l), twists.at(l, &factors[0], k)));
                k += 1;
            }
            group += 1;
        }
        let mut k = 0;
        while k < n {
            let (place, re, im) = (down.place(k), re.row_mut(k), im.row_mut(k));
            let mut at = 0;
            while at < wide {
                let number = rows[at / LANES * n + place].load(l);
                put(l, re, at, number.0);
                put(l, im, at, number.1);
                at += LANES;
            }
            k += 1;
        }
    }
}

/// The second sweep over some complex rows.
struct ComplexAcross<'a, 'b> {
    long: &'a Long,
    re: &'a [f64],
    im: &'a [f64],
    tile: usize,
    to: &'a mut (Strip<'b>, Strip<'b>),
    divisor: Option<Divisor>,
    memory: &'a mut Memory,
}

impl Operation for ComplexAcross<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { across, tile, .. } = self.long;
        let (n, rows) = (across.len(), &mut self.memory.rows);
        let (first, wide) = (self.tile * tile * LANES, self.to.0.row(0).len());
        let mut group = 0;
        while group * LANES < wide {
            let mut from = ([&self.re[..n]; LANES], [&self.im[..n]; LANES]);
            let mut lane = 0;
            while lane < LANES && group * LANES + lane < wide {
                let start = (first + group * LANES + lane) * n;
                (from.0[lane], from.1[lane]) = (&self.re[start..start + n], &self.im[start..start + n]);
                lane += 1;
            }
            let rows = &mut rows[group * n..][..n];
            gather(l, from, rows);
            across.run(l, rows);
            group += 1;
        }
        let mut k = 0;
        while k < n {
            let (place, re, im) = (across.place(k), self.to.0.row_mut(k), self.to.1.row_mut(k));
            let mut at = 0;
            while at < wide {
                let number = rows[at / LANES * n + place].load(l);
                put(l, re, at, over(l, number.0, self.divisor));
                put(l, im, at, over(l, number.1, self.divisor));
                at += LANES;
            }
            k += 1;
        }
    }
}

/// The first sweep over some real columns.
struct RealDown<'a, 'b> {
    long: &'a Long,
    strip: &'a mut Strip<'b>,
    tile: usize,
    memory: &'a mut Memory,
}

impl Operation for RealDown<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { down, twists, tile, .. } = self.long;
        let (n, Memory { rows, factors: [low, high] }) = (down.len(), self.memory);
        let groups = self.strip.row(0).len().div_ceil(REALS);
        let mut i = 0;
        while i < n {
            let row = self.strip.row(i);
            let ahead = self.strip.row(i + 8);
            let mut group = 0;
            while group < groups {
                l.prefetch_near(ahead.as_ptr().wrapping_add(group * REALS));
                l.prefetch_near(ahead.as_ptr().wrapping_add(group * REALS + 8));
                rows[group * n + i].store(l, load_both(l, row, group * REALS));
                group += 1;
            }
            i += 1;
        }
        let mut group = 0;
        while group < groups {
            let rows = &mut rows[group * n..][..n];
            down.run(l, rows);
            self.long.prepare_both(l, self.tile * tile + group, 0.5, low, high);
            let mut k = 1;
            while k < n.div_ceil(2) {
                let (place, mirror) = (down.place(k), down.place(n - k));
                let (z, other) = (rows[place].load(l), rows[mirror].load(l));
                let a = times::<L>((z.0 + other.0, z.1 - other.1), twists.at(l, low, k));
                let b = times::<L>((z.1 + other.1, other.0 - z.0), twists.at(l, high, k));
                rows[place].store(l, (a.0, b.0));
                rows[mirror].store(l, (a.1, b.1));
                k += 1;
            }
            group += 1;
        }
        let mut i = 0;
        while i < n {
            // Numbers 0, 1, n − 1, 2, n − 2 and so on.
            let place = down.place(if i % 2 == 1 { i.div_ceil(2) } else { (n - i / 2) % n });
            let row = self.strip.row_mut(i);
            let mut group = 0;
            while group < groups {
                put_both(l, row, group * REALS, rows[group * n + place].load(l));
                group += 1;
            }
            i += 1;
        }
    }
}

impl Long {
    /// The factors of the twists of sixteen columns.
    #[inline(always)]
    fn prepare_both<L: Lanes>(&self, l: L, group: usize, scale: f64, low: &mut [Row], high: &mut [Row]) {
        self.twists.prepare(l, 2 * group, scale, low);
        if 2 * group + 1 < self.across.len().div_ceil(LANES) {
            self.twists.prepare(l, 2 * group + 1, scale, high);
        }
    }
}

/// The second sweep of real numbers over some `k₁`.
struct RealAcross<'a, 'b> {
    long: &'a Long,
    x: &'a [f64],
    tile: &'a Tile,
    to: &'a mut (Strip<'b>, Strip<'b>),
    mirror: &'a mut (Strip<'b>, Strip<'b>),
    /// Rows of the answer.
    last: usize,
    divisor: Option<Divisor>,
    memory: &'a mut Memory,
}

impl Operation for RealAcross<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (across, tile, rows) = (&self.long.across, self.tile, &mut self.memory.rows);
        let n = across.len();
        let row = |i: usize| &self.x[i * n..(i + 1) * n];
        let nothing = if tile.first == 0 { vec![0.0; n] } else { Vec::new() };
        let halfway =
            if tile.has_half() { twisted_half(row(tile.rows - 1), self.long.twists.half()) } else { Parts::default() };
        let mut at = 0;
        while at < tile.len() {
            let mut from = ([row(0); LANES], [row(0); LANES]);
            let mut lane = 0;
            while lane < LANES && at + lane < tile.len() {
                let k = tile.first + at + lane;
                (from.0[lane], from.1[lane]) = if k == 0 {
                    (row(0), &nothing[..])
                } else if tile.is_half(k) {
                    (&halfway.0[..], &halfway.1[..])
                } else {
                    (row(2 * k - 1), row(2 * k))
                };
                lane += 1;
            }
            let rows = &mut rows[at / LANES * n..][..n];
            gather(l, from, rows);
            across.run(l, rows);
            at += LANES;
        }
        if tile.first == 0 {
            reconcile(across, rows, 0, 0);
        }
        if tile.has_half() {
            let lane = tile.len() - 1;
            reconcile(across, &mut rows[lane / LANES * n..], lane % LANES, 1);
        }
        let mut k = 0;
        while k < n {
            let place = across.place(k);
            if k < self.last {
                let (re, im) = (self.to.0.row_mut(k), self.to.1.row_mut(k));
                let mut at = 0;
                while at < tile.len() {
                    let number = rows[at / LANES * n + place].load(l);
                    put(l, re, at, over(l, number.0, self.divisor));
                    put(l, im, at, over(l, number.1, self.divisor));
                    at += LANES;
                }
            }
            if n - 1 - k < self.last {
                let (re, im) = (self.mirror.0.row_mut(n - 1 - k), self.mirror.1.row_mut(n - 1 - k));
                let end = tile.mirrored().end;
                let mut at = 0;
                while at < tile.len() {
                    let number = rows[at / LANES * n + place].load(l);
                    // A zero is +0, of which a change of sign would make −0.
                    put_mirrored(l, re, end, at, over(l, number.0, self.divisor));
                    put_mirrored(l, im, end, at, over(l, l.splat(0.0) - number.1, self.divisor));
                    at += LANES;
                }
            }
            k += 1;
        }
    }
}

/// The numbers of `k₁` half of the rows, which are real, twisted.
fn twisted_half(row: &[f64], roots: &[Complex]) -> Parts {
    row.iter().zip(roots).map(|(x, root)| (x * root.re, x * root.im)).unzip()
}

/// Makes the second half of a lane that mirrors itself the mirror of the first, number `n − odd` being that of number 0.
fn reconcile(across: &Columns, numbers: &mut [Row], lane: usize, odd: usize) {
    let n = across.len();
    for k in 0..=(n - odd) / 2 {
        let at = across.place(k);
        let mirror = across.place((n - odd - k) % n);
        if at == mirror {
            numbers[at].im[lane] = 0.0;
        } else {
            numbers[mirror].re[lane] = numbers[at].re[lane];
            numbers[mirror].im[lane] = 0.0 - numbers[at].im[lane];
        }
    }
}

/// The first sweep back to real numbers: that of some `k₁`, whose rows of the table are written.
struct RealBack<'a, 'b> {
    long: &'a Long,
    re: &'a [f64],
    im: &'a [f64],
    tile: &'a Tile,
    piece: &'a mut &'b mut [f64],
    memory: &'a mut Memory,
}

impl Operation for RealBack<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (across, tile, rows) = (&self.long.across, self.tile, &mut self.memory.rows);
        let (n, all) = (across.len(), self.long.down.len() * across.len());
        let mut k = 0;
        while k < n {
            let mut at = 0;
            while at < tile.len() {
                let have = LANES.min(tile.len() - at);
                // Parts are exchanged on the way in and out: so the transform is the inverse.
                let (re, im) = unfolded(l, (self.re, self.im), all, tile.first + at + k * tile.rows, have);
                rows[at / LANES * n + k].store(l, (im, re));
                at += LANES;
            }
            k += 1;
        }
        let mut at = 0;
        while at < tile.len() {
            let rows = &mut rows[at / LANES * n..][..n];
            across.run(l, rows);
            if tile.has_half() && tile.len() <= at + LANES {
                untwist_half(across, rows, tile.len() - 1 - at, self.long.twists.half());
            }
            scatter(l, across, rows, tile, at, self.piece);
            at += LANES;
        }
    }
}

/// Twists the lane of `k₁` half of the rows back, which makes it real; its parts are exchanged.
fn untwist_half(across: &Columns, numbers: &mut [Row], lane: usize, roots: &[Complex]) {
    for (j, root) in roots.iter().enumerate() {
        let number = &mut numbers[across.place(j)];
        number.im[lane] = number.im[lane] * root.re + number.re[lane] * root.im;
    }
}

/// Writes the lanes of a tile from one on to their rows of the table; their parts are exchanged.
#[inline(always)]
fn scatter<L: Lanes>(l: L, across: &Columns, numbers: &[Row], tile: &Tile, at: usize, piece: &mut [f64]) {
    let n = across.len();
    let (first, end) = (tile.first + at, tile.end.min(tile.first + at + LANES));
    let mut j = 0;
    while j < n {
        let (mut re, mut im) = ([l.splat(0.0); LANES], [l.splat(0.0); LANES]);
        let mut i = 0;
        while i < LANES && j + i < n {
            (im[i], re[i]) = numbers[across.place(j + i)].load(l);
            i += 1;
        }
        let (re, im) = (l.transposed(re), l.transposed(im));
        let mut k = first;
        while k < end {
            let row = if k == 0 { 0 } else { 2 * k - 1 - tile.table_rows().start };
            put(l, &mut piece[row * n..][..n], j, re[k - first]);
            if k > 0 && !tile.is_half(k) {
                put(l, &mut piece[(row + 1) * n..][..n], j, im[k - first]);
            }
            k += 1;
        }
        j += LANES;
    }
}

/// Some numbers of the transform of `n` real ones, eight or fewer, from its first half.
#[inline(always)]
fn unfolded<L: Lanes>(l: L, (first_re, first_im): (&[f64], &[f64]), n: usize, k: usize, have: usize) -> C<L> {
    if have == LANES && 2 * (k + LANES - 1) <= n {
        return (load(l, first_re, k), load(l, first_im, k));
    }
    if have == LANES && 2 * k > n {
        let from = n - k - (LANES - 1);
        let (re, im) = (load(l, first_re, from), load(l, first_im, from));
        return (l.crossed::<7>(re), l.splat(0.0) - l.crossed::<7>(im));
    }
    let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
    let mut lane = 0;
    while lane < have {
        let k = k + lane;
        (re[lane], im[lane]) =
            if 2 * k <= n { (first_re[k], first_im[k]) } else { (first_re[n - k], 0.0 - first_im[n - k]) };
        lane += 1;
    }
    (l.load8(&re), l.load8(&im))
}

/// The second sweep back to some real columns.
struct RealUp<'a, 'b> {
    long: &'a Long,
    strip: &'a mut Strip<'b>,
    tile: usize,
    divisor: Option<Divisor>,
    memory: &'a mut Memory,
}

impl Operation for RealUp<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Long { down, twists, tile, .. } = self.long;
        let (n, Memory { rows, factors: [low, high] }) = (down.len(), self.memory);
        let groups = self.strip.row(0).len().div_ceil(REALS);
        let mut i = 0;
        while i < n {
            // Numbers 0, 1, n − 1, 2, n − 2 and so on.
            let k = if i % 2 == 1 { i.div_ceil(2) } else { (n - i / 2) % n };
            let row = self.strip.row(i);
            let mut group = 0;
            while group < groups {
                rows[group * n + k].store(l, load_both(l, row, group * REALS));
                group += 1;
            }
            i += 1;
        }
        let mut group = 0;
        while group < groups {
            let rows = &mut rows[group * n..][..n];
            self.long.prepare_both(l, self.tile * tile + group, 1.0, low, high);
            // Parts are exchanged on the way in and out: so the transform is the inverse.
            rows[0] = Row { re: rows[0].im, im: rows[0].re };
            if n.is_multiple_of(2) {
                rows[n / 2] = Row { re: rows[n / 2].im, im: rows[n / 2].re };
            }
            let mut k = 1;
            while k < n.div_ceil(2) {
                let (re, im) = (rows[k].load(l), rows[n - k].load(l));
                let a = times_conjugate::<L>((re.0, im.0), twists.at(l, low, k));
                let b = times_conjugate::<L>((re.1, im.1), twists.at(l, high, k));
                rows[k].store(l, (a.1 + b.0, a.0 - b.1));
                rows[n - k].store(l, (b.0 - a.1, a.0 + b.1));
                k += 1;
            }
            down.run(l, rows);
            group += 1;
        }
        let mut j = 0;
        while j < n {
            let (place, row) = (down.place(j), self.strip.row_mut(j));
            let mut group = 0;
            while group < groups {
                let (b, a) = rows[group * n + place].load(l);
                put_both(l, row, group * REALS, (over(l, a, self.divisor), over(l, b, self.divisor)));
                group += 1;
            }
            j += 1;
        }
    }
}

#[inline(always)]
fn times_conjugate<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 * b.0 + a.1 * b.1, a.1 * b.0 - a.0 * b.1)
}

/// The columns of eight rows, all of one length, beside each other.
#[inline(always)]
fn gather<L: Lanes>(l: L, from: ([&[f64]; LANES], [&[f64]; LANES]), to: &mut [Row]) {
    let n = to.len();
    let mut j = 0;
    while j < n {
        let (mut re, mut im) = ([l.splat(0.0); LANES], [l.splat(0.0); LANES]);
        let mut lane = 0;
        while lane < LANES {
            (re[lane], im[lane]) = (load(l, from.0[lane], j), load(l, from.1[lane], j));
            lane += 1;
        }
        let (re, im) = (l.transposed(re), l.transposed(im));
        let mut i = 0;
        while i < LANES && j + i < n {
            to[j + i].store(l, (re[i], im[i]));
            i += 1;
        }
        j += LANES;
    }
}

/// The eight numbers from one on, or those that there are and zeros after them.
#[inline(always)]
fn load<L: Lanes>(l: L, x: &[f64], at: usize) -> L::V {
    if let Some(eight) = x.get(at..at + LANES).and_then(<[f64]>::first_chunk) {
        return l.load8(eight);
    }
    let mut some = [0.0; LANES];
    let mut i = 0;
    while at + i < x.len() {
        some[i] = x[at + i];
        i += 1;
    }
    l.load8(&some)
}

/// The sixteen numbers from one on.
#[inline(always)]
fn load_both<L: Lanes>(l: L, x: &[f64], at: usize) -> C<L> {
    (load(l, x, at), load(l, x, at + LANES))
}

/// Writes eight numbers from one on, or as many as there is room for.
#[inline(always)]
fn put<L: Lanes>(l: L, to: &mut [f64], at: usize, numbers: L::V) {
    if let Some(eight) = to.get_mut(at..at + LANES).and_then(<[f64]>::first_chunk_mut) {
        *eight = l.to_array(numbers);
        return;
    }
    let numbers = l.to_array(numbers);
    let mut i = 0;
    while at + i < to.len() {
        to[at + i] = numbers[i];
        i += 1;
    }
}

/// Writes eight numbers, that of lane `at` of the tile the first one, backwards before `end`, or those that there is room for.
#[inline(always)]
fn put_mirrored<L: Lanes>(l: L, to: &mut [f64], end: usize, at: usize, numbers: L::V) {
    if at + LANES <= end
        && let Some(eight) = to.get_mut(end - at - LANES..end - at).and_then(<[f64]>::first_chunk_mut)
    {
        *eight = l.to_array(l.crossed::<7>(numbers));
        return;
    }
    let numbers = l.to_array(numbers);
    let mut i = 0;
    while i < LANES && at + i < end {
        if let Some(to) = to.get_mut(end - 1 - at - i) {
            *to = numbers[i];
        }
        i += 1;
    }
}

/// Writes sixteen numbers, or as many as there is room for.
#[inline(always)]
fn put_both<L: Lanes>(l: L, to: &mut [f64], at: usize, (low, high): (L::V, L::V)) {
    put(l, to, at, low);
    put(l, to, at + LANES, high);
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
