//! Sorting of doubles: quicksort that splits vectors of eight values, and the order of rows by it.
//!
//! Partitions as M. Blacher, J. Giesen, P. Sanders, J. Wassenberg (Vectorized and performance-portable Quicksort, Software: Practice
//! and Experience 52(12), 2022) have them, out of place, which writes no value over one that has not been read; of many values, eight
//! ways at once ([`buckets`]). What is left of [`SMALL`] values or fewer goes through a [`network`].
//!
//! The order is total: −0 before 0, NaN last (in the order that they came in), so that the sorted column is the same whichever way,
//! on whichever instructions and threads, it was found.

mod buckets;

use crate::{
    network,
    threads::{self, zeros},
};
use echoes_simd::{Lanes, Operation, run};

/// Values that are not parted any more.
pub(crate) const SMALL: usize = network::MOST;

/// Values that are not worth another thread.
const SHARED: usize = 1 << 15;

/// Values from which on the pivot is looked for among more than a few.
const MANY: usize = 512;

/// Among so many it is looked for, of many values and of fewer: one less than a network takes, so that one is in the middle.
const CANDIDATES: [usize; 2] = [31, 7];

/// Values that are parted at a time.
const RUN: usize = echoes_simd::GROUP;

const MINUS_ZERO: u64 = 1 << 63;

/// Sorts; −0 before 0, NaN last.
pub(crate) fn sort(x: &mut [f64]) {
    let odd = odd(x);
    let numbers = x.len() - odd.nans;
    if odd.nans > 0 {
        nans_last(x);
    }
    let numbers = &mut x[..numbers];
    sort_numbers(numbers);
    if odd.minus_zeros > 0 {
        let first = numbers.partition_point(|&x| x < 0.0);
        let zeros = numbers[first..].iter_mut().take_while(|x| **x == 0.0);
        zeros.enumerate().for_each(|(i, zero)| *zero = if i < odd.minus_zeros { -0.0 } else { 0.0 });
    }
}

/// Sorts numbers, of which none is NaN; a zero may come back with the other sign.
pub(crate) fn sort_numbers(x: &mut [f64]) {
    let mut room = zeros(if x.len() > SMALL { x.len() } else { 0 });
    quicksort(x, &mut room, Home::Values, splits(x.len()), SHARED);
}

/// The same on this thread alone, for who is one of many: who waits for another thread may be given other work meanwhile. `spare` is
/// made as large as it must be, for the next time too.
pub(crate) fn sort_alone(x: &mut [f64], spare: &mut Vec<f64>) {
    spare.resize(spare.len().max(x.len()), 0.0);
    quicksort(x, &mut spare[..x.len()], Home::Values, splits(x.len()), usize::MAX);
}

/// Splits one within the other that are enough, but for data made to defy the pivots.
const fn splits(values: usize) -> u32 {
    2 * (values | 1).ilog2()
}

/// Moves NaN to the end; all values stay in their order otherwise.
fn nans_last(x: &mut [f64]) {
    let nans: Vec<f64> = x.iter().copied().filter(|x| x.is_nan()).collect();
    let mut to = 0;
    for at in 0..x.len() {
        if !x[at].is_nan() {
            x[to] = x[at];
            to += 1;
        }
    }
    x[to..].copy_from_slice(&nans);
}

/// Where values shall be once they are sorted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// Where they are.
    Values,
    /// In the room beside them.
    Room,
}

impl Home {
    const fn other(self) -> Self {
        match self {
            Self::Values => Self::Room,
            Self::Room => Self::Values,
        }
    }
}

