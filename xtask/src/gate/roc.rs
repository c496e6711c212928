//! `gate --roc`: how often the gate is red without a reason, and which slowdowns it catches.
//!
//! Each run is a comparison of the whole set, as a merge would have it: a commit and itself, both linked anew for each block, with nothing
//! planted, or with a share of the rows gone through again in the second, by each bench that can: every one of them is a plant, caught if
//! that bench is red; or the second a mutant. A run is a line of
//! the raw data at once, so that the study can be stopped at any time and goes on where it was; after each run, table and picture are
//! written anew from all lines.

mod picture;
mod table;

use super::{
    SET,
    arm::{Arm, Revision, revision},
    blocks::Arms,
    compare::compare,
    instructions, mutants,
    report::reading_json,
    some_seed,
    verdict::Verdict,
};
use crate::{Outcome, Stop, shell};
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Instant;

const FOLDER: &str = "benches/roc";

/// Runs of each case: 59 bound the rate of false alarms at 5 %, with probability 0.95.
const RUNS_SAME: usize = 60;
const RUNS_PLANTED: usize = 4;
const RUNS_MUTANT: usize = 3;

/// Percent of the rows that are gone through again.
const DOSES: [u32; 4] = [50, 10, 5, 2];

/// What a run compares.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Case {
    /// One source, in other layouts.
    Same,
    Planted(u32),
    Mutant(String),
}

impl Case {
    fn name(&self) -> String {
        match self {
            Self::Same => "same".to_owned(),
            Self::Planted(percent) => format!("planted {percent} %"),
            Self::Mutant(name) => format!("mutant {name}"),
        }
    }

    const fn wanted(&self) -> usize {
        match self {
            Self::Same => RUNS_SAME,
            Self::Planted(_) => RUNS_PLANTED,
            Self::Mutant(_) => RUNS_MUTANT,
        }
    }

    fn all() -> Result<Vec<Self>, Stop> {
        let planted = DOSES.map(Self::Planted);
        let mutants = mutants::names()?.into_iter().map(Self::Mutant);
        Ok(std::iter::once(Self::Same).chain(planted).chain(mutants).collect())
    }
}

/// Does so many runs of the cases whose names contain `filter`, with the engine of that commit.
pub(super) fn run(commit: &str, filter: &str, mut runs: usize) -> Outcome {
    let mut study = Study::begin(commit)?;
    let mut cases = Case::all()?;
    cases.retain(|case| case.name().contains(filter));
    while let Some(case) = study.next(&cases).filter(|_| runs > 0) {
        study.measure(&case)?;
        study.write()?;
        runs -= 1;
    }
    study.write()
}

struct Study {
    revision: Revision,
    lines: Vec<Value>,
    /// The arms of the case that was measured last.
    arms: Option<(Case, [Arm; 2])>,
}

impl Study {
    fn begin(commit: &str) -> Result<Self, Stop> {
        let raw = fs::read_to_string(shell::root().join(FOLDER).join("raw.jsonl")).unwrap_or_default();
        let lines = raw.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        let lines = lines.map_err(|error| Stop::Harness(format!("{FOLDER}/raw.jsonl: {error}")))?;
        Ok(Self { revision: revision(commit)?, lines, arms: None })
    }

    /// The case of which the least share is done; a mutant is built once, then done with.
    fn next(&self, cases: &[Case]) -> Option<Case> {
        let done = |case: &Case| self.lines.iter().filter(|line| line["case"] == case.name().as_str()).count();
        let left = || cases.iter().filter(|case| done(case) < case.wanted());
        let share = |case: &&Case| match case {
            Case::Mutant(_) => 1000,
            Case::Same | Case::Planted(_) => 1000 * done(case) / case.wanted(),
        };
        left().min_by_key(share).cloned()
    }

    /// The arms of a case, built if they are not those of the case before.
    fn arms(&mut self, case: &Case) -> Result<[Arm; 2], Stop> {
        let kind = if let Case::Planted(_) = case { &Case::Same } else { case };
        if let Some((_, arms)) = self.arms.as_ref().filter(|(built, _)| built == kind) {
            return Ok(arms.clone());
        }
        let first = self.revision.build("the commit")?;
        let second = match kind {
            Case::Mutant(name) => mutants::build(&self.revision, name)?,
            Case::Same | Case::Planted(_) => first.twin("the same commit"),
        };
        let arms = [first, second];
        self.arms = Some((kind.clone(), arms.clone()));
        Ok(arms)
    }

