//! Slowdowns as they happen to people, kept as patches of the sources.

use super::arm::{Arm, Revision};
use crate::{Stop, shell};
use std::path::Path;

/// A patch a mutant; above the patch, a line that says what it does.
pub(crate) const FOLDER: &str = "benches/mutants/";

/// Their names, sorted.
pub(crate) fn names() -> Result<Vec<String>, Stop> {
    let files =
        std::fs::read_dir(shell::root().join(FOLDER)).map_err(|error| Stop::Harness(format!("{FOLDER}: {error}")))?;
    let stems = files.filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".patch")?.to_owned()));
    let mut names: Vec<String> = stems.collect();
    names.sort();
    Ok(names)
}

/// Builds a mutant of a revision. One source serves all mutants in turn, so that little is compiled anew.
pub(super) fn build(revision: &Revision, name: &str) -> Result<Arm, Stop> {
    let source = revision.unpack_with_benches("mutant")?;
    let patch = shell::root().join(FOLDER).join(format!("{name}.patch"));
    apply(&patch, &source, false)?;
    let built = Arm::build(name, &source, &revision.directory.join("mutant-build"));
    apply(&patch, &source, true)?;
    built
}

fn apply(patch: &Path, source: &Path, back: bool) -> Result<(), Stop> {
    let mut git = shell::program("git");
    git.current_dir(source).arg("apply").args(back.then_some("--reverse")).arg(patch);
    // Else git would take the folder for a part of the repository around it, which does not track it.
    git.env("GIT_CEILING_DIRECTORIES", source.parent().unwrap_or(source));
    shell::run(&mut git).map_err(|_| Stop::Harness(format!("{} does not apply", patch.display())))
}