/// Sorts `values` with the help of as much `room`, and has them in the end at `home`: whatever is parted off goes to the other side and
/// its home with it, so that nothing is ever copied back. More values than `shared` are worth another thread.
fn quicksort(values: &mut [f64], room: &mut [f64], home: Home, splits: u32, shared: usize) {
    if values.len() <= SMALL {
        return run(Small(values, (home == Home::Room).then_some(room)));
    }
    // Pivots that halve nothing are as unlikely as they are costly.
    let Some(splits) = splits.checked_sub(1) else {
        values.sort_unstable_by(f64::total_cmp);
        if home == Home::Room {
            room.copy_from_slice(values);
        }
        return;
    };
    let all = values.len();
    if all > buckets::MANY.max(shared)
        && let Some(lens) = buckets::spread(values, room)
    {
        return each_bucket(room, values, home.other(), splits, &lens);
    }
    let (pivot, kept) = run(Part { x: values, spare: room, wanted: all / 2, keeps_below: home == Home::Values });
    let below = if home == Home::Values { kept } else { all - kept };
    if below == 0 {
        // What is as small as the pivot is sorted, which ends with columns of few values: it goes home, where the others stay.
        let (values, room) = if home == Home::Values { (room, values) } else { (values, room) };
        let above = run(PartFrom { x: values, spare: room, pivot, keeps_below: false });
        return quicksort(&mut values[..above], &mut room[all - above..], Home::Room, splits, shared);
    }
    let share = all > shared;
    let (stay, gone_room) = values.split_at_mut(kept);
    let (gone, stay_room) = room.split_at_mut(all - kept);
    threads::both(
        share,
        || quicksort(stay, stay_room, home, splits, shared),
        || quicksort(gone, gone_room, home.other(), splits, shared),
    );
}

/// Sorts buckets of so many values each, that lie one behind the other.
fn each_bucket(values: &mut [f64], room: &mut [f64], home: Home, splits: u32, lens: &[usize]) {
    if lens.len() == 1 {
        return quicksort(values, room, home, splits, SHARED);
    }
    let (left, right) = lens.split_at(lens.len() / 2);
    let at = left.iter().sum();
    let ((a, b), (a_room, b_room)) = (values.split_at_mut(at), room.split_at_mut(at));
    threads::both(true, || each_bucket(a, a_room, home, splits, left), || each_bucket(b, b_room, home, splits, right));
}

/// Values that a thread looks through at a time.
const LOOKED_THROUGH: usize = 1 << 16;

/// How many values there are that are compared as no others are.
fn odd(x: &[f64]) -> Found {
    let mut pieces: Vec<(&[f64], Found)> = x.chunks(LOOKED_THROUGH).map(|x| (x, Found::default())).collect();
    threads::each_piece(
        &mut pieces,
        1,
        || (),
        |(), _, pieces| {
            pieces.iter_mut().for_each(|(x, found)| *found = run(Odd(x)));
        },
    );
    pieces.into_iter().fold(Found::default(), |all, (_, found)| Found {
        nans: all.nans + found.nans,
        minus_zeros: all.minus_zeros + found.minus_zeros,
    })
}

/// Values that are compared as no others are.
#[derive(Default)]
struct Found {
    nans: usize,
    minus_zeros: usize,
}

struct Odd<'a>(&'a [f64]);

impl Operation for Odd<'_> {
    type Output = Found;
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> Found {
        let (mut nans, mut minus_zeros) = (0, 0);
        for x in self.0 {
            nans += u64::from(x.is_nan());
            minus_zeros += u64::from(x.to_bits() == MINUS_ZERO);
        }
        Found { nans: nans as usize, minus_zeros: minus_zeros as usize }
    }
}

/// Sorts few values, where they are or to where they go.
struct Small<'a>(&'a mut [f64], Option<&'a mut [f64]>);

impl Operation for Small<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        network::sort_to(l, self.0, self.1);
    }
}

/// Leaves what is below a pivot in front and puts the rest into `spare`, which has room for as many values; behind them both hold
/// anything. The pivot, some value near that of rank `wanted`, and how many are below it.
pub(crate) fn part(x: &mut [f64], spare: &mut [f64], wanted: usize) -> (f64, usize) {
    run(Part { x, spare, wanted, keeps_below: true })
}

/// The same with those that are as small as the pivot in front too; how many.
pub(crate) fn part_from(x: &mut [f64], spare: &mut [f64], pivot: f64) -> usize {
    run(PartFrom { x, spare, pivot, keeps_below: true })
}

struct Part<'a> {
    x: &'a mut [f64],
    spare: &'a mut [f64],
    wanted: usize,
    /// Whether what is below the pivot stays, or else the rest.
    keeps_below: bool,
}

