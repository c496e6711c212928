//! `peers`: the same work on the same data by Echoes and by NumPy, SciPy, Polars and others, in one run.
//!
//! Python's side is `benches/peers/compare.py`, which has the options; ours is the program `peers` of the benches. Here they are
//! made ready: an environment under `target/peers/venv` with what `requirements.txt` pins, and a release build. A peer that will
//! not install is named and left out.

use crate::{Outcome, Stop, shell};
use std::{fs, path::Path, process::Command, process::Stdio};

const REQUIREMENTS: &str = "benches/peers/requirements.txt";
const ENVIRONMENT: &str = "target/peers/venv";

/// A copy of the requirements that the environment fulfils.
const FULFILLED: &str = "target/peers/venv/fulfilled.txt";

const PYTHON: &str =
    if cfg!(windows) { "target/peers/venv/Scripts/python.exe" } else { "target/peers/venv/bin/python" };

/// Without it there is no data.
const NEEDED: &str = "numpy";

pub(crate) fn run(args: &[String]) -> Outcome {
    let left_out = environment()?;
    shell::run(&mut shell::cargo(&["build", "--quiet", "--release", "--package", "echoes-benches", "--bin", "peers"]))?;
    let mut python = shell::program(PYTHON);
    python.args(["-B", "benches/peers/compare.py", "--ours", "target/release/peers"]).args(args);
    for (peer, why) in left_out {
        python.args(["--without", &format!("{peer}: {why}")]);
    }
    let status = python.status().map_err(|error| Stop::Failed(format!("{PYTHON} cannot be started: {error}")))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(2) => Err(Stop::Usage("peers takes [--op NAME,…] [--n N,…] [--json]".to_owned())),
        _ => Err(Stop::Failed(format!("the comparison: {status}"))),
    }
}

/// Makes the environment what the requirements say, unless it is; gives the peers that did not install, with the reasons.
fn environment() -> Result<Vec<(String, String)>, Stop> {
    let root = shell::root();
    let wanted = fs::read_to_string(root.join(REQUIREMENTS))
        .map_err(|error| Stop::Failed(format!("{REQUIREMENTS}: {error}")))?;
    if fs::read_to_string(root.join(FULFILLED)).is_ok_and(|fulfilled| fulfilled == wanted) {
        return Ok(Vec::new());
    }
    if !shell::works(shell::program(PYTHON).args(["-m", "pip", "--version"])) {
        make(&root.join(ENVIRONMENT))?;
    }
    eprintln!("installing the peers of {REQUIREMENTS} into {ENVIRONMENT}");
    if install(&["-r", REQUIREMENTS]).is_ok() {
        fs::write(root.join(FULFILLED), wanted).map_err(|error| Stop::Failed(format!("{FULFILLED}: {error}")))?;
        return Ok(Vec::new());
    }
    // Together they fail if one does.
    let left_out: Vec<_> = pinned(&wanted).filter_map(|(peer, line)| Some((peer, install(&[line]).err()?))).collect();
    match left_out.iter().find(|(peer, _)| peer == NEEDED) {
        Some((_, why)) => Err(Stop::Skipped(format!("{NEEDED} does not install: {why}"))),
        None => Ok(left_out),
    }
}

fn make(folder: &Path) -> Outcome {
    let found = ["python3", "python"].into_iter().find(|python| {
        shell::works(shell::program(python).args(["-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))"]))
    });
    let python = found.ok_or_else(|| Stop::Skipped("no Python 3.11 or later with its module venv".to_owned()))?;
    shell::run(shell::program(python).args(["-m", "venv", "--clear"]).arg(folder))
}

/// Lets pip install, or says why it did not.
fn install(what: &[&str]) -> Result<(), String> {
    let mut pip = shell::program(PYTHON);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    complaint(pip.args(what))
}

/// The last line of what a failure wrote to its standard error.
fn complaint(command: &mut Command) -> Result<(), String> {
    let out = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it fails").trim().to_owned())
}

/// A peer's name, as `hosts.py` calls it, and its line.
fn pinned(requirements: &str) -> impl Iterator<Item = (String, &str)> {
    let lines = requirements.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| (line.split_once("==").map_or(line, |(name, _)| name).to_lowercase(), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_name_the_hosts() {
        let found: Vec<_> = pinned("# why\nBottleneck==1.6.0\n\nmkl_fft==2.3.2\n").collect();
        let wanted = [("bottleneck", "Bottleneck==1.6.0"), ("mkl_fft", "mkl_fft==2.3.2")];
        assert_eq!(found, wanted.map(|(name, line)| (name.to_owned(), line)));
    }

    #[test]
    fn every_requirement_is_a_host_and_needs_a_version() {
        let read = |path: &str| fs::read_to_string(shell::root().join(path)).unwrap_or_default();
        let (requirements, hosts) = (read(REQUIREMENTS), read("benches/peers/hosts.py"));
        assert!(pinned(&requirements).any(|(name, _)| name == NEEDED));
        for (name, line) in pinned(&requirements) {
            assert!(line.contains("=="), "{line}");
            assert!(hosts.contains(&format!("def {name}(columns, threads):")), "hosts.py makes no `{name}`");
        }
    }

    #[test]
    fn what_does_not_install_says_why_in_one_line() {
        let why = complaint(shell::cargo(&["no-such-command"]).env("CARGO_TERM_COLOR", "never"));
        assert!(why.is_err_and(|line| line.contains("no-such-command") || line.contains("cargo --list")));
        assert!(complaint(&mut shell::cargo(&["--version"])).is_ok());
    }
}
