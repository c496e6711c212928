//! Entries as files: written aside and renamed, checked when read, the oldest given up when they grow too many.
//!
//! A file is the length of the key (4 bytes, little-endian), the key, the bytes, and the XXH3 hash of all that (8 bytes). Its
//! name is a hash of the key. A file that does not check, or holds another key, is as good as absent; so is one that cannot
//! be written: a cache may always forget.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

const HASH: usize = 8;
const LENGTH: usize = 4;

#[derive(Debug)]
pub(crate) struct Disk {
    directory: PathBuf,
    bytes_max: u64,
    /// Bytes of the files, as far as this process knows.
    bytes: AtomicU64,
}

impl Disk {
    pub(crate) fn open(directory: &Path, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let disk = Self { directory: directory.to_owned(), bytes_max, bytes: AtomicU64::new(0) };
        disk.bytes.store(disk.files()?.iter().map(|file| file.bytes).sum(), Ordering::Relaxed);
        disk.make_room();
        Ok(disk)
    }

    pub(crate) fn read(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut file = File::open(self.path(key)).ok()?;
        if file.metadata().ok()?.len() > self.bytes_max {
            return None;
        }
        let mut frame = Vec::new();
        file.read_to_end(&mut frame).ok()?;
        let (body, hash) = frame.split_at_checked(frame.len().checked_sub(HASH)?)?;
        let (length, body) = body.split_at_checked(LENGTH)?;
        let stands = hash == xxh3_64(&frame[..frame.len() - HASH]).to_le_bytes()
            && length == (key.len() as u32).to_le_bytes()
            && body.starts_with(key);
        stands.then(|| body[key.len()..].to_vec())
    }

    pub(crate) fn write(&self, key: &[u8], bytes: &[u8]) {
        let Ok(length) = u32::try_from(key.len()) else { return };
        let mut frame = Vec::with_capacity(LENGTH + key.len() + bytes.len() + HASH);
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(key);
        frame.extend_from_slice(bytes);
        frame.extend_from_slice(&xxh3_64(&frame).to_le_bytes());
        if frame.len() as u64 > self.bytes_max || self.place(key, &frame).is_err() {
            return;
        }
        if self.bytes.fetch_add(frame.len() as u64, Ordering::Relaxed) + frame.len() as u64 > self.bytes_max {
            self.make_room();
        }
    }

    /// Never torn: written under another name, then renamed. A file that a crash leaves half on the disk does not check.
    fn place(&self, key: &[u8], frame: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(ASIDE).tempfile_in(&self.directory)?;
        file.write_all(frame)?;
        file.persist(self.path(key))?;
        Ok(())
    }

    pub(crate) fn remove(&self, key: &[u8]) {
        let path = self.path(key);
        let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if fs::remove_file(path).is_ok() {
            let _ =
                self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |all| Some(all.saturating_sub(bytes)));
        }
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        self.directory.join(format!("{:032x}{ENDING}", xxh3_128(key)))
    }

    /// Gives up the oldest files until a quarter of the room is free, and what a crash has left aside an hour ago.
    fn make_room(&self) {
        let Ok(mut files) = self.files() else { return };
        files.sort_unstable_by_key(|file| file.written);
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let wanted = if bytes > self.bytes_max { self.bytes_max / 4 * 3 } else { self.bytes_max };
        for file in files {
            if (bytes > wanted || file.is_left_over()) && fs::remove_file(&file.path).is_ok() {
                bytes -= file.bytes;
            }
        }
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn files(&self) -> io::Result<Vec<Entry>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Whatever else lies in the directory is not ours to give up.
            let aside = name.starts_with(ASIDE);
            if let Ok(metadata) = entry.metadata()
                && metadata.is_file()
                && (aside || name.ends_with(ENDING))
            {
                let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push(Entry { path: entry.path(), bytes: metadata.len(), written, aside });
            }
        }
        Ok(files)
    }
}

const ENDING: &str = ".entry";
const ASIDE: &str = ".aside-";

struct Entry {
    path: PathBuf,
    bytes: u64,
    written: SystemTime,
    aside: bool,
}

impl Entry {
    fn is_left_over(&self) -> bool {
        self.aside && self.written.elapsed().is_ok_and(|age| age.as_secs() > 3600)
    }
}
