//! `miri`: the pure crates under an interpreter that sees undefined behaviour.

use crate::{Outcome, Stop, no_args, shell};

pub(crate) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    // Through rustup's `cargo`, because only that one understands `+nightly`.
    if !shell::works(shell::program("cargo").args(["+nightly", "miri", "--version"])) {
        return Err(Stop::Skipped(
            "Miri is not installed; get it with `rustup toolchain install nightly --component miri`".to_owned(),
        ));
    }
    let mut cargo = shell::program("cargo");
    cargo.args(["+nightly", "miri", "test", "--package", "echoes-kernel", "--package", "echoes-stats"]);
    // Miri knows few vector instructions, and property tests look for the file of their past failures.
    cargo.env("ECHOES_SIMD", "portable").env("MIRIFLAGS", "-Zmiri-disable-isolation");
    // A nightly build of its own, or it would throw away the stable one.
    cargo.args(["--target-dir", "target/miri"]);
    shell::run(&mut cargo)
}
