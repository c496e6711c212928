//! Quantiles of windows.
//!
//! The rows of a stretch are sorted once. A window is then a set of places in that order, which rows enter and leave,
//! and a cursor that stays at the place asked for: what enters or leaves shifts it by one. Sets are bits, words of bits
//! with something in them are bits above, and so on, so that a step takes the same few instructions however wide a
//! window is.

use super::{Stretch, Work};
use crate::{
    quantiles::{Method, between},
    sorting::sort_alone,
};
use echoes_simd::{Lanes, Operation, run};
use std::hint::select_unpredictable;

/// The quantile at the fraction `q`.
pub(crate) struct Quantiles {
    pub(crate) q: f64,
    pub(crate) method: Method,
}

/// The order of the rows of a stretch.
#[derive(Default)]
pub(crate) struct Room {
    rows: Vec<f64>,
    spare: Vec<f64>,
    /// The place of each row in the order; [`MISSING`] for those without.
    places: Vec<u32>,
    sorted: Vec<f64>,
    present: Places,
}

/// The place of a row that is missing.
const MISSING: u32 = u32::MAX;

impl Room {
    /// Rows are sorted by what they hold with their numbers in place of its lowest bits, and those that are alike but for these by the
    /// whole of it: doubles are sorted in an eighth of the time of pairs.
    fn sort(&mut self, x: &[f64]) {
        let number = u64::MAX >> x.len().leading_zeros();
        let row = |holds: f64| (holds.to_bits() & number) as usize;
        self.rows.resize(x.len(), 0.0);
        if run(Numbered { x, number, to: &mut self.rows }) {
            let mut missing = x.iter().map(|x| x.is_nan());
            self.rows.retain(|_| missing.next() == Some(false));
        }
        sort_alone(&mut self.rows, &mut self.spare);
        if run(HasAlike { rows: &self.rows, number }) {
            for alike in self.rows.chunk_by_mut(|&a, &b| are_alike(a, b, number)) {
                alike.sort_unstable_by(|&a, &b| x[row(a)].total_cmp(&x[row(b)]));
            }
        }
        self.places.clear();
        self.places.resize(x.len(), MISSING);
        self.sorted.resize(self.rows.len(), 0.0);
        for ((&holds, sorted), place) in self.rows.iter().zip(&mut self.sorted).zip(0..) {
            self.places[row(holds)] = place;
            *sorted = x[row(holds)];
        }
        self.present.clear(self.rows.len());
    }
}

/// Writes what rows hold with their numbers in place of its lowest bits; whether one holds NaN, which may be none any more.
struct Numbered<'a> {
    x: &'a [f64],
    number: u64,
    to: &'a mut [f64],
}

impl Operation for Numbered<'_> {
    type Output = bool;
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> bool {
        let mut nans = 0;
        for ((to, &x), row) in self.to.iter_mut().zip(self.x).zip(0..) {
            // An infinity with a number would be none.
            *to = f64::from_bits(x.clamp(f64::MIN, f64::MAX).to_bits() & !self.number | row);
            nans += u64::from(x.is_nan());
        }
        nans > 0
    }
}

/// Whether two rows hold the same but for what their numbers have taken the place of.
#[inline(always)]
const fn are_alike(a: f64, b: f64, number: u64) -> bool {
    (a.to_bits() ^ b.to_bits()) & !number == 0
}

/// Whether any two neighbours do.
struct HasAlike<'a> {
    rows: &'a [f64],
    number: u64,
}

impl Operation for HasAlike<'_> {
    type Output = bool;
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> bool {
        let mut alike = 0;
        let next = self.rows.get(1..).unwrap_or_default();
        for (&a, &b) in self.rows.iter().zip(next) {
            alike += u64::from(are_alike(a, b, self.number));
        }
        alike > 0
    }
}

impl Work<1> for Quantiles {
    type Room = Room;

    fn write(&self, stretch: &Stretch<'_, 1>, room: &mut Room, out: &mut [f64]) {
        room.sort(stretch.x[0]);
        let Room { places, sorted, present, .. } = room;
        let mut window = Window::default();
        let (first, rest) = places.split_at(stretch.window - 1);
        first.iter().for_each(|&place| window.insert(present, place));
        let mut asked = Asked::of(self, 0);
        for ((out, &enters), &leaves) in out.iter_mut().zip(rest).zip(&*places) {
            window.insert(present, enters);
            if window.count != asked.count {
                asked = Asked::of(self, window.count);
            }
            let is_enough = window.count >= stretch.wanted.max(1);
            *out = if is_enough { asked.value(&mut window, present, sorted) } else { f64::NAN };
            window.remove(present, leaves);
        }
    }
}

