//! Partials from what sweeps have left of the blocks of a column, wherever they were made.

use echoes_kernel::{BLOCK, CHUNK, Partial, merge_tree, sweep::Sweeper};
use std::{convert::Infallible, sync::OnceLock};

/// Blocks of a chunk.
pub(crate) const BLOCKS: usize = CHUNK / BLOCK;

/// What was found of each block, absorbed with the block's number, chunk by chunk; chunks merge in the order of every reading.
pub(crate) fn of_blocks<P: Partial, T: Sync>(
    column: &dyn Sweeper,
    setup: &P::Setup,
    found: &[T],
    absorb: impl Fn(&mut P, u64, &T) + Sync,
) -> P {
    merged(&each_chunk(column, |chunk| {
        let mut partial = P::begin(setup);
        let first = chunk as usize * BLOCKS;
        for (block, found) in (0..).zip(found).skip(first).take(BLOCKS) {
            absorb(&mut partial, block, found);
        }
        partial
    }))
}

/// What `make` makes of the number of each chunk of a column, on the threads that there are.
pub(crate) fn each_chunk<T: Send + Sync>(column: &dyn Sweeper, make: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let made: Vec<OnceLock<T>> = (0..column.blocks().div_ceil(BLOCKS as u64)).map(|_| OnceLock::new()).collect();
    column.each(made.len() as u64, &|chunk| {
        made[chunk as usize].get_or_init(|| make(chunk));
    });
    // Whatever was left out is made here.
    (0..).zip(made).map(|(chunk, made)| made.into_inner().unwrap_or_else(|| make(chunk))).collect()
}

/// Partials of the chunks of a column, merged in the order of every reading.
pub(crate) fn merged<P: Partial>(chunks: &[P]) -> P {
    let Ok(whole) =
        merge_tree(0..chunks.len() as u64, &mut |chunk| Ok::<P, Infallible>(chunks[chunk as usize].clone()));
    whole
}
