//! The whole fused pass against the bandwidth of the memory, in one run, interleaved: `bandwidth [MILLIONS] [ROUNDS]`.
//!
//! The yardstick is a bare unrolled sum on the same threads: nothing reads faster.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{Fused, bandwidth::bare_sum, median, uniform};
use echoes_engine::Engine;
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let (millions, rounds) = (arguments.next().unwrap_or(50), arguments.next().unwrap_or(31));
    let x = uniform(millions * 1_000_000);
    let engine = Engine::new();
    let threads = engine.threads().get();
    let parts: Vec<&[f64]> = x.chunks(x.len().div_ceil(threads).next_multiple_of(64)).collect();
    let mut times: [Vec<Duration>; 2] = Default::default();
    let mut ratios = Vec::new();
    for _ in 0..=rounds {
        let (sum, fused) = (
            time(|| bare_sum(&parts)),
            time(|| engine.run(&Fused {}, &x).map_or(f64::NAN, |summary| summary.kurtosis)),
        );
        times[0].push(sum);
        times[1].push(fused);
        ratios.push(sum.as_secs_f64() / fused.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let [quickest_sum, quickest_fused] = times.each_ref().map(|times| times.iter().min().copied().unwrap_or_default());
    let [sum, fused] = times.map(median);
    let gigabytes = |time: Duration| 8e-9 * x.len() as f64 / time.as_secs_f64();
    println!("{millions} million doubles, {threads} threads, {}", echoes_simd::level().name());
    println!("bare sum            {:7.2} ms  {:5.1} GB/s", 1e3 * sum.as_secs_f64(), gigabytes(sum));
    println!("moments and extrema {:7.2} ms  {:5.1} GB/s", 1e3 * fused.as_secs_f64(), gigabytes(fused));
    println!("share of the bandwidth, median of the rounds: {:.1} %", 100.0 * ratios[ratios.len() / 2]);
    let quickest = quickest_sum.as_secs_f64() / quickest_fused.as_secs_f64();
    println!("share of the bandwidth, quickest rounds:      {:.1} %", 100.0 * quickest);
}

fn time(work: impl FnOnce() -> f64) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}
