//! Bytes at any position: in memory, mapped, or read by position from a regular file.

use crate::{Error, Kind, Result};
use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::SystemTime;

/// How a regular file is read.
///
/// Whoever has a file mapped, which [`Auto`](Access::Auto) does too, vouches that nothing writes to it as long as it is
/// open: the language takes mapped bytes to stand still, and no lock makes another process keep to that. A server can
/// vouch for files that only it writes, and that it never writes again; a program that is given files by people passes
/// on their word. [`Pread`](Access::Pread) asks for no such word.
///
/// Where the word is broken, numbers may be of before or after a change, and the run ends with an error of
/// [`Kind::Changed`], as with positional reads. A file that is cut shorter is such an error before each chunk; if it is
/// cut while a chunk is being worked on, the system ends this process (`SIGBUS`), in silence unless the program has
/// called [`end_on_lost_page`](crate::signal::end_on_lost_page).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Access {
    /// For CSV, [`Pread`](Access::Pread). For `.npy`, [`Mmap`](Access::Mmap) on a local disk of a Unix system, [`Pread`](Access::Pread) elsewhere, where
    /// the system refuses the map (`ulimit -v`), and on Linux wherever the file lies on a network or in user space (NFS, SMB,
    /// 9P, FUSE, …): there a page that cannot be fetched would be a signal and not an error.
    #[default]
    Auto,
    /// Mapped into memory; columns that lie there as they are needed are not copied.
    Mmap,
    /// Positional reads into a buffer of each thread.
    Pread,
}

/// A word that is no [`Access`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way to read a file: give auto, mmap or pread")]
pub struct UnknownAccess(String);

impl FromStr for Access {
    type Err = UnknownAccess;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownAccess> {
        match text {
            "auto" => Ok(Self::Auto),
            "mmap" => Ok(Self::Mmap),
            "pread" => Ok(Self::Pread),
            other => Err(UnknownAccess(other.to_owned())),
        }
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Mmap => "mmap",
            Self::Pread => "pread",
        })
    }
}

/// Bytes that can be read at any position, from any thread.
#[derive(Debug)]
pub struct Bytes<'a> {
    name: String,
    len: u64,
    backing: Backing<'a>,
}

#[derive(Debug)]
enum Backing<'a> {
    Memory(Cow<'a, [u8]>),
    Mapped(memmap2::Mmap, Handle),
    Positional(Handle),
}

/// An open file, and when it was last written as of the opening.
#[derive(Debug)]
struct Handle {
    file: fs::File,
    modified: Option<SystemTime>,
}

impl Bytes<'static> {
    /// A regular file.
    ///
    /// # Errors
    /// [`Kind::Unreadable`] if it is absent, may not be read, is not a regular file, or cannot be mapped.
    pub fn open(path: impl AsRef<Path>, access: Access) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = fs::File::open(path).map_err(|e| unreadable(&name, &e))?;
        let metadata = file.metadata().map_err(|e| unreadable(&name, &e))?;
        if metadata.is_dir() {
            return Err(unreadable(&name, &io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Err(Error::new(Kind::Unreadable, name, "is not a regular file: give it as standard input, `-`"));
        }
        Self::from_file(name, file, access)
    }

    /// A regular file that is open already, under a name for messages.
    ///
    /// # Errors
    /// [`Kind::Unreadable`] if it cannot be examined or mapped.
    pub fn from_file(name: impl Into<String>, file: fs::File, access: Access) -> Result<Self> {
        let name = name.into();
        let metadata = file.metadata().map_err(|e| unreadable(&name, &e))?;
        let (len, modified) = (metadata.len(), metadata.modified().ok());
        let mapped = match access {
            Access::Mmap => true,
            Access::Pread => false,
            Access::Auto => cfg!(unix) && !is_remote(&file),
        };
        // A map of nothing is an error on some systems.
        let backing = match (mapped && len > 0).then(|| map(&file)) {
            Some(Ok(map)) => Backing::Mapped(map, Handle { file, modified }),
            Some(Err(error)) if access == Access::Mmap => return Err(unmappable(&name, &error)),
            _ => Backing::Positional(Handle { file, modified }),
        };
        Ok(Self { name, len, backing })
    }
}

impl<'a> Bytes<'a> {
    /// Bytes in memory, under a name for messages.
    pub fn memory(name: impl Into<String>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self { name: name.into(), len: bytes.len() as u64, backing: Backing::Memory(bytes) }
    }

    /// The same bytes for readings in order through a buffer: under [`Access::Auto`] by position, since a map
    /// would gain nothing there and bring its risk.
    pub(crate) fn in_order(self, access: Access) -> Self {
        match self.backing {
            Backing::Mapped(_, handle) if access == Access::Auto => {
                Self { backing: Backing::Positional(handle), ..self }
            }
            _ => self,
        }
    }

