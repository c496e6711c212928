//! `load`: an open-loop load on the server of a release build, by the program `load` of the benches, which has the options.

use crate::{Outcome, Stop, shell};

const BUILD: [&str; 9] =
    ["build", "--quiet", "--release", "--package", "echoes-cli", "--package", "echoes-benches", "--bin", "echoes"];

pub(crate) fn run(args: &[String]) -> Outcome {
    shell::run(shell::cargo(&BUILD).args(["--bin", "load"]))?;
    let mut load = shell::program("target/release/load");
    load.args(["--server", "target/release/echoes"]).args(args);
    let status = load.status().map_err(|error| Stop::Failed(format!("target/release/load: {error}")))?;
    judge(status.code())
}

fn judge(code: Option<i32>) -> Outcome {
    match code {
        Some(0) => Ok(()),
        Some(1) => Err(Stop::Failed("the server did not hold what benches/load.toml says".to_owned())),
        Some(2) => Err(Stop::Usage("the load did not run".to_owned())),
        Some(3) => {
            Err(Stop::Skipped("inconclusive: the generator was late; run it again on a quieter machine".to_owned()))
        }
        _ => Err(Stop::Failed("the generator ended before its time".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_generator_is_neither_good_nor_bad() {
        assert!(judge(Some(0)).is_ok());
        assert!(matches!(judge(Some(1)), Err(Stop::Failed(_))));
        assert!(matches!(judge(Some(2)), Err(Stop::Usage(_))));
        assert!(matches!(judge(Some(3)), Err(Stop::Skipped(_))));
        assert!(matches!(judge(None), Err(Stop::Failed(_))));
    }
}
