//! Data and timing that the benches share.
#![forbid(unsafe_code)]

mod absorbing;
pub mod bandwidth;
mod bins;
mod fused;
mod subject;
pub mod workloads;

pub use absorbing::allocated_in_absorb;
pub use bins::Bins;
pub use fused::Fused;
pub use subject::Subject;

use echoes_engine::{Result, Sink};
use echoes_kernel::{Arity, BoundKernel, Entry};
use echoes_stats::KERNELS;
use std::time::{Duration, Instant};

/// `n` doubles between −0.5 and 0.5, the same ones every time (Marsaglia's xorshift64, J. Stat. Softw. 8(14), 2003).
pub fn uniform(n: usize) -> Vec<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// `n` weights, which may not be negative: the sizes of the others.
pub fn weights(n: usize) -> Vec<f64> {
    uniform(n).into_iter().map(f64::abs).collect()
}

/// Which of its columns a kernel takes for weights.
pub fn weights_of(kernel: &dyn BoundKernel) -> Option<usize> {
    (kernel.spec().name == "wls").then_some(1)
}

/// `n` rows of the column of a kernel at a place.
pub fn column_for(kernel: &dyn BoundKernel, place: usize, n: usize) -> Vec<f64> {
    if weights_of(kernel) == Some(place) { weights(n) } else { uniform(n) }
}

/// How long one call takes, the shortest repetition that a clock can measure having been found first.
pub fn time_once(mut work: impl FnMut()) -> Duration {
    let mut repeats = 1;
    loop {
        let start = Instant::now();
        (0..repeats).for_each(|_| work());
        let elapsed = start.elapsed();
        if elapsed > Duration::from_millis(2) {
            return elapsed / repeats;
        }
        repeats *= 2;
    }
}

/// The median.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Every kernel of the registry with parameters for a bench: the required ones filled in.
///
/// # Panics
/// If a kernel has required parameters that are not listed here.
pub fn kernels() -> Vec<Box<dyn BoundKernel>> {
    let params = |name: &str| match name {
        "percentileofscore" => serde_json::json!({ "score": 0.25 }),
        "pmean" => serde_json::json!({ "p": 3.0 }),
        "quantile" => serde_json::json!({ "q": [0.05, 0.25, 0.5, 0.75, 0.95] }),
        "ewm_mean" | "ewm_std" => serde_json::json!({ "span": 100.0 }),
        name if name.starts_with("rolling_") => serde_json::json!({ "window": 100 }),
        _ => serde_json::json!({}),
    };
    let bind = |entry: &Entry| match (entry.bind)(params(entry.spec.name)) {
        Ok(kernel) => kernel,
        Err(reject) => panic!("{}: give the bench its parameters: {reject}", entry.spec.name),
    };
    KERNELS.iter().map(bind).collect()
}

/// The columns that a kernel is benched with.
pub fn columns_for(kernel: &dyn BoundKernel) -> Vec<usize> {
    match kernel.spec().columns {
        Arity::Exactly(n) | Arity::Samples(n) => (0..n).collect(),
        Arity::AtLeast(n) => (0..n.max(4)).collect(),
    }
}

/// Takes written columns and forgets them.
pub struct Discard;

impl Sink for Discard {
    fn write(&mut self, columns: &[&[f64]]) -> Result<()> {
        std::hint::black_box(columns);
        Ok(())
    }
}
