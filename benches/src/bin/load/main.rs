//! `cargo xtask load`: an open-loop load on a server that this starts, from a file of rates and payloads.
//!
//! Exit codes: 0 all of it held, 1 some did not, 2 it was called wrongly or could not run, 3 the generator was too late to tell.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a measurement prints")]

mod answer;
mod connection;
mod generator;
mod questions;
mod schedule;
mod server;
mod settings;
mod verdict;

use clap::Parser;
use generator::Load;
use schedule::{Random, poisson};
use server::{Processors, Server, Used};
use settings::Settings;
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};
use verdict::{HEAD, Outcome, Verdict, judge};

/// A planted stall, and how much of it must show in p99.
const STALL: Duration = Duration::from_secs(1);
const STALL_SHOWS_MS: f64 = 500.0;

/// Open-loop load on a server that this starts.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Arguments {
    /// The program `echoes`.
    #[arg(long)]
    server: PathBuf,
    /// Rates, payloads and what must hold.
    #[arg(long, default_value = "benches/load.toml")]
    file: PathBuf,
    /// Requests a second, instead of the file's.
    #[arg(long, value_delimiter = ',')]
    rates: Vec<f64>,
    /// Payloads of the file, instead of those that it names.
    #[arg(long, value_delimiter = ',')]
    payload: Vec<String>,
    /// Seconds that are measured, instead of the file's.
    #[arg(long)]
    seconds: Option<f64>,
    /// Find the highest rate that holds: from the first one on, twice as many until it does not, then between.
    #[arg(long)]
    most: bool,
    /// Stop the server for a second in the middle of each run, and see that p99 shows it.
    #[arg(long, conflicts_with = "most")]
    stall: bool,
    /// One object a line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(line) => {
            eprintln!("load: {line}");
            ExitCode::from(2)
        }
    }
}

impl Arguments {
    fn run(&self) -> Result<Verdict, String> {
        let settings = self.settings()?;
        let processors = Processors::two();
        match &processors {
            Ok(_) => eprintln!("the server has one processor, the generator another"),
            Err(why) => eprintln!("the server and the generator share their processors: {why}"),
        }
        if !self.json {
            println!("{HEAD}");
        }
        let mut worst = Verdict::Held;
        for payload in &settings.payloads {
            let bench = Bench { arguments: self, settings: &settings, processors: processors.as_ref().ok(), payload };
            worst = worst.max(if self.most { bench.most()? } else { bench.rates()? });
        }
        Ok(worst)
    }

    /// The file's settings with the arguments in their place.
    fn settings(&self) -> Result<Settings, String> {
        let mut settings = Settings::read(&self.file)?;
        if !self.rates.is_empty() {
            settings.rates.clone_from(&self.rates);
        }
        if !self.payload.is_empty() {
            settings.payloads.clone_from(&self.payload);
        }
        settings.measured_s = self.seconds.unwrap_or(settings.measured_s);
        settings.check()?;
        Ok(settings)
    }
}

/// Runs of one payload.
struct Bench<'a> {
    arguments: &'a Arguments,
    settings: &'a Settings,
    processors: Option<&'a Processors>,
    payload: &'a str,
}

impl Bench<'_> {
    /// Each of the rates.
    fn rates(&self) -> Result<Verdict, String> {
        let mut worst = Verdict::Held;
        for &rate in &self.settings.rates {
            worst = worst.max(self.at(rate)?.verdict);
        }
        Ok(worst)
    }

    /// The highest rate that holds, to a sixteenth.
    fn most(&self) -> Result<Verdict, String> {
        let mut held = self.settings.rates[0];
        let first = self.at(held)?.verdict;
        if first != Verdict::Held {
            return Ok(first);
        }
        let mut beyond = loop {
            let outcome = self.at(2.0 * held)?;
            if outcome.verdict != Verdict::Held {
                break outcome;
            }
            held = outcome.rate;
        };
        while beyond.rate > held * 17.0 / 16.0 {
            let outcome = self.at((held * beyond.rate).sqrt())?;
            match outcome.verdict {
                Verdict::Held => held = outcome.rate,
                _ => beyond = outcome,
            }
        }
        let (rate, verdict) = (beyond.rate, beyond.verdict.name());
        eprintln!("{}: {held:.0} requests a second hold; {rate:.0}: {verdict}", self.payload);
        Ok(Verdict::Held)
    }

    /// A run, with a server of its own.
    fn at(&self, rate: f64) -> Result<Outcome, String> {
        let Settings { seed, warmup_s, measured_s, .. } = *self.settings;
        let server = self.server()?;
        let mut random = Random::new(seed);
        let (asked, weights) = questions::prepare(self.settings.questions(self.payload)?, server.address, &mut random);
        let schedule = poisson(rate, warmup_s + measured_s, &weights, &mut random);
        let load = Load {
            server: server.address,
            asked: &asked,
            schedule: &schedule,
            counted_from: Duration::from_secs_f64(warmup_s),
            grace: Duration::from_secs_f64(self.settings.grace_s),
            connections_max: self.settings.connections_max,
        };
        if self.arguments.stall {
            server.stall_after(Duration::from_secs_f64(warmup_s + measured_s / 2.0), STALL)?;
        }
        let (before, start) = (server.used(), Instant::now());
        let seen = load.run().map_err(|error| format!("the generator: {error}"))?;
        let used = before
            .zip(server.used())
            .map(|(before, after)| Used { processor_s: after.processor_s - before.processor_s, ..after });
        let (verdict, took_s) = (judge(&seen, self.settings.p95_ms_max), start.elapsed().as_secs_f64());
        let (payload, started_ms) = (self.payload.to_owned(), 1e3 * server.started_in.as_secs_f64());
        self.tell(Outcome { payload, rate, started_ms, seen, used, took_s, verdict })
    }

    /// On the processor that is the server's; this thread has the other from then on.
    fn server(&self) -> Result<Server, String> {
        self.processors.map_or(Ok(()), Processors::for_the_server)?;
        let server = Server::start(&self.arguments.server, &self.settings.server)?;
        self.processors.map_or(Ok(()), Processors::for_the_generator)?;
        Ok(server)
    }

    fn tell(&self, mut outcome: Outcome) -> Result<Outcome, String> {
        if self.arguments.stall {
            let p99 = outcome.p99_ms();
            if p99 < STALL_SHOWS_MS {
                return Err(format!("a stall of a second does not show: p99 is {p99:.1} ms"));
            }
            // It was made too slow; only errors, and a late generator, are to be told still.
            if outcome.verdict == Verdict::NotHeld && outcome.seen.errors.is_empty() {
                outcome.verdict = Verdict::Held;
            }
        }
        if self.arguments.json {
            println!("{}", outcome.json());
        } else {
            println!("{}", outcome.line());
        }
        Ok(outcome)
    }
}
