//! Work that a graphics processor may do: which, on what device, and what becomes of it when the device fails.
//!
//! The device sweeps columns, and partials are made of what it finds ([`echoes_kernel::sweep`]); neither knows the other. A device
//! is looked for when a run could first gain from it. Whatever goes wrong with it, the processor does the work.

mod asked;
mod costs;
mod device;
mod pace;
mod resident;
mod session;
mod slot;
mod sweeping;
mod why;

pub use costs::Costs;
pub(crate) use session::{Session, Wanted};
pub(crate) use why::Why;

use crate::{Engine, Error, Gpu, Result, crew::Crew};
use asked::Asked;
use device::Opened;
use echoes_gpu::Options;
use resident::{Key, Residents};
use slot::Slot;
use std::{
    fmt,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

/// An engine's graphics processor, and what is on it.
#[derive(Default)]
pub(crate) struct Accelerator {
    pub(crate) gpu: Gpu,
    /// How to look for a device, if not as usual.
    pub(crate) options: Option<Options>,
    /// Where to keep what has been measured.
    pub(crate) directory: Option<PathBuf>,
    slot: Mutex<Slot>,
    residents: Mutex<Residents>,
    asked: Mutex<Asked>,
    /// Runs whose columns were known by nothing else than the run.
    runs: AtomicU64,
}

/// A graphics processor, as runs find it.
#[derive(Debug, Clone, PartialEq)]
pub struct Graphics {
    /// Its name.
    pub name: String,
    /// The driver's name and version.
    pub driver: String,
    /// What work costs there and here.
    pub costs: Costs,
}

/// Why a device did not do something.
#[derive(Debug)]
enum Stop {
    /// The column is not one that the device can have.
    Unfit,
    /// It was cancelled, or the source cannot be read: the processor will find that too, and say so.
    Run,
    Device(echoes_gpu::Error),
}

impl From<Error> for Stop {
    fn from(_: Error) -> Self {
        Self::Run
    }
}

impl From<echoes_gpu::Error> for Stop {
    fn from(error: echoes_gpu::Error) -> Self {
        Self::Device(error)
    }
}

impl Accelerator {
    pub(crate) const fn new() -> Self {
        Self {
            gpu: Gpu::Auto,
            options: None,
            directory: None,
            slot: Mutex::new(Slot::Unopened),
            residents: Mutex::new(Residents::new()),
            asked: Mutex::new(Asked::new()),
            runs: AtomicU64::new(0),
        }
    }

    /// A run's part of it, on a source whose content is known by these bytes.
    ///
    /// # Errors
    /// [`Error::Gpu`] if there must be a device and there is none.
    pub(crate) fn begin<'a>(engine: &'a Engine, content: Option<&'a [u8]>) -> Result<Session<'a>> {
        if engine.accelerator.gpu == Gpu::On
            && let Err(Why::Absent(reason)) = engine.accelerator.opened()
        {
            return Err(Error::Gpu(reason));
        }
        Ok(Session::new(engine, content))
    }

    /// The device, with what its work costs.
    pub(crate) fn graphics(&self, threads: NonZeroUsize, pool: Option<&Crew>) -> Result<Graphics> {
        let opened = self.opened().map_err(|why| Error::Gpu(why.to_string()))?;
        let costs = opened.costs(self.directory.as_deref(), threads, pool);
        let costs = costs.map_err(|error| {
            self.failed(&opened, &error);
            Error::Gpu(error.to_string())
        })?;
        let (name, driver) = (opened.device.name().to_owned(), opened.device.driver().to_owned());
        Ok(Graphics { name, driver, costs })
    }

    /// The device, opened now if it has not been.
    fn opened(&self) -> std::result::Result<Arc<Opened>, Why> {
        let options = self.options.clone().unwrap_or_default();
        lock(&self.slot).open(if self.gpu == Gpu::Cpu { options.on_processor() } else { options })
    }

    /// Takes note of what a device has failed with: one that no longer works is left alone for a while.
    fn failed(&self, opened: &Arc<Opened>, error: &echoes_gpu::Error) {
        tracing::debug!(%error, "the graphics processor failed");
        if matches!(error, echoes_gpu::Error::Lost | echoes_gpu::Error::Driver { .. }) {
            lock(&self.slot).rest(opened);
            lock(&self.residents).clear();
        }
    }

    fn has(&self, key: &Key) -> bool {
        lock(&self.residents).has(key)
    }
}

impl fmt::Debug for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accelerator").field("gpu", &self.gpu).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
