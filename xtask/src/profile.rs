//! `profile`: where a kernel's memory, time and instructions go.
//!
//! What is profiled is named as its bench is, `mean/f64/1000000`: a kernel, where its rows lie (`f64` and `f32` in memory, `npy`
//! and `csv` in a file), and how many they are; the last two may be left out. Results are kept under `target/profile`.

mod cpu;
mod flame;
mod heap;
mod instructions;
mod symbols;

use crate::{Outcome, Stop, shell};
use std::{fs, path::PathBuf, process::Command};

pub(crate) use symbols::no_dhat_in_release;

const USAGE: &str =
    "profile takes KERNEL[/f64|f32|npy|csv[/ROWS]] and heap, cpu or instructions; `all heap` is every kernel";

/// Where results are kept.
const RESULTS: &str = "target/profile";

pub(crate) fn run(args: &[String]) -> Outcome {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [what, "heap"] => heap::run(what),
        [what, "cpu"] => cpu::run(what),
        [what, "instructions"] => instructions::run(what),
        _ => Err(Stop::Usage(USAGE.to_owned())),
    }
}

/// Builds a program of the benches with the release code and its symbols.
fn build(program: &str, more: &[&str]) -> Outcome {
    let args = ["build", "--quiet", "--profile", "profiling", "--package", "echoes-benches", "--bin", program];
    shell::run(shell::cargo(&args).args(more))
}

/// The program `work` of the benches, which calls `what` as often as the arguments say.
fn work(what: &str, more: &[&str]) -> Vec<String> {
    ["target/profiling/work", what].iter().chain(more).map(|&word| word.to_owned()).collect()
}

/// A file for a result, its folder made: `mean-f64-1000000.svg`.
fn result(what: &str, ending: &str) -> Result<PathBuf, Stop> {
    let folder = shell::root().join(RESULTS);
    fs::create_dir_all(&folder).map_err(|error| Stop::Failed(format!("{RESULTS}: {error}")))?;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    Ok(folder.join(format!("{}.{ending}", what.chars().map(plain).collect::<String>())))
}

/// Whether a tool is there: it says its version.
fn installed(tool: &str) -> bool {
    shell::works(shell::program(tool).arg("--version"))
}

/// Runs it; only what it says of a failure is shown.
fn quietly(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|error| Stop::Failed(format!("{name}: {error}")))?;
    match out.status.success() {
        true => Ok(()),
        false => Err(Stop::Failed(format!("{name}: {}\n{}", out.status, String::from_utf8_lossy(&out.stderr).trim()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_is_a_usage_error() {
        let args = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert!(matches!(run(&args(&["mean", "disk"])), Err(Stop::Usage(line)) if line == USAGE));
        assert!(matches!(run(&args(&["mean"])), Err(Stop::Usage(_))));
    }

    #[test]
    fn a_result_never_leaves_its_folder() {
        let path = result("../../mean/f64", "svg").unwrap_or_default();
        assert_eq!(path, shell::root().join(RESULTS).join("------mean-f64.svg"));
    }
}
