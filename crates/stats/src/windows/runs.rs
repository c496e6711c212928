//! What windows come to, from runs of rows that are doubled.
//!
//! What runs of `2 k` rows come to follows, eight at a time, from that of the runs of `k` rows. A window is the runs of
//! the binary digits of its length, the short ones at its end: some `log₂` of its length in steps a row, each without
//! regard to where in the data it lies.
//!
//! Runs of up to eight rows are made in registers, and kept are those of eight alone. Longer ones are all made of eights, so that
//! what is joined always starts where a vector does; and so does what a window has beyond its eights.

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

    /// So many times eight.
    fn eights(&mut self, len: usize) -> Eights<'_, P> {
        let parts = self.parts.each_mut().map(|part| part.eights(len));
        Eights { parts, counts: self.counts.eights(len) }
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
    fn eights(&mut self, len: usize) -> &mut [[f64; 8]] {
        let eights = self.numbers.get_mut(self.start..).unwrap_or_default().as_chunks_mut().0;
        eights.get_mut(..len).unwrap_or_default()
    }
}

/// Planes, eight numbers at a time.
struct Eights<'a, const P: usize> {
    parts: [&'a mut [[f64; 8]]; P],
    counts: &'a mut [[f64; 8]],
}

impl<const P: usize> Eights<'_, P> {
    #[inline(always)]
    fn get<L: Lanes, const GAPS: bool>(&self, l: L, at: usize) -> Run<L, P> {
        let mut run = Run { parts: [l.splat(0.0); P], count: l.splat(0.0) };
        for (part, plane) in run.parts.iter_mut().zip(&self.parts) {
            *part = l.load8(&plane[at]);
        }
        if GAPS {
            run.count = l.load8(&self.counts[at]);
        }
        run
    }

    #[inline(always)]
    fn put<L: Lanes, const GAPS: bool>(&mut self, l: L, at: usize, run: Run<L, P>) {
        for (plane, part) in self.parts.iter_mut().zip(run.parts) {
            plane[at] = l.to_array(part);
        }
        if GAPS {
            self.counts[at] = l.to_array(run.count);
        }
    }
}

/// What eight runs come to, each a row after the one before it; and how many rows each has, where some are missing.
#[derive(Clone, Copy)]
struct Run<L: Lanes, const P: usize> {
    parts: [L::V; P],
    count: L::V,
}

impl<L: Lanes, const P: usize> Run<L, P> {
    /// The eight from number `K` on of these and those after them.
    #[inline(always)]
    fn shifted<const K: i32>(self, l: L, after: Self) -> Self {
        let mut run = self;
        for (part, after) in run.parts.iter_mut().zip(after.parts) {
            *part = l.shifted::<K>(*part, after);
        }
        run.count = l.shifted::<K>(self.count, after.count);
        run
    }

    /// Each with the run after it.
    #[inline(always)]
    fn join<F: Fold<C, P>, const C: usize, const GAPS: bool>(self, l: L, after: Self, shares: Shares<L::V>) -> Self {
        if !GAPS {
            return Self { parts: F::join(l, self.parts, after.parts, shares), count: self.count };
        }
        // Either may have no rows.
        let mut parts = F::join(l, self.parts, after.parts, Shares::of(self.count, after.count));
        let zero = l.splat(0.0);
        let (has_left, has_right) = (l.lt(zero, self.count), l.lt(zero, after.count));
        for ((joined, left), right) in parts.iter_mut().zip(self.parts).zip(after.parts) {
            *joined = l.select(has_left, l.select(has_right, *joined, left), right);
        }
        Self { parts, count: self.count + after.count }
    }
}

/// The runs of some length from each row on; and what is gathered for each window, from its end.
pub(crate) struct Room<const P: usize> {
    runs: Planes<P>,
    windows: Planes<P>,
}

impl<const P: usize> Default for Room<P> {
    fn default() -> Self {
        Self { runs: Planes::new(), windows: Planes::new() }
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
        let has_gaps = self.short::<L, false>(l);
        if has_gaps {
            self.fit(true);
            self.short::<L, true>(l);
            self.write::<L, true>(l);
        } else {
            self.write::<L, false>(l);
        }
    }
}