    fn measure(&mut self, case: &Case) -> Outcome {
        let [first, second] = self.arms(case)?;
        let dose = if let Case::Planted(percent) = case { f64::from(*percent) } else { 0.0 };
        let arms = Arms { arms: [&first, &second], again: [0.0, dose] };
        let start = Instant::now();
        let mut line = json!({ "case": case.name(), "commit": self.revision.commit });
        match compare(&arms, &SET.map(str::to_owned), some_seed()) {
            Ok(comparison) => {
                line["seed"] = comparison.seed.into();
                line["steal"] = comparison.disturbance.steal.into();
                line["others"] = comparison.disturbance.others.into();
                line["blocks_again"] = comparison.dirty.into();
                line["control"] = reading_json(&comparison.control);
                line["benches"] = comparison.readings.iter().map(reading_json).collect();
                if dose > 0.0 {
                    line["planted"] = first.names_with_parts()?.into_iter().filter(|bench| is_in_set(bench)).collect();
                }
                line["times"] = comparison.verdict().name().into();
                let grown = grown(case, &arms)?;
                let is_red = comparison.verdict() == Verdict::Regressed || !grown.is_empty();
                line["verdict"] = if is_red { Verdict::Regressed.name() } else { comparison.verdict().name() }.into();
                line["instructions"] = grown.into();
            }
            Err(Stop::Harness(why)) => {
                line["verdict"] = "harness error".into();
                line["why"] = why.into();
            }
            Err(stop) => return Err(stop),
        }
        line["seconds"] = start.elapsed().as_secs_f64().into();
        println!(
            "{}: {} in {:.0} s",
            case.name(),
            line["verdict"].as_str().unwrap_or_default(),
            start.elapsed().as_secs_f64()
        );
        self.append(line)
    }

    fn append(&mut self, line: Value) -> Outcome {
        let failed = |error: std::io::Error| Stop::Harness(format!("{FOLDER}: {error}"));
        let folder = shell::root().join(FOLDER);
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut raw = OpenOptions::new().create(true).append(true).open(folder.join("raw.jsonl")).map_err(failed)?;
        writeln!(raw, "{line}").map_err(failed)?;
        self.lines.push(line);
        Ok(())
    }

    fn write(&self) -> Outcome {
        let names: Vec<(String, usize)> = Case::all()?.iter().map(|case| (case.name(), case.wanted())).collect();
        let rows = table::rows(&names, &self.lines);
        for (file, text) in [("table.md", table::markdown(&rows)), ("roc.svg", picture::draw(&rows))] {
            let path = shell::root().join(FOLDER).join(file);
            fs::write(&path, text).map_err(|error| Stop::Harness(format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }
}

fn is_in_set(bench: &str) -> bool {
    SET.contains(&bench)
}

/// The benches whose instructions a mutant has let grow. What is planted is seen there by `--selftest`.
fn grown(case: &Case, arms: &Arms<'_>) -> Result<Vec<String>, Stop> {
    if !matches!(case, Case::Mutant(_)) {
        return Ok(Vec::new());
    }
    match instructions::compare(arms) {
        Ok(counts) => Ok(counts.grown().map(|growth| format!("{} at {}", growth.bench, growth.level)).collect()),
        Err(Stop::Skipped(_)) => Ok(Vec::new()),
        Err(stop) => Err(stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_study_goes_on_where_it_was() {
        let line = |case: &Case| json!({ "case": case.name() });
        let cases = [Case::Same, Case::Planted(5), Case::Mutant("x".to_owned())];
        let revision = revision("HEAD").ok().unwrap();
        let mut study = Study { revision, lines: Vec::new(), arms: None };
        assert_eq!(study.next(&cases), Some(Case::Same));
        study.lines = (0..3).map(|_| line(&Case::Same)).collect();
        assert_eq!(study.next(&cases), Some(Case::Planted(5)));
        study.lines.extend((0..4).map(|_| line(&Case::Planted(5))));
        assert_eq!(study.next(&cases), Some(Case::Same));
        study.lines.extend((0..57).map(|_| line(&Case::Same)));
        assert_eq!(study.next(&cases), Some(Case::Mutant("x".to_owned())));
        study.lines.extend((0..3).map(|_| line(&cases[2])));
        assert_eq!(study.next(&cases), None);
    }
}
