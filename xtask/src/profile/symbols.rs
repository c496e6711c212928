//! The release program counts no allocations: its symbols hold no dhat.

use crate::{Outcome, Stop, shell};
use std::fs;

/// A part of every symbol of the crate that counts.
const COUNTER: &str = "dhat";

/// A part of symbols that every build has: without them nothing is proved.
const ALWAYS: &str = "echoes_engine";

/// Builds the release code with its symbols, which the release profile strips, and looks for the counter's.
pub(crate) fn no_dhat_in_release() -> Outcome {
    let args = ["build", "--profile", "profiling", "--package", "echoes-cli", "--bin", "echoes"];
    shell::run(&mut shell::cargo(&args))?;
    let path = shell::root().join(format!("target/profiling/echoes{}", std::env::consts::EXE_SUFFIX));
    let program = fs::read(&path).map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))?;
    judge(&program)
}

fn judge(program: &[u8]) -> Outcome {
    if !mentions(program, ALWAYS) {
        return Err(Stop::Skipped("the program holds no symbols on this system".to_owned()));
    }
    match mentions(program, COUNTER) {
        true => Err(Stop::Failed(
            "the release program holds symbols of dhat: it must be a dependency of tests only".to_owned(),
        )),
        false => Ok(()),
    }
}

/// Whether the table of symbols, which is text, has this in it.
fn mentions(program: &[u8], name: &str) -> bool {
    program.windows(name.len()).any(|window| window == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_and_no_symbols_prove_nothing() {
        assert!(judge(b"\x7fELF _ZN13echoes_engine3runE\0_ZN4core3sumE").is_ok());
        assert!(matches!(judge(b"\x7fELF _ZN13echoes_engine3runE\0_ZN4dhat5AllocE"), Err(Stop::Failed(_))));
        assert!(matches!(judge(b"\x7fELF"), Err(Stop::Skipped(_))));
    }
}
