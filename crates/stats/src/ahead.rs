//! What a sweep over a block asks the memory for, beside what it reads.

use echoes_kernel::{BLOCK, Block, CHUNK};
use echoes_simd::{GROUP, Lanes, SOON};
use std::ops::Range;

/// What a sweep over a block asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ahead {
    /// Nothing: what the sweep reads is in the caches, or less than a chunk follows, and is there too.
    Nothing,
    /// The rows to come, soon: it is the first sweep over the block, and the memory its limit.
    Rows,
    /// The next block, for a sweep over a block in the cache that takes its time.
    Block,
}

impl Ahead {
    /// What the first sweep of a partial over a block asks for.
    pub(crate) const fn of(block: &Block<'_>) -> Self {
        if block.after().saturating_mul(block.columns() as u64) < CHUNK as u64 { Self::Nothing } else { Self::Rows }
    }

    /// What its next sweep asks for.
    pub(crate) const fn then(self) -> Self {
        match self {
            Self::Nothing | Self::Block => Self::Nothing,
            Self::Rows => Self::Block,
        }
    }

    /// Asks for it, where the sweep reads some lines of a group.
    #[inline(always)]
    pub(crate) fn fetch<L: Lanes>(self, l: L, group: &[f64; GROUP], lines: Range<usize>) {
        let from = group.as_ptr();
        match self {
            Self::Nothing => {}
            Self::Rows => {
                for line in lines {
                    l.prefetch(from.wrapping_add(SOON + 8 * line));
                }
            }
            Self::Block => {
                for line in lines {
                    l.prefetch(from.wrapping_add(BLOCK + 8 * line));
                }
            }
        }
    }
}
