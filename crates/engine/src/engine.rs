//! The engine: threads, and the options of a run.

use crate::{
    Cancel, Data, Error, Gpu, Graphics, Held, Observer, Progress, Report, Request, Result, Sink,
    accelerate::{Accelerator, Session},
    context::Context,
    crew::Crew,
    many,
    observe::Observed,
    plan::Plan,
    shelf::Shelf,
    typed,
};
use echoes_cache::Cache;
use echoes_io::Source;
use echoes_kernel::{Answer, Kernel, Nan};
use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, OnceLock},
    thread,
};

/// Threads that an engine may be told to use: more gain nothing, and starting many thousands takes longer than most runs.
pub const THREADS_MAX: usize = 1024;

/// Columns from which on a partial shares the work on a block among threads: the products of so many do.
const SHARED_COLUMNS: usize = 64;

/// How many threads a text asks for.
///
/// # Errors
/// A few words on what it must be, unless it is a whole number from 1 to [`THREADS_MAX`].
///
/// ```
/// assert_eq!(echoes_engine::parse_threads("8").map(|threads| threads.get()), Ok(8));
/// assert!(echoes_engine::parse_threads("2000").is_err());
/// ```
pub fn parse_threads(text: &str) -> std::result::Result<NonZeroUsize, String> {
    let threads = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= THREADS_MAX);
    threads.ok_or_else(|| format!("it must be a whole number from 1 to {THREADS_MAX}"))
}

/// Runs kernels. It has its own threads, which start when data of more than one chunk (131,072 rows) first need them, and end with
/// it.
#[derive(Debug, Default)]
pub struct Engine {
    threads: Option<NonZeroUsize>,
    pool: OnceLock<std::result::Result<Crew, String>>,
    pub(crate) observed: Observed,
    pub(crate) accelerator: Accelerator,
}

impl Engine {
    /// An engine with a thread for each processor.
    pub const fn new() -> Self {
        Self { threads: None, pool: OnceLock::new(), observed: Observed(None), accelerator: Accelerator::new() }
    }

    /// An engine with so many threads; 1 uses the caller's alone.
    pub const fn with_threads(threads: NonZeroUsize) -> Self {
        Self {
            threads: Some(threads),
            pool: OnceLock::new(),
            observed: Observed(None),
            accelerator: Accelerator::new(),
        }
    }

    /// An engine that uses the caller's thread alone.
    pub const fn sequential() -> Self {
        Self::with_threads(NonZeroUsize::MIN)
    }

    /// The same engine, which tells `observer` of every run: for metrics.
    ///
    /// ```
    /// use echoes_engine::Engine;
    /// use echoes_stats::kernels::descriptive::Mean;
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    ///
    /// let rows = Arc::new(AtomicU64::new(0));
    /// let total = Arc::clone(&rows);
    /// let engine = Engine::new().observer(Arc::new(move |run| {
    ///     total.fetch_add(run.rows, Ordering::Relaxed);
    /// }));
    /// engine.run(&Mean::default(), &[1.0, 2.0, 6.0])?;
    /// assert_eq!(rows.load(Ordering::Relaxed), 3);
    /// # Ok::<(), echoes_engine::Error>(())
    /// ```
    #[must_use]
    pub fn observer(self, observer: Arc<Observer>) -> Self {
        Self { observed: Observed(Some(observer)), ..self }
    }

    /// The same engine, with or without a graphics processor.
    ///
    /// ```
    /// use echoes_engine::{Engine, Gpu};
    /// use echoes_stats::kernels::descriptive::Mean;
    /// let engine = Engine::new().gpu(Gpu::Off);
    /// assert_eq!(engine.run(&Mean::default(), &[1.0, 2.0, 6.0])?, 3.0);
    /// # Ok::<(), echoes_engine::Error>(())
    /// ```
    #[must_use]
    pub fn gpu(mut self, gpu: Gpu) -> Self {
        self.accelerator.gpu = gpu;
        self
    }

    /// The same engine, which looks for its graphics processor in this way: for tests.
    #[must_use]
    pub fn devices(mut self, options: echoes_gpu::Options) -> Self {
        self.accelerator.options = Some(options);
        self
    }

    /// The same engine, which keeps in `directory` what it has measured of a graphics processor, so that this is done once.
    #[must_use]
    pub fn measurements(mut self, directory: impl Into<PathBuf>) -> Self {
        self.accelerator.directory = Some(directory.into());
        self
    }

    /// The graphics processor, looked for and measured now if that has not been done.
    ///
    /// # Errors
    /// [`Error::Gpu`] with the reason why there is none, [`Error::Threads`].
    pub fn graphics(&self) -> Result<Graphics> {
        self.accelerator.graphics(self.threads(), self.pool(u64::MAX)?)
    }

