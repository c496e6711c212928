//! What can be read only once, kept so that it can be read again.

use crate::{Access, Bytes, Result, file};
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

fn spool(name: String, mut input: impl Read, memory: usize) -> Result<Bytes<'static>> {
    let unreadable = |e| file::unreadable(&name, &e);
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
