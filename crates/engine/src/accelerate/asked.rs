//! Columns that a device could have been quicker with, had it had them.

use super::resident::Key;
use std::collections::VecDeque;

/// Columns that are remembered.
const MOST: usize = 256;

/// Seconds that a device would have spared with each column, the one asked about last at the end.
///
/// Once that comes to what bringing the column there costs, it is brought: whatever is asked later, no more than twice the time is
/// spent of what would have been spent in the knowledge of it.
pub(super) struct Asked(VecDeque<(Key, f64)>);

impl Asked {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn spared(&self, key: &Key) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, seconds)| *seconds)
    }

    pub(super) fn add(&mut self, key: Key, seconds: f64) {
        let known = self.0.iter().position(|(known, _)| *known == key);
        let before = known.and_then(|at| self.0.remove(at)).map_or(0.0, |(_, before)| before);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((key, before + seconds));
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::resident::Content, *};

    fn key(column: usize) -> Key {
        Key { content: Content::Own(1), column }
    }

    #[test]
    fn what_was_spared_adds_up_and_the_oldest_is_forgotten() {
        let mut asked = Asked::new();
        assert_eq!(asked.spared(&key(0)), None);
        (0..MOST).for_each(|column| asked.add(key(column), 1.0));
        asked.add(key(0), 0.5);
        asked.add(key(MOST), 1.0);
        assert_eq!([0, 1, MOST].map(|column| asked.spared(&key(column))), [Some(1.5), None, Some(1.0)]);
    }
}
