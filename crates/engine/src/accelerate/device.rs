//! A device that is open, and its programs, each made when it is first wanted.

use super::{costs::Costs, pace::Pace};
use crate::crew::Crew;
use echoes_gpu::{Device, Histogram, Kind, Range, Result, Standardise, Sweep};
use echoes_kernel::sweep::Powers;
use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, OnceLock},
};

/// The programs.
#[derive(Default)]
struct Programs {
    total: OnceLock<Sweep>,
    first: OnceLock<Sweep>,
    second: OnceLock<Sweep>,
    fourth: OnceLock<Sweep>,
    range: OnceLock<Range>,
    histogram: OnceLock<Histogram>,
    standardise: OnceLock<Standardise>,
}

/// A device with its programs, and what its work costs once that is known.
pub(crate) struct Opened {
    pub(crate) device: Arc<Device>,
    pub(super) paces: Paces,
    costs: OnceLock<Costs>,
    programs: Programs,
}

/// How much a device is given at once of each work, which take different times.
#[derive(Default)]
pub(super) struct Paces {
    sums: [Pace; 4],
    pub(super) extents: Pace,
    pub(super) counts: Pace,
}

impl Paces {
    pub(super) const fn sums(&self, powers: Powers) -> &Pace {
        &self.sums[powers as usize]
    }
}

impl Opened {
    pub(super) fn new(device: Arc<Device>) -> Self {
        Self { device, paces: Paces::default(), costs: OnceLock::new(), programs: Programs::default() }
    }

    /// Bytes of columns that may stay on the device: half of its own memory, an eighth of memory that is shared.
    pub(super) fn room(&self) -> u64 {
        self.device.memory() / if self.device.kind() == Kind::Discrete { 2 } else { 8 }
    }

    /// What its work costs, measured when it is first asked.
    pub(super) fn costs(&self, directory: Option<&Path>, threads: NonZeroUsize, pool: Option<&Crew>) -> Result<Costs> {
        if let Some(known) = self.costs.get() {
            return Ok(*known);
        }
        // Two threads may both measure. Neither may wait for the other: it might be what the other's pool is waiting for.
        let costs = Costs::of(self, directory, threads, pool)?;
        Ok(*self.costs.get_or_init(|| costs))
    }

    pub(super) fn sweep(&self, powers: Powers) -> Result<&Sweep> {
        let slot = match powers {
            Powers::Total => &self.programs.total,
            Powers::First => &self.programs.first,
            Powers::Second => &self.programs.second,
            Powers::Fourth => &self.programs.fourth,
        };
        ready(slot, || Sweep::new(&self.device, powers))
    }

    pub(super) fn range(&self) -> Result<&Range> {
        ready(&self.programs.range, || Range::new(&self.device))
    }

    pub(super) fn histogram(&self) -> Result<&Histogram> {
        ready(&self.programs.histogram, || Histogram::new(&self.device))
    }

    pub(super) fn standardise(&self) -> Result<&Standardise> {
        ready(&self.programs.standardise, || Standardise::new(&self.device))
    }
}

/// What is there already, else what `make` makes; two threads may both make it, then one is kept.
fn ready<T>(slot: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(made) = slot.get() {
        return Ok(made);
    }
    let made = make()?;
    Ok(slot.get_or_init(|| made))
}
