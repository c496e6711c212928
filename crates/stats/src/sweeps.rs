//! Sweeps over a block in the first-level cache: each one loop, at the speed of the vector units, the same bits everywhere.
//!
//! They are the insides of an [`Operation`](echoes_simd::Operation): a partial takes in a block as one of those, so that what it
//! computes between its sweeps is compiled for the level too. Element `i` of a block always lands in virtual lane `i mod 32`, and
//! the lanes are added as one fixed tree. A block's last group is filled up with values that change nothing.
//!
//! `ahead` says what to ask for of the rows to come, [`Ahead`].
//!
//! Sums of which the last place counts are added in runs of eight groups, and the runs without loss: one by one, the 64 values
//! of a lane can all round the same way (a constant, squares of numbers on a grid), and a deviation ended up to ten units in
//! the last place beside the truth.

pub(crate) mod weighted;

use crate::{ahead::Ahead, special::SIZE, unit::Unit};
use echoes_kernel::BLOCK;
use echoes_simd::{GROUP, Lanes, split};
use std::ops::{Add, Sub};

/// `Σ x`.
#[inline(always)]
pub(crate) fn total<L: Lanes>(l: L, x: &[f64], ahead: Ahead) -> f64 {
    // −0 is the identity of addition: +0 would turn a sum of −0 into +0.
    let mut space = [0.0; GROUP];
    let (groups, tail) = split(x, -0.0, &mut space);
    let mut total = Long::new(l, -0.0);
    for run in groups.chunks(RUN) {
        total.add(lanes(l, run, ahead));
    }
    if let Some(group) = tail {
        total.add(l.load(group));
    }
    total.value(l)
}

/// The sums of a run in each lane.
#[inline(always)]
fn lanes<L: Lanes>(l: L, run: &[[f64; GROUP]], ahead: Ahead) -> [L::V; 4] {
    let mut sums = [l.splat(-0.0); 4];
    for group in run {
        ahead.fetch(l, group, 0..4);
        add(&mut sums, l.load(group));
    }
    sums
}

/// `Σ d`, `Σ d²`, `Σ d³`, `Σ d⁴` with `d = x − center`, up to `ORDER`, which is 1, 2 or 4, and zeros beyond it; the lower ones to
/// the same bits for every order.
#[inline(always)]
pub(crate) fn powers<L: Lanes, const ORDER: usize>(l: L, x: &[f64], center: f64, ahead: Ahead) -> [f64; 4] {
    // The center changes nothing: its deviation is zero.
    let mut space = [0.0; GROUP];
    let (groups, tail) = split(x, center, &mut space);
    let mut sums = Powers::<L, ORDER>::new(l, center);
    for run in groups.chunks(RUN) {
        sums.add_run(run, ahead);
    }
    if let Some(group) = tail {
        sums.add_run(std::slice::from_ref(group), Ahead::Nothing);
    }
    let Powers { first, second, third, fourth, .. } = sums;
    [first.value(l), second.value(l), l.total(third), l.total(fourth)]
}

/// `Σ d` and `Σ d²` with `d = x − center`, the second with the bits of the [`product`] of a column with itself. Those of [`powers`]
/// are what a graphics processor has, which may lack fused additions.
#[inline(always)]
pub(crate) fn spread<L: Lanes>(l: L, x: &[f64], center: f64, ahead: Ahead) -> [f64; 2] {
    let mut space = [0.0; GROUP];
    let (groups, tail) = split(x, center, &mut space);
    let center = l.splat(center);
    let mut totals = [Long::new(l, 0.0); 2];
    for run in groups.chunks(RUN) {
        add_spread(l, run, center, ahead, &mut totals);
    }
    if let Some(group) = tail {
        add_spread(l, std::slice::from_ref(group), center, Ahead::Nothing, &mut totals);
    }
    totals.map(|total| total.value(l))
}

