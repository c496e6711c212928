//! A column on the device, as partials see it: something that sweeps its blocks, a tile at a time.

use super::{Stop, device::Opened, resident::Resident};
use crate::context::Context;
use echoes_kernel::sweep::{Bins, Counts, Extent, Halt, Powers, Sums, Sweeper};

/// A column on the device.
pub(super) struct Sweeping<'a> {
    context: &'a Context<'a>,
    opened: &'a Opened,
    resident: &'a Resident,
    stop: Option<Stop>,
}

impl<'a> Sweeping<'a> {
    pub(super) const fn new(context: &'a Context<'a>, opened: &'a Opened, resident: &'a Resident) -> Self {
        Self { context, opened, resident, stop: None }
    }

    /// Why a sweep was not made.
    pub(super) fn stopped(self) -> Stop {
        self.stop.unwrap_or(Stop::Unfit)
    }

    fn work<T>(&mut self, work: impl FnOnce(&Self) -> Result<T, Stop>) -> Result<T, Halt> {
        work(self).map_err(|stop| {
            self.stop = Some(stop);
            Halt
        })
    }
}

impl Sweeper for Sweeping<'_> {
    fn rows(&self) -> u64 {
        self.resident.column.rows()
    }

    fn first(&self, chunk: u64) -> &[f64] {
        self.resident.first(chunk)
    }

    fn sums(&mut self, powers: Powers, blocks: &[(u64, f64)]) -> Result<Vec<Sums>, Halt> {
        self.work(|this| {
            let (program, column) = (this.opened.sweep(powers)?, &this.resident.column);
            let mut sums = Vec::with_capacity(blocks.len());
            for blocks in blocks.chunks(column.tile_blocks()) {
                this.context.check()?;
                sums.extend(program.run(column, blocks)?);
            }
            Ok(sums)
        })
    }

    fn extents(&mut self) -> Result<Vec<Extent>, Halt> {
        self.work(|this| {
            let (program, column) = (this.opened.range()?, &this.resident.column);
            let mut extents = Vec::with_capacity(column.blocks() as usize);
            for tile in 0..column.tiles() {
                this.context.check()?;
                extents.extend(program.tile(column, tile)?);
            }
            Ok(extents)
        })
    }

    fn counts(&mut self, bins: Bins) -> Result<Counts, Halt> {
        self.work(|this| {
            let (program, column) = (this.opened.histogram()?, &this.resident.column);
            let mut counts = Counts::none(bins);
            for tile in 0..column.tiles() {
                this.context.check()?;
                counts.add(&program.tile(column, tile, bins)?);
            }
            Ok(counts)
        })
    }
}
