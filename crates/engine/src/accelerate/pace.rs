//! How many blocks a device is given at once: each wait for it costs, and until it has done what it was given a run cannot be stopped.

use echoes_gpu::TILE;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// What it is given is doubled while it takes less than this, and halved where it takes four times as long: a run that is cancelled
/// is to return within 10 ms.
const SHORT: Duration = Duration::from_millis(2);
/// Blocks at most.
pub(super) const MOST: usize = 64 * TILE;

/// How many blocks a device is given at once to do one thing with.
pub(super) struct Pace(AtomicUsize);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicUsize::new(TILE))
    }
}

impl Pace {
    /// How many to give now.
    pub(super) fn blocks(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes note of how long so many took, where so many more might have been given.
    pub(super) fn took(&self, might: usize, given: usize, time: Duration) {
        if given == might && time < SHORT {
            self.0.store((2 * might).min(MOST), Ordering::Relaxed);
        } else if time > 4 * SHORT {
            self.0.store((might / 2).max(1), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_device_is_given_more_and_a_slow_one_less() {
        let pace = Pace::default();
        for expected in [2, 4, 8, 16, 32, 64, 64] {
            pace.took(pace.blocks(), pace.blocks(), Duration::from_micros(50));
            assert_eq!(pace.blocks(), expected * TILE);
        }
        // Fewer than it might have been given say nothing, nor does a time between the two.
        pace.took(MOST, 3, Duration::from_micros(50));
        pace.took(MOST, MOST, Duration::from_millis(5));
        assert_eq!(pace.blocks(), MOST);
        while pace.blocks() > 1 {
            let before = pace.blocks();
            pace.took(before, 1, Duration::from_millis(9));
            assert_eq!(pace.blocks(), before / 2);
        }
        pace.took(1, 1, Duration::from_millis(9));
        assert_eq!(pace.blocks(), 1);
    }
}
