//! Quantiles of windows.
//!
//! The rows of a stretch are sorted once. A window is then a set of places in that order, which rows enter and leave,
//! and a cursor that stays at the place asked for: what enters or leaves shifts it by one. Sets are bits, words of bits
//! with something in them are bits above, and so on, so that a step takes the same few instructions however wide a
//! window is.

use super::{Stretch, Work};
use crate::quantiles::{Method, between};

/// The quantile at the fraction `q`.
pub(crate) struct Quantiles {
    pub(crate) q: f64,
    pub(crate) method: Method,
}

/// The order of the rows of a stretch.
#[derive(Default)]
pub(crate) struct Room {
    rows: Vec<u64>,
    /// The place of each row in the order; [`MISSING`] for those without.
    places: Vec<u32>,
    sorted: Vec<f64>,
    window: Places,
}

/// The place of a row that is missing.
const MISSING: u32 = u32::MAX;

impl Room {
    /// Rows are sorted by the upper bits of what they hold, with their numbers in place of the lower ones, and those
    /// that are alike in these by the whole of it: whole numbers are sorted in half the time of pairs.
    fn sort(&mut self, x: &[f64]) {
        let number = u64::MAX >> x.len().leading_zeros();
        let row = |word: u64| (word & number) as usize;
        self.rows.clear();
        self.rows.extend(x.iter().zip(0..).filter(|(x, _)| !x.is_nan()).map(|(&x, row)| key(x) & !number | row));
        self.rows.sort_unstable();
        for alike in self.rows.chunk_by_mut(|a, b| a & !number == b & !number) {
            if alike.len() > 1 {
                alike.sort_unstable_by_key(|&word| key(x[row(word)]));
            }
        }
        self.places.clear();
        self.places.resize(x.len(), MISSING);
        self.sorted.clear();
        for (&word, place) in self.rows.iter().zip(0..) {
            self.places[row(word)] = place;
            self.sorted.push(x[row(word)]);
        }
        self.window.clear(self.rows.len());
    }
}

/// A number that is larger for larger doubles.
fn key(x: f64) -> u64 {
    let bits = x.to_bits() as i64;
    (bits ^ (bits >> 63 | i64::MIN)) as u64
}

impl Work<1> for Quantiles {
    type Room = Room;

    fn write(&self, stretch: &Stretch<'_, 1>, room: &mut Room, out: &mut [f64]) {
        room.sort(stretch.x[0]);
        let Room { places, sorted, window, .. } = room;
        let (first, rest) = places.split_at(stretch.window - 1);
        first.iter().for_each(|&place| window.insert(place));
        let mut asked = Asked::of(self, 0);
        for ((out, &enters), &leaves) in out.iter_mut().zip(rest).zip(&*places) {
            window.insert(enters);
            if window.count != asked.count {
                asked = Asked::of(self, window.count);
            }
            let is_enough = window.count >= stretch.wanted.max(1);
            *out = if is_enough { asked.value(window, sorted) } else { f64::NAN };
            window.remove(leaves);
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

    fn value(&self, window: &mut Places, sorted: &[f64]) -> f64 {
        let at = window.seek(self.rank);
        if self.part == 0.0 { sorted[at] } else { between(sorted[at], sorted[window.next(at + 1)], self.part) }
    }
}

/// A set of places, and a cursor in it.
#[derive(Default)]
struct Places {
    /// Bits: which places are there, which words of those have any, and so on.
    levels: Vec<Vec<u64>>,
    count: u32,
    cursor: usize,
    /// Places before the cursor.
    below: u32,
}

impl Places {
    fn clear(&mut self, places: usize) {
        *self = Self { levels: std::mem::take(&mut self.levels), ..Self::default() };
        self.levels.iter_mut().for_each(Vec::clear);
        let (mut level, mut words) = (0, places.div_ceil(64));
        loop {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].resize(words, 0);
            if words <= 1 {
                break;
            }
            (level, words) = (level + 1, words.div_ceil(64));
        }
        self.levels.truncate(level + 1);
    }

    #[inline]
    fn insert(&mut self, place: u32) {
        if place == MISSING {
            return;
        }
        self.count += 1;
        self.below += u32::from((place as usize) < self.cursor);
        let mut at = place as usize;
        for level in &mut self.levels {
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
        if place == MISSING {
            return;
        }
        self.count -= 1;
        self.below -= u32::from((place as usize) < self.cursor);
        let mut at = place as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                break;
            }
            at /= 64;
        }
    }

    /// The place that has `rank` others before it, of which there must be one; the cursor is there.
    #[inline]
    fn seek(&mut self, rank: u32) -> usize {
        while self.below > rank {
            self.cursor = self.previous(self.cursor);
            self.below -= 1;
        }
        self.cursor = self.next(self.cursor);
        while self.below < rank {
            self.cursor = self.next(self.cursor + 1);
            self.below += 1;
        }
        self.cursor
    }

    /// The first place from `at` on, of which there must be one.
    #[inline]
    fn next(&self, mut at: usize) -> usize {
        for (i, level) in self.levels.iter().enumerate() {
            let bits = level.get(at / 64).map_or(0, |word| word & (u64::MAX << (at % 64)));
            if bits != 0 {
                at = at / 64 * 64 + bits.trailing_zeros() as usize;
                return self.levels[..i]
                    .iter()
                    .rev()
                    .fold(at, |at, level| 64 * at + level[at].trailing_zeros() as usize);
            }
            at = at / 64 + 1;
        }
        0
    }

    /// The last place before `at`, of which there must be one.
    #[inline]
    fn previous(&self, mut at: usize) -> usize {
        for (i, level) in self.levels.iter().enumerate() {
            let bits = level.get(at / 64).map_or(0, |word| word & !(u64::MAX << (at % 64)));
            if bits != 0 {
                at = at / 64 * 64 + bits.ilog2() as usize;
                return self.levels[..i].iter().rev().fold(at, |at, level| 64 * at + level[at].ilog2() as usize);
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
        let mut places = Places::default();
        places.clear(far + 1);
        for place in [3, 64, far as u32] {
            places.insert(place);
        }
        assert_eq!([0, 3, 4, 65].map(|at| places.next(at)), [3, 3, 64, far]);
        assert_eq!([far, 64, 4].map(|at| places.previous(at)), [64, 3, 3]);
        assert_eq!([2, 0, 1, 1].map(|rank| places.seek(rank)), [far, 3, 64, 64]);
        places.remove(64);
        assert_eq!((places.seek(1), places.next(4), places.previous(far)), (far, far, 3));
        // Nothing of it is left in another order.
        places.clear(10);
        places.insert(7);
        assert_eq!((places.count, places.seek(0)), (1, 7));
    }

    #[test]
    fn keys_rise_with_doubles() {
        let rising = [f64::NEG_INFINITY, -1.5, -5e-324, -0.0, 0.0, 5e-324, 2.0, f64::INFINITY];
        assert!(rising.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
    }
}
