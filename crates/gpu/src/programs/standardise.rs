//! `(x − shift) / scale` for each row: standard scores.

use super::halves;
use crate::{
    BLOCK, Column, Device, Error, Result,
    assembler::{Assembler, F, Module},
    vulkan::{Floats, Program, Step},
};
use std::sync::Arc;

/// Invocations of a group; each takes every 64th row of a block.
const LANES: u32 = 64;

/// Of what [`Standardise`] is to write to.
const UNEVEN: Error = Error::Invalid("as many scores as rows are needed");

/// The program.
pub struct Standardise {
    device: Arc<Device>,
    program: Program,
}

impl Standardise {
    /// Makes the program ready.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn new(device: &Arc<Device>) -> Result<Self> {
        Ok(Self { device: Arc::clone(device), program: device.program(&module(device.floats()))? })
    }

    /// Writes `(x − shift) / scale` for each row into `out`, which has the column's length.
    ///
    /// # Errors
    /// As [`tile`](Standardise::tile).
    pub fn run(&self, column: &Column, shift: f64, scale: f64, out: &mut [f64]) -> Result<()> {
        let mut parts = out.chunks_mut(column.tile_blocks() * BLOCK);
        for number in 0..column.tiles() {
            self.tile(column, number, (shift, scale), parts.next().unwrap_or_default())?;
        }
        parts.next().map_or(Ok(()), |_| Err(UNEVEN))
    }

    /// Writes `(x − shift) / scale` for each row of one tile into `out`, which has the tile's length.
    ///
    /// The processor's bits where the device divides to the nearest, as every known one does; within 2.5 units in the last place
    /// where it does no more than Vulkan asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the lengths differ or the tile is not there, and what the driver refuses.
    pub fn tile(&self, column: &Column, number: usize, (shift, scale): (f64, f64), out: &mut [f64]) -> Result<()> {
        let (tile, rows) = column.tile(number)?;
        if out.len() != rows as usize {
            return Err(UNEVEN);
        }
        let ([a, b], [c, d]) = (halves(shift), halves(scale));
        let score = self.device.buffer(tile.len())?;
        self.device.run(&mut [
            Step::Dispatch {
                program: &self.program,
                buffers: &[tile, &score],
                words: &[rows, a, b, c, d],
                groups: rows.div_ceil(BLOCK as u32),
            },
            Step::Download { from: &score, bytes: bytemuck::cast_slice_mut(out) },
        ])
    }
}

/// The module.
pub(super) fn module(floats: Floats) -> Module {
    let mut a = Assembler::new(floats, LANES);
    let (values, out) = (a.buffer::<F>(), a.buffer::<F>());
    let (rows, shift, scale) = (a.word(0), a.double(1), a.double(3));
    let (size, lanes, none) = (a.u(BLOCK as u32), a.u(LANES), a.u(0));
    let start = a.imul(a.group(), size);
    let steps = a.u(BLOCK as u32 / LANES);
    a.count(none, steps, |a, step| {
        let offset = a.imul(step, lanes);
        let place = a.iadd(offset, a.local());
        let row = a.iadd(start, place);
        let inside = a.less(row, rows);
        a.when(inside, |a| {
            let x = a.load(values, row);
            let deviation = a.sub(x, shift);
            let score = a.div(deviation, scale);
            a.store(out, row, score);
        });
    });
    a.finish()
}