/// Adds what a run leaves in each lane.
#[inline(always)]
fn add_spread<L: Lanes>(l: L, run: &[[f64; GROUP]], center: L::V, ahead: Ahead, totals: &mut [Long<L::V>; 2]) {
    let mut sums = [[l.splat(0.0); 4]; 2];
    if L::WIDE {
        spread_vectors::<L, 0, 4>(l, run, center, ahead, &mut sums);
    } else {
        spread_vectors::<L, 0, 2>(l, run, center, ahead, &mut sums);
        spread_vectors::<L, 2, 4>(l, run, center, ahead, &mut sums);
    }
    let [first, second] = totals;
    first.add(sums[0]);
    second.add(sums[1]);
}

/// Vectors `FROM..TO` of each group.
#[inline(always)]
fn spread_vectors<L: Lanes, const FROM: usize, const TO: usize>(
    l: L,
    run: &[[f64; GROUP]],
    center: L::V,
    ahead: Ahead,
    [first, second]: &mut [[L::V; 4]; 2],
) {
    for group in run {
        ahead.fetch(l, group, FROM..TO);
        let x = l.load(group);
        for i in FROM..TO {
            let d = x[i] - center;
            first[i] = first[i] + d;
            second[i] = l.add_product(second[i], d, d);
        }
    }
}

/// `Σ (x − cx)(y − cy)` of two columns of one length, its products not rounded before they are added.
#[inline(always)]
pub(crate) fn product<L: Lanes>(l: L, (x, cx): (&[f64], f64), (y, cy): (&[f64], f64)) -> f64 {
    let mut spaces = [[0.0; GROUP]; 2];
    let [x_space, y_space] = &mut spaces;
    let ((xs, x_tail), (ys, y_tail)) = (split(x, cx, x_space), split(y, cy, y_space));
    let centers = (l.splat(cx), l.splat(cy));
    let mut total = Long::new(l, 0.0);
    let ((x_runs, x_rest), (y_runs, y_rest)) = (xs.as_chunks::<RUN>(), ys.as_chunks::<RUN>());
    for (xs, ys) in x_runs.iter().zip(y_runs) {
        total.add(products(l, xs, ys, centers));
    }
    if !x_rest.is_empty() {
        total.add(products(l, x_rest, y_rest, centers));
    }
    if let (Some(x), Some(y)) = (x_tail, y_tail) {
        total.add(products(l, std::slice::from_ref(x), std::slice::from_ref(y), centers));
    }
    total.value(l)
}

/// The sums of the products of a run in each lane.
#[inline(always)]
fn products<L: Lanes>(l: L, xs: &[[f64; GROUP]], ys: &[[f64; GROUP]], (cx, cy): (L::V, L::V)) -> [L::V; 4] {
    let mut sums = [l.splat(0.0); 4];
    for (x, y) in xs.iter().zip(ys) {
        let (x, y) = (l.load(x), l.load(y));
        for i in 0..4 {
            sums[i] = l.add_product(sums[i], x[i] - cx, y[i] - cy);
        }
    }
    sums
}

/// The mean of the whole eights of `x`; NaN where there are none.
#[inline(always)]
pub(crate) fn rough_mean<L: Lanes>(l: L, x: &[f64]) -> f64 {
    let (eights, _) = x.as_chunks::<8>();
    let mut sum = l.splat(0.0);
    for eight in eights {
        sum = sum + l.load8(eight);
    }
    l.across(sum) / (8 * eights.len()) as f64
}

/// What [`range`] finds: `min > max` if there is nothing but NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extremes {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) nan: bool,
}

