//! Time, as a flame graph: perf's samples drawn by [`flame`], or what cargo-flamegraph or samply makes of theirs.

use super::{build, flame, installed, quietly, result, work};
use crate::{Outcome, Stop, shell};
use std::fs;

const SECONDS: &str = "3";

/// Bytes of stack that are kept with each sample: perf's own 8 KB cut most stacks of ours off.
const STACK: &str = "dwarf,16384";

/// What can take samples, the best first.
static TOOLS: [Tool; 3] = [
    Tool { name: "perf", profile: perf },
    Tool { name: "flamegraph", profile: flamegraph },
    Tool { name: "samply", profile: samply },
];

struct Tool {
    name: &'static str,
    profile: fn(&str) -> Outcome,
}

pub(super) fn run(what: &str) -> Outcome {
    let tool = TOOLS.iter().find(|tool| installed(tool.name)).ok_or_else(|| {
        let linux = "no perf, cargo-flamegraph or samply; Debian has perf in the package `linux-perf`";
        Stop::Skipped(format!("{linux}, any system `cargo install samply`"))
    })?;
    build("work", &[])?;
    (tool.profile)(what)
}

/// The clock's samples, because virtual machines often have no counters.
fn perf(what: &str) -> Outcome {
    let (data, svg) = (result(what, "perf")?, result(what, "svg")?);
    let mut record = shell::program("perf");
    record.args(["record", "--quiet", "--event", "cpu-clock:u", "--freq", "997", "--call-graph", STACK, "--output"]);
    quietly(record.arg(&data).arg("--").args(work(what, &["--seconds", SECONDS])))?;
    let mut script = shell::program("perf");
    let text = shell::output(script.args(["script", "--no-inline", "--fields", "ip,sym", "--input"]).arg(&data))?;
    let tree = flame::fold(&text);
    if tree.samples == 0 {
        return Err(Stop::Failed(format!("perf took no samples of {what}")));
    }
    fs::write(&svg, flame::svg(what, &tree)).map_err(|error| Stop::Failed(format!("{}: {error}", svg.display())))?;
    for (symbol, share) in flame::own(&tree).into_iter().take(8) {
        println!("{:>5.1} %  {symbol}", 100.0 * share);
    }
    println!("{} samples: {}", tree.samples, svg.display());
    Ok(())
}

fn flamegraph(what: &str) -> Outcome {
    let svg = result(what, "svg")?;
    let mut flamegraph = shell::program("flamegraph");
    quietly(flamegraph.arg("--output").arg(&svg).arg("--").args(work(what, &["--seconds", SECONDS])))?;
    println!("{}", svg.display());
    Ok(())
}

fn samply(what: &str) -> Outcome {
    let kept = result(what, "json.gz")?;
    let mut samply = shell::program("samply");
    quietly(samply.args(["record", "--save-only", "--output"]).arg(&kept).args(work(what, &["--seconds", SECONDS])))?;
    println!("`samply load {}` shows it", kept.display());
    Ok(())
}
