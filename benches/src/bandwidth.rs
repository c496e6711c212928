//! How fast memory is read: a bare unrolled sum, which nothing outruns.

use crate::uniform;
use echoes_simd::{GROUP, Lanes, Operation, run};
use std::{hint::black_box, thread, time::Instant};

/// Doubles that are read for a measurement: more than usual caches hold.
const DOUBLES: usize = 1 << 25;

struct BareSum<'a>(&'a [f64]);

impl Operation for BareSum<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f64 {
        let (groups, _) = self.0.as_chunks::<GROUP>();
        let mut sums = [[l.splat(0.0); 4]; 2];
        for pair in groups.as_chunks::<2>().0 {
            for (sums, group) in sums.iter_mut().zip(pair) {
                for (sum, x) in sums.iter_mut().zip(l.load(group)) {
                    *sum = *sum + x;
                }
            }
        }
        l.total(sums[0]) + l.total(sums[1])
    }
}

/// The sum of all parts but their ends, a thread a part.
pub fn bare_sum(parts: &[&[f64]]) -> f64 {
    let sums: Vec<f64> = thread::scope(|scope| {
        let running: Vec<_> = parts.iter().map(|part| scope.spawn(|| run(BareSum(part)))).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    sums.iter().sum()
}

/// The numbers of threads that are worth measuring: one, and one for each processor.
pub fn threads() -> impl Iterator<Item = usize> {
    let all = thread::available_parallelism().map_or(1, usize::from);
    std::iter::once(1).chain((all > 1).then_some(all))
}

/// Bytes a second that so many threads read from memory, the best of some rounds.
pub fn read(threads: usize) -> f64 {
    let x = uniform(DOUBLES);
    let parts: Vec<&[f64]> = x.chunks(x.len().div_ceil(threads).next_multiple_of(64)).collect();
    let second = || {
        let start = Instant::now();
        black_box(bare_sum(&parts));
        start.elapsed().as_secs_f64()
    };
    let quickest = (0..9).map(|_| second()).fold(f64::INFINITY, f64::min);
    8.0 * x.len() as f64 / quickest
}
