//! Columns that stay on the device from call to call, the least recently used leaving first.

use super::Stop;
use crate::{Error, context::Context, crew::Crew, share::inside};
use echoes_gpu::{Column, Device};
use echoes_io::{Rows, Slice};
use echoes_kernel::{BLOCK, CHUNK, Values};
use rayon::prelude::*;
use std::{collections::VecDeque, ops::Range, sync::Arc};

/// What a column is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) content: Content,
    pub(crate) column: usize,
}

/// What the content of a source is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// To every run on the same content.
    Known(Arc<[u8]>),
    /// To one run alone, by its number.
    Own(u64),
}

/// Values from here on are left to the processor: fourth powers of smaller ones add up to no infinity, and so to no NaN, whose bits
/// are not the same everywhere.
const LARGEST: f64 = 1e70;

/// A column on the device.
pub(crate) struct Resident {
    device: Arc<Device>,
    pub(super) column: Column,
    /// The first block of each chunk, which some sweeps are prepared with.
    firsts: Vec<f64>,
}

impl Resident {
    pub(super) const fn rows(&self) -> u64 {
        self.column.rows()
    }

    /// The first block of a chunk.
    pub(super) fn first(&self, chunk: u64) -> &[f64] {
        let from = (chunk as usize * BLOCK).min(self.firsts.len());
        &self.firsts[from..self.firsts.len().min(from + BLOCK)]
    }

    /// Copies the one column of `rows` to the device, in tiles of so many blocks.
    pub(super) fn upload<R: Rows + ?Sized>(
        context: &Context<'_>,
        pool: Option<&Crew>,
        device: &Arc<Device>,
        rows: &R,
        blocks: usize,
    ) -> Result<Self, Stop> {
        context.start_reading();
        let count = rows.rows();
        let (whole, rest) = (count / CHUNK as u64, (count % CHUNK as u64).min(BLOCK as u64));
        let mut firsts = vec![0.0; whole as usize * BLOCK + rest as usize];
        let column = Column::fill(device, count, blocks, |tile, to| {
            let from = (tile.start / CHUNK as u64) as usize * BLOCK;
            let chunk = |(i, (to, first)): (usize, (&mut [f64], &mut [f64]))| {
                let start = tile.start + (i * CHUNK) as u64;
                copy(context, rows, start..start + to.len() as u64, to)?;
                first.copy_from_slice(&to[..first.len()]);
                Ok::<_, Stop>(())
            };
            let firsts = &mut firsts[from..];
            match pool {
                Some(pool) => inside(pool, || {
                    to.par_chunks_mut(CHUNK).zip(firsts.par_chunks_mut(BLOCK)).enumerate().try_for_each(chunk)
                }),
                None => to.chunks_mut(CHUNK).zip(firsts.chunks_mut(BLOCK)).enumerate().try_for_each(chunk),
            }
        })?;
        rows.finish().map_err(Error::from)?;
        Ok(Self { device: Arc::clone(device), column, firsts })
    }
}

/// Whether the device can have the one column of `rows`, by its type.
pub(super) fn fits<R: Rows + ?Sized>(context: &Context<'_>, rows: &R) -> Result<bool, Error> {
    context.with_scratch(|scratch| {
        let slices = rows.read(0..1, &mut scratch.buffer)?;
        Ok(matches!(&*slices, [slice] if slice.values.dtype().is_float()))
    })
}

/// Copies the rows of a chunk as doubles.
fn copy<R: Rows + ?Sized>(context: &Context<'_>, rows: &R, range: Range<u64>, to: &mut [f64]) -> Result<(), Stop> {
    context.check()?;
    context.with_scratch(|scratch| {
        let len = range.end - range.start;
        let slices = rows.read(range, &mut scratch.buffer).map_err(Error::from)?;
        let [Slice { values, valid }] = &*slices else { return Err(Stop::Unfit) };
        if valid.is_some_and(|valid| valid.contains(&false)) {
            return Err(Stop::Unfit);
        }
        match values {
            Values::Float64(x) => to.copy_from_slice(x),
            Values::Float32(_) => values.to_f64(to),
            _ => return Err(Stop::Unfit),
        }
        context.read(len, len * values.dtype().size() as u64);
        // Not `any`, which would stop at the first and so not vectorise.
        let is_tame = to.iter().fold(true, |all, x| all & (x.abs() < LARGEST));
        if is_tame { Ok(()) } else { Err(Stop::Unfit) }
    })
}

/// The columns that stay, the least recently used first.
#[derive(Default)]
pub(super) struct Residents(VecDeque<(Key, Arc<Resident>)>);

impl Residents {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    /// A column, if it is on this device.
    pub(super) fn get(&mut self, key: &Key, device: &Arc<Device>) -> Option<Arc<Resident>> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        let entry = self.0.remove(at)?;
        if !Arc::ptr_eq(&entry.1.device, device) {
            return None;
        }
        let found = Arc::clone(&entry.1);
        self.0.push_back(entry);
        Some(found)
    }

    /// Keeps a column, if it has room by itself; others leave for it. Where two runs have brought the same, one is kept.
    pub(super) fn put(&mut self, key: Key, column: &Arc<Resident>, room: u64) {
        if column.column.bytes() > room || self.has(&key) {
            return;
        }
        while self.bytes() + column.column.bytes() > room {
            self.0.pop_front();
        }
        self.0.push_back((key, Arc::clone(column)));
    }

    pub(super) fn remove(&mut self, content: &Content) {
        self.0.retain(|(key, _)| key.content != *content);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(|(_, column)| column.column.bytes()).sum()
    }
}
