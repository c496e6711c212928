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
    cargo.args(["+nightly", "miri", "nextest", "run", "--config-file", "xtask/nextest.toml", "--status-level", "slow"]);
    // The units: tests of accuracy compare millions of values with exact rationals, a day's work for an interpreter.
    cargo.args(["--package", "echoes-kernel", "--package", "echoes-stats", "--lib"]);
    // Miri knows few vector instructions. Property tests look for the file of their past failures; a few cases of each will do,
    // for the interpreter looks at what code does and not at what comes of it. By default it rounds functions of the library at
    // random, as a platform may; whoever relies on their bits is found by the tests of law 1.
    cargo.env("ECHOES_SIMD", "portable").env("PROPTEST_CASES", "4");
    cargo.env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-deterministic-floats");
    // A nightly build of its own, or it would throw away the stable one.
    cargo.args(["--target-dir", "target/miri"]);
    shell::run(&mut cargo)
}
