//! `gate --selftest`: the gate must let the same program pass, and must catch a slowdown that is planted.

use super::{
    arm::Arm,
    blocks::Arms,
    compare::{Comparison, compare},
    instructions,
    report::Report,
    some_seed,
    verdict::Verdict,
};
use crate::{Outcome, Stop};

/// Short work, in the first cache.
const BENCHES: [&str; 2] = ["std/f64/10000", "csv/f64/10000"];

/// Percent of the rows that the planted slowdown goes through again: seen on a machine that is busy otherwise, too.
const PLANTED: f64 = 50.0;

/// The same for instructions: the least that is to be red.
const PLANTED_INSTRUCTIONS: f64 = 0.5;

pub(crate) fn run() -> Outcome {
    let this = Arm::build_for_tests("this tree")?;
    let same = this.twin("itself");
    if !this.shuffles() {
        println!("note: the linker does not shuffle, so that all processes have one layout");
    }
    let unclear = passes(&compared([&this, &same], 0.0)?)?;
    catches(&compared([&this, &same], PLANTED)?)?;
    counts([&this, &same])?;
    match unclear {
        None => Ok(()),
        Some(line) => Err(Stop::Inconclusive(line)),
    }
}

fn compared(arms: [&Arm; 2], planted: f64) -> Result<Comparison, Stop> {
    let comparison = compare(&Arms { arms, again: [0.0, planted] }, &BENCHES.map(str::to_owned), some_seed())?;
    let report = Report { rev: "itself".to_owned(), comparison, counts: Err("counted below".to_owned()) };
    println!("the same program, {planted} % of the rows done again in the second\n{}", report.text(&[]));
    Ok(report.comparison)
}

/// The line that says so if it is unclear.
fn passes(same: &Comparison) -> Result<Option<String>, Stop> {
    match same.verdict() {
        Verdict::Pass => Ok(None),
        Verdict::Inconclusive => Ok(Some("the machine is too noisy to tell a program from itself".to_owned())),
        Verdict::Regressed => Err(Stop::Failed("the gate says that a program is slower than itself".to_owned())),
    }
}

fn catches(planted: &Comparison) -> Outcome {
    let missed: Vec<&str> = planted
        .readings
        .iter()
        .filter(|reading| reading.verdict != Verdict::Regressed)
        .map(|reading| reading.bench.as_str())
        .collect();
    match missed.is_empty() && planted.readings.len() == BENCHES.len() {
        true => Ok(()),
        false => {
            Err(Stop::Failed(format!("the gate does not see that {PLANTED} % more is done in {}", missed.join(", "))))
        }
    }
}

/// The same for instructions, which must also be the same each time.
fn counts(arms: [&Arm; 2]) -> Outcome {
    if let Err(Stop::Skipped(why)) = instructions::installed() {
        println!("instructions: skipped: {why}");
        return Ok(());
    }
    let benches = BENCHES.map(str::to_owned);
    let same = instructions::growths(&Arms { arms, again: [0.0; 2] }, &benches)?;
    if let Some(growth) = same.iter().find(|growth| growth.counts[0] != growth.counts[1]) {
        let [first, second] = &growth.counts;
        let line = format!("{} at {}: {} instructions, then {}", growth.bench, growth.level, first.total, second.total);
        return Err(Stop::Failed(format!("counts do not repeat: {line}")));
    }
    let grown = instructions::growths(&Arms { arms, again: [0.0, PLANTED_INSTRUCTIONS] }, &benches)?;
    match grown.iter().find(|growth| !growth.is_red()) {
        None => {
            println!(
                "instructions: the same twice, and {PLANTED_INSTRUCTIONS} % more of the rows is seen at each level"
            );
            Ok(())
        }
        Some(missed) => {
            Err(Stop::Failed(format!("{PLANTED_INSTRUCTIONS} % more instructions are not seen in {}", missed.bench)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{
        machine::Disturbance,
        random::Random,
        verdict::{first_look, second_look},
    };

    fn comparison(effect: f64) -> Comparison {
        let mut random = Random::new(1);
        let measured: Vec<_> = BENCHES.map(|bench| (bench.to_owned(), vec![(100.0, 100.0 * effect); 16])).to_vec();
        Comparison {
            readings: second_look(&measured, &mut random),
            lost: Vec::new(),
            new: Vec::new(),
            control: first_look("control", &[(1.0, 1.0); 6], &mut random),
            disturbance: Disturbance::default(),
            dirty: 0,
            seconds: 1.0,
            seed: 1,
        }
    }

    #[test]
    fn a_gate_that_cries_wolf_fails_and_so_does_one_that_sleeps() {
        assert!(matches!(passes(&comparison(1.0)), Ok(None)));
        assert!(passes(&comparison(1.5)).is_err());
        assert!(catches(&comparison(1.5)).is_ok());
        assert!(catches(&comparison(1.0)).is_err());
    }

    #[test]
    fn a_plant_that_was_not_measured_is_not_caught() {
        let mut planted = comparison(1.5);
        planted.readings.clear();
        assert!(catches(&planted).is_err());
    }
}
