//! Why a source cannot be read, in one line that says what, where and how to mend it.

use std::fmt;

/// The result of reading.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a source cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// What went wrong, for programs.
    pub kind: Kind,
    /// The file, or what stands for it: `sales.csv`, `standard input`.
    pub source_name: String,
    /// Line and column, from 1, where they are known; column 0 means the whole line.
    pub place: Option<(u64, u64)>,
    /// What went wrong, for people.
    pub what: String,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// It cannot be opened or read: absent, a directory, no permission, a failing disk.
    Unreadable,
    /// It changed while it was being read.
    Changed,
    /// Its contents are not what its format demands.
    Malformed,
    /// There is no column of that name or number, or it is not numeric.
    Column,
}

impl Error {
    /// An error without a place.
    pub fn new(kind: Kind, source_name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { kind, source_name: source_name.into(), place: None, what: what.into() }
    }

    /// The same error at a line and column, both from 1; column 0 means the whole line.
    pub fn at(self, line: u64, column: u64) -> Self {
        Self { place: Some((line, column)), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source_name)?;
        match self.place {
            None => {}
            Some((line, 0)) => write!(f, ":{line}")?,
            Some((line, column)) => write!(f, ":{line}:{column}")?,
        }
        write!(f, ": {}", self.what)
    }
}
