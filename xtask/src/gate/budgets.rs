//! The absolute budgets: `benches/budgets.toml`, measured and checked.

use super::{arm::Arm, blocks, report::time, server, statistics::median};
use crate::{Outcome, Stop, shell};
use serde_json::json;
use std::process::Command;
use toml::Table;

/// The one table.
const PATH: &str = "benches/budgets.toml";

/// Samples of each work, of about a millisecond.
const SAMPLES: &str = "9";

/// What the project promises, and what it holds itself to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Budget {
    guide: f64,
    ours: f64,
}

/// A call's budget in milliseconds, with exceptions by the first word of the work's name.
#[derive(Debug, PartialEq)]
struct Calls {
    default: Budget,
    exceptions: Vec<(String, f64)>,
}

/// The table.
struct Budgets {
    kernels: Calls,
    doors: Calls,
    server: Table,
}

/// Something measured, beside its budget.
struct Line {
    what: String,
    measured: f64,
    budget: Budget,
    unit: Unit,
}

/// Of a line, and whether more is better.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Milliseconds,
    Megabytes,
    PerMinute,
}

impl Line {
    fn within(&self, limit: f64) -> bool {
        match self.unit {
            Unit::PerMinute => self.measured >= limit,
            Unit::Milliseconds | Unit::Megabytes => self.measured <= limit,
        }
    }

    fn verdict(&self) -> &'static str {
        match (self.within(self.budget.ours), self.within(self.budget.guide)) {
            (true, _) => "pass",
            (false, true) => "OVER OURS",
            (false, false) => "OVER THE GUIDE'S",
        }
    }

    fn shown(&self, value: f64) -> String {
        match self.unit {
            Unit::Milliseconds => time(1e6 * value),
            Unit::Megabytes => format!("{value:.1} MB"),
            Unit::PerMinute => format!("{value:.0} a minute"),
        }
    }
}

/// Measures all that has a budget.
pub(super) fn run(as_json: bool) -> Outcome {
    let budgets = Budgets::read()?;
    let arm = Arm::build("this tree", &shell::root(), &shell::root().join("target/gate/tree"))?;
    let mut lines = calls(&arm, &budgets)?;
    lines.extend(served(&arm, &budgets)?);
    print(&lines, as_json);
    let over: Vec<&str> =
        lines.iter().filter(|line| !line.within(line.budget.ours)).map(|line| line.what.as_str()).collect();
    match over.as_slice() {
        [] => Ok(()),
        over => Err(Stop::Failed(format!("over budget: {}; `cargo xtask gate` measures again", over.join(", ")))),
    }
}

fn print(lines: &[Line], as_json: bool) {
    if as_json {
        for Line { what, measured, budget, .. } in lines {
            println!("{}", json!({ "what": what, "measured": measured, "ours": budget.ours, "guide": budget.guide }));
        }
        return;
    }
    println!("{:<28} {:>14} {:>14} {:>14}  verdict", "what", "measured", "ours", "guide");
    for line in lines {
        let Line { what, measured, budget, .. } = line;
        let [measured, ours, guide] = [*measured, budget.ours, budget.guide].map(|value| line.shown(value));
        println!("{what:<28} {measured:>14} {ours:>14} {guide:>14}  {}", line.verdict());
    }
}

/// Every kernel and door on 10,000 rows.
fn calls(arm: &Arm, budgets: &Budgets) -> Result<Vec<Line>, Stop> {
    let names: Vec<String> = arm.names()?.into_iter().filter(|name| name.ends_with("/10000")).collect();
    let (jobs, failures) = blocks::calibrate(arm, &names)?;
    if let Some((bench, why)) = failures.first() {
        return Err(Stop::Harness(format!("{bench} cannot be done: {why}")));
    }
    let mut process = Command::new(&arm.built);
    process.args(["time", "1", SAMPLES, "0"]).args(jobs.iter().map(|job| format!("{}:{}", job.bench, job.calls)));
    let said = shell::output(process.current_dir(shell::root()))
        .map_err(|_| Stop::Harness("the benches do not run".to_owned()))?;
    let lines: Vec<Line> =
        said.lines().filter_map(blocks::times).map(|(name, times)| budgets.line(name, &times)).collect();
    match lines.len() == names.len() {
        true => Ok(lines),
        false => Err(Stop::Harness(format!("{} of {} benches ran", lines.len(), names.len()))),
    }
}

/// The server's figures.
fn served(arm: &Arm, budgets: &Budgets) -> Result<Vec<Line>, Stop> {
    let figures = server::measure(&arm.build_echoes()?)?;
    let all = [
        ("latency_p95_ms", figures.latency_p95_ms, Unit::Milliseconds),
        ("requests_per_minute_min", figures.requests_per_minute, Unit::PerMinute),
        ("resident_mb", figures.resident_mb, Unit::Megabytes),
        ("start_ms", figures.start_ms, Unit::Milliseconds),
    ];
    let line = |(name, measured, unit): (&str, f64, Unit)| {
        let budget = budgets.server.get(name).and_then(toml::Value::as_table).and_then(Budget::parse);
        let budget =
            budget.ok_or_else(|| Stop::Harness(format!("{PATH}: [server] has no {name} with `guide` and `ours`")))?;
        Ok(Line { what: format!("server/{name}"), measured, budget, unit })
    };
    all.into_iter().map(line).collect()
}

