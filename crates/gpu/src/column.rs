//! A column of doubles in a device's memory.

use crate::{
    BLOCK, Device, Result,
    vulkan::{Buffer, Step},
};
use std::sync::Arc;

/// Blocks of a tile. A tile is 64 MiB: half of what every device lets a program reach, and a dispatch of some milliseconds.
pub(crate) const TILE: usize = 4096;

/// A column of doubles in a device's memory, in tiles.
pub struct Column {
    tiles: Vec<Buffer>,
    rows: u64,
}

impl Column {
    /// Copies doubles to the device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) and what else the driver refuses.
    pub fn upload(device: &Arc<Device>, values: &[f64]) -> Result<Self> {
        let tiles = values.chunks(TILE * BLOCK).map(|values| {
            let bytes = bytemuck::cast_slice(values);
            let to = device.buffer(bytes.len() as u64)?;
            device.run(&mut [Step::Upload { to: &to, bytes }])?;
            Ok(to)
        });
        Ok(Self { tiles: tiles.collect::<Result<_>>()?, rows: values.len() as u64 })
    }

    /// Copies the doubles back.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn download(&self, device: &Arc<Device>) -> Result<Vec<f64>> {
        let mut values = vec![0.0; self.rows as usize];
        for (from, values) in self.tiles.iter().zip(values.chunks_mut(TILE * BLOCK)) {
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

    /// Each tile, with its rows.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = (&Buffer, u32)> {
        self.tiles.iter().map(|tile| (tile, (tile.len() / size_of::<f64>() as u64) as u32))
    }

    /// The tile of a number.
    pub(crate) fn tile(&self, number: usize) -> Option<(&Buffer, u32)> {
        self.tiles().nth(number)
    }
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column").field("rows", &self.rows).finish_non_exhaustive()
    }
}
