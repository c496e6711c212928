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
    /// Plants, and those of them whose bench was red.
    pub(super) planted: usize,
    pub(super) caught: usize,
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
            planted: runs.iter().map(|run| plants(run).count()).sum(),
            caught: runs.iter().map(|run| plants(run).filter(|bench| is_red(run, bench)).count()).sum(),
            unclear: ended("inconclusive"),
            harness: ended("harness error"),
            seconds: median(&runs.iter().filter_map(|line| line["seconds"].as_f64()).collect::<Vec<_>>()),
        }
    };
    cases.iter().map(row).collect()
}

/// The benches of a run that were slowed down.
fn plants(run: &Value) -> impl Iterator<Item = &Value> {
    run["planted"].as_array().into_iter().flatten()
}

fn is_red(run: &Value, bench: &Value) -> bool {
    let mut readings = run["benches"].as_array().into_iter().flatten();
    readings.any(|reading| reading["bench"] == *bench && reading["verdict"] == "regressed")
}

/// As Markdown.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = "# What the gate catches\n\nWritten by `cargo xtask gate --roc` from `raw.jsonl`; a run compares the twelve benches of the gate. A plant is a \
        bench that goes through so much of its rows again, on top of what calling it again costs.\n\n\
        | case | runs | of | red | share red, 95 % | plants caught | inconclusive | harness error | seconds a run |\n\
        |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let Row { case, runs, wanted, red, planted, caught, unclear, harness, seconds } = row;
        if *runs == 0 {
            let _ = writeln!(text, "| {case} | 0 | {wanted} | | not run yet | | | | |");
            continue;
        }
        let (share, low, high) = row.share();
        let plants = if *planted > 0 { format!("{caught} of {planted}") } else { String::new() };
        let [share, low, high] = [share, low, high].map(|share| format!("{:.0} %", 100.0 * share));
        let _ = writeln!(
            text,
            "| {case} | {runs} | {wanted} | {red} | {share} ({low} to {high}) | {plants} | {unclear} | {harness} | {seconds:.0} |"
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

    #[test]
    fn a_plant_is_caught_if_its_bench_is_red() {
        let bench = |bench: &str, verdict: &str| json!({ "bench": bench, "verdict": verdict });
        let run = json!({
            "case": "planted 5 %", "verdict": "regressed", "seconds": 1.0, "planted": ["a", "b"],
            "benches": [bench("a", "regressed"), bench("b", "pass"), bench("c", "regressed")],
        });
        let rows = rows(&[("planted 5 %".to_owned(), 4)], &[run.clone(), run]);
        assert_eq!((rows[0].planted, rows[0].caught, rows[0].red), (4, 2, 2));
        assert!(markdown(&rows).contains("| 2 of 4 |"));
    }
}
