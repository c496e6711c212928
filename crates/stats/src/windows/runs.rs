//! What windows come to, from runs of rows that are doubled.
//!
//! What runs of `2 k` rows come to follows, eight at a time, from that of the runs of `k` rows. A window is the runs of
//! the binary digits of its length, the short ones at its end: some `log₂` of its length in steps a row, each without
//! regard to where in the data it lies.

use super::{Stretch, Work};
use echoes_simd::{Divisor, Lanes, Operation, run};

/// What runs of rows of `C` columns come to, in `P` numbers.
pub(crate) trait Fold<const C: usize, const P: usize>: Copy + Send + Sync + 'static {
    /// What one row comes to. Mark it, and the others, `#[inline(always)]`.
    fn row<L: Lanes>(l: L, x: [L::V; C]) -> [L::V; P];

    /// What a run comes to with the run after it, neither of them without rows.
    fn join<L: Lanes>(l: L, left: [L::V; P], right: [L::V; P], shares: Shares<L::V>) -> [L::V; P];

    /// The answer of a window with more rows than degrees of freedom.
    fn answer<L: Lanes>(self, l: L, parts: [L::V; P], count: Count<L>) -> L::V;

    /// The answer of a window without rows.
    const OF_NOTHING: f64 = f64::NAN;

    /// Degrees of freedom that an answer takes from the number of rows.
    fn ddof(self) -> u32 {
        0
    }
}

/// How the rows of two runs are shared between them.
#[derive(Clone, Copy)]
pub(crate) struct Shares<V> {
    /// Those of the left one, of all.
    pub(crate) left: V,
    /// Those of the right one, of all.
    pub(crate) right: V,
    /// The product of their numbers, over that of all.
    pub(crate) cross: V,
}

impl<V: Copy + std::ops::Add<Output = V> + std::ops::Mul<Output = V> + std::ops::Div<Output = V>> Shares<V> {
    #[inline(always)]
    fn of(left: V, right: V) -> Self {
        let all = left + right;
        Self { left: left / all, right: right / all, cross: left * right / all }
    }
}

/// Rows in windows.
#[derive(Clone, Copy)]
pub(crate) enum Count<L: Lanes> {
    /// The same in all; and less the degrees of freedom.
    All(f64, Divisor),
    /// In each of eight; and less the degrees of freedom.
    Each(L::V, L::V),
}

impl<L: Lanes> Count<L> {
    #[inline(always)]
    fn all(n: f64, ddof: u32) -> Self {
        Self::All(n, Divisor::new(n - f64::from(ddof)))
    }

    #[inline(always)]
    fn each(l: L, n: L::V, ddof: u32) -> Self {
        Self::Each(n, n - l.splat(ddof.into()))
    }

    /// As a vector.
    #[inline(always)]
    pub(crate) fn vector(self, l: L) -> L::V {
        match self {
            Self::All(n, _) => l.splat(n),
            Self::Each(n, _) => n,
        }
    }

    /// `x` over it, less the degrees of freedom.
    #[inline(always)]
    pub(crate) fn shared(self, l: L, x: L::V) -> L::V {
        match self {
            Self::All(_, freedom) => l.quotient(x, freedom),
            Self::Each(_, freedom) => x / freedom,
        }
    }
}

/// What windows come to by a fold.
pub(crate) struct Doubling<F, const P: usize>(pub(crate) F);

impl<F: Fold<C, P>, const C: usize, const P: usize> Work<C> for Doubling<F, P> {
    type Room = Room<P>;

    fn write(&self, stretch: &Stretch<'_, C>, room: &mut Room<P>, out: &mut [f64]) {
        run(Write { fold: self.0, stretch, room, out });
    }
}

/// Parts of runs, and how many rows each has; each part, and the number, apart from the others.
struct Planes<const P: usize> {
    parts: [Plane; P],
    counts: Plane,
}

impl<const P: usize> Planes<P> {
    fn new() -> Self {
        Self { parts: std::array::from_fn(|_| Plane::default()), counts: Plane::default() }
    }

    /// Makes room; the numbers of rows need none where no row is missing.
    fn fit(&mut self, len: usize, has_gaps: bool) {
        self.parts.iter_mut().for_each(|part| part.fit(len));
        if has_gaps {
            self.counts.fit(len);
        }
    }

    /// So many times eight from `at` on.
    fn eights(&self, at: usize, len: usize) -> Eights<'_, P> {
        Eights { parts: std::array::from_fn(|i| self.parts[i].eights(at, len)), counts: self.counts.eights(at, len) }
    }

    /// So many times eight from the first on.
    fn eights_mut(&mut self, len: usize) -> EightsMut<'_, P> {
        let parts = self.parts.each_mut().map(|part| part.eights_mut(len));
        EightsMut { parts, counts: self.counts.eights_mut(len) }
    }
}

/// Numbers, the first of which is the first of a cache line.
#[derive(Default)]
struct Plane {
    numbers: Vec<f64>,
    start: usize,
}

