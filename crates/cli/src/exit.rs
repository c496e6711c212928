//! Exit codes, and failures as one line on standard error.

use crate::interrupt;
use echoes_engine::Error;
use echoes_io::Kind;
use echoes_kernel::Reject;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// What the process tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The answer is on standard output, or in the file that was asked for.
    Done,
    /// The answer is "no": a server is not well.
    No,
    /// The command, a parameter or a column's name is wrong.
    Usage,
    /// The data are malformed, or allow no answer.
    Data,
    /// A file cannot be read, changed while it was read, or cannot be written.
    File,
    /// Ctrl-C.
    Interrupted,
    /// Another signal that asked the process to end.
    Ended(u8),
}

impl Exit {
    /// The number: of a signal, 128 and its own, as shells have it.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Data => 3,
            Self::File => 4,
            Self::Interrupted => 130,
            Self::Ended(signal) => 128 + signal,
        }
    }
}

/// Why a command ends early: an exit code, and a line unless there is nobody left to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) line: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self { exit, line: Some(line.into()) }
    }

    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::new(Exit::Usage, line)
    }

    pub(crate) fn data(line: impl Into<String>) -> Self {
        Self::new(Exit::Data, line)
    }

    pub(crate) fn file(line: impl Into<String>) -> Self {
        Self::new(Exit::File, line)
    }

    /// Standard output refused: a reader that went away, as `head` does, has what it wanted.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { exit: Exit::Done, line: None },
            _ => Self::file(format!("cannot write standard output: {}", reason(error))),
        }
    }

    /// A failure of the engine, at a file and perhaps columns of it.
    pub(crate) fn engine(error: &Error, place: &str) -> Self {
        match error {
            Error::Reject(reject) => Self::reject(reject, place),
            Error::Source(error) => error.into(),
            Error::Sink(_) => Self::file(error.to_string()),
            Error::Cancelled => interrupt::failure(),
            Error::Gpu(_) => Self::usage(format!("{error}; leave it to --gpu auto")),
            Error::Threads { .. } => Self::usage(format!("{error} with --threads")),
            _ => Self::data(format!("{place}: {error}")),
        }
    }

    /// A refusal of a kernel; parameters are at fault wherever they are used, values only where they lie.
    pub(crate) fn reject(reject: &Reject, place: &str) -> Self {
        match reject {
            Reject::Parameter { .. } | Reject::Parameters(_) => Self::usage(reject.to_string()),
            Reject::Columns { .. } => Self::usage(format!("{place}: {reject}")),
            Reject::TooManyColumns { .. } => Self::usage(format!("{place}: {reject} with -c")),
            Reject::NotANumber { row, .. } => Self::data(format!(
                "{place}, row {row} (from 0) is NaN; leave it out with --nan omit, or let it spread with --nan propagate"
            )),
            _ => Self::data(format!("{place}: {reject}")),
        }
    }

    /// Says why, in one line, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if let Some(line) = &self.line {
            say(line);
        }
        self.exit.code().into()
    }
}

impl From<&echoes_io::Error> for Failure {
    fn from(error: &echoes_io::Error) -> Self {
        let exit = match error.kind {
            Kind::Column => Exit::Usage,
            Kind::Malformed => Exit::Data,
            _ => Exit::File,
        };
        Self::new(exit, error.to_string())
    }
}

/// One line on standard error, whatever the text contains. There is nothing to do if it cannot be written.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "echoes: {}", on_one_line(text));
}

/// Text that stays on its line: line ends and other control characters as spaces.
pub(crate) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What the system says, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
