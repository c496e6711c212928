//! A sample from all over a column, for kernels that choose their setup by it.

use crate::{Result, context::Context, prepare};
use echoes_io::Rows;
use echoes_kernel::{CHUNK, Nan};

/// Rows of a stretch: half of the page that may have to be read for them.
const ROWS: u64 = 256;

/// Stretches that are looked at, at least, evenly over the column.
const STRETCHES_MIN: u64 = 64;

/// How many for so many rows: a sample of `n^⅔` of them, because what reading a larger one costs, keeping less of the column
/// no longer spares (R. W. Floyd, R. L. Rivest, CACM 18(3), 1975).
fn stretches(rows: u64) -> u64 {
    let size = (rows as f64).cbrt().powi(2);
    (size as u64 / ROWS).max(STRETCHES_MIN)
}

/// A sample of the first column, in its order, without NaN; empty for a column of one chunk, and for streams.
pub(crate) fn sample(context: &Context<'_>, rows: Option<&dyn Rows>) -> Result<Vec<f64>> {
    let Some(rows) = rows.filter(|rows| rows.rows() > CHUNK as u64) else { return Ok(Vec::new()) };
    let aside = context.aside(Nan::Omit);
    let stretches = stretches(rows.rows());
    let mut sample = Vec::with_capacity((stretches * ROWS) as usize);
    for stretch in 0..stretches {
        context.check()?;
        let start = (rows.rows() - ROWS) / (stretches - 1) * stretch;
        context.with_scratch(|scratch| {
            let slices = rows.read(start..start + ROWS, &mut scratch.buffer)?;
            prepare::each_block(&aside, &slices[..1], start, &mut scratch.blocks, |block| {
                sample.extend_from_slice(block.values(0));
            })
        })?;
    }
    Ok(sample)
}
