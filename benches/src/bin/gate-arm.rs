//! Does named work so many times and says how long it took: one arm of a comparison, a process for itself.
//!
//! - `list` names all work.
//! - `parts` names the work of which a part can be gone through again.
//! - `calibrate NAME…` says how many calls take about a millisecond: `calls NAME N`.
//! - `time ROUNDS SAMPLES PERCENT NAME:CALLS…` prints `time NAME ROWS BYTES T…`, the nanoseconds that a call took in each sample of
//!   so many calls. All work is done once a round, so that a disturbance meets some of its samples only. After each call
//!   PERCENT of the rows are gone through again: a slowdown of known size.
//! - `count PERCENT NAME:CALLS` makes the calls of a work within a function `counted`, for callgrind.
//! - `bandwidth` prints `level NAME` and `bandwidth THREADS BYTES_A_SECOND`: how fast memory is read.
//!
//! What cannot be done is a line `failed NAME WHY`, and exit code 1.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{
    bandwidth,
    workloads::{Failure, Workload, find, names, part_of},
};
use std::{hint::black_box, process::ExitCode, time::Instant};

/// How long a sample should take, in nanoseconds: long against the clock, short against a disturbance.
const SAMPLE: f64 = 1e6;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["list"] => {
            names().iter().for_each(|name| println!("{name}"));
            Ok(())
        }
        ["parts"] => {
            names().iter().filter(|name| part_of(name, 1.0).is_some()).for_each(|name| println!("{name}"));
            Ok(())
        }
        ["calibrate", names @ ..] => names.iter().try_for_each(|name| calibrate(name)),
        ["time", rounds, samples, percent, jobs @ ..] => time(rounds, samples, percent, jobs),
        ["count", percent, job] => Job::new(job, percent).and_then(|mut job| count(&mut job)),
        ["bandwidth"] => {
            println!("level {}", echoes_simd::level().name());
            bandwidth::threads().for_each(|threads| println!("bandwidth {threads} {:.0}", bandwidth::read(threads)));
            Ok(())
        }
        _ => Err("usage: gate-arm list | parts | calibrate | time | count | bandwidth".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("failed {why}");
            ExitCode::FAILURE
        }
    }
}

/// Work, how often it is done for a sample, and what is done again after each call.
struct Job {
    work: Workload,
    calls: u32,
    again: Option<Workload>,
    samples: Vec<f64>,
}

impl Job {
    /// `NAME:CALLS`.
    fn new(job: &str, percent: &str) -> Result<Self, Failure> {
        let (name, calls) = job.rsplit_once(':').ok_or_else(|| format!("{job} is not NAME:CALLS"))?;
        let calls =
            calls.parse().ok().filter(|&calls| calls > 0).ok_or_else(|| format!("{job} has no number of calls"))?;
        let percent: f64 = percent.parse().map_err(|_| format!("{percent} is not a percentage"))?;
        let part = part_of(name, percent).filter(|_| percent > 0.0);
        let again = part.map(|part| find(&part)).transpose()?;
        let mut job = Self { work: find(name)?, calls, again, samples: Vec::new() };
        // What the first call sets up is no part of any other.
        job.call()?;
        Ok(job)
    }

    fn call(&mut self) -> Result<(), Failure> {
        let done = self.work.call().and_then(|()| self.again.as_mut().map_or(Ok(()), Workload::call));
        done.map_err(|why| format!("{} {why}", self.work.name))
    }

    fn sample(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        for _ in 0..self.calls {
            self.call()?;
        }
        self.samples.push(start.elapsed().as_nanos() as f64 / f64::from(self.calls));
        Ok(())
    }
}

fn time(rounds: &str, samples: &str, percent: &str, jobs: &[&str]) -> Result<(), Failure> {
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{text} is not a number"));
    let (rounds, samples) = (number(rounds)?, number(samples)?);
    let mut jobs = jobs.iter().map(|job| Job::new(job, percent)).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..rounds {
        for job in &mut jobs {
            // The caches hold other work's data.
            job.call()?;
            for _ in 0..samples {
                job.sample()?;
            }
        }
    }
    for job in jobs {
        let samples: Vec<String> = job.samples.iter().map(|time| format!("{time:.1}")).collect();
        println!("time {} {} {} {}", job.work.name, job.work.rows, job.work.bytes, samples.join(" "));
    }
    Ok(())
}

fn calibrate(name: &str) -> Result<(), Failure> {
    let mut job = Job::new(&format!("{name}:1"), "0")?;
    for _ in 0..5 {
        job.sample()?;
    }
    let quickest = job.samples.iter().copied().fold(f64::INFINITY, f64::min);
    println!("calls {name} {}", (SAMPLE / quickest).ceil().clamp(1.0, 1e6));
    Ok(())
}

fn count(job: &mut Job) -> Result<(), Failure> {
    // Twice already: a cache that is filled by the first call is met by the second.
    job.call()?;
    counted(job)?;
    println!("counted {}", job.work.name);
    Ok(())
}

/// What callgrind counts; `black_box` keeps the function a function of its own.
#[inline(never)]
fn counted(job: &mut Job) -> Result<(), Failure> {
    let job = black_box(job);
    (0..job.calls).try_for_each(|_| job.call())
}