    /// What to call them in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How they are read: `memory`, `mmap`, `pread`.
    pub const fn backend(&self) -> &'static str {
        match self.backing {
            Backing::Memory(_) => "memory",
            Backing::Mapped(..) => "mmap",
            Backing::Positional(_) => "pread",
        }
    }

    /// How many there are.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, unless they must be read by position. What [`Access`] says of mapped files holds for as long as the slice is used.
    ///
    /// # Errors
    /// [`Kind::Changed`] if a mapped file is shorter than at the opening: its last bytes must not be touched.
    pub fn as_slice(&self) -> Result<Option<&[u8]>> {
        match &self.backing {
            Backing::Memory(bytes) => Ok(Some(bytes)),
            Backing::Mapped(map, handle) => {
                let now = handle.file.metadata().map_err(|e| unreadable(&self.name, &e))?;
                if now.len() < self.len { Err(self.changed()) } else { Ok(Some(map)) }
            }
            Backing::Positional(_) => Ok(None),
        }
    }

    /// Fills `out` with the bytes from `offset`.
    ///
    /// # Errors
    /// [`Kind::Changed`] if there are fewer than there were at the opening, [`Kind::Unreadable`] if the
    /// disk fails, [`Kind::Malformed`] if there were never so many.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let end = offset.checked_add(out.len() as u64).filter(|&end| end <= self.len);
        let Some(end) = end else {
            return Err(self.malformed(format!("ends before byte {}", offset.saturating_add(out.len() as u64))));
        };
        match &self.backing {
            Backing::Memory(bytes) => {
                // Both fit `usize`: the range lies within a slice.
                let bytes = bytes.get(offset as usize..end as usize);
                out.copy_from_slice(bytes.ok_or_else(|| self.changed())?);
                Ok(())
            }
            // A copy is made in any case, and made by the system it cannot be a signal.
            Backing::Mapped(_, handle) | Backing::Positional(handle) => read_exact_at(&handle.file, offset, out)
                .map_err(|e| match e.kind() {
                    io::ErrorKind::UnexpectedEof => self.changed(),
                    _ => unreadable(&self.name, &e),
                }),
        }
    }

    /// Refuses if the file's size or time of last change is no longer that of the opening.
    ///
    /// A change within the clock's granularity that keeps the size goes unseen, and so may one made
    /// through another process's mapping, whose time of change is set later.
    ///
    /// # Errors
    /// [`Kind::Changed`]; [`Kind::Unreadable`] if the file cannot be examined.
    pub fn check_unchanged(&self) -> Result<()> {
        let (Backing::Mapped(_, handle) | Backing::Positional(handle)) = &self.backing else { return Ok(()) };
        let now = handle.file.metadata().map_err(|e| unreadable(&self.name, &e))?;
        if now.len() == self.len && now.modified().ok() == handle.modified {
            return Ok(());
        }
        Err(self.changed())
    }

    /// What the content is known by without reading it: the file's device, number, size and times of change. `None` for what
    /// is no file, for a file that changed within the last seconds and may do so again unseen, and on systems other than Unix.
    pub fn identity(&self) -> Option<String> {
        let (Backing::Mapped(_, handle) | Backing::Positional(handle)) = &self.backing else { return None };
        identity(&handle.file.metadata().ok()?)
    }

    pub(crate) fn malformed(&self, what: impl Into<String>) -> Error {
        Error::new(Kind::Malformed, &self.name, what)
    }

    fn changed(&self) -> Error {
        Error::new(Kind::Changed, &self.name, "changed while it was being read: try again when nothing writes to it")
    }
}

/// Seconds for which a file must have stood still: some file systems tell the time of change by two seconds only.
#[cfg(unix)]
const SETTLED: i64 = 3;

#[cfg(unix)]
fn identity(file: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    // The time of change of the file's entry cannot be set back, as that of its content can.
    let settled = file.mtime().max(file.ctime()).checked_add(SETTLED)? < i64::try_from(now).ok()?;
    let [written, changed] = [(file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec())];
    let (device, number, size) = (file.dev(), file.ino(), file.size());
    settled.then(|| format!("{device}:{number}:{size}:{}.{}:{}.{}", written.0, written.1, changed.0, changed.1))
}

#[cfg(not(unix))]
const fn identity(_: &fs::Metadata) -> Option<String> {
    None
}