/// Smallest and largest, NaN left aside, and whether there is a NaN.
#[inline(always)]
pub(crate) fn range<L: Lanes>(l: L, x: &[f64], ahead: Ahead) -> Extremes {
    let (groups, rest) = x.as_chunks::<GROUP>();
    let zero = l.splat(0.0);
    let mut found = Found {
        min: [l.splat(f64::INFINITY); 4],
        max: [l.splat(f64::NEG_INFINITY); 4],
        ordered: [l.ordered(zero, zero); 2],
    };
    if L::WIDE {
        found.vectors::<0, 4>(l, groups, ahead);
    } else {
        found.vectors::<0, 2>(l, groups, ahead);
        found.vectors::<2, 4>(l, groups, ahead);
    }
    let Found { min, max, ordered } = found;
    let mut nan = l.bits(ordered[0] & ordered[1]) != u8::MAX;
    let (mins, maxs) = (
        l.to_array(l.min(l.min(min[0], min[1]), l.min(min[2], min[3]))),
        l.to_array(l.max(l.max(max[0], max[1]), l.max(max[2], max[3]))),
    );
    let (mut min, mut max) = (mins[0], maxs[0]);
    // Comparisons with NaN are false, so NaN is passed over here too.
    for i in 1..8 {
        min = if mins[i] < min { mins[i] } else { min };
        max = if max < maxs[i] { maxs[i] } else { max };
    }
    for &x in rest {
        min = if x < min { x } else { min };
        max = if max < x { x } else { max };
        nan |= x.is_nan();
    }
    Extremes { min, max, nan }
}

/// The largest size, NaN left aside; 0 for no values.
#[inline(always)]
pub(crate) fn largest<L: Lanes>(l: L, x: &[f64], ahead: Ahead) -> f64 {
    let mut space = [0.0; GROUP];
    let (groups, tail) = split(x, 0.0, &mut space);
    let mut largest = [l.splat(0.0); 4];
    for group in groups {
        ahead.fetch(l, group, 0..4);
        grow(l, &mut largest, group);
    }
    if let Some(group) = tail {
        grow(l, &mut largest, group);
    }
    let mut found = 0.0;
    for x in l.to_array(l.max(l.max(largest[0], largest[1]), l.max(largest[2], largest[3]))) {
        found = if found < x { x } else { found };
    }
    found
}

#[inline(always)]
fn grow<L: Lanes>(l: L, largest: &mut [L::V; 4], group: &[f64; GROUP]) {
    let x = l.load(group);
    for i in 0..4 {
        // The accumulator stands second, so that a NaN leaves it as it is.
        largest[i] = l.max(l.and(x[i], l.splat(SIZE)), largest[i]);
    }
}

/// Where `value` first stands; nowhere for NaN.
#[inline(always)]
pub(crate) fn position<L: Lanes>(l: L, x: &[f64], value: f64) -> Option<usize> {
    let wanted = l.splat(value);
    let (eights, rest) = x.as_chunks::<8>();
    for (i, eight) in eights.iter().enumerate() {
        let x = l.load8(eight);
        let equal = l.bits(l.le(x, wanted) & l.le(wanted, x));
        if equal != 0 {
            return Some(8 * i + equal.trailing_zeros() as usize);
        }
    }
    let from = x.len() - rest.len();
    rest.iter().position(|&x| x == value).map(|at| from + at)
}

/// Whether all values are the same: then deviations from one of them are exactly zero.
#[inline]
pub(crate) fn is_constant(x: &[f64]) -> bool {
    x.iter().all(|v| *v == x[0])
}

/// A finite center for the deviations of a block: its rounded mean, or one of its values where they are all the same or their
/// sum overflows.
#[inline(always)]
pub(crate) fn center<L: Lanes>(l: L, x: &[f64]) -> f64 {
    let first = x.first().copied().unwrap_or(0.0);
    let mean = if is_constant(x) { first } else { total(l, x, Ahead::Nothing) / x.len() as f64 };
    [mean, first].into_iter().find(|center| center.is_finite()).unwrap_or(0.0)
}

/// What the deviations of a block from `center` are to be measured in; `None` where there are none, or not all values are finite.
#[inline(always)]
pub(crate) fn unit<L: Lanes>(l: L, x: &[f64], center: f64) -> Option<Unit> {
    let Extremes { min, max, nan } = range(l, x, Ahead::Nothing);
    let (below, above) = (center - min, max - center);
    let most = if below > above { below } else { above };
    let is_finite = !nan && min.is_finite() && max.is_finite();
    (is_finite && most > 0.0).then(|| Unit::of(most))
}

