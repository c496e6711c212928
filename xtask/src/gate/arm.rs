//! An arm of a comparison: the program `gate-arm` of one source, built once, linked anew for each layout.
//!
//! Where functions lie in memory moves times by more than most changes do. So the objects that the linker was given are kept, and
//! each block of measurements links them in an order of its own, by lld's `--shuffle-sections`. Elsewhere the layout is as built.

use crate::{Outcome, Stop, shell};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = "gate-arm";

/// Keeps what the linker is given, then links.
const LINKER: &str = r#"#!/bin/sh
set -e
kept=$(dirname "$0")
rm -f "$kept"/*.o
: > "$kept/args.new"
n=0
for arg; do
  case $arg in *.o) n=$((n + 1)); cp "$arg" "$kept/$n.o"; arg=$kept/$n.o ;; esac
  printf '%s\n' "$arg" >> "$kept/args.new"
done
mv "$kept/args.new" "$kept/args"
exec cc "$@"
"#;

/// The program of one source.
pub(super) struct Arm {
    /// What reports call it.
    pub(super) name: String,
    /// Where cargo put it.
    pub(super) built: PathBuf,
    source: PathBuf,
    directory: PathBuf,
}

impl Arm {
    /// Builds the program of the workspace at `source`, all that comes of it in `directory`.
    pub(super) fn build(name: &str, source: &Path, directory: &Path) -> Result<Self, Stop> {
        let mut cargo = shell::cargo(&["rustc", "--quiet", "--release", "--package", "echoes-benches", "--bin", PROGRAM]);
        cargo.current_dir(source).arg("--target-dir").arg(directory.join("build"));
        // Names of functions, for what is said of a regression; the code is that of a release.
        cargo.env("CARGO_PROFILE_RELEASE_STRIP", "none").env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
        if cfg!(target_os = "linux") {
            let linker = directory.join("link/linker.sh");
            write_script(&linker)?;
            cargo.arg("--").arg("-C").arg(format!("linker={}", linker.display()));
        }
        println!("building {name}: `{PROGRAM}` of {}", source.display());
        shell::run(&mut cargo).map_err(|_| Stop::Harness(format!("{name} does not build with this tree's benches")))?;
        let built = directory.join("build/release").join(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
        Ok(Self { name: name.to_owned(), built, source: source.to_owned(), directory: directory.to_owned() })
    }

    /// The same program under another name, for a comparison with itself.
    pub(super) fn twin(&self, name: &str) -> Self {
        let directory = self.directory.clone();
        Self { name: name.to_owned(), built: self.built.clone(), source: self.source.clone(), directory }
    }

    /// Whether [`link`](Self::link) gives layouts that differ.
    pub(super) fn shuffles(&self) -> bool {
        self.link_args().is_some_and(|args| args.lines().any(|arg| arg == "-fuse-ld=lld"))
    }

    fn link_args(&self) -> Option<String> {
        fs::read_to_string(self.directory.join("link/args")).ok()
    }

    /// The program with its functions in the order of that number.
    pub(super) fn link(&self, seed: u64) -> Result<PathBuf, Stop> {
        let Some(args) = self.link_args().filter(|_| self.shuffles()) else { return Ok(self.built.clone()) };
        let seed = 1 + seed % u64::from(u32::MAX - 1);
        let layout = self.directory.join(format!("link/layout-{}-{seed}", self.name));
        let mut linker = Command::new("cc");
        linker.current_dir(&self.source);
        let mut before = "";
        for arg in args.lines() {
            if before == "-o" { linker.arg(&layout) } else { linker.arg(arg) };
            before = arg;
        }
        linker.args([format!("-Wl,--shuffle-sections=.text*={seed}"), format!("-Wl,--shuffle-sections=.rodata*={seed}")]);
        shell::run(&mut linker).map_err(|_| Stop::Harness(format!("{} cannot be linked anew", self.name)))?;
        Ok(layout)
    }

    /// Removes a layout that has been measured.
    pub(super) fn unlink(&self, layout: &Path) {
        if layout != self.built {
            // If it stays, it only takes room.
            let _ = fs::remove_file(layout);
        }
    }
}

fn write_script(path: &Path) -> Outcome {
    let failed = |error: std::io::Error| Stop::Harness(format!("{}: {error}", path.display()));
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    if fs::read_to_string(path).is_ok_and(|text| text == LINKER) {
        return Ok(());
    }
    fs::write(path, LINKER).map_err(failed)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).map_err(failed)?;
    Ok(())
}

/// The source of a revision under `target/gate`, with the benches of the working tree, so that only the engine differs.
pub(super) fn revision(rev: &str) -> Result<(PathBuf, String), Stop> {
    let commit = rev_parse(rev)?;
    let directory = shell::root().join("target/gate").join(commit.get(..12).unwrap_or(&commit));
    let source = directory.join("source");
    if !source.join("Cargo.toml").exists() {
        fs::create_dir_all(&source).map_err(|error| Stop::Harness(format!("{}: {error}", source.display())))?;
        let archive = directory.join("source.tar");
        shell::run(shell::program("git").args(["archive", "--output"]).arg(&archive).arg(&commit))?;
        shell::run(shell::program("tar").arg("-xf").arg(&archive).arg("-C").arg(&source))?;
        let _ = fs::remove_file(archive);
    }
    if !source.join("benches/Cargo.toml").exists() {
        return Err(Stop::Harness(format!("{rev} is older than the benches: there is nothing to build the gate's program in")));
    }
    for part in ["Cargo.toml", "src"] {
        copy_changed(&shell::root().join("benches").join(part), &source.join("benches").join(part))?;
    }
    Ok((directory, commit))
}

/// The whole name of a commit.
pub(super) fn rev_parse(rev: &str) -> Result<String, Stop> {
    let commit = format!("{rev}^{{commit}}");
    let found = shell::output(shell::program("git").args(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]));
    found.map(|hash| hash.trim().to_owned()).map_err(|_| Stop::Usage(format!("`{rev}` is no revision of this repository")))
}

/// Copies a file or folder; what is alike already keeps its time, so that it is not built again.
fn copy_changed(from: &Path, to: &Path) -> Outcome {
    let failed = |error: std::io::Error| Stop::Harness(format!("{}: {error}", to.display()));
    if from.is_dir() {
        fs::create_dir_all(to).map_err(failed)?;
        for entry in fs::read_dir(from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            copy_changed(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let text = fs::read(from).map_err(failed)?;
    if fs::read(to).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(to, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_that_is_none_is_a_usage_error() {
        assert!(matches!(rev_parse("no-such-revision"), Err(Stop::Usage(line)) if line.contains("no-such-revision")));
        assert!(matches!(rev_parse("--help"), Err(Stop::Usage(_))));
        assert_eq!(rev_parse("HEAD").map(|commit| commit.len()).unwrap_or_default(), 40);
    }

    #[test]
    fn copies_are_made_of_what_differs() {
        let directory = std::env::temp_dir().join(format!("echoes-gate-{}", std::process::id()));
        let (from, to) = (directory.join("from"), directory.join("to"));
        fs::create_dir_all(from.join("in")).unwrap();
        fs::write(from.join("in/a"), "1").unwrap();
        assert!(copy_changed(&from, &to).is_ok());
        let written = fs::metadata(to.join("in/a")).unwrap().modified().unwrap();
        assert!(copy_changed(&from, &to).is_ok());
        assert_eq!(fs::metadata(to.join("in/a")).unwrap().modified().unwrap(), written);
        fs::write(from.join("in/a"), "2").unwrap();
        assert!(copy_changed(&from, &to).is_ok());
        assert_eq!(fs::read_to_string(to.join("in/a")).unwrap(), "2");
        fs::remove_dir_all(directory).unwrap();
    }
}
