//! `gate --against REV`: both tiers, one verdict.

use super::{
    Asked,
    arm::{Arm, revision},
    blocks::Arms,
    compare::compare,
    instructions::{self, Counts},
    report::Report,
    verdict::Verdict,
};
use crate::{Outcome, Stop, shell};

pub(super) fn run(rev: &str, asked: &Asked) -> Outcome {
    let [old, new] = arms(rev)?;
    let arms = Arms { arms: [&old, &new], again: [0.0; 2] };
    let report =
        Report { rev: rev.to_owned(), comparison: compare(&arms, &asked.benches, asked.seed)?, counts: counts(&arms)? };
    let profiles = report.profiles(&arms)?;
    if asked.json {
        println!("{}", report.json(&profiles));
    } else {
        print!("{}", report.text(&profiles));
    }
    judged(report.verdict(), &report)
}

/// The program of the revision, and that of the working tree.
fn arms(rev: &str) -> Result<[Arm; 2], Stop> {
    let revision = revision(rev)?;
    let new = Arm::build("this tree", &shell::root(), &shell::root().join("target/gate/tree"))?;
    Ok([revision.build(rev)?, new])
}

/// Instructions of both; nothing where valgrind is not installed.
fn counts(arms: &Arms<'_>) -> Result<Result<Counts, String>, Stop> {
    match instructions::compare(arms) {
        Ok(counts) => Ok(Ok(counts)),
        Err(Stop::Skipped(why)) => Ok(Err(why)),
        Err(stop) => Err(stop),
    }
}

fn judged(verdict: Verdict, report: &Report) -> Outcome {
    match verdict {
        Verdict::Pass => Ok(()),
        Verdict::Inconclusive => Err(Stop::Inconclusive(report.headline())),
        Verdict::Regressed => Err(Stop::Failed(report.headline())),
    }
}
