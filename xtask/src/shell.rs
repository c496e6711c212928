//! Other programs: how they are found, run and judged.

use crate::{Outcome, Stop};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    // `cargo run` says where the package is now; where it was when it was compiled may be another checkout.
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    PathBuf::from(package).parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// A program that runs at the top of the repository.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// The cargo that runs this program, at the top of the repository.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(args);
    command
}

/// Runs it with the terminal's input and output.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(Stop::Failed(format!("{}: {status}", name(command)))) }
}

/// Runs it and gives what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Stop> {
    let out = command.stderr(Stdio::inherit()).output().map_err(|error| cannot_start(command, &error))?;
    if !out.status.success() {
        return Err(Stop::Failed(format!("{}: {}", name(command), out.status)));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Whether it runs and succeeds; it stays silent.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// The triple of the machine that compiles, as `x86_64-unknown-linux-gnu`.
pub(crate) fn host() -> Result<String, Stop> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let text = output(program(&rustc).arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Stop::Failed("`rustc -vV` names no host".to_owned()))
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Stop {
    Stop::Failed(format!("{} cannot be started: {error}", name(command)))
}

fn name(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let stem = program.file_stem().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let args = command.get_args().take(4).map(|arg| format!(" {}", arg.to_string_lossy()));
    format!("`{stem}{}`", args.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_has_the_workspace() {
        assert!(root().join("Cargo.toml").exists());
    }

    #[test]
    fn a_failure_names_the_command() {
        let failed = run(cargo(&["no-such-command"]).stderr(Stdio::null()));
        assert!(matches!(failed, Err(Stop::Failed(line)) if line.contains("`cargo no-such-command`")));
    }

    #[test]
    fn what_does_not_exist_does_not_work() {
        assert!(!works(&mut program("no-such-program-anywhere")));
        assert!(works(&mut cargo(&["--version"])));
    }
}
