//! Exact ranks of data larger than memory: count what lies below some intervals, keep what lies inside.
//!
//! A sample brackets each rank; one reading counts the values below each interval and keeps those inside, so that a rank
//! that falls inside is selected exactly. A rank that was missed, or an interval that held too much, is seen, and names a
//! narrower interval for another reading: each reading at least drops an end that is a value of the data, so it ends.
//! (R. W. Floyd, R. L. Rivest, CACM 18(3), 1975, for brackets from a sample.)
//!
//! Exact. A zero comes back as +0.

use super::thinned::{Limits, Thinned};
use crate::{ahead::Ahead, selection::select, sorting::sort_numbers};
use echoes_kernel::{Block, CHUNK, Partial, Shape};
use echoes_simd::{GROUP, Lanes, Operation, run, split};
use serde::{Deserialize, Serialize};

/// Values that one interval may keep. Fewer under an interpreter.
const KEEP: Limits =
    if cfg!(miri) { Limits { whole: 1 << 10, sample: 1 << 9 } } else { Limits { whole: 1 << 20, sample: CHUNK } };

/// Up to so many rows, everything is kept and no sample is needed.
const SMALL_ROWS: u64 = CHUNK as u64;

/// Intervals that a block is compared with, at most, unless they are apart.
const PIECES: usize = 64;

/// Closed intervals, rising, of which neighbours may share an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intervals(Vec<[f64; 2]>);

impl Intervals {
    /// One interval that holds everything.
    pub fn everything() -> Self {
        Self(vec![[f64::NEG_INFINITY, f64::INFINITY]])
    }

    /// Intervals that hold the given fractions of the data almost surely (three standard errors of the sample).
    pub fn around(fractions: &[f64], shape: &Shape<'_>) -> Self {
        let small = shape.rows.is_some_and(|rows| rows <= SMALL_ROWS);
        if small || shape.sample.len() < 64 {
            return Self::everything();
        }
        let size = shape.sample.len() as f64;
        // Of ranks before the first and behind the last nothing is known.
        let around = |q: f64| {
            let margin = 3.0 * (size * q * (1.0 - q)).sqrt() + 4.0;
            [(q * size - margin).floor(), (q * size + margin).ceil()]
        };
        let ends: Vec<[f64; 2]> = fractions.iter().map(|&q| around(q)).collect();
        let is_inside = |end: &f64| (0.0..size).contains(end);
        let mut ranks: Vec<usize> =
            ends.as_flattened().iter().copied().filter(is_inside).map(|end| end as usize).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let values = select(&mut shape.sample.to_vec(), &ranks);
        let value = |end: f64| match ranks.binary_search(&(end as usize)) {
            Ok(at) if is_inside(&end) => values[at],
            _ if end < 0.0 => f64::NEG_INFINITY,
            _ => f64::INFINITY,
        };
        Self::apart(ends.into_iter().map(|ends| ends.map(value)).collect())
    }

    /// The same intervals, rising, in pieces that share no more than an end: where they overlap, each end parts them, so that no piece is
    /// as large as what it comes from. Of very many, neighbours are made one.
    pub fn apart(mut intervals: Vec<[f64; 2]>) -> Self {
        intervals.sort_by(|a, b| a[0].total_cmp(&b[0]).then(b[1].total_cmp(&a[1])));
        let mut ends: Vec<f64> = intervals.as_flattened().to_vec();
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let mut pieces: Vec<[f64; 2]> = Vec::with_capacity(ends.len());
        for [low, high] in intervals {
            let from = pieces.last().map_or(low, |last| last[1].max(low));
            let inside = ends[ends.partition_point(|&end| end < from)..].windows(2).take_while(|pair| pair[1] <= high);
            pieces.extend(inside.map(|pair| [pair[0], pair[1]]));
            if low == high && pieces.last().is_none_or(|last| last[1] < low) {
                pieces.push([low, high]);
            }
        }
        let many = pieces.len().div_ceil(PIECES);
        let mut some: Vec<[f64; 2]> = Vec::with_capacity(pieces.len() / many.max(1) + 1);
        for (i, [low, high]) in pieces.into_iter().enumerate() {
            match some.last_mut() {
                Some(last) if i % many > 0 && last[1] == low => last[1] = high,
                _ => some.push([low, high]),
            }
        }
        Self(some)
    }
}