/// A block in a unit.
#[inline(always)]
pub(crate) fn measured<'a>(x: &[f64], unit: Unit, space: &'a mut [f64; BLOCK]) -> &'a [f64] {
    let (space, _) = space.split_at_mut(x.len().min(BLOCK));
    for (to, &x) in space.iter_mut().zip(x) {
        *to = unit.divide(1, x);
    }
    space
}

/// Groups that a lane adds one by one. Loops over them are short: the processor foresees what a load reads by the place that it has in
/// the program, so that unrolled eightfold, 32 loads a stride of 2 KiB apart, they waited for memory twice as long.
pub(crate) const RUN: usize = 8;

/// The sum of the runs in eight lanes, and what its additions have rounded off (D. E. Knuth's TwoSum).
#[derive(Clone, Copy)]
pub(crate) struct Long<V> {
    high: V,
    low: V,
}

impl<V: Copy + Add<Output = V> + Sub<Output = V>> Long<V> {
    #[inline(always)]
    pub(crate) fn new<L: Lanes<V = V>>(l: L, zero: f64) -> Self {
        Self { high: l.splat(zero), low: l.splat(0.0) }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, run: [V; 4]) {
        let (a, b) = (self.high, (run[0] + run[1]) + (run[2] + run[3]));
        let high = a + b;
        let part = high - a;
        self.low = self.low + ((a - (high - part)) + (b - part));
        self.high = high;
    }

    #[inline(always)]
    pub(crate) fn value<L: Lanes<V = V>>(self, l: L) -> f64 {
        let (high, low) = (l.across(self.high), l.across(self.low));
        // What an infinite sum rounds off is NaN, and a zero would take the sign of −0.
        if low.is_nan() || low == 0.0 { high } else { high + low }
    }
}

#[inline(always)]
fn add<V: Copy + Add<Output = V>>(sum: &mut [V; 4], x: [V; 4]) {
    for i in 0..4 {
        sum[i] = sum[i] + x[i];
    }
}

/// Sums of the powers of the deviations: the first two without loss between runs, the others lane by lane.
struct Powers<L: Lanes, const ORDER: usize> {
    l: L,
    center: L::V,
    first: Long<L::V>,
    second: Long<L::V>,
    third: [L::V; 4],
    fourth: [L::V; 4],
}

impl<L: Lanes, const ORDER: usize> Powers<L, ORDER> {
    #[inline(always)]
    fn new(l: L, center: f64) -> Self {
        let zero = [l.splat(0.0); 4];
        let (first, second) = (Long::new(l, 0.0), Long::new(l, 0.0));
        Self { l, center: l.splat(center), first, second, third: zero, fourth: zero }
    }

    #[inline(always)]
    fn add_run(&mut self, groups: &[[f64; GROUP]], ahead: Ahead) {
        let mut run = [[self.l.splat(0.0); 4]; 2];
        if L::WIDE {
            self.add::<0, 4>(&mut run, groups, ahead);
        } else {
            self.add::<0, 1>(&mut run, groups, ahead);
            self.add::<1, 2>(&mut run, groups, ahead);
            self.add::<2, 3>(&mut run, groups, ahead);
            self.add::<3, 4>(&mut run, groups, ahead);
        }
        self.first.add(run[0]);
        self.second.add(run[1]);
    }

    /// Vectors `FROM..TO` of each group.
    #[inline(always)]
    fn add<const FROM: usize, const TO: usize>(
        &mut self,
        [first, second]: &mut [[L::V; 4]; 2],
        groups: &[[f64; GROUP]],
        ahead: Ahead,
    ) {
        for group in groups {
            ahead.fetch(self.l, group, FROM..TO);
            let x = self.l.load(group);
            for i in FROM..TO {
                let d = x[i] - self.center;
                first[i] = first[i] + d;
                if ORDER >= 2 {
                    let d2 = d * d;
                    second[i] = second[i] + d2;
                    if ORDER >= 4 {
                        self.third[i] = self.third[i] + d2 * d;
                        self.fourth[i] = self.fourth[i] + d2 * d2;
                    }
                }
            }
        }
    }
}

