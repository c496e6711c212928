//! What a cache promises the engine: the same bits, and no reading twice.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod common;

use common::{columns, columns_for, kernels, memory};
use echoes_cache::Cache;
use echoes_engine::{Cancel, Engine, Error, Job, Report, Request};
use echoes_kernel::{BoundKernel, Entry, Nan};
use echoes_stats::KERNELS;
use serde_json::json;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ROWS: usize = 300_000;
const COLUMN: u64 = 8 * ROWS as u64;

fn bind(name: &str) -> Box<dyn BoundKernel> {
    let entry: &Entry = KERNELS.iter().find(|entry| entry.spec.name == name).unwrap();
    (entry.bind)(json!({})).unwrap()
}

/// The answer as text, and the report.
fn ask(job: Job<'_>, columns: &[Vec<f64>], kernel: &dyn BoundKernel) -> (String, Report) {
    let requests = [Request { kernel, columns: columns_for(kernel) }];
    let (mut answers, report) = job.answers(&memory(columns), &requests).unwrap();
    (format!("{:?}", answers.pop().unwrap()), report)
}

#[test]
fn every_kernel_answers_to_the_same_bits_without_a_cache_with_a_cold_one_and_with_a_warm_one() {
    let (engine, columns) = (Engine::new(), columns(ROWS));
    for nan in [Nan::Propagate, Nan::Omit] {
        let shared = Cache::new(1 << 26);
        for kernel in kernels() {
            let (plain, _) = ask(engine.job().nan(nan), &columns, kernel.as_ref());
            let own = Cache::new(1 << 26);
            for cache in [&own, &own, &shared] {
                let (cached, _) = ask(engine.job().nan(nan).cache(cache, b"a"), &columns, kernel.as_ref());
                assert!(cached == plain, "{}", kernel.spec().name);
            }
        }
    }
}

#[test]
fn mean_then_std_then_describe_read_the_moments_once() {
    let (engine, columns, cache) = (Engine::new(), columns(ROWS), Cache::new(1 << 26));
    let ask = |name| ask(engine.job().cache(&cache, b"a"), &columns, bind(name).as_ref()).1;
    let mean = ask("mean");
    assert_eq!((mean.bytes, mean.cached, mean.computed), (COLUMN, 0, 1));
    for name in ["std", "mean", "skewness", "kurtosis", "variance", "sem"] {
        let report = ask(name);
        assert_eq!((report.bytes, report.readings, report.cached, report.computed), (0, 0, 1, 0), "{name}");
    }
    let describe = ask("describe");
    assert!(describe.cached > 0 && describe.computed > 0, "{describe}");
    let again = ask("describe");
    assert_eq!((again.bytes, again.computed), (0, 0));
}

#[test]
fn rows_that_only_reading_can_count_are_kept_too() {
    let (engine, cache) = (Engine::new(), Cache::new(1 << 20));
    let source = echoes_io::parse("x.csv", &b"x\n1\n\n2\n6\n"[..], &echoes_io::OpenOptions::default()).unwrap();
    for (name, computed) in [("mean", 1), ("std", 0)] {
        let kernel = bind(name);
        let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
        let (_, report) = engine.job().cache(&cache, b"a").answers(source.as_ref(), &requests).unwrap();
        assert_eq!((report.rows, report.computed), (4, computed), "{name}");
    }
}

#[test]
fn what_differs_in_content_columns_or_missing_values_is_kept_apart() {
    let (engine, cache) = (Engine::new(), Cache::new(1 << 26));
    let (kernel, columns) = (bind("mean"), columns(1000));
    let ask = |nan, content: &[u8], column| {
        let requests = [Request { kernel: kernel.as_ref(), columns: vec![column] }];
        engine.job().nan(nan).cache(&cache, content).answers(&memory(&columns), &requests).unwrap().1.computed
    };
    for nan in [Nan::Propagate, Nan::Omit, Nan::Raise] {
        for content in [&b"a"[..], b"b", b""] {
            for column in 0..3 {
                assert_eq!(ask(nan, content, column), 1);
                assert_eq!(ask(nan, content, column), 0);
            }
        }
    }
}

#[test]
fn a_hundred_who_ask_at_once_cost_one_reading() {
    let (engine, columns, cache) = (Engine::new(), columns(ROWS), Cache::new(1 << 26));
    let (kernel, start) = (bind("describe"), Barrier::new(100));
    let reports: Vec<Report> = thread::scope(|scope| {
        let ask = || {
            start.wait();
            ask(engine.job().cache(&cache, b"a"), &columns, kernel.as_ref()).1
        };
        let running: Vec<_> = (0..100).map(|_| scope.spawn(ask)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let partials = reports[0].cached + reports[0].computed;
    assert_eq!(reports.iter().map(|report| report.computed).sum::<u64>(), partials);
    assert_eq!(
        reports.iter().map(|report| report.bytes).sum::<u64>(),
        reports.iter().map(|report| report.bytes).max().unwrap()
    );
}

#[test]
fn a_cancelled_leader_poisons_nothing_and_a_cancelled_follower_stops() {
    let (engine, columns, cache) = (Engine::sequential(), columns(1 << 20), Cache::new(1 << 26));
    let (kernel, cancel) = (bind("mean"), Cancel::new());
    let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    cancel.cancel();
    let cancelled = engine.job().cancel(&cancel).cache(&cache, b"a").answers(&memory(&columns), &requests);
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    let (_, report) = engine.job().cache(&cache, b"a").answers(&memory(&columns), &requests).unwrap();
    assert_eq!((report.cached, report.computed), (0, 1));

    // A leader that never ends, as far as its follower can tell.
    let key = kept_key(&engine, &columns, &requests);
    let lead = cache.claim(&key, Duration::ZERO);
    let cancel = Cancel::new();
    thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let job = engine.job().cancel(&cancel).cache(&cache, b"other");
            job.answers(&memory(&columns), &requests).map(|_| Instant::now())
        });
        thread::sleep(Duration::from_millis(20));
        cancel.cancel();
        assert!(matches!(follower.join().unwrap(), Err(Error::Cancelled)));
    });
    drop(lead);
}

/// The key of the one partial of the requests under the content `other`: what the engine asks a cache for that has nothing.
fn kept_key(engine: &Engine, columns: &[Vec<f64>], requests: &[Request<'_>]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::persistent(1 << 20, directory.path(), 1 << 20).unwrap();
    engine.job().cache(&cache, b"other").answers(&memory(columns), requests).unwrap();
    let file = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let frame = std::fs::read(file).unwrap();
    let length = u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize;
    frame[4..4 + length].to_vec()
}

#[test]
fn damaged_entries_are_read_anew() {
    let (engine, columns, cache) = (Engine::new(), columns(1000), Cache::new(1 << 20));
    let kernel = bind("mean");
    let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    let key = kept_key(&engine, &columns, &requests);
    let echoes_cache::Claim::Lead(lead) = cache.claim(&key, Duration::ZERO) else { panic!("nothing is there") };
    lead.publish(b"not a partial".to_vec());
    let (answers, report) = engine.job().cache(&cache, b"other").answers(&memory(&columns), &requests).unwrap();
    assert_eq!(report.computed, 1);
    let (plain, _) = engine.job().answers(&memory(&columns), &requests).unwrap();
    assert_eq!(format!("{answers:?}"), format!("{plain:?}"));
}
