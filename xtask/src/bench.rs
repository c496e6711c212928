//! `bench`: the criterion benches, as one table and one picture.

mod picture;

use crate::{Outcome, Stop, shell};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What was measured of one bench.
struct Row {
    /// A kernel, or a way to one.
    op: String,
    n: String,
    dtype: String,
    threads: bool,
    /// Of a call, in nanoseconds: the median, and where it lies with probability 0.95.
    median: f64,
    interval: (f64, f64),
    /// Of input, of a call.
    bytes: f64,
}

/// How fast the machine reads memory, on one thread and on all, and the instruction set.
struct Machine {
    level: String,
    /// Bytes a second by threads.
    read: Vec<(usize, f64)>,
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let (as_json, filter) = match args {
        [] => (false, None),
        [json] if json == "--json" => (true, None),
        [filter] if !filter.starts_with('-') => (false, Some(filter)),
        [filter, json] | [json, filter] if json == "--json" && !filter.starts_with('-') => (true, Some(filter)),
        _ => return Err(Stop::Usage("bench takes a filter and --json, or less".to_owned())),
    };
    let begun = SystemTime::now();
    let mut cargo = shell::cargo(&["bench", "--quiet", "--package", "echoes-benches", "--bench", "kernels"]);
    // What criterion says of each bench is not what is asked for: it goes where progress goes.
    cargo.arg("--").args(filter).stdout(std::io::stderr());
    shell::run(&mut cargo)?;
    let mut rows = Vec::new();
    collect(&target().join("criterion"), begun, &mut rows)?;
    if rows.is_empty() {
        return Err(Stop::Failed("no bench ran; `cargo xtask bench` without a filter runs all".to_owned()));
    }
    rows.sort_by(|a, b| {
        (&a.op, &a.dtype, a.threads, a.bytes)
            .partial_cmp(&(&b.op, &b.dtype, b.threads, b.bytes))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let machine = Machine::measure()?;
    if as_json {
        rows.iter().for_each(|row| println!("{}", row.json(&machine)));
    } else {
        print(&rows, &machine);
    }
    let picture = target().join("bench.svg");
    fs::write(&picture, picture::draw(&rows, &machine))
        .map_err(|error| Stop::Failed(format!("{}: {error}", picture.display())))?;
    eprintln!("picture: {}", picture.display());
    Ok(())
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell::root().join("target"), PathBuf::from)
}

/// What criterion has written since `begun`, in a folder a bench.
fn collect(folder: &Path, begun: SystemTime, rows: &mut Vec<Row>) -> Outcome {
    let failed = |error: std::io::Error| Stop::Failed(format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let estimates = path.join("estimates.json");
        let is_new = fs::metadata(&estimates).and_then(|data| data.modified()).is_ok_and(|time| time >= begun);
        if path.ends_with("new") && is_new {
            let read = |name: &str| {
                fs::read_to_string(path.join(name)).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok())
            };
            let row = read("benchmark.json")
                .zip(read("estimates.json"))
                .and_then(|(bench, found)| Row::parse(&bench, &found));
            rows.push(
                row.ok_or_else(|| Stop::Failed(format!("{}: criterion's files are not understood", path.display())))?,
            );
        } else if path.is_dir() {
            collect(&path, begun, rows)?;
        }
    }
    Ok(())
}

impl Row {
    /// From criterion's `benchmark.json` and `estimates.json`.
    fn parse(bench: &Value, found: &Value) -> Option<Self> {
        let how = bench.get("function_id")?.as_str()?;
        let mut words = how.split('/');
        let median = found.get("median")?;
        let interval = median.get("confidence_interval")?;
        Some(Self {
            op: bench.get("group_id")?.as_str()?.to_owned(),
            dtype: words.next()?.to_owned(),
            n: words.next().unwrap_or("-").to_owned(),
            threads: words.next().is_some(),
            median: median.get("point_estimate")?.as_f64()?,
            interval: (interval.get("lower_bound")?.as_f64()?, interval.get("upper_bound")?.as_f64()?),
            bytes: bench.pointer("/throughput/Bytes").and_then(Value::as_f64).unwrap_or_default(),
        })
    }

    fn gigabytes_a_second(&self) -> f64 {
        self.bytes / self.median
    }

    /// Of what as many threads read from memory; more than 1 where caches hold the input.
    fn share(&self, machine: &Machine) -> f64 {
        let threads = if self.threads { machine.read.last() } else { machine.read.first() };
        threads.map_or(f64::NAN, |(_, bytes)| self.gigabytes_a_second() * 1e9 / bytes)
    }