/// What a reading found out about a rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rank {
    /// The value of that rank.
    Value(f64),
    /// The value lies in this interval: read again.
    Within([f64; 2]),
}

/// One interval and what fell into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Bracket {
    low: f64,
    high: f64,
    below: u64,
    at_low: u64,
    inside: u64,
    at_high: u64,
    /// The values strictly inside.
    kept: Thinned<f64>,
}

/// Counts below intervals and values inside them, of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brackets {
    brackets: Vec<Bracket>,
    count: u64,
    nans: u64,
}

impl Brackets {
    /// Values present, NaN left aside.
    pub const fn count(&self) -> u64 {
        self.count - self.nans
    }

    /// How many values are NaN.
    pub const fn nans(&self) -> u64 {
        self.nans
    }

    /// The value of each rank, 0 for the smallest; ranks beyond the last give the last. `ranks` must rise.
    pub fn ranks(&self, ranks: &[u64]) -> Vec<Rank> {
        let last = self.count().saturating_sub(1);
        let located: Vec<_> = ranks.iter().map(|&rank| self.locate(rank.min(last))).collect();
        let mut found = Vec::with_capacity(ranks.len());
        for of_one in located.chunk_by(|a, b| matches!((a, b), (Ok((a, _)), Ok((b, _))) if a == b)) {
            match of_one[0] {
                Err(rank) => found.push(rank),
                Ok((at, _)) => {
                    let inside: Vec<u64> = of_one.iter().flatten().map(|&(_, rank)| rank).collect();
                    found.extend(self.brackets[at].ranks(&inside));
                }
            }
        }
        found
    }

    /// The bracket that holds a rank and the rank among the values inside, or what else is known of it.
    fn locate(&self, rank: u64) -> Result<(usize, u64), Rank> {
        let mut low = f64::NEG_INFINITY;
        for (at, bracket) in self.brackets.iter().enumerate() {
            let Some(rank) = rank.checked_sub(bracket.below) else {
                return Err(Rank::Within([low, bracket.low]));
            };
            low = bracket.high;
            if rank < bracket.at_low {
                return Err(Rank::Value(bracket.low + 0.0));
            }
            let rank = rank - bracket.at_low;
            if rank < bracket.inside {
                return Ok((at, rank));
            }
            if rank - bracket.inside < bracket.at_high {
                return Err(Rank::Value(bracket.high + 0.0));
            }
        }
        Err(Rank::Within([low, f64::INFINITY]))
    }
}

impl Bracket {
    const fn new([low, high]: [f64; 2]) -> Self {
        Self { low, high, below: 0, at_low: 0, inside: 0, at_high: 0, kept: Thinned::none() }
    }

    /// Whether the counts go with what is kept.
    fn is_sound(&self) -> bool {
        self.kept.is_of(self.inside)
    }

    /// Keeps those of whole vectors of values that are in the interval, but for its ends, which are counted.
    #[inline(always)]
    fn keep<L: Lanes>(&mut self, l: L, values: &[f64], [low, high]: [L::V; 2]) {
        let rows = &mut self.kept.rows;
        let (from, mut len) = (rows.len(), rows.len());
        rows.resize(from + values.len(), 0.0);
        for eight in values.as_chunks().0 {
            let x = l.load8(eight);
            let inside = l.lt(low, x) & l.lt(x, high);
            // As many as have been looked at have room.
            let Some(to) = rows[len..].first_chunk_mut::<8>() else { break };
            *to = l.pack(x, inside);
            len += l.bits(inside).count_ones() as usize;
            let (at_low, at_high) = (l.le(low, x) & l.le(x, low), l.le(high, x) & l.le(x, high));
            if l.bits(at_low | at_high) != 0 {
                self.at_low += u64::from(l.bits(at_low).count_ones());
                if self.low < self.high {
                    self.at_high += u64::from(l.bits(at_high).count_ones());
                }
            }
        }
        rows.truncate(len);
        self.inside += (len - from) as u64;
    }

    fn merge(&mut self, later: &Self) {
        self.below = self.below.saturating_add(later.below);
        self.at_low = self.at_low.saturating_add(later.at_low);
        self.inside = self.inside.saturating_add(later.inside);
        self.at_high = self.at_high.saturating_add(later.at_high);
        self.kept.merge(&later.kept, KEEP);
    }

