//! Record after record of a text of any size, through one buffer.

use super::plain::{self, Value};
use super::split::{Cell, Flaw, split};
use crate::{Bytes, Error, Result};

/// Bytes that are read at a time.
pub(super) const BUFFER: usize = 1 << 20;

/// Bytes that a record may have, so that a quote left open does not swallow the memory.
pub(super) const RECORD_MAX: usize = 16 << 20;

/// Reads records in order.
pub(super) struct Scanner<'a> {
    bytes: &'a Bytes<'a>,
    delimiter: u8,
    /// Position in the text of what comes after the buffer.
    at: u64,
    buffer: Vec<u8>,
    /// The part of the buffer that is not used up.
    start: usize,
    end: usize,
    cells: Vec<Cell>,
    /// The line that the next record begins on, from 1.
    line: u64,
}

/// One record.
#[derive(Clone, Copy)]
pub(super) struct Record<'r> {
    /// Its text, line end included.
    pub(super) text: &'r [u8],
    pub(super) cells: &'r [Cell],
    /// The line that it begins on, from 1.
    pub(super) line: u64,
}

impl<'a> Scanner<'a> {
    /// Reads from position `at`, where line 1 begins.
    pub(super) const fn new(bytes: &'a Bytes<'a>, delimiter: u8, at: u64) -> Self {
        Self { bytes, delimiter, at, buffer: Vec::new(), start: 0, end: 0, cells: Vec::new(), line: 1 }
    }

    /// Position in the text of the next record.
    pub(super) const fn position(&self) -> u64 {
        self.at - (self.end - self.start) as u64
    }

    /// The next record's numbers, if it is plain; else it is for [`next`](Scanner::next).
    #[inline]
    pub(super) fn next_plain(&mut self, wanted: &[Option<usize>], values: &mut [Value]) -> bool {
        let text = self.buffer.get(self.start..self.end).unwrap_or_default();
        let Some(len) = plain::read(text, self.delimiter, wanted, values) else { return false };
        self.start += len;
        self.line += 1;
        true
    }

    /// The next record.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>> {
        let len = loop {
            let last = self.at == self.bytes.len();
            let text = self.buffer.get(self.start..self.end).unwrap_or_default();
            if text.is_empty() && last {
                return Ok(None);
            }
            match split(text, last, self.delimiter, &mut self.cells) {
                Ok(Some(len)) if len > RECORD_MAX => return Err(self.too_long()),
                Ok(Some(len)) if !text.is_empty() => break len,
                Ok(_) => self.refill()?,
                Err(flaw) => return Err(self.explain(flaw)),
            }
        };
        let text = self.buffer.get(self.start..self.start + len).unwrap_or_default();
        self.start += len;
        let line = self.line;
        self.line += 1;
        if self.cells.iter().any(|cell| cell.quoted) {
            // Line feeds within quotes.
            let feeds = memchr::memchr_iter(b'\n', text).count() as u64;
            self.line += feeds - u64::from(text.ends_with(b"\n"));
        }
        Ok(Some(Record { text, cells: &self.cells, line }))
    }

    /// Reads on, keeping what is not used up.
    fn refill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end > RECORD_MAX {
            return Err(self.too_long());
        }
        // The buffer never outgrows the text by much, and holds at least twice the record at hand.
        let left = self.bytes.len() - self.at;
        let room = (self.end as u64).max(BUFFER as u64).min(left) as usize;
        if self.buffer.len() < self.end + room {
            self.buffer.resize(self.end + room, 0);
        }
        let room = ((self.buffer.len() - self.end) as u64).min(left) as usize;
        if let Some(space) = self.buffer.get_mut(self.end..self.end + room) {
            self.bytes.read_at(self.at, space)?;
        }
        self.end += room;
        self.at += room as u64;
        Ok(())
    }

    fn too_long(&self) -> Error {
        let what = format!("a record of more than {} MiB: is a quote left open?", RECORD_MAX >> 20);
        self.bytes.malformed(what).at(self.line, 0)
    }

    fn explain(&self, flaw: Flaw) -> Error {
        let (at, what) = match flaw {
            Flaw::Open(at) => (at, "a quote is opened and never closed: close it, or double the quotes within quotes"),
            Flaw::Glued(at) => {
                (at, "text follows a closing quote: put a delimiter there, or double the quotes within quotes")
            }
            Flaw::Wide(at) => (at, "there are more than a million columns: no more are read; save its transpose"),
        };
        let text = self.buffer.get(self.start..self.end).unwrap_or_default();
        let (line, column) = place(text, self.line, at);
        self.bytes.malformed(what).at(line, column)
    }
}

impl<'r> Record<'r> {
    /// The text of a field, quotes within it still doubled.
    #[inline]
    pub(super) fn field(&self, cell: Cell) -> &'r [u8] {
        self.text.get(cell.start..cell.end).unwrap_or_default()
    }

    /// Whether it is an empty line.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.cells, [Cell { start: 0, end: 0, quoted: false }])
    }

    /// Line and column of a field.
    pub(super) fn place(&self, cell: Cell) -> (u64, u64) {
        place(self.text, self.line, cell.start)
    }

    /// The text of a field as people read it.
    pub(super) fn show(&self, cell: Cell) -> String {
        let text = String::from_utf8_lossy(self.field(cell));
        if cell.quoted { text.replace("\"\"", "\"") } else { text.trim().to_owned() }
    }
}

/// Line and column, in characters from 1, of a position in a text that begins on `line`.
fn place(text: &[u8], line: u64, at: usize) -> (u64, u64) {
    let before = text.get(..at).unwrap_or_default();
    let begin = memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
    let lines = memchr::memchr_iter(b'\n', before).count() as u64;
    let column = String::from_utf8_lossy(before.get(begin..).unwrap_or_default()).chars().count() as u64 + 1;
    (line + lines, column)
}