    fn json(&self, machine: &Machine) -> Value {
        json!({
            "op": self.op,
            "n": self.n,
            "dtype": self.dtype,
            "threads": if self.threads { machine.read.last().map_or(1, |(threads, _)| *threads) } else { 1 },
            "level": machine.level,
            "ns": self.median,
            "interval_ns": [self.interval.0, self.interval.1],
            "gb_s": self.gigabytes_a_second(),
            "share": self.share(machine),
        })
    }

    /// `describe 1000000 f64 threads`.
    fn name(&self) -> String {
        format!("{} {} {}{}", self.op, self.n, self.dtype, if self.threads { " threads" } else { "" })
    }
}

impl Machine {
    /// Asks the program of the gate, which is built beside the benches.
    fn measure() -> Result<Self, Stop> {
        let mut cargo = shell::cargo(&[
            "run",
            "--quiet",
            "--release",
            "--package",
            "echoes-benches",
            "--bin",
            "gate-arm",
            "--",
            "bandwidth",
        ]);
        Self::parse(&shell::output(&mut cargo)?)
            .ok_or_else(|| Stop::Failed("the machine's bandwidth is not known".to_owned()))
    }

    /// `level NAME` and `bandwidth THREADS BYTES_A_SECOND`.
    fn parse(said: &str) -> Option<Self> {
        let level = said.lines().find_map(|line| line.strip_prefix("level "))?.to_owned();
        let read = |line: &str| {
            let (threads, bytes) = line.strip_prefix("bandwidth ")?.split_once(' ')?;
            Some((threads.parse().ok()?, bytes.parse().ok()?))
        };
        let read: Vec<_> = said.lines().filter_map(read).collect();
        (!read.is_empty()).then_some(Self { level, read })
    }
}

fn print(rows: &[Row], machine: &Machine) {
    println!(
        "{:<14} {:>9} {:<5} {:<8} {:<8} {:>11} {:>25} {:>9} {:>7}",
        "op", "n", "dtype", "threads", "level", "time", "95 % interval", "GB/s", "share"
    );
    for row in rows {
        let (low, high) = row.interval;
        println!(
            "{:<14} {:>9} {:<5} {:<8} {:<8} {:>11} {:>25} {:>9.2} {:>5.0} %",
            row.op,
            row.n,
            row.dtype,
            if row.threads { "all" } else { "one" },
            machine.level,
            crate::gate::time(row.median),
            format!("{} … {}", crate::gate::time(low), crate::gate::time(high)),
            row.gigabytes_a_second(),
            100.0 * row.share(machine)
        );
    }
    for (threads, bytes) in &machine.read {
        println!(
            "memory is read at {:.1} GB/s on {threads} thread{}",
            bytes / 1e9,
            if *threads == 1 { "" } else { "s" }
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let bench =
            json!({ "group_id": "mean", "function_id": "f64/1000000/threads", "throughput": { "Bytes": 8_000_000 } });
        let found = json!({ "median": { "point_estimate": 4e5, "confidence_interval": { "lower_bound": 3e5, "upper_bound": 5e5 } } });
        Row::parse(&bench, &found).unwrap()
    }

    #[test]
    fn criterions_files_become_a_row() {
        let machine = Machine::parse("level avx2\nbandwidth 1 10000000000\nbandwidth 2 40000000000\n").unwrap();
        let row = row();
        assert_eq!(
            (row.name().as_str(), row.gigabytes_a_second(), row.share(&machine)),
            ("mean 1000000 f64 threads", 20.0, 0.5)
        );
        let json = row.json(&machine);
        assert_eq!(
            (json["threads"].as_u64(), json["level"].as_str(), json["ns"].as_f64()),
            (Some(2), Some("avx2"), Some(4e5))
        );
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        assert!(Row::parse(&json!({}), &json!({})).is_none());
        assert!(Machine::parse("level avx2\n").is_none());
    }

    #[test]
    fn a_picture_has_a_bar_for_each_row() {
        let machine = Machine::parse("level avx2\nbandwidth 1 10000000000\n").unwrap();
        let drawn = picture::draw(&[row(), row()], &machine);
        assert_eq!(drawn.matches("mean 1000000 f64 threads").count(), 2);
        assert_eq!(drawn.matches(picture::BAR).count(), 2);
    }

    #[test]
    fn strange_arguments_are_usage_errors() {
        for words in [&["--jsn"][..], &["a", "b"], &["a", "--json", "b"]] {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            assert!(matches!(run(&words), Err(Stop::Usage(_))));
        }
    }
}