impl Plane {
    fn fit(&mut self, len: usize) {
        if self.numbers.len() < len + 8 {
            self.numbers = vec![0.0; len + 8];
            self.start = self.numbers.as_ptr().align_offset(size_of::<[f64; 8]>()).min(8);
        }
    }

    /// None if there is no room for them.
    fn eights(&self, at: usize, len: usize) -> &[[f64; 8]] {
        let eights = self.numbers.get(self.start + at..).unwrap_or_default().as_chunks().0;
        eights.get(..len).unwrap_or_default()
    }

    fn eights_mut(&mut self, len: usize) -> &mut [[f64; 8]] {
        let eights = self.numbers.get_mut(self.start..).unwrap_or_default().as_chunks_mut().0;
        eights.get_mut(..len).unwrap_or_default()
    }
}

/// Planes to read, eight numbers at a time.
struct Eights<'a, const P: usize> {
    parts: [&'a [[f64; 8]]; P],
    counts: &'a [[f64; 8]],
}

impl<const P: usize> Eights<'_, P> {
    #[inline(always)]
    fn parts<L: Lanes>(&self, l: L, at: usize) -> [L::V; P] {
        let mut parts = [l.splat(0.0); P];
        for (part, plane) in parts.iter_mut().zip(&self.parts) {
            *part = l.load8(&plane[at]);
        }
        parts
    }
}

/// Planes to write.
struct EightsMut<'a, const P: usize> {
    parts: [&'a mut [[f64; 8]]; P],
    counts: &'a mut [[f64; 8]],
}

impl<const P: usize> EightsMut<'_, P> {
    #[inline(always)]
    fn put<L: Lanes>(&mut self, l: L, at: usize, parts: [L::V; P]) {
        for (plane, part) in self.parts.iter_mut().zip(parts) {
            plane[at] = l.to_array(part);
        }
    }

    /// These, with runs before them.
    #[inline(always)]
    fn after<L: Lanes, F: Fold<C, P>, const C: usize, const GAPS: bool>(
        &self,
        l: L,
        at: usize,
        (run, count): ([L::V; P], L::V),
        shares: Shares<L::V>,
    ) -> ([L::V; P], L::V) {
        let mut parts = run;
        for (part, plane) in parts.iter_mut().zip(&self.parts) {
            *part = l.load8(&plane[at]);
        }
        if !GAPS {
            return (F::join(l, run, parts, shares), count);
        }
        let counts = [count, l.load8(&self.counts[at])];
        (join_with_gaps::<L, F, C, P>(l, run, parts, counts), counts[0] + counts[1])
    }
}

/// The runs from each row on, where they are made of others too; and what is gathered for each window.
pub(crate) struct Room<const P: usize> {
    runs: Planes<P>,
    shorter: Planes<P>,
    windows: Planes<P>,
}

impl<const P: usize> Default for Room<P> {
    fn default() -> Self {
        Self { runs: Planes::new(), shorter: Planes::new(), windows: Planes::new() }
    }
}

struct Write<'a, F, const C: usize, const P: usize> {
    fold: F,
    stretch: &'a Stretch<'a, C>,
    room: &'a mut Room<P>,
    out: &'a mut [f64],
}

impl<F: Fold<C, P>, const C: usize, const P: usize> Operation for Write<'_, F, C, P> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        self.fit(false);
        let has_gaps = self.rows::<L, false>(l);
        if has_gaps {
            self.fit(true);
            self.rows::<L, true>(l);
            self.write::<L, true>(l);
        } else {
            self.write::<L, false>(l);
        }
    }
}