impl Operation for Part<'_> {
    type Output = (f64, usize);
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> (f64, usize) {
        let pivot = pivot(l, self.x, self.wanted);
        let Self { x, spare, .. } = self;
        let kept = match self.keeps_below {
            true => part_at::<L, false, true>(l, x, spare, pivot),
            false => part_at::<L, false, false>(l, x, spare, pivot),
        };
        (pivot, kept)
    }
}

struct PartFrom<'a> {
    x: &'a mut [f64],
    spare: &'a mut [f64],
    pivot: f64,
    keeps_below: bool,
}

impl Operation for PartFrom<'_> {
    type Output = usize;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> usize {
        let Self { x, spare, pivot, .. } = self;
        match self.keeps_below {
            true => part_at::<L, true, true>(l, x, spare, pivot),
            false => part_at::<L, true, false>(l, x, spare, pivot),
        }
    }
}

/// Of some values from all over the one whose rank among them is that wanted among all.
#[inline(always)]
fn pivot<L: Lanes>(l: L, x: &[f64], wanted: usize) -> f64 {
    let mut sample = [0.0; CANDIDATES[0]];
    let many = CANDIDATES[usize::from(x.len() < MANY)];
    let step = x.len() / many;
    for (i, value) in sample[..many].iter_mut().enumerate() {
        *value = x[i * step + step / 2];
    }
    network::sort(l, &mut sample[..many]);
    sample[wanted * many / x.len()]
}

/// Which values stay where they are.
#[derive(Clone, Copy)]
struct Stay<L: Lanes, const EQUAL: bool, const KEEPS_BELOW: bool> {
    l: L,
    pivot: L::V,
}

impl<L: Lanes, const EQUAL: bool, const KEEPS_BELOW: bool> Stay<L, EQUAL, KEEPS_BELOW> {
    #[inline(always)]
    fn of(self, values: L::V) -> L::M {
        let below = if EQUAL { self.l.le(values, self.pivot) } else { self.l.lt(values, self.pivot) };
        if KEEPS_BELOW { below } else { !below }
    }

    /// Writes the values of some vectors to both sides, each of which has room for all of them; how many stay.
    #[inline(always)]
    fn part<const N: usize, const ROOM: usize>(
        self,
        vectors: [L::V; N],
        front: &mut [f64; ROOM],
        back: &mut [f64; ROOM],
    ) -> usize {
        let (mut stayed, mut went) = (0, 0);
        for values in vectors {
            let stay = self.of(values);
            front[stayed..][..8].copy_from_slice(&self.l.pack(values, stay));
            back[went..][..8].copy_from_slice(&self.l.pack(values, !stay));
            let count = self.l.bits(stay).count_ones() as usize;
            stayed += count;
            went += 8 - count;
        }
        stayed
    }
}

/// Moves the values below the pivot (or, with `EQUAL`, as small) to the front and the others to `spare`; or the other way round, unless
/// it `KEEPS_BELOW`. How many stay.
#[inline(always)]
fn part_at<L: Lanes, const EQUAL: bool, const KEEPS_BELOW: bool>(
    l: L,
    x: &mut [f64],
    spare: &mut [f64],
    pivot: f64,
) -> usize {
    let stay = Stay::<L, EQUAL, KEEPS_BELOW> { l, pivot: l.splat(pivot) };
    // What is written behind those that stay has been read: there are no more of them than values before.
    let (mut kept, runs, whole) = (0, x.len() / RUN * RUN, x.len() / 8 * 8);
    for at in (0..runs).step_by(RUN) {
        let Some(values) = x[at..].first_chunk() else { break };
        let values = l.load(values);
        let (Some(front), Some(back)) = (x[kept..].first_chunk_mut::<RUN>(), spare[at - kept..].first_chunk_mut())
        else {
            break;
        };
        kept += stay.part(values, front, back);
    }
    for at in (runs..whole).step_by(8) {
        let Some(values) = x[at..].first_chunk() else { break };
        let values = [l.load8(values)];
        let (Some(front), Some(back)) = (x[kept..].first_chunk_mut::<8>(), spare[at - kept..].first_chunk_mut()) else {
            break;
        };
        kept += stay.part(values, front, back);
    }
    // The last eight, of which the first may have been written over: those are not chosen.
    let rest = x.len() - whole;
    let last = x.last_chunk().copied().unwrap_or_else(|| {
        let mut last = [0.0; 8];
        last[8 - rest..].copy_from_slice(x);
        last
    });
    let values = l.load8(&last);
    let fresh = l.le(l.splat((8 - rest) as f64), l.load8(&network::NUMBERS));
    let (stays, goes) = (stay.of(values) & fresh, !stay.of(values) & fresh);
    put(&mut spare[whole - kept..], l.pack(values, goes));
    put(&mut x[kept..], l.pack(values, stays));
    kept + l.bits(stays).count_ones() as usize
}

