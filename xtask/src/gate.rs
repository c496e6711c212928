//! `gate`: does the working tree keep its budgets, and is it slower than a revision?
//!
//! Two tiers compare the working tree with a revision. Times, on the machine at hand: processes of both sources in turn, in layouts
//! drawn by lot, judged by a test on blocks ([`blocks`], [`verdict`]). Instructions, which repeat exactly, where valgrind is
//! installed ([`instructions`]). The bench programs of both are the working tree's, so that the engine alone differs.
//!
//! `--against REV [--bench NAME,…] [--seed N]` compares; without it the budgets are measured; `--json` prints for programs.
//! `--selftest` tests the gate; `--roc [--commit REV] [--cases WORD] [--runs N]` studies it.
//!
//! Exit codes: 0 pass, 1 regressed, 2 the gate itself does not work, 3 the noise hides what a pass promises.

mod against;
mod arm;
mod blocks;
mod budgets;
mod compare;
mod instructions;
mod machine;
pub(crate) mod mutants;
mod random;
mod report;
mod roc;
mod selftest;
mod server;
mod statistics;
mod verdict;

use crate::{Outcome, Stop};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use report::time;
pub(crate) use selftest::run as selftest;

/// What stands for the engine when times are compared: each shape of work, in the first cache, in the last, and on all processors.
const SET: [&str; 12] = [
    "sum/f32/1000000",
    "mean/f64/10000",
    "describe/f64/10000",
    "corr/f64/10000",
    "zscore/f64/10000",
    "fft/f64/10000",
    "std/f64/1000000",
    "median/f64/1000000/threads",
    "csv/f64/10000",
    "expression/f64/10000",
    "cached/f64/10000",
    "json/f64/10000",
];

/// What was asked for.
struct Asked {
    benches: Vec<String>,
    seed: u64,
    json: bool,
    /// Of `--roc`: the commit, the cases that are wanted, and how many runs at most.
    commit: String,
    cases: String,
    runs: usize,
}

/// Which of the gate's measurements.
enum Mode {
    Against(String),
    Selftest,
    Roc,
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let (mode, asked) = parse(args)?;
    match mode {
        Some(Mode::Against(rev)) => against::run(&rev, &asked),
        Some(Mode::Selftest) => selftest(),
        Some(Mode::Roc) => roc::run(&asked.commit, &asked.cases, asked.runs),
        None => budgets::run(asked.json),
    }
}

fn parse(args: &[String]) -> Result<(Option<Mode>, Asked), Stop> {
    let benches = SET.map(str::to_owned).to_vec();
    let mut asked = Asked {
        benches,
        seed: some_seed(),
        json: false,
        commit: "HEAD".to_owned(),
        cases: String::new(),
        runs: usize::MAX,
    };
    let mut mode = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().cloned().ok_or_else(|| Stop::Usage(format!("`{arg}` wants a value")));
        match arg.as_str() {
            "--against" => mode = Some(Mode::Against(value()?)),
            "--selftest" => mode = Some(Mode::Selftest),
            "--bench" => asked.benches = value()?.split(',').map(str::to_owned).collect(),
            "--seed" => {
                let seed = value()?;
                asked.seed = seed.parse().map_err(|_| Stop::Usage(format!("`{seed}` is not a seed")))?;
            }
            "--roc" => mode = Some(Mode::Roc),
            "--commit" => asked.commit = value()?,
            "--cases" => asked.cases = value()?,
            "--runs" => {
                let runs = value()?;
                asked.runs = runs.parse().map_err(|_| Stop::Usage(format!("`{runs}` is not a number of runs")))?;
            }
            "--json" => asked.json = true,
            _ => return Err(Stop::Usage(format!("gate does not know `{arg}`"))),
        }
    }
    Ok((mode, asked))
}

/// Another one each time, so that an order or a layout that misleads does not come again unasked.
fn some_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_asked_is_understood() {
        let (mode, asked) =
            parse(&words("--against main --bench mean/f64/10,csv/f64/10 --seed 7 --json")).ok().unwrap();
        assert!(matches!(mode, Some(Mode::Against(rev)) if rev == "main"));
        assert_eq!((asked.benches.join(" ").as_str(), asked.seed, asked.json), ("mean/f64/10 csv/f64/10", 7, true));
        let (mode, asked) = parse(&[]).ok().unwrap();
        assert!(mode.is_none() && asked.benches.len() == SET.len());
    }

    #[test]
    fn what_is_not_understood_is_a_usage_error() {
        for line in ["--against", "--seed x --against main", "--agianst main", "main"] {
            assert!(matches!(parse(&words(line)), Err(Stop::Usage(_))), "{line}");
        }
    }
}