struct Found<L: Lanes> {
    min: [L::V; 4],
    max: [L::V; 4],
    ordered: [L::M; 2],
}

impl<L: Lanes> Found<L> {
    /// Vectors `FROM..TO` of each group, an even number of them.
    #[inline(always)]
    fn vectors<const FROM: usize, const TO: usize>(&mut self, l: L, groups: &[[f64; GROUP]], ahead: Ahead) {
        for group in groups {
            ahead.fetch(l, group, FROM..TO);
            let x = l.load(group);
            #[expect(clippy::needless_range_loop, reason = "iterators take closures that the level would not reach")]
            for i in FROM..TO {
                // The accumulator stands second, so that a NaN leaves it as it is.
                self.min[i] = l.min(x[i], self.min[i]);
                self.max[i] = l.max(x[i], self.max[i]);
            }
            // One comparison finds a NaN in either of two vectors.
            for i in (FROM..TO).step_by(2) {
                self.ordered[i / 2] = self.ordered[i / 2] & l.ordered(x[i], x[i + 1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_simd::{Level, Operation, run, run_at};
    use proptest::prelude::*;

    /// Every sum of one column.
    struct Sums<'a> {
        x: &'a [f64],
        center: f64,
        ahead: Ahead,
    }

    impl Operation for Sums<'_> {
        type Output = (f64, [[f64; 4]; 3], f64, [f64; 2]);
        fn run<L: Lanes>(self, l: L) -> Self::Output {
            let Self { x, center, ahead } = self;
            let first = powers::<L, 1>(l, x, center, ahead);
            let second = powers::<L, 2>(l, x, center, ahead);
            let fourth = powers::<L, 4>(l, x, center, ahead);
            let xx = product(l, (x, center), (x, center));
            (total(l, x, ahead), [first, second, fourth], xx, spread(l, x, center, ahead))
        }
    }

    struct Range<'a>(&'a [f64], Ahead);

    impl Operation for Range<'_> {
        type Output = Extremes;
        fn run<L: Lanes>(self, l: L) -> Extremes {
            range(l, self.0, self.1)
        }
    }

    struct Position<'a>(&'a [f64], f64);

