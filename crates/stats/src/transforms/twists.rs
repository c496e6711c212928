//! The roots of unity between the transforms of the columns of a table and those of its rows.

use super::{
    Complex,
    butterflies::{C, LANES, times},
    columns::Row,
    roots::root,
};
use echoes_simd::Lanes;

/// The roots `j k` for each column `j` and row `k` of a table of so many numbers.
///
/// With `k = a + span b` a root is that of `j a` times that of `j span b`: tables of the fourth root of the third power of their
/// number, and one product for each.
pub(super) struct Twists {
    span: usize,
    /// For each eight columns the roots of `j a` for each `a`, then of `j span b` for each `b`.
    factors: Vec<Row>,
    /// How many those of eight columns are.
    room: usize,
    /// For each column the root of half of the rows.
    half: Vec<Complex>,
}

impl Twists {
    /// Those of a table of that shape.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        let n = (rows * columns) as u64;
        let span = rows.isqrt().next_power_of_two();
        let far = rows.div_ceil(span);
        let row = |first: u64, k: usize| {
            let lanes: [Complex; LANES] = std::array::from_fn(|lane| root((first + lane as u64) * k as u64, n));
            Row { re: lanes.map(|root| root.re), im: lanes.map(|root| root.im) }
        };
        let ks = || (0..span).chain((0..far).map(|b| span * b));
        let factors = (0..columns as u64).step_by(LANES).flat_map(|j| ks().map(move |k| row(j, k))).collect();
        let half = (0..columns as u64).map(|j| root(j, 2 * columns as u64)).collect();
        Self { span, factors, room: span + far, half }
    }

    /// The roots of each column and row `rows/2`.
    pub(super) fn half(&self) -> &[Complex] {
        &self.half
    }

    /// Complex numbers that are kept, about.
    pub(super) const fn size(rows: usize, columns: usize) -> usize {
        (2 * rows.isqrt().next_power_of_two() + 1) * columns
    }

    /// Room for the factors of eight columns.
    pub(super) const fn room(&self) -> usize {
        self.room
    }

    /// The factors of group `group` of eight columns, those of each `a` times `scale`.
    #[inline(always)]
    pub(super) fn prepare<L: Lanes>(&self, l: L, group: usize, scale: f64, factors: &mut [Row]) {
        let kept = &self.factors[group * self.room..][..self.room];
        let mut i = 0;
        while i < self.room {
            let scale = l.splat(if i < self.span { scale } else { 1.0 });
            let factor = kept[i].load(l);
            factors[i].store(l, (factor.0 * scale, factor.1 * scale));
            i += 1;
        }
    }

    /// The roots of row `k`, from the factors.
    #[inline(always)]
    pub(super) fn at<L: Lanes>(&self, l: L, factors: &[Row], k: usize) -> C<L> {
        let (a, b) = (k & (self.span - 1), k >> self.span.trailing_zeros());
        times::<L>(factors[a].load(l), factors[self.span + b].load(l))
    }
}