/// What is asked for in a window of so many rows.
struct Asked {
    count: u32,
    rank: u32,
    /// How far on to the next.
    part: f64,
}

impl Asked {
    fn of(quantiles: &Quantiles, count: u32) -> Self {
        let (rank, part) = quantiles.method.position(quantiles.q, count.into());
        Self { count, rank: rank as u32, part }
    }

    #[inline]
    fn value(&self, window: &mut Window, places: &Places, sorted: &[f64]) -> f64 {
        let at = window.seek(places, self.rank);
        if self.part == 0.0 { sorted[at] } else { between(sorted[at], sorted[places.after(at)], self.part) }
    }
}

/// How many places there are, and a cursor among them. Apart from the places, so that it stays in registers.
#[derive(Default)]
struct Window {
    count: u32,
    cursor: usize,
    /// Places before the cursor.
    below: u32,
}

impl Window {
    #[inline]
    fn insert(&mut self, places: &mut Places, place: u32) {
        if place != MISSING {
            self.count += 1;
            self.below += u32::from((place as usize) < self.cursor);
            places.insert(place);
        }
    }

    #[inline]
    fn remove(&mut self, places: &mut Places, place: u32) {
        if place != MISSING {
            self.count -= 1;
            self.below -= u32::from((place as usize) < self.cursor);
            places.remove(place);
        }
    }

    /// The place that has `rank` others before it, of which there must be one; the cursor is there.
    #[inline]
    fn seek(&mut self, places: &Places, rank: u32) -> usize {
        let near = places.step(self.cursor, self.below, rank);
        self.cursor = near.unwrap_or_else(|| places.walk(self.cursor, self.below, rank));
        self.below = rank;
        self.cursor
    }
}

/// A set of places: bits that say which are there, which words of those have any, and so on.
#[derive(Default)]
struct Places(Vec<Vec<u64>>);

impl Places {
    /// Leaves none, of so many that there can be.
    fn clear(&mut self, places: usize) {
        self.0.iter_mut().for_each(Vec::clear);
        let (mut level, mut words) = (0, places.div_ceil(64));
        loop {
            if level == self.0.len() {
                self.0.push(Vec::new());
            }
            self.0[level].resize(words, 0);
            if words <= 1 {
                break;
            }
            (level, words) = (level + 1, words.div_ceil(64));
        }
        self.0.truncate(level + 1);
    }

    #[inline]
    fn insert(&mut self, place: u32) {
        let mut at = place as usize;
        for level in &mut self.0 {
            let word = &mut level[at / 64];
            let was_empty = *word == 0;
            *word |= 1 << (at % 64);
            if !was_empty {
                break;
            }
            at /= 64;
        }
    }

