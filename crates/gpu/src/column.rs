//! A column of doubles in a device's memory.

use crate::{
    BLOCK, Device, Error, Result,
    vulkan::{Buffer, Step},
};
use std::{ops::Range, sync::Arc};

/// Blocks of a tile. A tile is 64 MiB: half of what every device lets a program reach, and a dispatch of some milliseconds.
pub const TILE: usize = 4096;

/// Tiles that one batch of work takes: 4 GiB.
pub(crate) const TILES: usize = 64;

/// A column of doubles in a device's memory, in tiles.
pub struct Column {
    tiles: Vec<Buffer>,
    rows: u64,
    /// Blocks of each tile but perhaps the last.
    blocks: usize,
}

impl Column {
    /// Copies doubles to the device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] and what else the driver refuses.
    pub fn upload(device: &Arc<Device>, values: &[f64]) -> Result<Self> {
        Self::fill(device, values.len() as u64, TILE, |rows, to| {
            to.copy_from_slice(&values[rows.start as usize..rows.end as usize]);
            Ok(())
        })
    }

    /// Makes a column of so many rows, in tiles of so many blocks; `fill` is given the rows of one tile after the other, and writes
    /// them where the device fetches them.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] and what else the driver refuses, [`Error::Invalid`] for tiles of no block or of more than [`TILE`],
    /// and the errors of `fill`.
    pub fn fill<E: From<Error>>(
        device: &Arc<Device>,
        rows: u64,
        blocks: usize,
        mut fill: impl FnMut(Range<u64>, &mut [f64]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Self, E> {
        if !(1..=TILE).contains(&blocks) {
            return Err(Error::Invalid("from 1 to 4,096 blocks make a tile").into());
        }
        let mut column = Self { tiles: Vec::new(), rows, blocks };
        for number in 0..rows.div_ceil((blocks * BLOCK) as u64) as usize {
            let rows = column.tile_rows(number);
            let bytes = (rows.end - rows.start) * size_of::<f64>() as u64;
            let to = device.buffer(bytes)?;
            let from = device.staged(bytes, |to| fill(rows, bytemuck::cast_slice_mut(to)))?;
            device.run(&mut [Step::Copy { from: &from, to: &to }])?;
            column.tiles.push(to);
        }
        Ok(column)
    }

    /// Copies the doubles back.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn download(&self, device: &Arc<Device>) -> Result<Vec<f64>> {
        let mut values = vec![0.0; self.rows as usize];
        for (from, values) in self.tiles.iter().zip(values.chunks_mut(self.blocks * BLOCK)) {
            device.run(&mut [Step::Download { from, bytes: bytemuck::cast_slice_mut(values) }])?;
        }
        Ok(values)
    }

    /// Rows.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of the device's memory.
    pub const fn bytes(&self) -> u64 {
        self.rows * size_of::<f64>() as u64
    }

    /// Blocks, the last one perhaps short.
    pub const fn blocks(&self) -> u64 {
        self.rows.div_ceil(BLOCK as u64)
    }

    /// How many tiles there are.
    pub const fn tiles(&self) -> usize {
        self.tiles.len()
    }

    /// Blocks of each tile but perhaps the last.
    pub const fn tile_blocks(&self) -> usize {
        self.blocks
    }

    /// The rows of the tile of a number.
    pub fn tile_rows(&self, number: usize) -> Range<u64> {
        let row = |tile: usize| self.rows.min((tile * self.blocks * BLOCK) as u64);
        row(number)..row(number + 1)
    }

    /// The tile of a number, and its rows.
    pub(crate) fn tile(&self, number: usize) -> Result<(&Buffer, u32)> {
        let tile = self.tiles.get(number).ok_or(Error::Invalid("a tile beyond the column"))?;
        Ok((tile, (tile.len() / size_of::<f64>() as u64) as u32))
    }
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column").field("rows", &self.rows).finish_non_exhaustive()
    }
}
