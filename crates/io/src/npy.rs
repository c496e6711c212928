//! NumPy's `.npy`, versions 1.0, 2.0 and 3.0: every numeric type, either byte order, either order of axes.
//!
//! Columns whose elements lie in memory as they are needed are borrowed; all others are copied by the
//! chunk. A file is believed only as far as it is long: a header that claims more than there is, is
//! refused before anything is allocated for it.

mod convert;
mod descr;
mod header;
mod layout;
mod literal;
mod read;
mod write;

use crate::{Access, Bytes, Result};
use std::borrow::Cow;
use std::path::Path;

pub use header::MAGIC;
pub use read::NpySource;
pub use write::{NpyWriter, write_npy};

/// The array in a file.
///
/// # Errors
/// As [`Bytes::open`] and [`NpySource::new`].
pub fn open(path: impl AsRef<Path>, access: Access) -> Result<NpySource<'static>> {
    NpySource::new(Bytes::open(path, access)?)
}

/// The array in memory, under a name for messages.
///
/// # Errors
/// As [`NpySource::new`].
pub fn parse<'a>(name: &str, bytes: impl Into<Cow<'a, [u8]>>) -> Result<NpySource<'a>> {
    NpySource::new(Bytes::memory(name, bytes))
}
