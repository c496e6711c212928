//! A sorted sample from all over a column, for kernels that choose their setup by it.

use crate::{Result, context::Context, prepare};
use echoes_io::Rows;
use echoes_kernel::{CHUNK, Nan};

/// Stretches that are looked at, evenly over the column.
const STRETCHES: u64 = 64;

/// Rows of each.
const ROWS: u64 = 512;

/// A sorted sample of the first column, without NaN; empty for a column of one chunk, and for streams.
pub(crate) fn sample(context: &Context<'_>, rows: Option<&dyn Rows>) -> Result<Vec<f64>> {
    let Some(rows) = rows.filter(|rows| rows.rows() > CHUNK as u64) else { return Ok(Vec::new()) };
    let aside = context.aside(Nan::Omit);
    let mut sample = Vec::with_capacity((STRETCHES * ROWS) as usize);
    for stretch in 0..STRETCHES {
        context.check()?;
        let start = (rows.rows() - ROWS) / (STRETCHES - 1) * stretch;
        context.with_scratch(|scratch| {
            let slices = rows.read(start..start + ROWS, &mut scratch.buffer)?;
            prepare::each_block(&aside, &slices[..1], start, &mut scratch.blocks, |block| {
                sample.extend_from_slice(block.values(0));
            })
        })?;
    }
    sample.sort_unstable_by(f64::total_cmp);
    Ok(sample)
}
