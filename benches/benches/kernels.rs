//! All work of [`echoes_benches::workloads`]: every kernel of the registry in each size and type, and the doors.
//!
//! `cargo xtask bench [FILTER]` runs it and makes a table and a picture of what it finds.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use echoes_benches::workloads::{find, names};
use std::time::Duration;

fn all_work(criterion: &mut Criterion) {
    for name in wanted(names()) {
        let mut work = find(&name).unwrap_or_else(|why| panic!("{why}"));
        let (what, how) = name.split_once('/').unwrap_or((&name, "-"));
        let mut group = criterion.benchmark_group(what);
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800)).sample_size(20);
        group.throughput(Throughput::Bytes(work.bytes));
        group.bench_function(how, |bencher| bencher.iter(|| work.call().unwrap_or_else(|why| panic!("{name}: {why}"))));
    }
}

/// Those whose names contain the first word of the command line: criterion would set up the others only to leave them out.
fn wanted(mut names: Vec<String>) -> Vec<String> {
    if let Some(filter) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) {
        names.retain(|name| name.contains(&filter));
    }
    names
}

criterion_group!(benches, all_work);
criterion_main!(benches);
