//! Blocks of measurements: each arm linked anew, its processes run in the order ABBA or BAAB, by a coin.

use super::{
    arm::Arm,
    machine::{Disturbance, Ticks},
    random::Random,
};
use crate::{Stop, shell};
use std::collections::BTreeMap;
use std::process::Command;

/// Times that a process goes through all work; samples of each work a time. A neighbour on the host disturbs for a quarter of a second
/// and more: the quickest of three rounds still varied by 5 %, of twelve by 1 %. Eight keep a run below three minutes.
const ROUNDS: &str = "8";
const SAMPLES: &str = "6";

/// Work, and how often it is done for a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) bench: String,
    pub(super) calls: u32,
}

/// Benches that were not done, and why.
pub(super) type Undone = Vec<(String, String)>;

/// What is compared.
pub(super) struct Arms<'a> {
    /// The one that it was, and the one that it is to be.
    pub(super) arms: [&'a Arm; 2],
    /// Percent of the rows that each goes through again: a slowdown of known size.
    pub(super) again: [f64; 2],
}

/// The quickest sample of each bench in nanoseconds, of either arm: what disturbs a computation only ever adds.
pub(super) struct Block {
    pub(super) quickest: [BTreeMap<String, f64>; 2],
    pub(super) disturbance: Disturbance,
}

/// Measures `count` blocks, and says how many it measured again: those in which the machine was busy otherwise, half as many at most.
pub(super) fn measure(
    arms: &Arms<'_>,
    jobs: &[Job],
    count: usize,
    random: &mut Random,
) -> Result<(Vec<Block>, usize), Stop> {
    let mut blocks: Vec<Block> = Vec::with_capacity(count);
    let mut again = 0;
    while blocks.len() < count {
        let block = block(arms, jobs, random)?;
        if block.disturbance.is_dirty() && again < count / 2 {
            again += 1;
        } else {
            blocks.push(block);
        }
    }
    Ok((blocks, again))
}

fn block(arms: &Arms<'_>, jobs: &[Job], random: &mut Random) -> Result<Block, Stop> {
    let layouts = [arms.arms[0].link(random.next())?, arms.arms[1].link(random.next())?];
    let mut jobs = jobs.to_vec();
    random.shuffle(&mut jobs);
    let first = random.below(2);
    let mut quickest = [BTreeMap::new(), BTreeMap::new()];
    let before = Ticks::now();
    for arm in [first, 1 - first, 1 - first, first] {
        let mut process = Command::new(&layouts[arm]);
        process.args(["time", ROUNDS, SAMPLES, &arms.again[arm].to_string()]);
        process.args(jobs.iter().map(|job| format!("{}:{}", job.bench, job.calls)));
        // The stack begins below the environment, so its length moves what lies on the stack.
        process.env("ECHOES_GATE_PADDING", "x".repeat(random.below(4096)));
        let said = shell::output(process.current_dir(shell::root()))
            .map_err(|_| Stop::Harness(format!("{} does not do its work", arms.arms[arm].name)))?;
        for (bench, times) in said.lines().filter_map(times) {
            let best = quickest[arm].entry(bench.to_owned()).or_insert(f64::INFINITY);
            *best = times.into_iter().fold(*best, f64::min);
        }
    }
    let disturbance = Ticks::now().since(before);
    for (arm, layout) in arms.arms.iter().zip(&layouts) {
        arm.unlink(layout);
    }
    Ok(Block { quickest, disturbance })
}

/// `time NAME ROWS BYTES T…`: the name and the times, of which there is one at least.
pub(super) fn times(line: &str) -> Option<(&str, Vec<f64>)> {
    let mut words = line.strip_prefix("time ")?.split(' ');
    let name = words.next()?;
    let times: Vec<f64> = words.skip(2).filter_map(|time| time.parse().ok()).collect();
    (!times.is_empty()).then_some((name, times))
}

impl Block {
    /// The times of a bench, if both arms have done it.
    pub(super) fn pair(&self, bench: &str) -> Option<(f64, f64)> {
        let [first, second] = &self.quickest;
        Some((*first.get(bench)?, *second.get(bench)?))
    }
}

/// How often a program must do each work for a sample, and what it said of those that it cannot do.
pub(super) fn calibrate(arm: &Arm, benches: &[String]) -> Result<(Vec<Job>, Undone), Stop> {
    let (mut jobs, mut failures) = (Vec::new(), Vec::new());
    for bench in benches {
        let out = Command::new(&arm.built).args(["calibrate", bench]).current_dir(shell::root()).output();
        let out = out.map_err(|error| Stop::Harness(format!("{} cannot be started: {error}", arm.name)))?;
        let said = String::from_utf8_lossy(&out.stdout);
        match said.lines().find_map(calls).filter(|_| out.status.success()) {
            Some(calls) => jobs.push(Job { bench: bench.clone(), calls }),
            None => failures.push((bench.clone(), said.trim().to_owned())),
        }
    }
    Ok((jobs, failures))
}

/// `calls NAME N`.
fn calls(line: &str) -> Option<u32> {
    line.strip_prefix("calls ")?.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(times("time mean/f64/10 10 80 30.5 20.0 40"), Some(("mean/f64/10", vec![30.5, 20.0, 40.0])));
        assert_eq!(times("time mean/f64/10 10 80"), None);
        assert_eq!(times("failed mean/f64/10 no"), None);
        assert_eq!(calls("calls mean/f64/10 300"), Some(300));
        assert_eq!(calls("failed mean"), None);
    }
}
