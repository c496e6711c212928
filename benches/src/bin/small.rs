//! The mean of 10,000 doubles, everything included, and a deviation whose partial is in the cache: `small [ROUNDS]`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{median, time_once, uniform};
use echoes_cache::Cache;
use echoes_engine::{Engine, Request};
use echoes_io::{Memory, View};
use echoes_kernel::Entry;
use echoes_stats::kernels::descriptive::{Mean, Std};

fn main() {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(101);
    let (engine, x) = (Engine::new(), uniform(10_000));
    print("mean of 10,000 doubles", rounds, || {
        drop(std::hint::black_box(engine.run(&Mean::default(), std::hint::black_box(&x))));
    });

    let cache = Cache::new(1 << 20);
    let source = Memory::named([("x".to_owned(), View::from(&x))]);
    let Ok(kernel) = (Entry::of::<Std>().bind)(serde_json::json!({})) else { return };
    let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    print("deviation from the cache", rounds, || {
        drop(std::hint::black_box(engine.job().cache(&cache, b"x").answers(&source, &requests)));
    });
}

fn print(what: &str, rounds: usize, mut once: impl FnMut()) {
    let times: Vec<_> = (0..rounds).map(|_| time_once(&mut once)).collect();
    let quickest = times.iter().min().copied().unwrap_or_default();
    println!("{what}: median {:?}, quickest {quickest:?}", median(times));
}
