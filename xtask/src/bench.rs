//! `bench`: the criterion benches.

use crate::{Outcome, Stop, shell};

pub(crate) fn run(args: &[String]) -> Outcome {
    let mut cargo = shell::cargo(&["bench", "--package", "echoes-benches"]);
    match args {
        [] => shell::run(&mut cargo),
        [filter] => shell::run(cargo.args(["--", filter])),
        _ => Err(Stop::Usage("bench takes one filter or nothing".to_owned())),
    }
}
