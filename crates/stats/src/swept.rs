//! Partials from what sweeps have left of the blocks of a column, wherever they were made.

use echoes_kernel::{BLOCK, CHUNK, Partial, merge_tree};
use std::convert::Infallible;

/// Blocks of a chunk.
pub(crate) const BLOCKS: usize = CHUNK / BLOCK;

/// What was found of each block, absorbed with the block's number, chunk by chunk; chunks merge in the order of every reading.
pub(crate) fn of_blocks<P: Partial, T>(setup: &P::Setup, found: &[T], absorb: impl Fn(&mut P, u64, &T)) -> P {
    let leaf = &mut |chunk: u64| {
        let mut partial = P::begin(setup);
        let first = chunk as usize * BLOCKS;
        for (block, found) in (0..).zip(found).skip(first).take(BLOCKS) {
            absorb(&mut partial, block, found);
        }
        Ok::<P, Infallible>(partial)
    };
    let Ok(whole) = merge_tree(0..found.len().div_ceil(BLOCKS) as u64, leaf);
    whole
}
