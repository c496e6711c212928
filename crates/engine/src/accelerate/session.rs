//! A run's part of the device: where each reading is placed, the sweeps, and what is written.

use super::{
    Accelerator, Stop, Why,
    device::Opened,
    lock,
    resident::{Content, Key, Resident, fits},
    sweeping::Sweeping,
};
use crate::{Engine, Gpu, context::Context, crew::Crew};
use echoes_gpu::TILE;
use echoes_io::Rows;
use echoes_kernel::{
    BLOCK, CHUNK,
    sweep::{Formula, Halt, Sweeper},
};
use std::{
    ops::{Deref, Range},
    sync::{Arc, OnceLock, atomic::Ordering},
};

/// Bytes of a column from which on a device is thought of: less is swept before a device has begun.
const LARGE: u64 = 64 << 20;

/// Blocks of a tile, for the first try and for each after the device's memory was full. All are whole chunks.
const TILES: [usize; 5] = [TILE, TILE, TILE / 4, TILE / 16, CHUNK / BLOCK];

/// A run's part of an engine's device.
pub(crate) struct Session<'a> {
    engine: &'a Engine,
    accelerator: &'a Accelerator,
    /// What the content of the source is known by.
    content: Option<&'a [u8]>,
    /// The number of the run, once something has been kept for it alone.
    own: OnceLock<u64>,
}

/// A reading: of which columns, of how many rows, and whether sweeps can stand for it.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'w> {
    pub(crate) columns: &'w [usize],
    pub(crate) rows: Option<u64>,
    pub(crate) has_program: bool,
    pub(crate) pool: Option<&'w Crew>,
}

impl<'a> Session<'a> {
    pub(super) const fn new(engine: &'a Engine, content: Option<&'a [u8]>) -> Self {
        Self { engine, accelerator: &engine.accelerator, content, own: OnceLock::new() }
    }

    /// The device for a reading, or why the processor is to do it.
    pub(crate) fn place(&self, wanted: Wanted<'_>) -> Result<Arc<Opened>, Why> {
        let (here, gpu) = (self.accelerator, self.accelerator.gpu);
        if gpu == Gpu::Off {
            return Err(Why::Off);
        }
        let ([column], true) = (wanted.columns, wanted.has_program) else { return Err(Why::NoProgram) };
        let rows = wanted.rows.filter(|rows| *rows > 0).ok_or(Why::NoRows)?;
        if gpu == Gpu::Auto && self.content.is_none() {
            return Err(Why::Once);
        }
        let key = self.key(*column);
        let spared = lock(&here.asked).spared(&key);
        if spared == Some(f64::NEG_INFINITY) {
            return Err(Why::Unfit);
        }
        if gpu != Gpu::Auto {
            return here.opened();
        }
        let bytes = bytes(rows);
        if bytes < LARGE {
            return Err(Why::Small);
        }
        let is_there = here.has(&key);
        let spared = if is_there { 0.0 } else { spared.ok_or(Why::First)? };
        let opened = here.opened()?;
        let costs = self.costs(&opened, wanted.pool)?;
        let gain = costs.processor_seconds(bytes) - costs.sweep_seconds(bytes);
        let price = if is_there { 0.0 } else { costs.upload_seconds(bytes) };
        if spared + gain > price { Ok(opened) } else { Err(Why::Dear(gain.max(0.0))) }
    }

    /// What `make` makes of sweeps over a column, if a device is to make them and can; `open` gives the rows of the column alone.
    pub(crate) fn sweep<P, R: Deref<Target: Rows>>(
        &self,
        context: &Context<'_>,
        wanted: Wanted<'_>,
        open: impl Fn() -> Option<R>,
        make: impl Fn(&mut dyn Sweeper) -> Result<P, Halt>,
    ) -> Option<P> {
        let opened = match self.place(wanted) {
            Ok(opened) => opened,
            Err(Why::First) => return self.remember(wanted, 0.0),
            Err(Why::Dear(spared)) => return self.remember(wanted, spared),
            Err(_) => return None,
        };
        for (again, tile) in TILES.into_iter().enumerate() {
            if again > 0 {
                lock(&self.accelerator.residents).clear();
            }
            let made = self.resident(context, wanted, &opened, tile, &open).and_then(|resident| {
                let mut sweeping = Sweeping::new(context, wanted.pool, &opened, &resident);
                make(&mut sweeping).map_err(|Halt| sweeping.stopped())
            });
            match made {
                Ok(made) => {
                    context.on_device.store(true, Ordering::Relaxed);
                    return Some(made);
                }
                Err(Stop::Device(echoes_gpu::Error::OutOfMemory)) => {}
                Err(Stop::Device(error)) => {
                    self.accelerator.failed(&opened, &error);
                    return None;
                }
                Err(Stop::Unfit) => return self.remember(wanted, f64::NEG_INFINITY),
                Err(Stop::Run) => return None,
            }
        }
        None
    }