/// Whether the file lies on a network or in user space, or cannot be asked.
#[cfg(target_os = "linux")]
fn is_remote(file: &fs::File) -> bool {
    // Magic numbers from linux/magic.h and the file systems' own headers.
    const REMOTE: [u32; 13] = [
        0x0000_517b, // SMB
        0x0000_564c, // NCP
        0x0000_6969, // NFS
        0x00c3_6400, // Ceph
        0x0102_1997, // 9P
        0x0bd0_0bd0, // Lustre
        0x2003_0528, // OrangeFS
        0x4750_4653, // GPFS
        0x5346_414f, // AFS
        0x6573_5546, // FUSE
        0x7375_7245, // Coda
        0xfe53_4d42, // SMB 2
        0xff53_4d42, // CIFS
    ];
    // The field's type differs from machine to machine; the numbers have 32 bits.
    rustix::fs::fstatfs(file).map_or(true, |found| REMOTE.contains(&(found.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
const fn is_remote(_: &fs::File) -> bool {
    false
}

fn map(file: &fs::File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the file is a regular one, opened for reading, and the map keeps its pages alive by itself. That its bytes
    // stand still meanwhile is nothing that this function can know: the caller vouches for it by choosing `Access::Mmap` or
    // `Access::Auto`, whose documentation demands it. What is done against a broken word: bytes are read as integers and
    // floats alone, for which every pattern is valid, `check_unchanged` reports a change, and `as_slice` a file cut shorter.
    unsafe { memmap2::Mmap::map(file) }
}

#[cfg(unix)]
fn read_exact_at(file: &fs::File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &fs::File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                out = out.get_mut(n..).unwrap_or_default();
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn read_exact_at(_: &fs::File, _: u64, _: &mut [u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn unmappable(name: &str, error: &io::Error) -> Error {
    Error::new(Kind::Unreadable, name, format!("cannot be mapped into memory: {error}; read it with --io pread"))
}

/// The error for a file that the system will not let us read.
pub(crate) fn unreadable(name: &str, error: &io::Error) -> Error {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "no such file: check the path".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied: make it readable for this user".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory: name its files, as in DIR/*.csv".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    Error::new(Kind::Unreadable, name, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn words_round_trip() {
        for access in [Access::Auto, Access::Mmap, Access::Pread] {
            assert_eq!(access.to_string().parse(), Ok(access));
        }
        let error = "fast".parse::<Access>().unwrap_err();
        assert_eq!(error.to_string(), "`fast` is no way to read a file: give auto, mmap or pread");
    }

    #[test]
    fn both_ways_read_the_same_and_see_a_change() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        for access in [Access::Mmap, Access::Pread] {
            let bytes = Bytes::open(file.path(), access).unwrap();
            let mut out = [0; 4];
            bytes.read_at(6, &mut out).unwrap();
            assert_eq!(&out, b"6789");
            assert_eq!(bytes.read_at(bytes.len() - 3, &mut out).unwrap_err().kind, Kind::Malformed);
            assert_eq!(bytes.read_at(u64::MAX, &mut out).unwrap_err().kind, Kind::Malformed);
            bytes.check_unchanged().unwrap();
            file.write_all(b"!").unwrap();
            assert_eq!(bytes.check_unchanged().unwrap_err().kind, Kind::Changed);
        }
    }

    #[test]
    fn a_file_cut_short_is_an_error_by_pread() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let bytes = Bytes::open(file.path(), Access::Pread).unwrap();
        file.as_file().set_len(3).unwrap();
        assert_eq!(bytes.read_at(0, &mut [0; 10]).unwrap_err().kind, Kind::Changed);
    }

    #[test]
    fn a_mapped_file_cut_short_is_an_error_before_it_is_touched() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 1 << 16]).unwrap();
        let bytes = Bytes::open(file.path(), Access::Mmap).unwrap();
        assert_eq!(bytes.as_slice().unwrap().map(<[u8]>::len), Some(1 << 16));
        file.as_file().set_len(3).unwrap();
        assert_eq!(bytes.as_slice().unwrap_err().kind, Kind::Changed);
        assert_eq!(bytes.read_at(1 << 15, &mut [0; 10]).unwrap_err().kind, Kind::Changed);
    }

    #[test]
    fn what_is_no_file_says_so() {
        let directory = Bytes::open(std::env::temp_dir(), Access::Auto).unwrap_err();
        assert!(directory.what.starts_with("is a directory"), "{directory}");
        let absent = Bytes::open("no/such.npy", Access::Auto).unwrap_err();
        assert_eq!(absent.to_string(), "no/such.npy: no such file: check the path");
        assert_eq!(absent.kind, Kind::Unreadable);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_an_identity_once_it_has_settled_and_another_after_every_change() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let identity = |path: &Path| Bytes::open(path, Access::Auto).unwrap().identity();
        assert_eq!(identity(file.path()), None, "it may change again at the same time");
        assert_eq!(Bytes::memory("memory", &b"0123"[..]).identity(), None);
        let metadata = file.as_file().metadata().unwrap();
        std::thread::sleep(std::time::Duration::from_secs(SETTLED as u64 + 2));
        let first = identity(file.path()).unwrap();
        assert_eq!(identity(file.path()).unwrap(), first);
        // The same size, the old time of change: still another file.
        file.as_file().write_all(b"x").unwrap();
        file.as_file().set_len(10).unwrap();
        file.as_file().set_modified(metadata.modified().unwrap()).unwrap();
        std::thread::sleep(std::time::Duration::from_secs(SETTLED as u64 + 2));
        assert_ne!(identity(file.path()).unwrap(), first);
    }

    #[test]
    fn an_empty_file_is_not_mapped() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(Bytes::open(file.path(), Access::Mmap).unwrap().backend(), "pread");
    }
}
