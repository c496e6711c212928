//! Any input by its name: a path, `-` for standard input; the format by its first bytes, then by its name.

use crate::csv::{CsvOptions, CsvSource};
use crate::npy::{MAGIC, NpySource};
use crate::{Access, Bytes, Result, Source, file, spool};
use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;

/// How to open what a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// How regular files are read.
    pub access: Access,
    /// The delimiter of CSV; `None` to find out. Tab for a name that ends in `.tsv`.
    pub delimiter: Option<u8>,
    /// Whether the first line of CSV holds the names; `None` to find out.
    pub header: Option<bool>,
}

/// The name under which standard input goes.
pub const STANDARD_INPUT: &str = "standard input";

/// Opens a file, or standard input for `-`.
///
/// What is no regular file (standard input, a pipe, `/dev/fd/63`) is read to its end first, into memory or, beyond
/// [`SPOOL_MEMORY`](crate::SPOOL_MEMORY), a temporary file, because a kernel may need several readings. What is neither
/// `.npy` nor text is noticed while it is read, since it may have no end (`/dev/zero`).
///
/// # Errors
/// [`Kind::Unreadable`](crate::Kind::Unreadable) if it cannot be read, [`Kind::Malformed`](crate::Kind::Malformed) if it is not in a format that is read.
pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Box<dyn Source>> {
    let path = path.as_ref();
    if path == Path::new("-") {
        return interpret(spool::numbers(STANDARD_INPUT.to_owned(), io::stdin().lock())?, options);
    }
    let name = path.display().to_string();
    let unreadable = |e| file::unreadable(&name, &e);
    // Asked by its name first: opening a pipe waits for its writer, which is meant, and a directory is refused.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(file::unreadable(&name, &io::ErrorKind::IsADirectory.into()));
    }
    let file = fs::File::open(path).map_err(unreadable)?;
    // Some files that the system makes up claim no length and hold text.
    let regular = file.metadata().map_err(unreadable)?.is_file() && metadata.len() > 0;
    let bytes = if regular { Bytes::from_file(name, file, options.access)? } else { spool::numbers(name, file)? };
    interpret(bytes, options)
}

/// Reads bytes in memory, under a name for messages, whose ending may tell the format.
///
/// # Errors
/// As [`open`].
pub fn parse<'a>(name: &str, bytes: impl Into<Cow<'a, [u8]>>, options: &OpenOptions) -> Result<Box<dyn Source + 'a>> {
    interpret(Bytes::memory(name, bytes), options)
}

fn interpret<'a>(bytes: Bytes<'a>, options: &OpenOptions) -> Result<Box<dyn Source + 'a>> {
    if bytes.is_empty() {
        return Err(bytes.malformed("is empty: there is nothing to read"));
    }
    let mut start = vec![0; bytes.len().min(spool::SAMPLE as u64) as usize];
    bytes.read_at(0, &mut start)?;
    if start.starts_with(MAGIC) {
        return Ok(Box::new(NpySource::new(bytes)?));
    }
    let ending = Path::new(bytes.name()).extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    if let Some(format) = foreign(&start, ending) {
        return Err(bytes.malformed(format!("{format} is not read yet: convert to .npy or .csv")));
    }
    if ending == "npy" {
        return Err(bytes.malformed("does not begin as a .npy file does: write it with numpy.save"));
    }
    if !is_text(&start) {
        return Err(bytes.malformed("is neither .npy nor text: convert to .npy or .csv"));
    }
    let tab = (ending == "tsv").then_some(b'\t');
    let bytes = bytes.in_order(options.access);
    let options = CsvOptions { delimiter: options.delimiter.or(tab), header: options.header };
    Ok(Box::new(CsvSource::new(bytes, &options)?))
}

/// A format that is known and not read, by its first bytes or the ending of its name.
fn foreign(start: &[u8], ending: &str) -> Option<&'static str> {
    const BEGINNINGS: [(&[u8], &str); 10] = [
        (b"PK\x03\x04", "a zip archive (.npz, .xlsx)"),
        (b"PAR1", "Parquet"),
        (b"ARROW1", "Arrow"),
        (b"\xff\xff\xff\xff", "an Arrow stream"),
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x89HDF", "HDF5"),
        (b"SQLite format 3\x00", "SQLite"),
    ];
    const ENDINGS: [(&str, &str); 14] = [
        ("npz", ".npz"),
        ("parquet", "Parquet"),
        ("arrow", "Arrow"),
        ("arrows", "Arrow"),
        ("feather", "Feather"),
        ("ipc", "Arrow"),
        ("json", "JSON"),
        ("jsonl", "JSON lines"),
        ("ndjson", "JSON lines"),
        ("gz", "gzip"),
        ("zst", "zstd"),
        ("safetensors", "safetensors"),
        ("xlsx", "Excel"),
        ("h5", "HDF5"),
    ];
    let begins = BEGINNINGS.iter().find(|(bytes, _)| start.starts_with(bytes)).map(|(_, format)| *format);
    begins.or_else(|| ENDINGS.iter().find(|(end, _)| *end == ending).map(|(_, format)| *format))
}

/// Whether bytes look like text in ASCII or an extension of it; UTF-16 passes, to be refused by its name.
fn is_text(start: &[u8]) -> bool {
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return true;
    }
    let control = |byte: u8| matches!(byte, 1..=8 | 11 | 14..=31 | 127);
    !start.contains(&0) && start.iter().filter(|&&byte| control(byte)).count() <= start.len() / 32
}
