//! `build`: the command line.

use crate::{Outcome, Stop, shell};

pub(crate) fn run(args: &[String]) -> Outcome {
    match args {
        [] => shell::run(&mut shell::cargo(&["build"])),
        [flag] if flag == "--release" => shell::run(&mut shell::cargo(&["build", "--release"])),
        _ => Err(Stop::Usage("build takes `--release` or nothing".to_owned())),
    }
}
