//! `-o OUT`: columns into a file, which appears when it is complete and not before, or into a pipe or a device.

use crate::{
    exit::{Failure, reason},
    interrupt,
};
use clap::{Arg, ArgMatches, value_parser};
use echoes_engine::{Error, Result, Sink};
use echoes_io::{csv::CsvWriter, npy::NpyWriter};
use std::{
    fs::{self, File, Permissions},
    io::{self, BufWriter, Seek, Write},
    path::{Path, PathBuf},
};
use tempfile::TempPath;

const BUFFER: usize = 1 << 20;

/// `-o OUT`
pub(crate) fn arg() -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("OUT")
        .value_parser(value_parser!(PathBuf))
        .help("Write the columns to a file, .npy or .csv, however many rows there are")
}

/// The file that was asked for.
pub(crate) fn wanted(matches: &ArgMatches) -> Option<&Path> {
    matches.try_get_one::<PathBuf>("output").ok().flatten().map(PathBuf::as_path)
}

/// Refuses to write onto the file that is read, which would be lost.
pub(crate) fn check_apart(input: &Path, output: &Path) -> std::result::Result<(), Failure> {
    if !is_same_file(input, output) {
        return Ok(());
    }
    let output = output.display();
    Err(Failure::usage(format!("cannot write {output}: it is the file that is read; give -o another name")))
}

/// Whether two paths lead to one regular file. A terminal may well be both read and written.
fn is_same_file(a: &Path, b: &Path) -> bool {
    let (Ok(first), Ok(second)) = (fs::metadata(a), fs::metadata(b)) else { return false };
    #[cfg(unix)]
    let same = {
        use std::os::unix::fs::MetadataExt;
        (first.dev(), first.ino()) == (second.dev(), second.ino())
    };
    #[cfg(not(unix))]
    let same = fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b));
    same && first.is_file() && second.is_file()
}

/// Columns being written. Dropped before [`finish`](Output::finish), it leaves nothing behind.
pub(crate) struct Output {
    path: PathBuf,
    target: Target,
    writer: Writer,
}

/// Where what is complete goes.
enum Target {
    /// From the passing name beside it to the file's own.
    Name { own: PathBuf, passing: TempPath },
    /// Into what is there already, a pipe or a device; the columns wait in a file without a name.
    Stream(File),
}

enum Writer {
    /// Nothing is written before the names of the columns are known.
    New(File, Kind),
    Npy(NpyWriter<BufWriter<File>>),
    Csv(CsvWriter<BufWriter<File>>),
    /// The file could not be begun.
    Broken,
}

#[derive(Clone, Copy)]
enum Kind {
    Npy,
    Csv,
}

impl Output {
    /// Begins the file; its name says its format, and that of a pipe or a device without an ending is CSV.
    pub(crate) fn create(path: &Path) -> std::result::Result<Self, Failure> {
        let streams = is_stream(path);
        let kind = match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("npy") => Kind::Npy,
            Some("csv") => Kind::Csv,
            _ if streams => Kind::Csv,
            _ => {
                let line = format!("cannot write {}: only .npy and .csv are written; end the name so", path.display());
                return Err(Failure::usage(line));
            }
        };
        if path.is_dir() {
            return Err(Failure::file(format!("cannot write {}: it is a directory", path.display())));
        }
        let own = followed(path);
        let directory = directory(&own);
        if fs::metadata(directory).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let (path, directory) = (path.display(), directory.display());
            return Err(Failure::file(format!(
                "cannot write {path}: there is no directory {directory}; make it first"
            )));
        }
        let begun = if streams { Target::stream(path) } else { Target::name(path) };
        let (file, target) = begun.map_err(|e| Failure::file(format!("cannot write {}", what(path, &e))))?;
        Ok(Self { path: path.to_owned(), target, writer: Writer::New(file, kind) })
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> std::result::Result<(), Failure> {
        let finished = match self.writer {
            Writer::Npy(writer) => writer.finish(),
            Writer::Csv(writer) => writer.finish(),
            Writer::New(..) | Writer::Broken => Err(io::Error::other("no columns came")),
        };
        let complete = |out: BufWriter<File>| self.target.take(out.into_inner()?);
        finished.and_then(complete).map_err(|e| Failure::file(format!("cannot write {}", what(&self.path, &e))))
    }
}

