//! What `absorb` allocates, by whatever counter the program has.

use crate::{column_for, columns_for};
use echoes_kernel::{BLOCK, Block, BoundKernel, Bundle, CHUNK, Column, Fold, Reject, Shape};

/// Blocks of memory that a kernel's partials allocate while they take in a chunk of rows: none, by the law.
///
/// `allocated` is how many there have been so far.
///
/// # Errors
/// If the kernel refuses its parameters.
pub fn allocated_in_absorb(kernel: &dyn BoundKernel, allocated: impl Fn() -> u64) -> Result<u64, Reject> {
    let columns: Vec<Vec<f64>> =
        columns_for(kernel).into_iter().map(|place| column_for(kernel, place, CHUNK)).collect();
    let blocks: Vec<Vec<Column<'_>>> = (0..CHUNK)
        .step_by(BLOCK)
        .map(|start| columns.iter().map(|column| Column::of(&column[start..start + BLOCK])).collect())
        .collect();
    let mut bundle = Bundle::default();
    kernel.spread(&Shape { rows: Some(CHUNK as u64), columns: columns.len(), sample: &[] }, &mut bundle)?;
    // The choice of the level, once a process, looks at the environment.
    echoes_simd::level();
    bundle.make_room(CHUNK);
    let before = allocated();
    for (block, start) in blocks.iter().zip((0..).step_by(BLOCK)) {
        bundle.absorb(&Block::new(block, start));
    }
    Ok(allocated() - before)
}
