//! The density of the normal distribution, of doubles in memory, in milliseconds: `norm_pdf [MILLIONS] [ROUNDS]`.
//!
//! `fresh` makes the column that it answers with; `into` writes to one that is there already; `expression` does so by the formula.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{median, uniform};
use echoes_engine::Engine;
use echoes_stats::{
    expr::{Expression, Map},
    kernels::distribution::NormPdf,
};
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let (millions, rounds) = (arguments.next().unwrap_or(50), arguments.next().unwrap_or(9));
    let x: Vec<f64> = uniform(millions * 1_000_000).iter().map(|u| 8.0 * u).collect();
    let mut out = vec![1.0; x.len()];
    let (engine, kernel) = (Engine::new(), NormPdf { loc: 0.1, scale: 1.5 });
    let formula = "exp(-0.5*((x-0.1)/1.5)^2)/(1.5*sqrt(2*pi))";
    let map = match Expression::parse(formula) {
        Ok(expression) => Map::new(expression),
        Err(error) => panic!("{formula}: {error}"),
    };
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..rounds {
        times[0].push(time(|| drop(std::hint::black_box(engine.run(&kernel, &x)))));
        times[1].push(time(|| drop(std::hint::black_box(engine.job().fill(&kernel, &x, &mut [&mut out])))));
        times[2].push(time(|| drop(std::hint::black_box(engine.job().fill(&map, &x, &mut [&mut out])))));
    }
    for (name, times) in ["fresh", "into", "expression"].iter().zip(times) {
        let quickest = times.iter().min().copied().unwrap_or_default();
        println!("{name} {:.1} ms, quickest {:.1} ms", 1e3 * median(times).as_secs_f64(), 1e3 * quickest.as_secs_f64());
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