    /// The values of rising ranks inside, or what is known of them.
    fn ranks(&self, ranks: &[u64]) -> Vec<Rank> {
        let mut kept = self.kept.rows.clone();
        if self.kept.is_whole() {
            let ranks: Vec<usize> = ranks.iter().map(|&rank| rank as usize).collect();
            return select(&mut kept, &ranks).into_iter().map(Rank::Value).collect();
        }
        sort_numbers(&mut kept);
        ranks.iter().map(|&rank| Rank::Within(self.narrower(&kept, rank))).collect()
    }

    /// A narrower interval for a rank inside, from the sample that thinning has left, sorted.
    fn narrower(&self, sample: &[f64], rank: u64) -> [f64; 2] {
        let (size, q) = (sample.len() as f64, rank as f64 / self.inside as f64);
        let margin = 4.0 * (size * q * (1.0 - q)).sqrt() + 4.0;
        let (from, to) = (q * size - margin, q * size + margin);
        let low = if from < 0.0 { self.low } else { sample.get(from as usize).copied().unwrap_or(self.low) };
        let high = sample.get(to.ceil() as usize).copied().unwrap_or(self.high);
        [low, high]
    }
}

impl Partial for Brackets {
    type Setup = Intervals;
    const NAME: &'static str = "brackets/3";

    fn begin(intervals: &Intervals) -> Self {
        let brackets = intervals.0.iter().map(|&interval| Bracket::new(interval)).collect();
        Self { brackets, count: 0, nans: 0 }
    }

    fn make_room(&mut self, rows: usize) {
        // The intervals are apart, so that the rows have at most so many values for all of them: `absorb` allocates nothing,
        // unless a sample was far off, with room for all of a run that is looked at. Pages that are not written cost nothing.
        let room = rows / self.brackets.len().max(1) + RUN * GROUP;
        for bracket in &mut self.brackets {
            bracket.kept.rows.reserve(room);
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let x = block.values(0);
        let mut ahead = Ahead::of(block);
        let nans = run(CountNans { x, ahead });
        self.count += x.len() as u64;
        self.nans += nans;
        let numbers = x.len() as u64 - nans;
        let (threes, rest) = self.brackets.as_chunks_mut();
        let (twos, ones) = rest.as_chunks_mut();
        let mut next = || {
            ahead = ahead.then();
            ahead
        };
        for brackets in threes {
            run(Absorb::<3> { brackets, x, numbers, ahead: next() });
        }
        for brackets in twos {
            run(Absorb::<2> { brackets, x, numbers, ahead: next() });
        }
        for brackets in ones.as_chunks_mut().0 {
            run(Absorb::<1> { brackets, x, numbers, ahead: next() });
        }
    }

    fn merge(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        self.nans = self.nans.saturating_add(later.nans);
        for (mine, theirs) in self.brackets.iter_mut().zip(&later.brackets) {
            mine.merge(theirs);
        }
    }

    fn is_sound(&self) -> bool {
        self.nans <= self.count && self.brackets.iter().all(Bracket::is_sound)
    }
}

/// Counts the values of a block below some brackets and keeps those inside.
struct Absorb<'a, const B: usize> {
    brackets: &'a mut [Bracket; B],
    x: &'a [f64],
    /// How many of them are not NaN.
    numbers: u64,
    ahead: Ahead,
}

/// Groups that are looked at before what is in a bracket is kept.
const RUN: usize = 32;

/// Room for a run, and for a vector behind its last value.
const ROOM: usize = RUN * GROUP + 8;

impl<const B: usize> Operation for Absorb<'_, B> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { brackets, x, numbers, ahead } = self;
        let mut ends = [[l.splat(0.0); 2]; B];
        for (ends, bracket) in ends.iter_mut().zip(&*brackets) {
            *ends = [l.splat(bracket.low), l.splat(bracket.high)];
        }
        let mut from_low = [l.splat(0.0); B];
        // NaN is in no bracket, so it may fill up the last group.
        let mut space = [0.0; GROUP];
        let (groups, tail) = split(x, f64::NAN, &mut space);
        let mut room = [0.0; ROOM];
        for run in groups.chunks(RUN).chain(tail.map(std::slice::from_ref)) {
            let len = pick(l, run, ends, &mut from_low, &mut room, ahead);
            room[len..][..8].fill(f64::NAN);
            for (bracket, ends) in brackets.iter_mut().zip(ends) {
                bracket.keep(l, &room[..len.next_multiple_of(8)], ends);
            }
        }
        for (bracket, from_low) in brackets.iter_mut().zip(from_low) {
            bracket.below += numbers - l.across(from_low) as u64;
        }
    }
}

