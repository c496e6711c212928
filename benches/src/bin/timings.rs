//! Nanoseconds an element for every kernel on one thread, a line each: `timings [ELEMENTS] [ROUNDS] [KERNEL]`.
//!
//! `cargo xtask native` compares a portable build of this program with one for the processor at hand.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{Discard, column_for, columns_for, kernels, time_once};
use echoes_engine::{Engine, Request};
use echoes_io::{Memory, View};

/// Four columns of so many doubles stay in the second-level cache: what the memory does is no business of this measurement.
const ELEMENTS: usize = 32_768;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| arguments.get(i).and_then(|argument| argument.parse::<usize>().ok());
    let (elements, rounds) = (number(0).unwrap_or(ELEMENTS), number(1).unwrap_or(11));
    let wanted = |name: &str| arguments.get(2).is_none_or(|kernel| kernel == name);
    let engine = Engine::sequential();
    for kernel in kernels().into_iter().filter(|kernel| wanted(kernel.spec().name)) {
        let places = columns_for(kernel.as_ref());
        let columns: Vec<_> = places.iter().map(|&place| column_for(kernel.as_ref(), place, elements)).collect();
        let memory = Memory::named(columns.iter().zip(0..).map(|(column, i)| (format!("c{i}"), View::from(column))));
        let request = [Request { kernel: kernel.as_ref(), columns: places }];
        let columns = kernel.spec().form.writes_columns();
        let once = || {
            time_once(|| match columns {
                true => drop(std::hint::black_box(engine.job().write(&memory, &request[0], &mut Discard))),
                false => drop(std::hint::black_box(engine.job().answers(&memory, &request))),
            })
        };
        // The quickest round: what disturbs a computation only ever adds.
        let time = (0..rounds).map(|_| once()).min().unwrap_or_default();
        println!("{} {:.4}", kernel.spec().name, time.as_nanos() as f64 / elements as f64);
    }
}