    #[inline]
    fn remove(&mut self, place: u32) {
        let mut at = place as usize;
        for level in &mut self.0 {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                break;
            }
            at /= 64;
        }
    }

    /// The first place after one, of which there must be one.
    #[inline]
    fn after(&self, at: usize) -> usize {
        match self.near(at) {
            Some((_, from)) if from & !1 != 0 => at + (from & !1).trailing_zeros() as usize,
            _ => self.next(at + 1),
        }
    }

    /// Which of the 64 places before one are there, the last bit that of the nearest, and which of the 64 from it on.
    #[inline]
    fn near(&self, at: usize) -> Option<(u64, u64)> {
        let (word, bit) = (at / 64, at as u32 % 64);
        let &[left, this, right] = self.0.first()?.get(word.checked_sub(1)?..)?.first_chunk()?;
        Some((left >> bit | this << 1 << (63 - bit), this >> bit | right << 1 << (63 - bit)))
    }

    /// The place that has `rank` others before it, from one that has `below`, if that is no more than one place away and near.
    #[inline]
    fn step(&self, at: usize, below: u32, rank: u32) -> Option<usize> {
        let (before, from) = self.near(at)?;
        let rest = from & from.wrapping_sub(1);
        // Which of the three is wanted cannot be guessed.
        let ahead = select_unpredictable(below < rank, rest, from);
        let forward = at + ahead.trailing_zeros() as usize;
        let back = (at + 63).wrapping_sub(before.leading_zeros() as usize + 64);
        let is_back = below > rank;
        let is_there = select_unpredictable(is_back, before, ahead) != 0;
        (is_there && rank.abs_diff(below) <= 1).then_some(select_unpredictable(is_back, back, forward))
    }

    /// The same, however far it is.
    fn walk(&self, mut at: usize, mut below: u32, rank: u32) -> usize {
        while below > rank {
            at = self.previous(at);
            below -= 1;
        }
        at = self.next(at);
        while below < rank {
            at = self.next(at + 1);
            below += 1;
        }
        at
    }

    /// The first place from `at` on, of which there must be one.
    #[inline]
    fn next(&self, mut at: usize) -> usize {
        for (i, level) in self.0.iter().enumerate() {
            let bits = level.get(at / 64).map_or(0, |word| word & (u64::MAX << (at % 64)));
            if bits != 0 {
                at = at / 64 * 64 + bits.trailing_zeros() as usize;
                return self.0[..i].iter().rev().fold(at, |at, level| 64 * at + level[at].trailing_zeros() as usize);
            }
            at = at / 64 + 1;
        }
        0
    }

    /// The last place before `at`, of which there must be one.
    #[inline]
    fn previous(&self, mut at: usize) -> usize {
        for (i, level) in self.0.iter().enumerate() {
            let bits = level.get(at / 64).map_or(0, |word| word & !(u64::MAX << (at % 64)));
            if bits != 0 {
                at = at / 64 * 64 + bits.ilog2() as usize;
                return self.0[..i].iter().rev().fold(at, |at, level| 64 * at + level[at].ilog2() as usize);
            }
            at /= 64;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_over_words_that_are_empty() {
        // Four levels of them.
        let far = if cfg!(miri) { 5000 } else { 64 * 64 * 64 + 100 };
        let (mut places, mut window) = (Places::default(), Window::default());
        places.clear(far + 1);
        for place in [3, 64, far as u32] {
            window.insert(&mut places, place);
        }
        assert_eq!([0, 3, 4, 65].map(|at| places.next(at)), [3, 3, 64, far]);
        assert_eq!([far, 64, 4].map(|at| places.previous(at)), [64, 3, 3]);
        assert_eq!([2, 0, 1, 1].map(|rank| window.seek(&places, rank)), [far, 3, 64, 64]);
        window.remove(&mut places, 64);
        assert_eq!((window.seek(&places, 1), places.next(4), places.previous(far)), (far, far, 3));
        // Nothing of it is left in another order.
        places.clear(10);
        let mut window = Window::default();
        window.insert(&mut places, 7);
        assert_eq!((window.count, window.seek(&places, 0)), (1, 7));
    }

    #[test]
    fn places_are_found_near_every_bit_of_a_word() {
        for step in [1, 2, 5, 31, 63, 64, 65, 127] {
            let (mut places, mut window) = (Places::default(), Window::default());
            let all: Vec<usize> = (step % 3..1000).step_by(step).collect();
            places.clear(1000);
            all.iter().for_each(|&place| window.insert(&mut places, place as u32));
            let last = all.len() - 1;
            for rank in (0..=last).chain((0..=last).rev()) {
                assert_eq!(window.seek(&places, rank as u32), all[rank], "every {step}");
                assert!(rank == last || places.after(all[rank]) == all[rank + 1], "every {step}");
            }
            // What was at the cursor has left it.
            for rank in (1..last).rev() {
                window.seek(&places, rank as u32);
                window.remove(&mut places, all[rank] as u32);
                assert_eq!(window.seek(&places, rank as u32), all[last], "every {step}");
                window.seek(&places, rank as u32 - 1);
                window.remove(&mut places, all[last] as u32);
                window.insert(&mut places, all[last] as u32);
            }
        }
    }

    #[test]
    fn infinities_and_values_alike_are_told_apart() {
        let x =
            [f64::INFINITY, f64::MAX, f64::NAN, 1.0 + f64::EPSILON, 1.0, f64::MIN, f64::NEG_INFINITY, -0.0, 0.0, 1.0];
        let mut room = Room::default();
        room.sort(&x);
        let mut sorted: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(
            room.sorted.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            sorted.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        );
        assert!(room.places[2] == MISSING && room.places[0] == 8 && room.places[6] == 0);
    }
}
