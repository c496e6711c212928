//! `echoes doctor`: what this machine offers, and what a run would use of it.

use crate::{
    exit::Failure,
    format::{self, Format, Printer, aligned},
    layout::Cell,
    settings,
};
use clap::ArgMatches;
use echoes_engine::{Costs, Engine, Error, Graphics};
use echoes_simd::Level;
use echoes_stats::kernels::descriptive::Sum;
use serde::Serialize;
use std::{
    env,
    time::{Duration, Instant},
};

/// Doubles that the bandwidth is measured on: more than the caches hold.
const VALUES: usize = (64 << 20) / size_of::<f64>();
/// How long each measurement goes on.
const MEASURE: Duration = Duration::from_millis(50);

/// What this machine offers.
#[derive(Serialize)]
struct Findings {
    version: &'static str,
    system: String,
    cpu: Option<String>,
    simd_available: Vec<&'static str>,
    simd: &'static str,
    /// What `ECHOES_SIMD` says.
    simd_forced: Option<String>,
    cores: usize,
    threads: usize,
    /// Billions of bytes a second that a sum reads from memory.
    gb_per_second_one_thread: f64,
    gb_per_second: f64,
    /// The device and its driver, or why there is none.
    gpu: String,
    /// What work costs there and here; seconds, and bytes a second.
    gpu_costs: Option<Costs>,
}

/// Runs the command.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let findings = Findings::gather(&settings::engine(matches))?;
    let format = format::of(matches);
    let mut printer = Printer::new().format(format);
    match format {
        Format::Json => printer.json(&findings)?,
        _ => printer.text(&findings.table())?,
    }
    printer.finish()
}

impl Findings {
    fn gather(engine: &Engine) -> Result<Self, Failure> {
        let values = vec![1.0; VALUES];
        let (gpu, gpu_costs) = match engine.graphics() {
            Ok(Graphics { name, driver, costs }) => (format!("{name} ({driver})"), Some(costs)),
            Err(Error::Gpu(reason)) => (format!("none: {reason}"), None),
            Err(error) => return Err(Failure::engine(&error, "doctor")),
        };
        Ok(Self {
            version: env!("CARGO_PKG_VERSION"),
            system: format!("{} {}", env::consts::OS, env::consts::ARCH),
            cpu: cpu(),
            simd_available: Level::available().map(Level::name).collect(),
            simd: echoes_simd::level().name(),
            simd_forced: env::var("ECHOES_SIMD").ok(),
            cores: Engine::new().threads().get(),
            threads: engine.threads().get(),
            gb_per_second_one_thread: bandwidth(&Engine::sequential(), &values)?,
            gb_per_second: bandwidth(engine, &values)?,
            gpu,
            gpu_costs,
        })
    }

    fn table(&self) -> String {
        let forced = self.simd_forced.as_ref().map_or(String::new(), |name| format!(", forced by ECHOES_SIMD={name}"));
        let lines = [
            ("echoes", format!("{} on {}", self.version, self.system)),
            ("processor", self.cpu.clone().unwrap_or_else(|| "unknown".to_owned())),
            ("instructions", format!("{} (of {}{forced})", self.simd, self.simd_available.join(", "))),
            ("threads", format!("{} (of {} cores)", self.threads, self.cores)),
            (
                "memory",
                format!(
                    "{:.1} GB/s with one thread, {:.1} GB/s with {}",
                    self.gb_per_second_one_thread, self.gb_per_second, self.threads
                ),
            ),
            ("GPU", self.gpu.clone()),
            ("", self.gpu_costs.as_ref().map(costs).unwrap_or_default()),
        ];
        let lines = lines.into_iter().filter(|(_, value)| !value.is_empty());
        let rows: Vec<Vec<Cell>> =
            lines.map(|(name, value)| vec![Cell::Text(name.to_owned()), Cell::Text(value)]).collect();
        let text = aligned(&[String::new(), String::new()], &rows);
        text.trim_start().to_owned()
    }
}

/// Billions of bytes a second that a sum reads: the best of those that fit into the time.
fn bandwidth(engine: &Engine, values: &[f64]) -> Result<f64, Failure> {
    let started = Instant::now();
    let mut best = Duration::MAX;
    while started.elapsed() < MEASURE {
        let from = Instant::now();
        engine.run(&Sum::default(), values).map_err(|e| Failure::engine(&e, "doctor"))?;
        best = best.min(from.elapsed());
    }
    let gb = size_of_val(values) as f64 / 1e9 / best.as_secs_f64();
    Ok((gb * 10.0).round() / 10.0)
}

/// What work costs on the device, and where a column that is there would be swept.
fn costs(costs: &Costs) -> String {
    let Costs { submit_seconds, upload, sweep, download, processor } = costs;
    let [upload, sweep, download, processor] = [upload, sweep, download, processor].map(|rate| rate / 1e9);
    let place =
        if sweep > processor { "a large dataset asked about again would stay there" } else { "no work would go there" };
    format!(
        "sweeps {sweep:.1} GB/s (the processor {processor:.1}), up {upload:.1}, down {download:.1}, starts in {:.0} µs: {place}",
        submit_seconds * 1e6
    )
}

fn cpu() -> Option<String> {
    let name = |text: String| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let linux = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(name);
    linux.or_else(|| env::var("PROCESSOR_IDENTIFIER").ok())
}