/// Moves the values that are in any bracket, ends included, to the front of `room`; how many. To the counts of those from each lower
/// end on, which are kept in lanes because bits would have to be moved to be counted, it adds.
#[inline(always)]
fn pick<L: Lanes, const B: usize>(
    l: L,
    groups: &[[f64; GROUP]],
    ends: [[L::V; 2]; B],
    counts: &mut [L::V; B],
    room: &mut [f64; ROOM],
    ahead: Ahead,
) -> usize {
    let (one, zero) = (l.splat(1.0), l.splat(0.0));
    // A copy, for registers.
    let mut from_low = *counts;
    let mut len = 0;
    for group in groups {
        ahead.fetch(l, group, 0..4);
        for x in l.load(group) {
            let mut inside = l.lt(zero, zero);
            for i in 0..B {
                let from = l.le(ends[i][0], x);
                from_low[i] = l.select(from, from_low[i] + one, from_low[i]);
                let this = from & l.le(x, ends[i][1]);
                inside = if i == 0 { this } else { inside | this };
            }
            // Without regard to whether there are any: that could not be guessed.
            if let Some(to) = room[len..].first_chunk_mut::<8>() {
                *to = l.pack(x, inside);
                len += l.bits(inside).count_ones() as usize;
            }
        }
    }
    *counts = from_low;
    len
}

struct CountNans<'a> {
    x: &'a [f64],
    ahead: Ahead,
}

impl Operation for CountNans<'_> {
    type Output = u64;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> u64 {
        let mut space = [0.0; GROUP];
        let (groups, tail) = split(self.x, 0.0, &mut space);
        let mut nans = 0;
        for group in groups {
            self.ahead.fetch(l, group, 0..4);
            nans += Self::step(l, group);
        }
        nans + tail.map_or(0, |group| Self::step(l, group))
    }
}