    /// The column on the device, if it is there and a formula's rows are to be written there.
    pub(crate) fn writing(&self, wanted: Wanted<'_>, formula: Option<Formula>) -> Option<Writing> {
        let (here, formula) = (self.accelerator, formula?);
        if here.gpu == Gpu::Off {
            return None;
        }
        let ([column], Some(rows)) = (wanted.columns, wanted.rows) else { return None };
        let key = self.key(*column);
        if !here.has(&key) {
            return None;
        }
        let opened = here.opened().ok()?;
        if here.gpu == Gpu::Auto {
            let (costs, bytes) = (self.costs(&opened, wanted.pool).ok()?, bytes(rows));
            if costs.write_seconds(bytes) > costs.processor_seconds(2 * bytes) {
                return None;
            }
        }
        let resident = lock(&here.residents).get(&key, &opened.device)?;
        Some(Writing { opened, resident, formula })
    }

    /// Hands the rows of a tile to `take`, where the device has written them; `None` if it could not.
    pub(crate) fn write<T>(
        &self,
        context: &Context<'_>,
        writing: &Writing,
        tile: usize,
        take: impl FnOnce(&[f64]) -> T,
    ) -> Option<T> {
        let take = |rows: &[f64]| {
            context.on_device.store(true, Ordering::Relaxed);
            context.read(rows.len() as u64, 0);
            take(rows)
        };
        let taken = writing.tile(tile, take);
        taken.inspect_err(|error| self.accelerator.failed(&writing.opened, error)).ok()
    }

    /// The column, brought there if it is not there yet.
    fn resident<R: Deref<Target: Rows>>(
        &self,
        context: &Context<'_>,
        wanted: Wanted<'_>,
        opened: &Opened,
        tile: usize,
        open: impl Fn() -> Option<R>,
    ) -> Result<Arc<Resident>, Stop> {
        let column = wanted.columns.first().copied().ok_or(Stop::Unfit)?;
        let key = self.key(column);
        if let Some(found) = lock(&self.accelerator.residents).get(&key, &opened.device) {
            context.rows.store(found.rows(), Ordering::Relaxed);
            return Ok(found);
        }
        let rows = open().ok_or(Stop::Unfit)?;
        if !fits(context, &*rows)? {
            return Err(Stop::Unfit);
        }
        let resident = Arc::new(Resident::upload(context, wanted.pool, &opened.device, &*rows, tile)?);
        lock(&self.accelerator.residents).put(key, &resident, opened.room());
        Ok(resident)
    }

    fn costs(&self, opened: &Arc<Opened>, pool: Option<&Crew>) -> Result<super::Costs, Why> {
        let costs = opened.costs(self.accelerator.directory.as_deref(), self.engine.threads(), pool);
        costs.map_err(|error| {
            self.accelerator.failed(opened, &error);
            Why::Resting
        })
    }

    fn remember<P>(&self, wanted: Wanted<'_>, seconds: f64) -> Option<P> {
        if let [column] = wanted.columns {
            lock(&self.accelerator.asked).add(self.key(*column), seconds);
        }
        None
    }

    fn key(&self, column: usize) -> Key {
        let content = match self.content {
            Some(bytes) => Content::Known(bytes.into()),
            None => {
                let number = || self.accelerator.runs.fetch_add(1, Ordering::Relaxed);
                Content::Own(*self.own.get_or_init(number))
            }
        };
        Key { content, column }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(&number) = self.own.get() {
            lock(&self.accelerator.residents).remove(&Content::Own(number));
        }
    }
}

const fn bytes(rows: u64) -> u64 {
    rows.saturating_mul(size_of::<f64>() as u64)
}

/// A column on the device, and what is to be written for each of its rows.
pub(crate) struct Writing {
    opened: Arc<Opened>,
    resident: Arc<Resident>,
    formula: Formula,
}

impl Writing {
    /// The rows of each tile, in order.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = Range<u64>> {
        let column = &self.resident.column;
        (0..column.tiles()).map(|tile| column.tile_rows(tile))
    }

    fn tile<T>(&self, tile: usize, take: impl FnOnce(&[f64]) -> T) -> echoes_gpu::Result<T> {
        match self.formula {
            Formula::Standardise { shift, scale } => {
                self.opened.standardise()?.tile(&self.resident.column, tile, (shift, scale), take)
            }
        }
    }
}
