//! A column on the device, as partials see it: something that sweeps its blocks, some tiles at a time.

use super::{Stop, device::Opened, pace::Pace, resident::Resident};
use crate::{context::Context, crew::Crew, share::inside};
use echoes_kernel::sweep::{Bins, Counts, Extent, Halt, Powers, Sums, Sweeper};
use rayon::prelude::*;
use std::{ops::Range, time::Instant};

/// A column on the device.
pub(super) struct Sweeping<'a> {
    context: &'a Context<'a>,
    pool: Option<&'a Crew>,
    opened: &'a Opened,
    resident: &'a Resident,
    stop: Option<Stop>,
}

impl<'a> Sweeping<'a> {
    pub(super) const fn new(
        context: &'a Context<'a>,
        pool: Option<&'a Crew>,
        opened: &'a Opened,
        resident: &'a Resident,
    ) -> Self {
        Self { context, pool, opened, resident, stop: None }
    }

    /// Why a sweep was not made.
    pub(super) fn stopped(self) -> Stop {
        self.stop.unwrap_or(Stop::Unfit)
    }

    /// Has `work` done on `count` things of so many blocks, in parts that the device does while nobody would stop it.
    fn work(
        &mut self,
        pace: &Pace,
        count: usize,
        blocks: usize,
        mut work: impl FnMut(&Self, Range<usize>) -> Result<(), Stop>,
    ) -> Result<(), Halt> {
        let mut from = 0;
        while from < count {
            let might = (pace.blocks() / blocks).max(1);
            let to = count.min(from + might);
            let started = Instant::now();
            let done = self.context.check().map_err(Stop::from).and_then(|()| work(self, from..to));
            if let Err(stop) = done {
                self.stop = Some(stop);
                return Err(Halt);
            }
            pace.took(might * blocks, (to - from) * blocks, started.elapsed());
            from = to;
        }
        Ok(())
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
        let mut sums = Vec::new();
        self.work(self.opened.paces.sums(powers), blocks.len(), 1, |this, part| {
            join(&mut sums, this.opened.sweep(powers)?.run(&this.resident.column, &blocks[part])?);
            Ok(())
        })?;
        Ok(sums)
    }

    fn extents(&mut self) -> Result<Vec<Extent>, Halt> {
        let (mut extents, column) = (Vec::new(), &self.resident.column);
        self.work(&self.opened.paces.extents, column.tiles(), column.tile_blocks(), |this, tiles| {
            join(&mut extents, this.opened.range()?.tiles(&this.resident.column, tiles)?);
            Ok(())
        })?;
        Ok(extents)
    }

    fn counts(&mut self, bins: Bins) -> Result<Counts, Halt> {
        let (mut counts, column) = (Counts::none(bins.count), &self.resident.column);
        self.work(&self.opened.paces.counts, column.tiles(), column.tile_blocks(), |this, tiles| {
            counts.add(&this.opened.histogram()?.tiles(&this.resident.column, tiles, bins)?);
            Ok(())
        })?;
        Ok(counts)
    }

    fn each(&self, count: u64, work: &(dyn Fn(u64) + Sync)) {
        match self.pool {
            Some(pool) => inside(pool, || (0..count).into_par_iter().for_each(work)),
            None => (0..count).for_each(work),
        }
    }
}

/// Puts one part behind the others; the first is often the only one, and megabytes.
fn join<T>(all: &mut Vec<T>, part: Vec<T>) {
    if all.is_empty() { *all = part } else { all.extend(part) }
}