impl<F: Fold<C, P>, const C: usize, const P: usize> Write<'_, F, C, P> {
    fn fit(&mut self, has_gaps: bool) {
        let len = self.stretch.x[0].len() + 2 * 8;
        self.room.runs.fit(len, has_gaps);
        self.room.shorter.fit(len, has_gaps);
        self.room.windows.fit(self.out.len() + 8, has_gaps);
    }

    #[inline(always)]
    fn write<L: Lanes, const GAPS: bool>(mut self, l: L) {
        let window = self.stretch.window;
        // Runs of `length` rows from each row on; `gathered` rows at the end of each window.
        let (mut length, mut gathered) = (1, 0);
        while 2 * length <= window {
            if window & length != 0 {
                self.gather::<L, GAPS>(l, length, gathered);
                gathered += length;
            }
            self.double::<L, GAPS>(l, length);
            length *= 2;
        }
        self.answer::<L, GAPS>(l, length, gathered);
    }

    /// Runs of one row, and whether one is missing.
    #[inline(always)]
    fn rows<L: Lanes, const GAPS: bool>(&mut self, l: L) -> bool {
        let x = self.stretch.x;
        let len = x[0].len().div_ceil(8);
        let zero = l.splat(0.0);
        let mut runs = self.room.runs.eights_mut(len);
        let mut are_there = l.ordered(zero, zero);
        for at in 0..len {
            let mut row = [zero; C];
            for (row, x) in row.iter_mut().zip(x) {
                *row = eight(l, x, at);
            }
            let mut parts = F::row(l, row);
            // Of one column or two, the first and the last are all.
            let is_there = l.ordered(row[0], row[C - 1]);
            are_there = are_there & is_there;
            if GAPS {
                for part in &mut parts {
                    *part = l.select(is_there, *part, zero);
                }
                runs.counts[at] = l.to_array(l.select(is_there, l.splat(1.0), zero));
            }
            runs.put(l, at, parts);
        }
        l.bits(are_there) != u8::MAX
    }

    /// Runs of twice the `length`.
    #[inline(always)]
    fn double<L: Lanes, const GAPS: bool>(&mut self, l: L, length: usize) {
        let len = (self.stretch.x[0].len() + 1 - 2 * length).div_ceil(8);
        let Room { runs, shorter, .. } = &mut *self.room;
        std::mem::swap(runs, shorter);
        let (mut to, left, right) = (runs.eights_mut(len), shorter.eights(0, len), shorter.eights(length, len));
        let shares = Shares::of(l.splat(length as f64), l.splat(length as f64));
        for at in 0..len {
            let (a, b) = (left.parts(l, at), right.parts(l, at));
            if GAPS {
                let counts = [l.load8(&left.counts[at]), l.load8(&right.counts[at])];
                to.put(l, at, join_with_gaps::<L, F, C, P>(l, a, b, counts));
                to.counts[at] = l.to_array(counts[0] + counts[1]);
            } else {
                to.put(l, at, F::join(l, a, b, shares));
            }
        }
    }

    /// Puts runs of some `length` before what is gathered of each window.
    #[inline(always)]
    fn gather<L: Lanes, const GAPS: bool>(&mut self, l: L, length: usize, gathered: usize) {
        let len = self.out.len().div_ceil(8);
        let runs = self.room.runs.eights(self.stretch.window - gathered - length, len);
        let mut windows = self.room.windows.eights_mut(len);
        let (shares, zero) = (Shares::of(l.splat(length as f64), l.splat(gathered as f64)), l.splat(0.0));
        for at in 0..len {
            let (mut parts, mut count) = (runs.parts(l, at), if GAPS { l.load8(&runs.counts[at]) } else { zero });
            if gathered > 0 {
                (parts, count) = windows.after::<L, F, C, GAPS>(l, at, (parts, count), shares);
            }
            windows.put(l, at, parts);
            if GAPS {
                windows.counts[at] = l.to_array(count);
            }
        }
    }

    /// Writes what the windows come to, whose first rows, `length` of them, are still to be gathered.
    #[inline(always)]
    fn answer<L: Lanes, const GAPS: bool>(&mut self, l: L, length: usize, gathered: usize) {
        let len = self.out.len().div_ceil(8);
        let (runs, windows) = (self.room.runs.eights(0, len), self.room.windows.eights_mut(len));
        let shares = Shares::of(l.splat(length as f64), l.splat(gathered as f64));
        let (ddof, zero, undefined) = (self.fold.ddof(), l.splat(0.0), l.splat(f64::NAN));
        let (wanted, freedom) = (l.splat(self.stretch.wanted.into()), l.splat(ddof.into()));
        let all = Count::all((length + gathered) as f64, ddof);
        let (out, rest) = self.out.as_chunks_mut::<8>();
        let mut last = [0.0; 8];
        for at in 0..len {
            let (mut parts, mut count) = (runs.parts(l, at), if GAPS { l.load8(&runs.counts[at]) } else { zero });
            if gathered > 0 {
                (parts, count) = windows.after::<L, F, C, GAPS>(l, at, (parts, count), shares);
            }
            let count = if GAPS { Count::each(l, count, ddof) } else { all };
            let n = count.vector(l);
            let mut answer = l.select(l.lt(freedom, n), self.fold.answer(l, parts, count), undefined);
            if GAPS {
                answer = l.select(l.lt(zero, n), answer, l.splat(F::OF_NOTHING));
            }
            answer = l.select(l.le(wanted, n), answer, undefined);
            *out.get_mut(at).unwrap_or(&mut last) = l.to_array(answer);
        }
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// Runs of which either may have no rows.
#[inline(always)]
fn join_with_gaps<L: Lanes, F: Fold<C, P>, const C: usize, const P: usize>(
    l: L,
    left: [L::V; P],
    right: [L::V; P],
    counts: [L::V; 2],
) -> [L::V; P] {
    let mut joined = F::join(l, left, right, Shares::of(counts[0], counts[1]));
    let zero = l.splat(0.0);
    let (has_left, has_right) = (l.lt(zero, counts[0]), l.lt(zero, counts[1]));
    for ((joined, left), right) in joined.iter_mut().zip(left).zip(right) {
        *joined = l.select(has_left, l.select(has_right, *joined, left), right);
    }
    joined
}

/// The eight numbers number `at`, of the last fewer and zeros.
#[inline(always)]
fn eight<L: Lanes>(l: L, x: &[f64], at: usize) -> L::V {
    let (eights, rest) = x.as_chunks::<8>();
    if at < eights.len() {
        return l.load8(&eights[at]);
    }
    let mut last = [0.0; 8];
    last[..rest.len()].copy_from_slice(rest);
    l.load8(&last)
}