impl Target {
    fn name(path: &Path) -> io::Result<(File, Self)> {
        // Replacing a file asks nobody whether it may be written; opening it does, and leaves it as it is.
        if let Err(error) = File::options().write(true).open(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let own = followed(path);
        let (file, passing) = interrupt::make_passing(|| beside(&own))?;
        Ok((file, Self::Name { own, passing }))
    }

    fn stream(path: &Path) -> io::Result<(File, Self)> {
        Ok((tempfile::tempfile()?, Self::Stream(open_stream(path)?)))
    }

    /// Takes what is complete.
    fn take(self, mut file: File) -> io::Result<()> {
        match self {
            Self::Name { own, passing } => passing.persist(own).map_err(|e| e.error),
            Self::Stream(mut stream) => {
                file.rewind()?;
                io::copy(&mut file, &mut stream)?;
                stream.flush()
            }
        }
    }
}

/// Opens what is written into. Standard output goes on where others who have it stand: it may be a file.
fn open_stream(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    if ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].map(Path::new).contains(&path) {
        use std::os::fd::AsFd;
        return Ok(io::stdout().as_fd().try_clone_to_owned()?.into());
    }
    File::options().append(true).open(path)
}

/// Whether a path stands for something to write into, which must not be replaced: a pipe, a device, what a program has open.
fn is_stream(path: &Path) -> bool {
    let special = fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir());
    special || cfg!(unix) && (followed(path).starts_with("/proc") || path.starts_with("/dev/fd"))
}

/// Links that are followed: more are a circle.
const LINKS_MAX: usize = 40;

/// Where a path leads by its symbolic links, to be written there; what it leads to need not exist.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(to) = fs::read_link(&path) else { break };
        // What a program has open is not there by the name that it shows.
        if path.starts_with("/proc") {
            break;
        }
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    path
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file of passing name in the same directory, so that naming it anew is one step; what is there already lends its permissions.
fn beside(path: &Path) -> io::Result<(File, TempPath)> {
    let kept = fs::metadata(path).ok().map(|there| there.permissions());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".echoes-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A new one as other programs make files: the umask takes its share.
        builder.permissions(kept.clone().unwrap_or_else(|| Permissions::from_mode(0o666)));
    }
    let (file, passing) = builder.tempfile_in(directory(path))?.into_parts();
    kept.map_or(Ok(()), |kept| file.set_permissions(kept))?;
    Ok((file, passing))
}

fn what(path: &Path, error: &io::Error) -> String {
    format!("{}: {}", path.display(), reason(error))
}

impl Sink for Output {
    fn begin(&mut self, names: &[String]) -> Result<()> {
        let begun = match std::mem::replace(&mut self.writer, Writer::Broken) {
            Writer::New(file, kind) => {
                let out = BufWriter::with_capacity(BUFFER, file);
                match kind {
                    Kind::Npy => NpyWriter::create(out, names.len()).map(Writer::Npy),
                    Kind::Csv => CsvWriter::create(out, names).map(Writer::Csv),
                }
            }
            other => Ok(other),
        };
        self.writer = begun.map_err(|e| Error::Sink(what(&self.path, &e)))?;
        Ok(())
    }

    fn write(&mut self, columns: &[&[f64]]) -> Result<()> {
        let written = match &mut self.writer {
            Writer::Npy(writer) => writer.append_columns(columns),
            Writer::Csv(writer) => writer.append(columns),
            Writer::New(..) | Writer::Broken => Err(io::Error::other("the columns have no names")),
        };
        written.map_err(|e| Error::Sink(what(&self.path, &e)))
    }
}
