//! What every part of one run shares.

use crate::{Cancel, Result, prepare::Scratch};
use echoes_kernel::Nan;
use std::{
    any::Any,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Told how many rows are done, and how many there are if that is known.
pub type Progress<'a> = dyn Fn(u64, Option<u64>) + Sync + 'a;

/// What a run holds until the last of its work has ended: a permit, say.
pub type Held = Arc<dyn Any + Send + Sync>;

/// What every part of one run shares.
pub(crate) struct Context<'a> {
    pub(crate) nan: Nan,
    pub(crate) cancel: Option<&'a Cancel>,
    pub(crate) progress: Option<&'a Progress<'a>>,
    pub(crate) held: Option<&'a Held>,
    pub(crate) total: Option<u64>,
    pub(crate) rows: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) readings: AtomicU64,
    /// Partials that a cache had, and those that were read for it.
    pub(crate) cached: AtomicU64,
    pub(crate) computed: AtomicU64,
    /// Whether a graphics processor has done some of the work.
    pub(crate) on_device: AtomicBool,
    scratch: Mutex<Vec<Scratch>>,
}

impl<'a> Context<'a> {
    pub(crate) const fn new(
        nan: Nan,
        cancel: Option<&'a Cancel>,
        progress: Option<&'a Progress<'a>>,
        held: Option<&'a Held>,
    ) -> Self {
        Self {
            nan,
            cancel,
            progress,
            held,
            total: None,
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            readings: AtomicU64::new(0),
            cached: AtomicU64::new(0),
            computed: AtomicU64::new(0),
            on_device: AtomicBool::new(false),
            scratch: Mutex::new(Vec::new()),
        }
    }

    /// A context for looking at a few rows beforehand: it counts and reports nothing.
    pub(crate) const fn aside(&self, nan: Nan) -> Self {
        Self::new(nan, self.cancel, None, self.held)
    }

    /// Stops here if the caller has cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        self.cancel.map_or(Ok(()), Cancel::check)
    }

    /// Rows known to follow row `end` of the source.
    pub(crate) fn after(&self, end: u64) -> u64 {
        self.total.map_or(0, |total| total.saturating_sub(end))
    }

    /// Counts what was read, and says so.
    pub(crate) fn read(&self, rows: u64, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let done = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if let Some(progress) = self.progress {
            progress(done, self.total);
        }
    }

    /// How the data were read, `backend` unless a graphics processor took part.
    pub(crate) fn backend(&self, backend: &'static str) -> &'static str {
        if self.on_device.load(Ordering::Relaxed) { "gpu" } else { backend }
    }

    pub(crate) fn start_reading(&self) {
        self.readings.fetch_add(1, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
    }

    /// Lends working memory to `work`; what earlier chunks have grown is used again.
    pub(crate) fn with_scratch<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let result = work(&mut scratch);
        if scratch.has_grown() {
            self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        }
        result
    }
}
