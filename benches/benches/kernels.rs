//! Every kernel of the registry, from memory, on 10,000 and on a million rows of doubles and of floats.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use echoes_benches::{Discard, columns_for, kernels, uniform};
use echoes_engine::{Engine, Request};
use echoes_io::{Memory, View};
use std::{hint::black_box, time::Duration};

fn every_kernel(criterion: &mut Criterion) {
    let engine = Engine::new();
    for rows in [10_000, 1_000_000] {
        let doubles: Vec<Vec<f64>> = (0..4).map(|_| uniform(rows)).collect();
        let floats: Vec<Vec<f32>> = doubles.iter().map(|x| x.iter().map(|&x| x as f32).collect()).collect();
        let f64s = Memory::named(doubles.iter().zip(0..).map(|(x, i)| (format!("c{i}"), View::from(x))));
        let f32s = Memory::named(floats.iter().zip(0..).map(|(x, i)| (format!("c{i}"), View::from(x))));
        for kernel in kernels() {
            let request = [Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) }];
            let mut group = criterion.benchmark_group(kernel.spec().name);
            group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800)).sample_size(20);
            group.throughput(Throughput::Elements((rows * request[0].columns.len()) as u64));
            for (dtype, memory) in [("f64", &f64s), ("f32", &f32s)] {
                group.bench_function(BenchmarkId::new(dtype, rows), |bencher| {
                    bencher.iter(|| match kernel.spec().form.writes_columns() {
                        true => drop(black_box(engine.job().write(memory, &request[0], &mut Discard))),
                        false => drop(black_box(engine.job().answers(memory, &request))),
                    });
                });
            }
        }
    }
}

criterion_group!(benches, every_kernel);
criterion_main!(benches);
