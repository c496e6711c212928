//! The study's table: of each case, how many runs ended how.

use crate::gate::statistics::{median, wilson};
use serde_json::Value;
use std::fmt::Write;

/// A case of the study.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) case: String,
    pub(super) runs: usize,
    pub(super) wanted: usize,
    pub(super) red: usize,
    pub(super) unclear: usize,
    pub(super) harness: usize,
    /// Of a run, the median.
    pub(super) seconds: f64,
}

impl Row {
    /// The share of red runs, and where it lies with probability 0.95.
    pub(super) fn share(&self) -> (f64, f64, f64) {
        let (low, high) = wilson(self.red, self.runs);
        (self.red as f64 / self.runs as f64, low, high)
    }
}

/// The cases, counted.
pub(super) fn rows(cases: &[(String, usize)], lines: &[Value]) -> Vec<Row> {
    let row = |(case, wanted): &(String, usize)| {
        let runs: Vec<&Value> = lines.iter().filter(|line| line["case"] == case.as_str()).collect();
        let ended = |how: &str| runs.iter().filter(|line| line["verdict"] == how).count();
        Row {
            case: case.clone(),
            runs: runs.len(),
            wanted: *wanted,
            red: ended("regressed"),
            unclear: ended("inconclusive"),
            harness: ended("harness error"),
            seconds: median(&runs.iter().filter_map(|line| line["seconds"].as_f64()).collect::<Vec<_>>()),
        }
    };
    cases.iter().map(row).collect()
}

/// As Markdown.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = "# What the gate catches\n\nWritten by `cargo xtask gate --roc` from `raw.jsonl`; a run compares the twelve benches of the gate.\n\n\
        | case | runs | of | red | share red, 95 % | inconclusive | harness error | seconds a run |\n|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let Row { case, runs, wanted, red, unclear, harness, seconds } = row;
        if *runs == 0 {
            let _ = writeln!(text, "| {case} | 0 | {wanted} | | not run yet | | | |");
            continue;
        }
        let (share, low, high) = row.share();
        let [share, low, high] = [share, low, high].map(|share| format!("{:.0} %", 100.0 * share));
        let _ = writeln!(
            text,
            "| {case} | {runs} | {wanted} | {red} | {share} ({low} to {high}) | {unclear} | {harness} | {seconds:.0} |"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn runs_are_counted_by_their_ends() {
        let line = |case: &str, verdict: &str| json!({ "case": case, "verdict": verdict, "seconds": 10.0 });
        let lines =
            [line("same", "pass"), line("same", "inconclusive"), line("same", "regressed"), line("other", "regressed")];
        let rows = rows(&[("same".to_owned(), 60), ("mutant x".to_owned(), 3)], &lines);
        assert_eq!((rows[0].runs, rows[0].red, rows[0].unclear, rows[0].harness), (3, 1, 1, 0));
        let text = markdown(&rows);
        assert!(text.contains("| same | 3 | 60 | 1 | 33 % ("), "{text}");
        assert!(text.contains("| mutant x | 0 | 3 | | not run yet |"), "{text}");
    }
}
