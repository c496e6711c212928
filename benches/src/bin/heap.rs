//! The memory that a kernel takes, counted by dhat: `heap SUBJECT [--out FILE]`, or `heap all`.
//!
//! Exit codes: 0 within the laws, 1 `absorb` allocates or a file takes more memory than it may, 2 it could not run.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a measurement prints")]

use clap::Parser;
use echoes_benches::{Subject, allocated_in_absorb, kernels};
use echoes_engine::Engine;
use std::{path::PathBuf, process::ExitCode};

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

/// What the description of a file may hold at a time, however long the file is.
const PEAK_MB_MAX: f64 = 128.0;

/// Files of 32 and 128 MB as `.npy`, 40 and 160 MB as text.
const FILES: [&str; 4] =
    ["describe/npy/4000000", "describe/npy/16000000", "describe/csv/2000000", "describe/csv/8000000"];

/// The memory that a kernel takes.
#[derive(Debug, Parser)]
struct Arguments {
    /// A kernel, where its rows lie, how many there are: mean/f64/1000000. `all` is every kernel, and descriptions of files.
    subject: String,
    /// Where to write what dhat's viewer shows.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(line) => {
            eprintln!("heap: {line}");
            ExitCode::from(2)
        }
    }
}

impl Arguments {
    fn run(&self) -> Result<bool, String> {
        let every = || kernels().into_iter().map(|kernel| kernel.spec().name.to_owned());
        let subjects: Vec<String> = match self.subject.as_str() {
            "all" => every().chain(FILES.map(str::to_owned)).collect(),
            one => vec![one.to_owned()],
        };
        println!(
            "{:<24} {:>16} {:>14} {:>12} {:>12}",
            "", "blocks in absorb", "blocks a call", "MB a call", "MB at peak"
        );
        // All of them first: the counter is the process's, and there must be no other threads.
        let in_absorb: Vec<u64> = subjects.iter().map(|name| in_absorb(name)).collect::<Result<_, _>>()?;
        let mut lawful = true;
        for (name, in_absorb) in subjects.iter().zip(in_absorb) {
            let call = self.call(name)?;
            let (total, peak) = (1e-6 * call.total_bytes as f64, 1e-6 * call.max_bytes as f64);
            let what = broken(name, in_absorb, peak).unwrap_or_default();
            println!("{name:<24} {in_absorb:>16} {:>14} {total:>12.3} {peak:>12.3}  {what}", call.total_blocks);
            lawful &= what.is_empty();
        }
        Ok(lawful)
    }

    /// What a call takes, from opening its file on.
    fn call(&self, name: &str) -> Result<dhat::HeapStats, String> {
        let (subject, engine) = (Subject::named(name)?, Engine::new());
        // The engine's threads are there before anything is counted.
        subject.call(&engine)?;
        let builder = dhat::Profiler::builder();
        let _profiler = match &self.out {
            Some(path) => builder.file_name(path).build(),
            None => builder.testing().build(),
        };
        subject.call(&engine)?;
        Ok(dhat::HeapStats::get())
    }
}

/// Blocks that the kernel of a subject allocates while it takes in rows.
fn in_absorb(name: &str) -> Result<u64, String> {
    let wanted = name.split('/').next();
    let kernel = kernels()
        .into_iter()
        .find(|kernel| Some(kernel.spec().name) == wanted)
        .ok_or_else(|| format!("no kernel is called `{name}`"))?;
    let _profiler = dhat::Profiler::builder().testing().build();
    let allocated = || dhat::HeapStats::get().total_blocks;
    allocated_in_absorb(kernel.as_ref(), allocated).map_err(|reject| reject.to_string())
}

/// The law that is broken.
fn broken(name: &str, in_absorb: u64, peak_mb: f64) -> Option<&'static str> {
    let describes_file = name.starts_with("describe/npy") || name.starts_with("describe/csv");
    match () {
        () if in_absorb > 0 => Some("absorb must not allocate"),
        () if describes_file && peak_mb > PEAK_MB_MAX => Some("a file must not take so much"),
        () => None,
    }
}
