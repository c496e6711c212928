//! `fmt`: every Rust file.
//!
//! `cargo fmt` follows `mod` lines, and those of the kernels come out of the registry's macro, which it does not
//! expand. So every file is named to `rustfmt`.

use crate::{Outcome, Stop, no_args, shell, tree::Tree};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// Files a call: a command line of Windows ends at 32,767 characters.
const FILES_PER_CALL: usize = 200;

pub(crate) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    each_call(shell::run)
}

/// Names each file that is not formatted.
pub(crate) fn check() -> Outcome {
    let mut unformatted = BTreeSet::new();
    each_call(|rustfmt| {
        let out = rustfmt.args(["--check", "-l"]).stderr(Stdio::inherit()).output();
        let out = out.map_err(|error| Stop::Failed(format!("rustfmt cannot be started: {error}")))?;
        let listed = String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
        if !out.status.success() && listed.is_empty() {
            return Err(Stop::Failed("rustfmt cannot read a file".to_owned()));
        }
        unformatted.extend(listed);
        Ok(())
    })?;
    for file in &unformatted {
        println!("{file}: not formatted; run `cargo xtask fmt`");
    }
    if unformatted.is_empty() { Ok(()) } else { Err(Stop::Failed("run `cargo xtask fmt`".to_owned())) }
}

/// Whether there is a formatter; a toolchain may come without.
pub(crate) fn installed() -> Outcome {
    if shell::works(shell::program("rustfmt").arg("--version")) {
        return Ok(());
    }
    Err(Stop::Skipped("not installed; get it with `rustup component add rustfmt`".to_owned()))
}

fn each_call(mut call: impl FnMut(&mut Command) -> Outcome) -> Outcome {
    let tree = Tree::read()?;
    let edition = tree.edition().ok_or_else(|| Stop::Failed("Cargo.toml names no edition".to_owned()))?;
    let files: Vec<_> = tree.rust().map(|file| file.path.as_str()).collect();
    for files in files.chunks(FILES_PER_CALL) {
        call(shell::program("rustfmt").args(["--edition", edition]).args(files))?;
    }
    Ok(())
}
