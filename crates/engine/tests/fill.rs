//! Columns written into the caller's memory, small ones and those that are large enough to pass the caches by.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use echoes_engine::Engine;
use echoes_io::View;
use echoes_kernel::{Kernel, Nan, Series};
use echoes_stats::kernels::series::{CumSum, Diff, RollingMean, ZScore};
use std::num::NonZeroUsize;

/// Rows from which on a column passes the caches by, and some that fill no line, no block and no chunk.
const MANY: usize = (1 << 22) + 4099;

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// What is written into memory is what a fresh answer holds.
#[track_caller]
fn check<'a, K: Kernel<Output = Series>>(kernel: &K, view: &View<'a>, rows: usize) {
    for threads in [1, 3] {
        let engine = Engine::with_threads(NonZeroUsize::new(threads).unwrap());
        let job = engine.job().nan(Nan::Omit);
        let fresh = job.run(kernel, vec![view.clone()]).unwrap();
        // Behind the beginning of a line.
        let mut memory = vec![-1.0; rows + 2];
        job.fill(kernel, vec![view.clone()], &mut [&mut memory[1..=rows]]).unwrap();
        assert_eq!((memory[0], memory[rows + 1]), (-1.0, -1.0));
        assert!(bits(&memory[1..=rows]) == bits(&fresh), "{} on {threads} threads", K::SPEC.name);
    }
}

fn check_all(view: &View<'_>, rows: usize) {
    check(&ZScore { ddof: 1 }, view, rows);
    check(&RollingMean { min_periods: Some(3), center: true, window: 1000 }, view, rows);
    check(&Diff { periods: 3 }, view, rows);
    check(&CumSum {}, view, rows);
}

#[test]
fn a_large_column_is_written_as_a_small_one_is() {
    for rows in [0, 1, 5000, MANY] {
        let mut x: Vec<f64> = (0..rows).map(|i| (i as f64 * 0.37).sin() * 1e3).collect();
        if rows > 0 {
            check_all(&View::from(&x), rows);
        }
        // Some chunks lack rows, some do not.
        x.iter_mut().skip(rows / 3).step_by(300_007).for_each(|x| *x = f64::NAN);
        if rows > 1 {
            check_all(&View::from(&x), rows);
        }
    }
}

#[test]
fn single_precision_too() {
    let x: Vec<f32> = (0..MANY).map(|i| (i as f32 * 0.37).sin()).collect();
    check(&ZScore { ddof: 0 }, &View::from(&x), MANY);
}
