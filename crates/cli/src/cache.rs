//! `--cache`: what was read of a file, kept for the next command.

use crate::exit::{Failure, reason};
use echoes_cache::Cache;

/// Bytes that the cache may take in memory and on disk.
const MEMORY_MAX: u64 = 64 << 20;
const DISK_MAX: u64 = 1 << 30;

/// The cache of this user.
pub(crate) fn open() -> Result<Cache, Failure> {
    let Some(directory) = dirs::cache_dir() else {
        return Err(Failure::usage("--cache: this user has no cache directory; set XDG_CACHE_HOME"));
    };
    let directory = directory.join("echoes").join("partials");
    Cache::persistent(MEMORY_MAX, &directory, DISK_MAX).map_err(|e| {
        let (directory, reason) = (directory.display(), reason(&e));
        Failure::file(format!(
            "{directory}: cannot keep the cache there: {reason}; set XDG_CACHE_HOME to where you may write, or leave out --cache"
        ))
    })
}
