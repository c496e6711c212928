//! CSV, streamed: RFC 4180, its common variants, and numbers only.
//!
//! - Fields may stand in quotes, then hold delimiters, line ends and doubled quotes. Lines end in LF or CR LF.
//!   A UTF-8 byte order mark is skipped. A record may have 16 MiB and a million fields.
//! - The delimiter is the one of `,` `;` tab `|` that the first lines agree on, unless it is given.
//! - The first line holds the names, unless each of its fields is a number or missing, or it is said
//!   whether it does. A name that is empty becomes `c` and the column's number from 0; one that came before gets `_2`.
//! - A field is missing if it is empty, `NA`, `N/A`, `null` or `none`, in any case, spaces around it aside.
//!   `nan` is a number. What numbers are, [`number::parse`](crate::number::parse) says; quotes do not make them text.
//! - A column is numeric if every field of the first MiB is a number or missing. Others cannot be read.
//! - An empty line is a missing value where there is one column, and nothing where there are more.
//! - A column is read by the chunk: as integers if all its numbers are whole and within 64 bits, else as doubles.

mod plain;
mod read;
mod scan;
mod sniff;
mod split;
mod write;

use crate::{Access, Bytes, Result};
use std::borrow::Cow;
use std::path::Path;

pub use read::CsvSource;
pub use write::{CsvWriter, quoted};

/// What is known of a CSV text beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvOptions {
    /// The delimiter; `None` to find out.
    pub delimiter: Option<u8>,
    /// Whether the first line holds the names; `None` to find out.
    pub header: Option<bool>,
}

/// The columns of a file.
///
/// # Errors
/// As [`Bytes::open`] and [`CsvSource::new`].
pub fn open(path: impl AsRef<Path>, access: Access, options: &CsvOptions) -> Result<CsvSource<'static>> {
    CsvSource::new(Bytes::open(path, access)?.in_order(access), options)
}

/// The columns of a text in memory, under a name for messages.
///
/// # Errors
/// As [`CsvSource::new`].
pub fn parse<'a>(name: &str, text: impl Into<Cow<'a, [u8]>>, options: &CsvOptions) -> Result<CsvSource<'a>> {
    CsvSource::new(Bytes::memory(name, text), options)
}
