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

/// How cargo compiles, and where it puts what comes of it.
struct Profile {
    flag: Option<&'static str>,
    folder: &'static str,
}

/// The program of one source.
#[derive(Clone)]
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
        Self::compile(
            name,
            source,
            directory,
            &directory.join("build"),
            Profile { flag: Some("--release"), folder: "release" },
        )
    }

    /// Builds the program of the working tree as the tests are built: there is little left to compile when they have run.
    pub(super) fn build_for_tests(name: &str) -> Result<Self, Stop> {
        let target = shell::root().join("target");
        Self::compile(
            name,
            &shell::root(),
            &target.join("gate/selftest"),
            &target,
            Profile { flag: None, folder: "debug" },
        )
    }

    fn compile(name: &str, source: &Path, directory: &Path, target: &Path, profile: Profile) -> Result<Self, Stop> {
        let mut cargo = cargo(source, target, "rustc");
        cargo.args(profile.flag).args(["--package", "echoes-benches", "--bin", PROGRAM]);
        if cfg!(target_os = "linux") {
            let linker = directory.join("link/linker.sh");
            write_script(&linker)?;
            cargo.arg("--").arg("-C").arg(format!("linker={}", linker.display()));
        }
        eprintln!("building {name}: `{PROGRAM}` of {}", source.display());
        shell::run(&mut cargo).map_err(|_| Stop::Harness(format!("{name} does not build")))?;
        let built = target.join(profile.folder).join(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
        Ok(Self { name: name.to_owned(), built, source: source.to_owned(), directory: directory.to_owned() })
    }

    /// Builds `echoes` beside it, of the same objects, and says where it is.
    pub(super) fn build_echoes(&self) -> Result<PathBuf, Stop> {
        let target = self.directory.join("build");
        shell::run(cargo(&self.source, &target, "build").args(["--release", "--package", "echoes-cli"]))?;
        Ok(target.join("release/echoes").with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// The names of all work that it can do.
    pub(super) fn names(&self) -> Result<Vec<String>, Stop> {
        self.list("list")
    }

    /// The names of the work of which a part can be done again.
    pub(super) fn names_with_parts(&self) -> Result<Vec<String>, Stop> {
        self.list("parts")
    }

    fn list(&self, command: &str) -> Result<Vec<String>, Stop> {
        let said = shell::output(Command::new(&self.built).arg(command).current_dir(shell::root()))
            .map_err(|_| Stop::Harness(format!("{} does not list its work", self.name)))?;
        Ok(said.lines().map(str::to_owned).collect())
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
            if before == "-o" {
                linker.arg(&layout)
            } else {
                linker.arg(arg)
            };
            before = arg;
        }
        linker
            .args([format!("-Wl,--shuffle-sections=.text*={seed}"), format!("-Wl,--shuffle-sections=.rodata*={seed}")]);
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

/// Cargo, with nothing of the caller's that would change the code.
fn cargo(source: &Path, target: &Path, command: &str) -> Command {
    let mut cargo = shell::cargo(&[command, "--quiet", "--target-dir"]);
    cargo.arg(target).current_dir(source);
    // Names of functions, for what is said of a regression; the code is that of a release.
    cargo.env("CARGO_PROFILE_RELEASE_STRIP", "none").env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    cargo
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

/// A commit, with all that is made of it under `target/gate`.
pub(super) struct Revision {
    pub(super) commit: String,
    pub(super) directory: PathBuf,
}

/// Finds a revision.
pub(super) fn revision(rev: &str) -> Result<Revision, Stop> {
    let commit = rev_parse(rev)?;
    let directory = shell::root().join("target/gate").join(commit.get(..12).unwrap_or(&commit));
    Ok(Revision { commit, directory })
}

impl Revision {
    /// Builds the program with the working tree's benches, so that the engine alone differs; where the engine of that
    /// revision has not what they call, with its own.
    pub(super) fn build(&self, name: &str) -> Result<Arm, Stop> {
        let source = self.unpack_with_benches("source")?;
        Arm::build(name, &source, &self.directory).or_else(|_| {
            let source = self.unpack("own-source")?;
            if !source.join(format!("benches/src/bin/{PROGRAM}.rs")).exists() {
                return Err(Stop::Harness(format!(
                    "{name} is older than the gate, and this tree's benches do not build with it"
                )));
            }
            eprintln!("{name} does not build with this tree's benches: its own are taken");
            Arm::build(name, &source, &self.directory.join("own"))
        })
    }

    /// Its source under `folder`, with the working tree's benches.
    pub(super) fn unpack_with_benches(&self, folder: &str) -> Result<PathBuf, Stop> {
        let source = self.unpack(folder)?;
        for part in ["Cargo.toml", "src"] {
            copy_changed(&shell::root().join("benches").join(part), &source.join("benches").join(part))?;
        }
        Ok(source)
    }

    fn unpack(&self, folder: &str) -> Result<PathBuf, Stop> {
        let source = self.directory.join(folder);
        if !source.join("Cargo.toml").exists() {
            fs::create_dir_all(&source).map_err(|error| Stop::Harness(format!("{}: {error}", source.display())))?;
            let archive = self.directory.join("source.tar");
            shell::run(shell::program("git").args(["archive", "--output"]).arg(&archive).arg(&self.commit))?;
            shell::run(shell::program("tar").arg("-xf").arg(&archive).arg("-C").arg(&source))?;
            // If it stays, it only takes room.
            let _ = fs::remove_file(archive);
        }
        Ok(source)
    }
}

/// The whole name of a commit.
pub(super) fn rev_parse(rev: &str) -> Result<String, Stop> {
    let commit = format!("{rev}^{{commit}}");
    let found =
        shell::output(shell::program("git").args(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]));
    found
        .map(|hash| hash.trim().to_owned())
        .map_err(|_| Stop::Usage(format!("`{rev}` is no revision of this repository")))
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
