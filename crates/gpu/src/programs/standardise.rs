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
    /// [`Error::Invalid`] if the lengths differ, and as [`tile`](Standardise::tile).
    pub fn run(&self, column: &Column, shift: f64, scale: f64, out: &mut [f64]) -> Result<()> {
        if out.len() as u64 != column.rows() {
            return Err(Error::Invalid("as many scores as rows are needed"));
        }
        for (number, out) in out.chunks_mut(column.tile_blocks() * BLOCK).enumerate() {
            self.tile(column, number, (shift, scale), |scores| out.copy_from_slice(scores))?;
        }
        Ok(())
    }

    /// Hands `(x − shift) / scale` for each row of one tile to `take`, where the device has written them.
    ///
    /// The processor's bits where the device divides to the nearest, as every known one does; within 2.5 units in the last place
    /// where it does no more than Vulkan asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the tile is not there, and what the driver refuses.
    pub fn tile<T>(
        &self,
        column: &Column,
        number: usize,
        (shift, scale): (f64, f64),
        take: impl FnOnce(&[f64]) -> T,
    ) -> Result<T> {
        let (tile, rows) = column.tile(number)?;
        let ([a, b], [c, d]) = (halves(shift), halves(scale));
        let (score, landing) = (self.device.buffer(tile.len())?, self.device.landing(tile.len())?);
        self.device.run(&mut [
            Step::Dispatch {
                program: &self.program,
                buffers: &[tile.all(), score.all()],
                words: &[rows, a, b, c, d],
                groups: rows.div_ceil(BLOCK as u32),
            },
            Step::Copy { from: &score, to: &landing },
        ])?;
        self.device.read(&landing, |bytes| take(bytemuck::cast_slice(bytes)))
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