impl<F: Fold<C, P>, const C: usize, const P: usize> Write<'_, F, C, P> {
    fn fit(&mut self, has_gaps: bool) {
        self.room.runs.fit(self.stretch.x[0].len() + 8, has_gaps);
        self.room.windows.fit(self.out.len() + 8, has_gaps);
    }

    /// Eights in a window, and rows beyond them.
    const fn digits(&self) -> (usize, usize) {
        (self.stretch.window / 8, self.stretch.window % 8)
    }

    /// Vectors of runs of so many eights, one from each row on that so many eights follow.
    const fn starts(&self, length: usize) -> usize {
        (self.stretch.x[0].len() + 1 - 8 * length).div_ceil(8)
    }

    #[inline(always)]
    fn write<L: Lanes, const GAPS: bool>(mut self, l: L) {
        let (eights, mut gathered) = self.digits();
        // Runs of `length` eights from each row on; `gathered` rows at the end of each window.
        let mut length = 1;
        while 4 * length <= eights {
            if eights & length != 0 {
                self.gather::<L, GAPS>(l, length, gathered);
                gathered += 8 * length;
            }
            self.double::<L, GAPS>(l, length);
            length *= 2;
        }
        self.answer::<L, GAPS>(l, length, gathered);
    }

    /// Runs of eight rows, and what each window has beyond them; and whether a row is missing.
    #[inline(always)]
    fn short<L: Lanes, const GAPS: bool>(&mut self, l: L) -> bool {
        let (eights, beyond) = self.digits();
        let x = self.stretch.x;
        let zero = l.splat(0.0);
        let runs_len = if eights > 0 { self.starts(1) } else { 0 };
        let windows_len = if beyond > 0 { self.out.len().div_ceil(8) } else { 0 };
        let (mut runs, mut windows) = (self.room.runs.eights(runs_len), self.room.windows.eights(windows_len));
        let alike = |rows: f64| Shares::of(l.splat(rows), l.splat(rows));
        let (ones, twos, fours) = (alike(1.0), alike(2.0), alike(4.0));
        let of_three = Shares::of(l.splat(2.0), l.splat(1.0));
        let of_more = Shares::of(l.splat(4.0), l.splat((beyond % 4) as f64));
        let mut are_there = l.ordered(zero, zero);
        // Runs of one row, of two and of four: each knows what follows a vector later than the one before it.
        let none = Run { parts: [zero; P], count: zero };
        let (mut earlier, mut one, mut two, mut four) = (none, none, none, none);
        let len = x[0].len().div_ceil(8);
        for at in 0..len.max(runs_len + 3).max(eights + windows_len + 2) {
            let mut row = [zero; C];
            for (row, x) in row.iter_mut().zip(x) {
                *row = eight(l, x, at);
            }
            let mut next = Run { parts: F::row(l, row), count: zero };
            // Of one column or two, the first and the last are all.
            let is_there = l.ordered(row[0], row[C - 1]);
            are_there = are_there & is_there;
            if GAPS {
                for part in &mut next.parts {
                    *part = l.select(is_there, *part, zero);
                }
                next.count = l.select(is_there, l.splat(1.0), zero);
            }
            let next_two = one.join::<F, C, GAPS>(l, one.shifted::<1>(l, next), ones);
            let next_four = two.join::<F, C, GAPS>(l, two.shifted::<2>(l, next_two), twos);
            if at >= 3 && at - 3 < runs_len {
                let eight = four.join::<F, C, GAPS>(l, four.shifted::<4>(l, next_four), fours);
                runs.put::<L, GAPS>(l, at - 3, eight);
            }
            if at >= eights + 2 && at - eights - 2 < windows_len {
                let mut window = match beyond {
                    1 => earlier,
                    3 => earlier.shifted::<2>(l, one),
                    5 => earlier.shifted::<4>(l, one),
                    7 => earlier.shifted::<6>(l, one),
                    2 => two,
                    6 => two.shifted::<4>(l, next_two),
                    _ => next_four,
                };
                if beyond == 3 {
                    window = two.join::<F, C, GAPS>(l, window, of_three);
                } else if beyond == 7 {
                    window = two.shifted::<4>(l, next_two).join::<F, C, GAPS>(l, window, of_three);
                }
                if beyond > 4 {
                    window = next_four.join::<F, C, GAPS>(l, window, of_more);
                }
                windows.put::<L, GAPS>(l, at - eights - 2, window);
            }
            (earlier, one, two, four) = (one, next, next_two, next_four);
        }
        l.bits(are_there) != u8::MAX
    }

    /// Runs of twice the `length`.
    #[inline(always)]
    fn double<L: Lanes, const GAPS: bool>(&mut self, l: L, length: usize) {
        let len = self.starts(2 * length);
        let mut runs = self.room.runs.eights(len + length);
        let rows = l.splat((8 * length) as f64);
        let shares = Shares::of(rows, rows);
        for at in 0..len {
            let (left, right) = (runs.get::<L, GAPS>(l, at), runs.get::<L, GAPS>(l, at + length));
            runs.put::<L, GAPS>(l, at, left.join::<F, C, GAPS>(l, right, shares));
        }
    }

    /// Puts runs of some `length` before what is gathered of each window.
    #[inline(always)]
    fn gather<L: Lanes, const GAPS: bool>(&mut self, l: L, length: usize, gathered: usize) {
        let (len, from) = (self.out.len().div_ceil(8), self.digits().0 - gathered / 8 - length);
        let (runs, mut windows) = (self.room.runs.eights(from + len), self.room.windows.eights(len));
        let shares = Shares::of(l.splat((8 * length) as f64), l.splat(gathered as f64));
        for at in 0..len {
            let mut run = runs.get::<L, GAPS>(l, from + at);
            if gathered > 0 {
                run = run.join::<F, C, GAPS>(l, windows.get::<L, GAPS>(l, at), shares);
            }
            windows.put::<L, GAPS>(l, at, run);
        }
    }

    /// Writes what the windows come to. Of those with eights there are still to be gathered the first ones: a run of some `length`, or
    /// of twice as much, perhaps with one of the `length` behind it.
    #[inline(always)]
    fn answer<L: Lanes, const GAPS: bool>(&mut self, l: L, length: usize, gathered: usize) {
        if !GAPS && self.stretch.window <= self.fold.ddof() as usize {
            self.out.fill(f64::NAN);
            return;
        }
        let (eights, _) = self.digits();
        let (is_double, has_both) = (2 * length <= eights, 3 * length <= eights);
        let len = self.out.len().div_ceil(8);
        let rows = |length: usize| l.splat((8 * length) as f64);
        let runs_len = if eights > 0 { len + eights / length * length - length } else { 0 };
        let windows = self.room.windows.eights(if gathered > 0 { len } else { 0 });
        let runs = self.room.runs.eights(runs_len);
        let doubled = Shares::of(rows(length), rows(length));
        let behind = Shares::of(rows(length), l.splat(gathered as f64));
        let later = gathered + if has_both { 8 * length } else { 0 };
        let first = Shares::of(rows(if is_double { 2 * length } else { length }), l.splat(later as f64));
        let (ddof, zero, undefined) = (self.fold.ddof(), l.splat(0.0), l.splat(f64::NAN));
        let (wanted, freedom) = (l.splat(self.stretch.wanted.into()), l.splat(ddof.into()));
        let all = Count::all(self.stretch.window as f64, ddof);
        let (out, rest) = self.out.as_chunks_mut::<8>();
        let mut last = [0.0; 8];
        for at in 0..len {
            let mut window = if gathered > 0 { windows.get::<L, GAPS>(l, at) } else { runs.get::<L, GAPS>(l, at) };
            if has_both {
                let run = runs.get::<L, GAPS>(l, at + 2 * length);
                window = if gathered > 0 { run.join::<F, C, GAPS>(l, window, behind) } else { run };
            }
            if eights > 0 {
                let mut run = runs.get::<L, GAPS>(l, at);
                if is_double {
                    run = run.join::<F, C, GAPS>(l, runs.get::<L, GAPS>(l, at + length), doubled);
                }
                window = if later > 0 { run.join::<F, C, GAPS>(l, window, first) } else { run };
            }
            let count = if GAPS { Count::each(l, window.count, ddof) } else { all };
            let mut answer = self.fold.answer(l, window.parts, count);
            if GAPS {
                let n = window.count;
                answer = l.select(l.lt(freedom, n), answer, undefined);
                answer = l.select(l.lt(zero, n), answer, l.splat(F::OF_NOTHING));
                answer = l.select(l.le(wanted, n), answer, undefined);
            }
            *out.get_mut(at).unwrap_or(&mut last) = l.to_array(answer);
        }
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// The eight numbers number `at`: zeros where there are no more.
#[inline(always)]
fn eight<L: Lanes>(l: L, x: &[f64], at: usize) -> L::V {
    let (eights, rest) = x.as_chunks::<8>();
    if at < eights.len() {
        return l.load8(&eights[at]);
    }
    let mut last = [0.0; 8];
    if at == eights.len() {
        last[..rest.len()].copy_from_slice(rest);
    }
    l.load8(&last)
}
