//! `-o OUT`: columns into a file, which appears when it is complete and not before.

use crate::{
    exit::{Failure, reason},
    interrupt,
};
use clap::{Arg, ArgMatches};
use echoes_engine::{Error, Result, Sink};
use echoes_io::{csv::CsvWriter, npy::NpyWriter};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
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
        .help("Write the columns to a file, .npy or .csv, however many rows there are")
}

/// The file that was asked for.
pub(crate) fn wanted(matches: &ArgMatches) -> Option<&str> {
    matches.try_get_one::<String>("output").ok().flatten().map(String::as_str)
}

/// A file being written under another name beside its own. Dropped before [`finish`](Output::finish), it leaves nothing behind.
pub(crate) struct Output {
    path: PathBuf,
    temporary: TempPath,
    writer: Writer,
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
    /// Begins the file; its name says its format.
    pub(crate) fn create(path: &str) -> std::result::Result<Self, Failure> {
        let path = PathBuf::from(path);
        let kind = match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("npy") => Kind::Npy,
            Some("csv") => Kind::Csv,
            _ => {
                let line = format!("cannot write {}: only .npy and .csv are written; end the name so", path.display());
                return Err(Failure::usage(line));
            }
        };
        if path.is_dir() {
            return Err(Failure::file(format!("cannot write {}: it is a directory", path.display())));
        }
        let (file, temporary) = interrupt::make_passing(|| beside(&path))
            .map_err(|e| Failure::file(format!("cannot write {}", what(&path, &e))))?;
        Ok(Self { path, temporary, writer: Writer::New(file, kind) })
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> std::result::Result<(), Failure> {
        let finished = match self.writer {
            Writer::Npy(writer) => writer.finish(),
            Writer::Csv(writer) => writer.finish(),
            Writer::New(..) | Writer::Broken => Err(io::Error::other("no columns came")),
        };
        let named = finished
            .and_then(|mut out| out.flush())
            .and_then(|()| self.temporary.persist(&self.path).map_err(|e| e.error));
        named.map_err(|e| Failure::file(format!("cannot write {}", what(&self.path, &e))))
    }
}

/// A file of passing name in the same directory, so that naming it anew is one step.
fn beside(path: &Path) -> io::Result<(File, TempPath)> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".echoes-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As other programs make files: the umask takes its share.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    Ok(builder.tempfile_in(directory)?.into_parts())
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