impl CountNans<'_> {
    #[inline(always)]
    fn step<L: Lanes>(l: L, group: &[f64; GROUP]) -> u64 {
        let [a, b, c, d] = l.load(group);
        // Mostly there are none.
        if l.bits(l.ordered(a, b) & l.ordered(c, d)) == u8::MAX {
            return 0;
        }
        let mut nans = 0;
        for x in [a, b, c, d] {
            nans += u64::from(l.bits(l.ordered(x, x)).count_zeros());
        }
        nans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Column, wire};
    use proptest::prelude::*;

    fn read(intervals: &Intervals, x: &[f64]) -> Brackets {
        let mut whole = Brackets::begin(intervals);
        for (i, part) in x.chunks(777).enumerate() {
            let mut brackets = Brackets::begin(intervals);
            brackets.absorb(&Block::new(&[Column::of(part)], 777 * i as u64));
            whole.merge(&brackets);
        }
        whole
    }

    /// Reads until the rank is known, as a kernel does; how often, and the value.
    fn value(x: &[f64], rank: u64, first: Intervals) -> (usize, f64) {
        let mut intervals = first;
        for readings in 1..100 {
            match read(&intervals, x).ranks(&[rank])[0] {
                Rank::Value(value) => return (readings, value),
                Rank::Within(narrower) => intervals = Intervals::apart(vec![narrower]),
            }
        }
        panic!("the readings do not end");
    }

    proptest! {
        #[test]
        fn a_rank_is_that_of_the_sorted_data_whatever_the_bracket(
            x in prop::collection::vec(prop_oneof![-5i32..5, -1000i32..1000], 1..500),
            ends in (-1100i32..1100, -1100i32..1100),
            rank in any::<prop::sample::Index>(),
        ) {
            let x: Vec<f64> = x.into_iter().map(f64::from).collect();
            let mut sorted = x.clone();
            sorted.sort_by(f64::total_cmp);
            let rank = rank.index(x.len());
            let low = f64::from(ends.0.min(ends.1));
            let bad_guess = Intervals(vec![[low, f64::from(ends.0.max(ends.1))]]);
            prop_assert_eq!(value(&x, rank as u64, bad_guess).1, sorted[rank]);
            prop_assert_eq!(value(&x, rank as u64, Intervals::everything()), (1, sorted[rank]));
        }
    }

    #[test]
    fn too_many_values_are_thinned_and_read_again() {
        let n = 3 * KEEP.whole as u64;
        let x: Vec<f64> = (0..n).map(|i| (i * 2_654_435_761 % n) as f64).collect();
        let (readings, found) = value(&x, n / 3, Intervals::everything());
        assert_eq!((readings, found), (2, (n / 3) as f64));
    }

    #[test]
    fn ties_end_too() {
        let x = vec![1.0; 3 * KEEP.whole];
        assert_eq!(value(&x, 5, Intervals::everything()).1, 1.0);
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let sound = read(&Intervals::everything(), &[1.0, 2.0]);
        assert_eq!(wire::decode::<Brackets>(&wire::encode(&sound).unwrap()).as_ref(), Ok(&sound));
        let alter = |alter: fn(&mut Brackets)| {
            let mut altered = sound.clone();
            alter(&mut altered);
            wire::decode::<Brackets>(&wire::encode(&altered).unwrap()).is_err()
        };
        assert!(alter(|brackets| brackets.brackets[0].inside = 3));
        assert!(alter(|brackets| brackets.nans = 3));
    }

    #[test]
    fn nans_are_counted_apart() {
        let brackets = read(&Intervals::everything(), &[1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!((brackets.count(), brackets.nans()), (3, 1));
        assert_eq!(brackets.ranks(&[0, 1, 2]).last(), Some(&Rank::Value(f64::INFINITY)));
    }

    #[test]
    fn intervals_are_parted_where_they_overlap() {
        let apart = |intervals: &[[f64; 2]]| Intervals::apart(intervals.to_vec()).0;
        assert_eq!(apart(&[[3.0, 4.0], [1.0, 2.0], [2.0, 2.5]]), [[1.0, 2.0], [2.0, 2.5], [3.0, 4.0]]);
        assert_eq!(apart(&[[1.0, 3.0], [2.0, 4.0]]), [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]);
        assert_eq!(apart(&[[1.0, 4.0], [2.0, 3.0], [2.0, 3.0]]), [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]);
        assert_eq!(apart(&[[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [5.0, 5.0], [5.0, 5.0]]), [[1.0, 2.0], [5.0, 5.0]]);
        let (everything, one) = ([f64::NEG_INFINITY, f64::INFINITY], [f64::NEG_INFINITY, 1.0]);
        assert_eq!(apart(&[everything]), [everything]);
        assert_eq!(apart(&[one, [1.0, 1.0], [1.0, f64::INFINITY]]), [one, [1.0, f64::INFINITY]]);
        let many: Vec<[f64; 2]> = (0..1000).map(|i| [f64::from(i), f64::from(i + 2)]).collect();
        let apart = apart(&many);
        assert!(apart.len() <= PIECES && (apart[0][0], apart[apart.len() - 1][1]) == (0.0, 1001.0));
        assert!(apart.windows(2).all(|pair| pair[0][1] == pair[1][0]));
    }

    #[test]
    fn ranks_of_few_values_and_of_many_ranks_end() {
        let n = 2 * KEEP.whole + 7;
        for values in [1, 2, 4, 100, n] {
            let x: Vec<f64> = (0..n).map(|i| (i * 7919 % n % values) as f64).collect();
            let mut sorted = x.clone();
            sorted.sort_by(f64::total_cmp);
            for many in [2, 5, 1000] {
                let ranks: Vec<u64> = (0..many).map(|i| (i * (n - 1) / (many - 1)) as u64).collect();
                let expected: Vec<f64> = ranks.iter().map(|&rank| sorted[rank as usize]).collect();
                let (mut intervals, mut readings) = (Intervals::everything(), 0);
                let found = loop {
                    readings += 1;
                    assert!(readings < 6, "{many} ranks of {values} values");
                    match crate::quantiles::values_of_ranks(&read(&intervals, &x), &ranks) {
                        Ok(found) => break found,
                        Err(narrower) => intervals = narrower,
                    }
                };
                assert_eq!(found, expected);
            }
        }
    }
}
