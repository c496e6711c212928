//! The mean of 10,000 doubles, everything included: `small [ROUNDS]`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{median, time_once, uniform};
use echoes_engine::Engine;
use echoes_stats::kernels::descriptive::Mean;

fn main() {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(101);
    let (engine, x) = (Engine::new(), uniform(10_000));
    let once = || time_once(|| drop(std::hint::black_box(engine.run(&Mean {}, std::hint::black_box(&x)))));
    let times: Vec<_> = (0..rounds).map(|_| once()).collect();
    let quickest = times.iter().min().copied().unwrap_or_default();
    println!("mean of 10,000 doubles: median {:?}, quickest {quickest:?}", median(times));
}