    /// The threads that it may use.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or_else(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// A run with the usual options: NaN spreads.
    pub const fn job(&self) -> Job<'_> {
        Job { engine: self, nan: Nan::Propagate, cancel: None, progress: None, held: None, shelf: None }
    }

    /// Runs a kernel with the usual options.
    ///
    /// # Errors
    /// As [`Job::run`].
    #[inline]
    pub fn run<'a, K: Kernel>(&self, kernel: &K, data: impl Data<'a>) -> Result<K::Output> {
        self.job().run(kernel, data)
    }

    /// The threads to read so many rows of so many columns: where a partial may share a block of them, one chunk has use of threads
    /// too.
    pub(crate) fn pool_to_read(&self, rows: u64, columns: usize) -> Result<Option<&Crew>> {
        let shared = if columns < SHARED_COLUMNS { 1 } else { columns as u64 };
        self.pool(rows.saturating_mul(shared))
    }

    /// The threads for so many rows; `None` for the caller's alone, which does what one chunk has.
    pub(crate) fn pool(&self, rows: u64) -> Result<Option<&Crew>> {
        if rows <= echoes_kernel::CHUNK as u64 {
            return Ok(None);
        }
        let threads = self.threads();
        if threads == NonZeroUsize::MIN {
            return Ok(None);
        }
        let pool = self.pool.get_or_init(|| Crew::new(threads.get()).map_err(|e| e.to_string()));
        match pool {
            Ok(pool) => Ok(Some(pool)),
            Err(reason) => Err(Error::Threads { threads: threads.get(), reason: reason.clone() }),
        }
    }
}

/// A run and its options.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) nan: Nan,
    pub(crate) cancel: Option<&'a Cancel>,
    pub(crate) progress: Option<&'a Progress<'a>>,
    pub(crate) held: Option<&'a Held>,
    pub(crate) shelf: Option<Shelf<'a>>,
}

impl<'a> Job<'a> {
    /// What a NaN in the data does.
    #[must_use]
    pub const fn nan(self, nan: Nan) -> Self {
        Self { nan, ..self }
    }

    /// A flag that stops the run.
    #[must_use]
    pub const fn cancel(self, cancel: &'a Cancel) -> Self {
        Self { cancel: Some(cancel), ..self }
    }

    /// What must not be dropped before the last work of the run has ended: work that cannot be stopped may outlive a cancelled run.
    #[must_use]
    pub const fn holding(self, held: &'a Held) -> Self {
        Self { held: Some(held), ..self }
    }

    /// Is told how far the run is, from any thread, about once a chunk.
    #[must_use]
    pub const fn progress(self, progress: &'a Progress<'a>) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Keeps partials of [`answers`](Job::answers) in a cache, and takes them from there. `content` is what the content of the
    /// source is known by: another source, or the same one altered or read otherwise, must be given other bytes.
    ///
    /// Kernels on independent samples and what is written row by row are computed anew.
    #[must_use]
    pub const fn cache(self, cache: &'a Cache, content: &'a [u8]) -> Self {
        Self { shelf: Some(Shelf { cache, content }), ..self }
    }

    /// Runs a kernel on columns in memory. Data of one chunk or less (131,072 rows) never leave the caller's thread.
    ///
    /// # Errors
    /// [`Error::Reject`] if the kernel refuses, [`Error::Cancelled`].
    #[inline]
    pub fn run<'d, K: Kernel>(&self, kernel: &K, data: impl Data<'d>) -> Result<K::Output> {
        typed::run(self, kernel, data.views())
    }

    /// Runs a kernel that writes columns, on columns in memory, into columns that are there already: `out` has one of as many rows
    /// for each column that it writes.
    ///
    /// ```
    /// use echoes_engine::Engine;
    /// use echoes_stats::kernels::series::CumSum;
    /// let mut sums = [0.0; 3];
    /// Engine::new().job().fill(&CumSum {}, &[1.0, 2.0, 4.0], &mut [&mut sums])?;
    /// assert_eq!(sums, [1.0, 3.0, 7.0]);
    /// # Ok::<(), echoes_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Job::run); [`Error::Sink`] if the kernel writes other columns than `out` has.
    pub fn fill<'d, K: Kernel>(&self, kernel: &K, data: impl Data<'d>, out: &mut [&mut [f64]]) -> Result<()> {
        typed::fill(self, kernel, data.views(), out)
    }

    /// Runs kernels over columns of a source, all in one reading where they allow it. The answers are in the order of the requests.
    ///
    /// # Errors
    /// If the source cannot be read, or the run is cancelled; a kernel that refuses is an error of its own answer alone.
    pub fn answers(&self, source: &dyn Source, requests: &[Request<'_>]) -> Result<(Vec<Result<Answer>>, Report)> {
        let _span = tracing::debug_span!("answers", source = source.name(), kernels = requests.len()).entered();
        let (answers, report) = many::answers(self, source, requests)?;
        if answers.iter().any(Result::is_ok) {
            self.engine.observed.tell(&report, requests.iter().map(|request| request.kernel.spec().name));
        }
        Ok((answers, report))
    }

    /// Runs a kernel that writes columns, into `sink`, without holding them in memory.
    ///
    /// # Errors
    /// As [`answers`](Job::answers); also if the kernel refuses or the sink does.
    pub fn write(&self, source: &dyn Source, request: &Request<'_>, sink: &mut dyn Sink) -> Result<Report> {
        let _span =
            tracing::debug_span!("write", source = source.name(), kernel = request.kernel.spec().name).entered();
        let report = many::write(self, source, request, sink)?;
        self.engine.observed.tell(&report, std::iter::once(request.kernel.spec().name));
        Ok(report)
    }

    /// What [`answers`](Job::answers) would do.
    ///
    /// # Errors
    /// If a kernel refuses its parameters or its columns.
    pub fn plan(&self, source: &dyn Source, requests: &[Request<'_>]) -> Result<Plan> {
        Plan::new(self, source, requests)
    }

    /// The run's part of the engine's graphics processor.
    pub(crate) fn session(&self, content: Option<&'a [u8]>) -> Result<Session<'a>> {
        Accelerator::begin(self.engine, content)
    }

    pub(crate) fn context(&self) -> Context<'a> {
        Context::new(self.nan, self.cancel, self.progress, self.held)
    }
}
