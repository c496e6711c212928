//! Rows that are kept until they are too many, and then every so many-th of them.

use serde::{Deserialize, Serialize};

/// How many rows are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Up to so many: all of them, no fewer than a chunk has.
    pub(super) whole: usize,
    /// Of more rows so many at most, and no fewer than half of that. Fewer make a later reading keep more, more take longer to sort.
    pub(super) sample: usize,
}

/// All rows of some, or every second, fourth, eighth of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Thinned<T> {
    pub(super) rows: Vec<T>,
    every: u64,
}

impl<T: Copy> Thinned<T> {
    /// None yet.
    pub(super) const fn none() -> Self {
        Self { rows: Vec::new(), every: 1 }
    }

    /// Whether all rows are there still.
    pub(super) const fn is_whole(&self) -> bool {
        self.every == 1
    }

    /// Takes in those of the rows after these; where they are too many every second one is kept, until they are not.
    pub(super) fn merge(&mut self, later: &Self, limits: Limits) {
        let every = self.every.max(later.every);
        self.thin_to(every);
        match (every / later.every) as usize {
            1 => self.rows.extend_from_slice(&later.rows),
            step => self.rows.extend(later.rows.iter().step_by(step)),
        }
        while self.rows.len() > if self.is_whole() { limits.whole } else { limits.sample } {
            self.thin_to(2 * self.every);
        }
    }

    fn thin_to(&mut self, every: u64) {
        let step = (every / self.every) as usize;
        if step > 1 {
            let mut at = 0;
            self.rows.retain(|_| {
                at += 1;
                (at - 1) % step == 0
            });
        }
        self.every = every;
    }

    /// Whether so many rows may have left these.
    pub(super) fn is_of(&self, rows: u64) -> bool {
        self.is_of_at_most(rows) && (!self.is_whole() || self.rows.len() as u64 == rows)
    }

    /// Whether so many rows, or fewer, may have left these: so that they can be thinned again.
    pub(super) fn is_of_at_most(&self, rows: u64) -> bool {
        self.every.is_power_of_two() && self.every < 1 << 40 && self.rows.len() as u64 <= rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: std::ops::Range<u64>) -> Thinned<u64> {
        Thinned { rows: rows.collect(), every: 1 }
    }

    #[test]
    fn every_so_many_th_is_kept() {
        let mut thinned = Thinned::none();
        for start in [0, 10, 20, 30] {
            thinned.merge(&of(start..start + 10), Limits { whole: 25, sample: 12 });
            assert_eq!(thinned.is_whole(), start < 20);
        }
        assert_eq!(thinned, Thinned { rows: vec![0, 4, 8, 12, 16, 20, 24, 28, 30, 34, 38], every: 4 });
        assert!(!thinned.is_whole() && thinned.is_of(40) && !thinned.is_of(10));
        let mut whole = of(0..3);
        whole.merge(&thinned, Limits { whole: 100, sample: 100 });
        assert_eq!((whole.rows[0], whole.rows[1], whole.every), (0, 0, 4));
        assert!(of(0..3).is_of(3) && !of(0..3).is_of(4));
    }

    #[test]
    fn what_cannot_have_been_left_is_told() {
        for every in [0, 3, 1 << 40, 1 << 63] {
            assert!(!Thinned { rows: vec![1], every }.is_of(100), "{every}");
        }
    }
}
