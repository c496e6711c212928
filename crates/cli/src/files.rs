//! Which files: as given, or found by a pattern that the shell did not expand.

use crate::exit::{Failure, reason};
use clap::{Arg, ArgMatches, value_parser};
use std::path::PathBuf;

const HELP: &str = "Files to read: .npy, .csv, .tsv; - for standard input; * ? [] make a pattern";

/// What only the long help says.
const LONG: &str = ".\n\nIn CSV a field is missing if it is empty, NA, N/A, null or none, in any case; nan is a number. The first \
line holds the names of the columns, unless each of its fields is a number or missing: then they are c0, c1, …";

/// `FILE…`
pub(crate) fn arg() -> Arg {
    Arg::new("files")
        .value_name("FILE")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .num_args(1..)
        .help(HELP)
        .long_help(HELP.to_owned() + LONG)
}

/// The files, patterns expanded.
pub(crate) fn expand(matches: &ArgMatches) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for given in matches.get_many::<PathBuf>("files").into_iter().flatten() {
        match given.to_str().filter(|pattern| pattern.contains(['*', '?', '['])) {
            Some(pattern) if !given.exists() => files.extend(matching(pattern)?),
            _ => files.push(given.clone()),
        }
    }
    Ok(files)
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let bad = |e: glob::PatternError| {
        Failure::file(format!("{pattern}: no such file: check the path; it is no pattern either: {}", e.msg))
    };
    let mut files = Vec::new();
    for path in glob::glob(pattern).map_err(bad)? {
        files.push(path.map_err(|e| Failure::file(format!("{}: {}", e.path().display(), reason(e.error()))))?);
    }
    if files.is_empty() {
        return Err(Failure::file(format!("{pattern}: no file matches; check the pattern")));
    }
    Ok(files)
}
