//! Contents on their way into the store: written and hashed as they come.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Contents on their way in. Dropping it removes them.
#[derive(Debug)]
pub(crate) struct Upload {
    file: File,
    place: Temporary,
    hasher: blake3::Hasher,
    bytes: u64,
}

/// Contents that are on the disk, not yet in their place.
#[derive(Debug)]
pub(crate) struct Contents {
    place: Temporary,
    pub hash: String,
    pub bytes: u64,
}

/// A file that goes with its owner, unless it has been moved elsewhere.
#[derive(Debug)]
pub(super) struct Temporary(pub(super) PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Upload {
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        let file = File::create_new(&path)?;
        Ok(Self { file, place: Temporary(path), hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// Takes the next bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Where the bytes are, to look at them.
    pub(crate) fn path(&self) -> &Path {
        &self.place.0
    }

    /// Makes the bytes survive a crash.
    pub(crate) fn finish(self) -> io::Result<Contents> {
        self.file.sync_all()?;
        Ok(Contents { place: self.place, hash: self.hasher.finalize().to_hex().to_string(), bytes: self.bytes })
    }
}

impl Contents {
    pub(crate) fn path(&self) -> &Path {
        &self.place.0
    }
}