impl Budget {
    fn parse(table: &Table) -> Option<Self> {
        Some(Self { guide: table.get("guide")?.as_float()?, ours: table.get("ours")?.as_float()? })
    }
}

impl Calls {
    fn parse(table: &Table) -> Option<Self> {
        let exceptions = match table.get("exceptions") {
            None => Vec::new(),
            Some(exceptions) => exceptions
                .as_table()?
                .iter()
                .map(|(name, limit)| Some((name.clone(), limit.as_float()?)))
                .collect::<Option<_>>()?,
        };
        Some(Self { default: Budget::parse(table)?, exceptions })
    }

    fn of(&self, name: &str) -> Budget {
        let exception = self.exceptions.iter().find(|(exception, _)| exception == name);
        Budget { ours: exception.map_or(self.default.ours, |(_, limit)| *limit), ..self.default }
    }
}

impl Budgets {
    fn read() -> Result<Self, Stop> {
        let text = std::fs::read_to_string(shell::root().join(PATH))
            .map_err(|error| Stop::Harness(format!("{PATH}: {error}")))?;
        Self::parse(&text).map_err(|why| Stop::Harness(format!("{PATH}: {why}")))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let part =
            |name: &str| table.get(name).and_then(toml::Value::as_table).ok_or_else(|| format!("there is no [{name}]"));
        let calls = |name: &str| {
            Calls::parse(part(name)?).ok_or_else(|| format!("[{name}] wants numbers: guide, ours, exceptions"))
        };
        Ok(Self { kernels: calls("kernel")?, doors: calls("door")?, server: part("server")?.clone() })
    }

    /// What was measured of `mean/f64/10000`, in nanoseconds, beside its budget.
    fn line(&self, name: &str, times: &[f64]) -> Line {
        let what = name.split('/').next().unwrap_or(name);
        let calls = if DOORS.contains(&what) { &self.doors } else { &self.kernels };
        Line { what: name.to_owned(), measured: median(times) / 1e6, budget: calls.of(what), unit: Unit::Milliseconds }
    }
}

/// The ways to the kernels that are benched; all other names are kernels'.
const DOORS: [&str; 6] = ["cached", "csv", "expression", "json", "npy", "write"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    const TABLE: &str = "[kernel]\nguide = 10.0\nours = 0.1\n[kernel.exceptions]\nfft = 2.0\n\
        [door]\nguide = 10.0\nours = 1.0\n[server]\nstart_ms = { guide = 5000.0, ours = 100.0 }\n";

    #[test]
    fn exceptions_stand_before_the_default() {
        let budgets = Budgets::parse(TABLE).unwrap();
        let ours = |name: &str| budgets.line(name, &[1.0]).budget.ours;
        assert_eq!((ours("mean/f64/10000"), ours("fft/f32/10000"), ours("csv/f64/10000")), (0.1, 2.0, 1.0));
        assert_eq!(budgets.line("csv/f64/10000", &[1e6, 3e6, 2e6]).measured, 2.0);
    }

    #[test]
    fn what_is_over_is_told_from_what_is_far_over() {
        let line =
            |measured, unit| Line { what: String::new(), measured, budget: Budget { guide: 10.0, ours: 1.0 }, unit };
        assert_eq!(line(1.0, Unit::Milliseconds).verdict(), "pass");
        assert_eq!(line(9.0, Unit::Milliseconds).verdict(), "OVER OURS");
        assert_eq!(line(11.0, Unit::Megabytes).verdict(), "OVER THE GUIDE'S");
        let rate = |measured| Line { budget: Budget { guide: 10.0, ours: 100.0 }, ..line(measured, Unit::PerMinute) };
        assert_eq!(
            (rate(100.0).verdict(), rate(99.0).verdict(), rate(9.0).verdict()),
            ("pass", "OVER OURS", "OVER THE GUIDE'S")
        );
    }

    #[test]
    fn a_table_that_lacks_something_is_refused() {
        assert!(Budgets::parse(TABLE).is_ok());
        for (from, to) in [
            ("[server]", "[serve]"),
            ("ours = 0.1", "ours = \"0.1\""),
            ("fft = 2.0", "fft = \"2\""),
            ("guide = 10.0", ""),
        ] {
            assert!(Budgets::parse(&TABLE.replacen(from, to, 1)).is_err(), "{from}");
        }
    }

    #[test]
    fn the_table_names_kernels_that_there_are_and_no_budget_of_ours_is_above_the_guides() {
        let budgets = Budgets::read().ok().unwrap();
        let registry =
            registry::Registry::parse(&std::fs::read_to_string(shell::root().join(registry::PATH)).unwrap()).unwrap();
        let kernels: Vec<&str> = registry
            .categories
            .iter()
            .flat_map(|category| &category.kernels)
            .map(|kernel| kernel.file.as_str())
            .collect();
        for (name, ours) in &budgets.kernels.exceptions {
            assert!(kernels.contains(&name.as_str()), "{name}");
            assert!(*ours <= budgets.kernels.default.guide, "{name}");
        }
        for (name, ours) in &budgets.doors.exceptions {
            assert!(DOORS.contains(&name.as_str()) && *ours <= budgets.doors.default.guide, "{name}");
        }
        for name in ["latency_p95_ms", "requests_per_minute_min", "resident_mb", "start_ms"] {
            assert!(
                budgets.server.get(name).and_then(toml::Value::as_table).and_then(Budget::parse).is_some(),
                "{name}"
            );
        }
    }
}
