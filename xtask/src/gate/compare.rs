//! A comparison of two arms: look at all benches, look again at what seems slower, judge.

use super::{
    arm::Arm,
    blocks::{Arms, Block, Job, Undone, calibrate, measure},
    machine::Disturbance,
    random::Random,
    statistics::median,
    verdict::{BLOCKS_FIRST, Pairs, Reading, Verdict, blocks_second, first_look, has_moved, is_suspect, second_look},
};
use crate::Stop;
use std::time::Instant;

/// Work that no change of the engine can touch.
const CONTROL: &str = "control";

/// What came out.
pub(super) struct Comparison {
    pub(super) readings: Vec<Reading>,
    /// Benches that the second arm cannot do, and why.
    pub(super) lost: Undone,
    /// Benches that the first arm cannot do.
    pub(super) new: Vec<String>,
    pub(super) control: Reading,
    /// The median over all blocks.
    pub(super) disturbance: Disturbance,
    /// Blocks that were measured again because the machine was busy otherwise.
    pub(super) dirty: usize,
    pub(super) seconds: f64,
    pub(super) seed: u64,
}

impl Comparison {
    /// Of all benches.
    pub(super) fn verdict(&self) -> Verdict {
        let worst = self.readings.iter().map(|reading| reading.verdict).max().unwrap_or(Verdict::Inconclusive);
        if self.lost.is_empty() { worst } else { Verdict::Regressed }
    }

    /// The benches that are slower.
    pub(super) fn regressed(&self) -> impl Iterator<Item = &Reading> {
        self.readings.iter().filter(|reading| reading.verdict == Verdict::Regressed)
    }
}

/// Compares the arms in these benches.
pub(super) fn compare(arms: &Arms<'_>, benches: &[String], seed: u64) -> Result<Comparison, Stop> {
    let start = Instant::now();
    let mut random = Random::new(seed);
    let Ready { mut jobs, mut lost, new } = ready(arms.arms, benches)?;
    let (control, _) = calibrate(arms.arms[0], &[CONTROL.to_owned()])?;
    jobs.extend(control);

    let (first, mut dirty) = measure(arms, &jobs, BLOCKS_FIRST, &mut random)?;
    lost.extend(undone(&jobs, &first));
    let (mut readings, mut suspects) = (Vec::new(), Vec::new());
    for job in jobs.iter().filter(|job| job.bench != CONTROL && lost.iter().all(|(lost, _)| *lost != job.bench)) {
        let pairs = pairs(&first, &job.bench);
        let reading = first_look(&job.bench, &pairs, &mut random);
        if is_suspect(&pairs) || reading.verdict == Verdict::Inconclusive {
            suspects.push(job.clone());
        } else {
            readings.push(reading);
        }
    }
    let mut control = pairs(&first, CONTROL);
    let mut blocks = first;
    if !suspects.is_empty() {
        let again: Vec<Job> = jobs.into_iter().filter(|job| job.bench == CONTROL || suspects.contains(job)).collect();
        let (second, again) = measure(arms, &again, blocks_second(suspects.len()), &mut random)?;
        dirty += again;
        let measured: Vec<_> = suspects.iter().map(|job| (job.bench.clone(), pairs(&second, &job.bench))).collect();
        readings.extend(second_look(&measured, &mut random));
        control = pairs(&second, CONTROL);
        blocks.extend(second);
    }
    if has_moved(&control) {
        return Err(Stop::Harness(
            "the control, which no change touches, has moved: measure again on a quieter machine".to_owned(),
        ));
    }
    readings.sort_by_key(|reading| benches.iter().position(|bench| *bench == reading.bench));
    let control = first_look(CONTROL, &control, &mut random);
    let (disturbance, seconds) = (disturbance(&blocks), start.elapsed().as_secs_f64());
    Ok(Comparison { readings, lost, new, control, disturbance, dirty, seconds, seed })
}

/// What both arms can do, what only one can.
struct Ready {
    jobs: Vec<Job>,
    lost: Undone,
    new: Vec<String>,
}

fn ready([first, second]: [&Arm; 2], benches: &[String]) -> Result<Ready, Stop> {
    let (mut jobs, unknown) = calibrate(first, benches)?;
    let (can, lost) = calibrate(second, benches)?;
    jobs.retain(|job| can.iter().any(|other| other.bench == job.bench));
    let new = unknown.into_iter().map(|(bench, _)| bench).filter(|bench| can.iter().any(|job| job.bench == *bench));
    let ready = Ready { jobs, new: new.collect(), lost };
    match ready.jobs.is_empty() && ready.lost.is_empty() {
        true => Err(Stop::Harness("the arms have no bench in common".to_owned())),
        false => Ok(ready),
    }
}

/// Benches that were to run and did not.
fn undone(jobs: &[Job], blocks: &[Block]) -> Undone {
    let missing = |job: &&Job| blocks.iter().any(|block| block.pair(&job.bench).is_none());
    jobs.iter().filter(missing).map(|job| (job.bench.clone(), "it ran no time".to_owned())).collect()
}

fn pairs(blocks: &[Block], bench: &str) -> Pairs {
    blocks.iter().filter_map(|block| block.pair(bench)).collect()
}

fn disturbance(blocks: &[Block]) -> Disturbance {
    let of = |share: fn(&Disturbance) -> f64| {
        median(&blocks.iter().map(|block| share(&block.disturbance)).collect::<Vec<_>>())
    };
    Disturbance { steal: of(|d| d.steal), others: of(|d| d.others) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn block(benches: [&[&str]; 2]) -> Block {
        let times = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1.0)).collect::<BTreeMap<_, _>>();
        Block { quickest: benches.map(times), disturbance: Disturbance::default() }
    }

    #[test]
    fn a_bench_that_runs_no_time_is_lost() {
        let jobs: Vec<Job> = ["mean", "std"].map(|bench| Job { bench: bench.to_owned(), calls: 1 }).to_vec();
        let blocks = [block([&["mean", "std"], &["mean", "std"]]), block([&["mean", "std"], &["mean"]])];
        assert_eq!(undone(&jobs, &blocks), [("std".to_owned(), "it ran no time".to_owned())]);
        assert!(undone(&jobs, &blocks[..1]).is_empty());
    }

    #[test]
    fn what_is_lost_is_red() {
        let mut random = Random::new(1);
        let still = || first_look("mean", &[(1.0, 1.0); 6], &mut Random::new(2));
        let mut comparison = Comparison {
            readings: vec![still()],
            lost: Vec::new(),
            new: Vec::new(),
            control: first_look(CONTROL, &[(1.0, 1.0); 6], &mut random),
            disturbance: Disturbance::default(),
            dirty: 0,
            seconds: 1.0,
            seed: 1,
        };
        assert_eq!(comparison.verdict(), Verdict::Pass);
        comparison.lost.push(("std".to_owned(), "no such work".to_owned()));
        assert_eq!(comparison.verdict(), Verdict::Regressed);
        comparison.lost.clear();
        comparison.readings.clear();
        assert_eq!(comparison.verdict(), Verdict::Inconclusive);
    }
}
