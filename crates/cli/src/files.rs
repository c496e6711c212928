//! Which files: as given, or found by a pattern that the shell did not expand.

use crate::exit::{Failure, reason};
use clap::{Arg, ArgMatches};
use std::path::Path;

/// `FILE…`
pub(crate) fn arg() -> Arg {
    Arg::new("files")
        .value_name("FILE")
        .required(true)
        .num_args(1..)
        .help("Files to read: .npy, .csv, .tsv; - for standard input; * ? [] make a pattern")
}

/// The files, patterns expanded.
pub(crate) fn expand(matches: &ArgMatches) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    for given in matches.get_many::<String>("files").into_iter().flatten() {
        if given.contains(['*', '?', '[']) && !Path::new(given).exists() {
            files.extend(matching(given)?);
        } else {
            files.push(given.clone());
        }
    }
    Ok(files)
}

fn matching(pattern: &str) -> Result<Vec<String>, Failure> {
    let bad = |e: glob::PatternError| Failure::usage(format!("{pattern}: {}; quote it otherwise", e.msg));
    let mut files = Vec::new();
    for path in glob::glob(pattern).map_err(bad)? {
        let path = path.map_err(|e| Failure::file(format!("{}: {}", e.path().display(), reason(e.error()))))?;
        files.push(path.to_string_lossy().into_owned());
    }
    if files.is_empty() {
        return Err(Failure::file(format!("{pattern}: no file matches; check the pattern")));
    }
    Ok(files)
}