    impl Operation for Position<'_> {
        type Output = Option<usize>;
        fn run<L: Lanes>(self, l: L) -> Option<usize> {
            position(l, self.0, self.1)
        }
    }

    struct Center<'a>(&'a [f64]);

    impl Operation for Center<'_> {
        type Output = f64;
        fn run<L: Lanes>(self, l: L) -> f64 {
            center(l, self.0)
        }
    }

    fn eights(lanes: [f64; GROUP]) -> [f64; 8] {
        std::array::from_fn(|i| (lanes[i] + lanes[8 + i]) + (lanes[16 + i] + lanes[24 + i]))
    }

    fn across(e: [f64; 8]) -> f64 {
        ((e[0] + e[4]) + (e[2] + e[6])) + ((e[1] + e[5]) + (e[3] + e[7]))
    }

    /// The same sums, as one reads them in a textbook, lane by lane.
    fn naive(x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
        let mut lanes = [0.0; GROUP];
        for (i, &x) in x.iter().enumerate() {
            lanes[i % GROUP] += f(x);
        }
        across(eights(lanes))
    }

    /// The same sums in runs, the runs without loss.
    fn long(x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
        long_of(x, |sum, x| sum + f(x))
    }

    fn long_of(x: &[f64], add: impl Fn(f64, f64) -> f64) -> f64 {
        let (mut highs, mut lows) = ([0.0; 8], [0.0; 8]);
        let (groups, rest) = x.split_at(x.len() / GROUP * GROUP);
        for run in groups.chunks(RUN * GROUP).chain([rest]) {
            let mut lanes = [0.0; GROUP];
            run.iter().enumerate().for_each(|(i, &x)| lanes[i % GROUP] = add(lanes[i % GROUP], x));
            for (sum, (high, low)) in eights(lanes).into_iter().zip(highs.iter_mut().zip(&mut lows)) {
                let before = *high;
                *high += sum;
                let part = *high - before;
                *low += (before - (*high - part)) + (sum - part);
            }
        }
        let (high, low) = (across(highs), across(lows));
        if low.is_nan() { high } else { high + low }
    }

    /// Without the largest in one of two: their squares are infinite, and so is whatever is added to them.
    fn any_column() -> impl Strategy<Value = Vec<f64>> {
        let usual = || prop_oneof![8 => -1e3..1e3f64, 1 => Just(0.0), 1 => Just(-0.0), 1 => Just(5e-324)];
        let any = prop_oneof![11 => usual(), 1 => -1e300..1e300f64];
        prop_oneof![prop::collection::vec(usual(), 0..1200), prop::collection::vec(any, 0..1200)]
    }

    fn any_ahead() -> impl Strategy<Value = Ahead> {
        prop_oneof![Just(Ahead::Nothing), Just(Ahead::Rows), Just(Ahead::Block)]
    }

    proptest! {
        #[test]
        fn sums_are_the_naive_ones_at_every_level(x in any_column(), c in -10.0..10.0f64, ahead in any_ahead()) {
            for level in Level::available() {
                let (sum, [first, second, fourth], xx, both) = run_at(level, Sums { x: &x, center: c, ahead });
                prop_assert_eq!(sum, long(&x, |x| x));
                let [s1, s2, s3, s4] = fourth;
                prop_assert_eq!(s1, long(&x, |x| x - c));
                prop_assert_eq!(s2, long(&x, |x| (x - c) * (x - c)));
                let cube = naive(&x, |x| { let d = x - c; d * d * d });
                prop_assert!(s3 == cube || s3.is_nan() && cube.is_nan());
                prop_assert_eq!(s4, naive(&x, |x| { let d = x - c; (d * d) * (d * d) }));
                prop_assert_eq!(second, [s1, s2, 0.0, 0.0]);
                prop_assert_eq!(first, [s1, 0.0, 0.0, 0.0]);
                let fused = long_of(&x, |sum, x| (x - c).mul_add(x - c, sum));
                prop_assert_eq!((xx, both), (fused, [s1, fused]));
            }
        }

        #[test]
        fn the_range_is_the_naive_one_at_every_level(
            mut x in any_column(),
            nan in any::<prop::sample::Index>(),
            spoil: bool,
            ahead in any_ahead(),
        ) {
            if spoil && !x.is_empty() {
                let at = nan.index(x.len());
                x[at] = f64::NAN;
            }
            for level in Level::available() {
                let range = run_at(level, Range(&x, ahead));
                prop_assert_eq!(range.min, x.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(range.max, x.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                prop_assert_eq!(range.nan, x.iter().any(|x| x.is_nan()));
                for value in [range.min, range.max, f64::NAN] {
                    let found = run_at(level, Position(&x, value));
                    prop_assert_eq!(found, x.iter().position(|&x| x == value));
                }
            }
        }
    }

    #[test]
    fn a_center_is_finite_and_that_of_a_constant_exact() {
        let center_of = |x: &[f64]| run(Center(x));
        assert_eq!(center_of(&[0.1; 100]), 0.1);
        assert_eq!(center_of(&[]), 0.0);
        assert_eq!(center_of(&[1.0, 2.0]), 1.5);
        assert_eq!(center_of(&[f64::MAX, f64::MAX, 1.0]), f64::MAX);
        assert_eq!(center_of(&[f64::INFINITY, 1.0]), 0.0);
    }
}
