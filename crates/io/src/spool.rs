//! What can be read only once, kept so that it can be read again.

use crate::npy::MAGIC;
use crate::{Access, Bytes, Error, Kind, Result, file};
use std::io::{self, Read, Write};

/// Bytes of a spooled input that are kept in memory; a longer one goes to a temporary file.
pub const SPOOL_MEMORY: usize = 64 << 20;

/// Bytes at the beginning of an input that tell its format.
pub(crate) const SAMPLE: usize = 64 << 10;

impl Bytes<'static> {
    /// Reads an input to its end: into memory up to [`SPOOL_MEMORY`], else into a temporary file, which has no
    /// name and goes when this does.
    ///
    /// # Errors
    /// [`Kind::Unreadable`](crate::Kind::Unreadable) if the input cannot be read or the temporary file not written.
    pub fn spool(name: impl Into<String>, input: impl Read) -> Result<Self> {
        spool(name.into(), input, SPOOL_MEMORY)
    }
}

/// As [`Bytes::spool`], for `.npy` and text, which has no zero byte: what has one is not read to its end, which it may not have. If
/// it is among the first bytes, only these are returned, which tell what it is instead.
pub(crate) fn numbers(name: String, mut input: impl Read) -> Result<Bytes<'static>> {
    let mut start = Vec::new();
    input.by_ref().take(SAMPLE as u64).read_to_end(&mut start).map_err(|e| file::unreadable(&name, &e))?;
    if start.starts_with(MAGIC) {
        return Bytes::spool(name, start.chain(input));
    }
    if start.contains(&0) {
        return Ok(Bytes::memory(name, start));
    }
    let text = Text { input, at: start.len() as u64 };
    Bytes::spool(name, start.chain(text))
}

/// Text on its way, refused at its first zero byte.
struct Text<R> {
    input: R,
    at: u64,
}

/// A zero byte in a text, at a position from 0.
#[derive(Debug, thiserror::Error)]
#[error("is not text: byte {0} (from 0) is zero; convert it to .npy or .csv")]
struct Zero(u64);

impl<R: Read> Read for Text<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(to)?;
        if let Some(zero) = memchr::memchr(0, to.get(..count).unwrap_or_default()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Zero(self.at + zero as u64)));
        }
        self.at += count as u64;
        Ok(count)
    }
}

fn spool(name: String, mut input: impl Read, memory: usize) -> Result<Bytes<'static>> {
    let unreadable = |e: io::Error| match e.get_ref().and_then(|e| e.downcast_ref::<Zero>()) {
        Some(zero) => Error::new(Kind::Malformed, &name, zero.to_string()),
        None => file::unreadable(&name, &e),
    };
    let mut kept = Vec::new();
    input.by_ref().take(memory as u64 + 1).read_to_end(&mut kept).map_err(unreadable)?;
    if kept.len() <= memory {
        kept.shrink_to_fit();
        return Ok(Bytes::memory(name, kept));
    }
    let spill = || {
        let mut spilled = tempfile::tempfile()?;
        spilled.write_all(&kept)?;
        drop(kept);
        io::copy(&mut input, &mut spilled)?;
        Ok(spilled)
    };
    let spilled = spill().map_err(unreadable)?;
    Bytes::from_file(name, spilled, Access::Pread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_its_first_zero_byte_and_an_array_does_not() {
        let text = b"1.5\n".repeat(SAMPLE).into_iter().chain([0]);
        let endless = text.collect::<Vec<_>>();
        let error = numbers("x".to_owned(), endless.as_slice().chain(io::repeat(0))).unwrap_err();
        assert_eq!(
            (error.kind, error.what.contains(&format!("byte {} ", 4 * SAMPLE))),
            (Kind::Malformed, true),
            "{error}"
        );
        assert_eq!(numbers("x".to_owned(), io::repeat(0)).unwrap().len(), SAMPLE as u64);
        let array = [MAGIC.as_slice(), &[0; 3 * SAMPLE]].concat();
        assert_eq!(numbers("x".to_owned(), &*array).unwrap().len(), array.len() as u64);
        assert_eq!(numbers("x".to_owned(), &b"1,2\n"[..]).unwrap().len(), 4);
    }

    #[test]
    fn short_inputs_stay_in_memory_and_long_ones_do_not() {
        for (memory, backend) in [(10, "memory"), (9, "pread"), (0, "pread")] {
            let bytes = spool("x".to_owned(), &b"0123456789"[..], memory).unwrap();
            assert_eq!((bytes.backend(), bytes.len()), (backend, 10));
            let mut out = [0; 3];
            bytes.read_at(7, &mut out).unwrap();
            assert_eq!(&out, b"789");
        }
    }
}
