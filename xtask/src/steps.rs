//! A list of steps: all of them run, then a summary says how each went.

use crate::{Outcome, Stop};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The steps that have run.
#[derive(Default)]
pub(crate) struct Steps(Vec<Step>);

struct Step {
    name: String,
    outcome: Outcome,
    took: Duration,
}

impl Steps {
    /// Runs a step; a failure is kept for the summary, so that one run shows everything that is wrong.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> Outcome) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = run();
        if let Err(stop) = &outcome {
            println!("{}", stop.line());
        }
        self.0.push(Step { name: name.to_owned(), outcome, took: start.elapsed() });
    }

    /// Prints the summary, and fails if a step has failed.
    pub(crate) fn finish(self) -> Outcome {
        println!("\n== summary\n{}", self.summary());
        match self.0.iter().filter(|step| step.failed()).count() {
            0 => Ok(()),
            1 => Err(Stop::Failed("one step failed".to_owned())),
            n => Err(Stop::Failed(format!("{n} steps failed"))),
        }
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        for Step { name, outcome, took } in &self.0 {
            let seconds = took.as_secs_f64();
            let _ = match outcome {
                Ok(()) => writeln!(text, "{name:<24} ok       {seconds:>7.1} s"),
                Err(Stop::Skipped(why)) => writeln!(text, "{name:<24} skipped            {why}"),
                Err(Stop::Inconclusive(why)) => writeln!(text, "{name:<24} unclear  {seconds:>7.1} s  {why}"),
                Err(stop) => writeln!(text, "{name:<24} FAILED   {seconds:>7.1} s  {}", stop.line()),
            };
        }
        text
    }
}

impl Step {
    fn failed(&self) -> bool {
        matches!(self.outcome, Err(Stop::Failed(_) | Stop::Usage(_) | Stop::Harness(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_runs_and_one_failure_fails_the_list() {
        let mut steps = Steps::default();
        steps.step("first", || Err(Stop::Failed("it broke".to_owned())));
        steps.step("second", || Ok(()));
        let summary = steps.summary();
        assert!(summary.contains("FAILED") && summary.contains("it broke") && summary.contains("second"));
        assert!(matches!(steps.finish(), Err(Stop::Failed(_))));
    }

    #[test]
    fn a_skipped_step_is_named_and_does_not_fail() {
        let mut steps = Steps::default();
        steps.step("avx512", || Err(Stop::Skipped("this CPU has no AVX-512".to_owned())));
        assert!(steps.summary().contains("skipped            this CPU has no AVX-512"));
        assert!(steps.finish().is_ok());
    }
}
