//! Calls a kernel on one thread again and again, for a profiler to look at: `work SUBJECT --calls N` or `--seconds N`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "a measurement prints")]

use clap::Parser;
use echoes_benches::Subject;
use echoes_engine::Engine;
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// Calls a kernel on one thread again and again.
#[derive(Debug, Parser)]
struct Arguments {
    /// A kernel, where its rows lie, how many there are: mean/f64/1000000.
    subject: String,
    /// So many calls.
    #[arg(long, required_unless_present = "seconds")]
    calls: Option<u64>,
    /// For so long, at least once.
    #[arg(long, conflicts_with = "calls")]
    seconds: Option<u64>,
}

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            eprintln!("work: {line}");
            ExitCode::from(2)
        }
    }
}

impl Arguments {
    fn run(&self) -> Result<(), String> {
        let (subject, engine) = (Subject::named(&self.subject)?, Engine::sequential());
        let Some(seconds) = self.seconds.map(Duration::from_secs) else {
            return (0..self.calls.unwrap_or(1)).try_for_each(|_| subject.call(&engine));
        };
        let start = Instant::now();
        loop {
            subject.call(&engine)?;
            if start.elapsed() > seconds {
                return Ok(());
            }
        }
    }
}
