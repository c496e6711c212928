//! `native`: each kernel in the portable build against a build for the processor at hand.
//!
//! The two programs run in turn, each round in the other order, and each kernel's quickest round counts: what disturbs a
//! computation only ever adds. The instruction set is chosen when the program runs, so the portable build should lose nothing.

use crate::{Outcome, Stop, shell};
use std::collections::BTreeMap;

/// The portable build must reach so much of the other's speed.
const SHARE_MIN: f64 = 0.95;

/// Where each build lives, and its flags.
const PROGRAMS: [(&str, &str); 2] = [("target", ""), ("target/native", "-C target-cpu=native")];

/// Batches of rounds at most: kernels that seem slow are timed again, for a computation is as quick as its quickest round.
const BATCHES: usize = 4;

type Times = BTreeMap<String, f64>;

pub(crate) fn run(args: &[String]) -> Outcome {
    let rounds = match args {
        [] => 9,
        [rounds] => rounds.parse().map_err(|_| Stop::Usage(format!("`{rounds}` is not a number of rounds")))?,
        _ => return Err(Stop::Usage("native takes a number of rounds or nothing".to_owned())),
    };
    for (directory, flags) in PROGRAMS {
        build(directory, flags)?;
    }
    let mut quickest = [Times::new(), Times::new()];
    time(rounds, None, &mut quickest)?;
    for _ in 1..BATCHES {
        for kernel in slow(&quickest) {
            time(rounds, Some(&kernel), &mut quickest)?;
        }
    }
    report(&quickest)
}

/// Runs both programs in turn, and keeps each kernel's quickest time.
fn time(rounds: usize, kernel: Option<&str>, quickest: &mut [Times; 2]) -> Outcome {
    for round in 0..rounds {
        for turn in [round % 2, (round + 1) % 2] {
            let mut program = shell::program(&format!("{}/release/timings", PROGRAMS[turn].0));
            program.args(["32768", "5"]).args(kernel);
            for (kernel, time) in shell::output(&mut program)?.lines().filter_map(parse) {
                let best = quickest[turn].entry(kernel).or_insert(f64::INFINITY);
                *best = time.min(*best);
            }
        }
    }
    Ok(())
}

/// The kernels under the bar.
fn slow([portable, native]: &[Times; 2]) -> Vec<String> {
    let is_slow = |(kernel, time): &(&String, &f64)| native.get(*kernel).is_some_and(|other| other / *time < SHARE_MIN);
    portable.iter().filter(is_slow).map(|(kernel, _)| kernel.clone()).collect()
}

fn build(directory: &str, flags: &str) -> Outcome {
    let mut cargo = shell::cargo(&["build", "--release", "--package", "echoes-benches", "--bin", "timings"]);
    shell::run(cargo.args(["--target-dir", directory]).env("RUSTFLAGS", flags))
}

/// `mean 0.1234`: nanoseconds an element.
fn parse(line: &str) -> Option<(String, f64)> {
    let (kernel, time) = line.split_once(' ')?;
    Some((kernel.to_owned(), time.parse().ok()?))
}

fn report(quickest: &[Times; 2]) -> Outcome {
    let [portable, native] = quickest;
    println!("{:<16} {:>12} {:>12} {:>8}", "kernel", "portable", "native", "share");
    for (kernel, time) in portable {
        let Some(other) = native.get(kernel) else { continue };
        println!("{kernel:<16} {time:>9.3} ns {other:>9.3} ns {:>6.1} %", 100.0 * other / time);
    }
    if portable.is_empty() {
        return Err(Stop::Failed("no kernel was timed".to_owned()));
    }
    match slow(quickest).as_slice() {
        [] => Ok(()),
        slow => Err(Stop::Failed(format!("under {} % of the native build: {}", 100.0 * SHARE_MIN, slow.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(mean: f64) -> BTreeMap<String, f64> {
        BTreeMap::from([("mean".to_owned(), mean)])
    }

    #[test]
    fn a_slow_kernel_fails_and_so_does_none() {
        assert!(report(&[times(1.0), times(0.96)]).is_ok());
        assert!(report(&[times(1.0), times(0.9)]).is_err());
        assert!(report(&[BTreeMap::new(), BTreeMap::new()]).is_err());
    }

    #[test]
    fn lines_are_a_name_and_a_number() {
        assert_eq!(parse("mean 0.5"), Some(("mean".to_owned(), 0.5)));
        assert_eq!(parse("mean fast"), None);
    }
}