/// Writes as many of the values as there is room for.
#[inline(always)]
fn put(to: &mut [f64], values: [f64; 8]) {
    match to.first_chunk_mut() {
        Some(eight) => *eight = values,
        None => to.copy_from_slice(&values[..to.len()]),
    }
}

/// Calls `each` with the rows of each value, from the smallest value to the largest: how many rows come before, and its own rows in
/// their order. Zeros are equal, and so are NaN, which come last.
///
/// What is sorted is doubles made of the leading bits of a value's place among all doubles, and its row.
pub(crate) fn in_order(x: &[f64], mut each: impl FnMut(usize, &[u64])) {
    let packing = run(Survey(x));
    let mut packed = vec![0.0; x.len()];
    run(Pack(packing, x, &mut packed));
    sort_numbers(&mut packed);
    let mut packed: Vec<u64> = packed.into_iter().map(|x| x.to_bits() - NORMAL).collect();
    let row = |packed: u64| packed & ((1 << packing.row_bits) - 1);
    let mut start = 0;
    while start < packed.len() {
        let leading = packed[start] >> packing.row_bits;
        let mut end = start + 1;
        packed[start] = row(packed[start]);
        while end < packed.len() && packed[end] >> packing.row_bits == leading {
            packed[end] = row(packed[end]);
            end += 1;
        }
        let group = &mut packed[start..end];
        if group.len() > 1 && packing.left_out > 0 {
            let of = |row: u64| place(x[row as usize]);
            group.sort_by_key(|&row| of(row));
            let mut before = start;
            for equal in group.chunk_by(|&a, &b| of(a) == of(b)) {
                each(before, equal);
                before += equal.len();
            }
        } else {
            each(start, group);
        }
        start = end;
    }
}

/// Bits that stand for an integer as a double with its order.
const PACKED_BITS: u32 = 62;

/// What makes such a double none that is subnormal.
const NORMAL: u64 = 1 << 52;

/// Where a double stands among all; zeros at one place, NaN at the last.
#[inline(always)]
fn place(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    let sign = (bits as i64 >> 63) as u64;
    if x.is_nan() { u64::MAX } else { bits ^ (sign | MINUS_ZERO) }
}

/// How a value's place and its row go into a double.
#[derive(Clone, Copy)]
struct Packing {
    /// The first place that a value has.
    least: u64,
    /// Bits that are the same in all places, at their end.
    same: u32,
    /// Bits at the end that there is no room for.
    left_out: u32,
    row_bits: u32,
}

struct Survey<'a>(&'a [f64]);

impl Operation for Survey<'_> {
    type Output = Packing;
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> Packing {
        let first = self.0.first().map_or(0, |&x| place(x));
        let (mut least, mut most, mut differing) = (first, first, 0);
        for &x in self.0 {
            let place = place(x);
            least = if place < least { place } else { least };
            most = if most < place { place } else { most };
            differing |= place ^ first;
        }
        let same = differing.trailing_zeros().min(63);
        let value_bits = u64::BITS - ((most - least) >> same).leading_zeros();
        let row_bits = usize::BITS - self.0.len().saturating_sub(1).leading_zeros();
        Packing { least, same, left_out: (value_bits + row_bits).saturating_sub(PACKED_BITS), row_bits }
    }
}

struct Pack<'a>(Packing, &'a [f64], &'a mut [f64]);

