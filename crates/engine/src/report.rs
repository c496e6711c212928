//! What a run did.

use echoes_simd::Level;
use serde::Serialize;
use std::fmt;

/// What a run did: how it read, how much, how long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How the data were read: `memory`, `mmap`, `pread`, `csv`; `gpu` where a graphics processor took part.
    pub backend: &'static str,
    /// The instruction set.
    pub simd: &'static str,
    /// Threads that there were to use.
    pub threads: usize,
    /// Rows of the source, missing ones included.
    pub rows: u64,
    /// Times that the source was read.
    pub readings: u64,
    /// Bytes of columns that were read, over all readings.
    pub bytes: u64,
    /// Partials that the cache had; 0 without a cache.
    pub cached: u64,
    /// Partials that were read and put into the cache; 0 without a cache.
    pub computed: u64,
    /// Seconds from asking to answering.
    pub seconds: f64,
}

impl Report {
    /// Billions of bytes a second.
    pub fn gigabytes_per_second(&self) -> f64 {
        self.bytes as f64 / 1e9 / self.seconds.max(1e-9)
    }

    pub(crate) fn level() -> &'static str {
        Level::name(echoes_simd::level())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rows, {} readings, {:.1} MB by {} in {:.1} ms ({:.2} GB/s), {}, {} threads",
            self.rows,
            self.readings,
            self.bytes as f64 / 1e6,
            self.backend,
            self.seconds * 1e3,
            self.gigabytes_per_second(),
            self.simd,
            self.threads
        )?;
        if self.cached + self.computed > 0 {
            write!(f, ", {} of {} partials from the cache", self.cached, self.cached + self.computed)?;
        }
        Ok(())
    }
}