impl Operation for Pack<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self(packing, x, packed) = self;
        for (row, (to, &x)) in packed.iter_mut().zip(x).enumerate() {
            // The difference has as many bits at its end that are no use as the places have.
            let leading = (place(x) - packing.least) >> packing.same >> packing.left_out;
            *to = f64::from_bits((leading << packing.row_bits | row as u64) + NORMAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: usize = if cfg!(miri) { 200 } else { 3000 };

    fn bits(x: &[f64]) -> Vec<u64> {
        x.iter().map(|x| x.to_bits()).collect()
    }

    /// By the library, with NaN last.
    fn naive(x: &[f64]) -> Vec<f64> {
        let mut sorted: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.extend(x.iter().filter(|x| x.is_nan()));
        sorted
    }

    fn check(x: &[f64]) {
        let mut sorted = x.to_vec();
        sort(&mut sorted);
        assert_eq!(bits(&sorted), bits(&naive(x)));

        let mut order: Vec<usize> = (0..x.len()).collect();
        let compare = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()));
        order.sort_by(|&a, &b| compare(x[a], x[b]));
        let mut found = Vec::new();
        in_order(x, |before, rows| {
            assert_eq!(before, found.len());
            assert!(rows.iter().all(|&row| compare(x[row as usize], x[rows[0] as usize]).is_eq()));
            if let Some(&last) = found.last() {
                assert!(compare(x[last], x[rows[0] as usize]).is_lt());
            }
            found.extend(rows.iter().map(|&row| row as usize));
        });
        assert_eq!(found, order);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 96 }))]

        #[test]
        fn any_doubles(x in prop::collection::vec(any::<u64>().prop_map(f64::from_bits), 0..SIZE)) {
            check(&x);
        }

        #[test]
        fn few_values(x in prop::collection::vec(-3i8..4, 0..SIZE), zero in any::<bool>()) {
            let zero = if zero { -0.0 } else { 0.0 };
            check(&x.iter().map(|&x| if x == 0 { zero } else { f64::from(x) / 4.0 }).collect::<Vec<_>>());
        }
    }

    #[test]
    fn patterns() {
        let size = SIZE as i32;
        let nan = f64::from_bits(f64::NAN.to_bits() | 1 << 63 | 5);
        check(&[]);
        check(&[nan, 1.0, f64::NAN, -0.0, 0.0, -0.0, f64::NEG_INFINITY, f64::INFINITY, 5e-324, -5e-324]);
        check(&vec![f64::INFINITY; SIZE]);
        check(&(0..size).map(f64::from).collect::<Vec<_>>());
        check(&(0..size).rev().map(f64::from).collect::<Vec<_>>());
        check(&(0..size).map(|i| f64::from(i.min(size - i))).collect::<Vec<_>>());
        // Apart by the last bit, and one that is far away.
        check(
            &(0..size)
                .map(|i| if i == 7 { -1e300 } else { 1.0 + f64::from(i * 7919 % 512) * f64::EPSILON })
                .collect::<Vec<_>>(),
        );
    }

    /// So many that they are spread over buckets: all apart, and most of them alike.
    #[test]
    fn many_values() {
        let size = if cfg!(miri) { SIZE } else { buckets::MANY + 1001 };
        let mut noise = crate::special::oracle::noise(11);
        let apart: Vec<f64> = (0..size).map(|_| noise()).collect();
        let alike: Vec<f64> = apart.iter().map(|x| if x.abs() < 0.7 { 0.25 } else { *x }).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        // In the last pieces, too, there are values that are compared as no others are.
        let mut odd = apart.clone();
        odd[size - 5..].copy_from_slice(&[-0.0, f64::NAN, 0.0, -0.0, f64::NAN]);
        for x in [apart, alike, odd] {
            let expected = bits(&naive(&x));
            let (mut sorted, mut shared) = (x.clone(), x);
            sort(&mut sorted);
            pool.install(|| sort(&mut shared));
            assert!(bits(&sorted) == expected && bits(&shared) == expected);
        }
    }

    #[test]
    fn too_many_splits_are_ended() {
        let mut x: Vec<f64> = (0..SIZE as i32).map(|i| f64::from(i * 7919 % 3001)).collect();
        let expected = naive(&x);
        quicksort(&mut x, &mut vec![0.0; SIZE], Home::Values, 1, SHARED);
        assert_eq!(x, expected);
    }
}
