//! Law 8: partials whose blocks a graphics processor has swept are those of the processor, bit for bit.
//!
//! On a driver that runs on the processor, under the validation layer; without a driver each test says that it is skipped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use echoes_engine::Engine;
use echoes_gpu::{self as gpu, Bins, Column, Device, Options, Powers, Range, Standardise, Sweep};
use echoes_kernel::{BLOCK, Block, CHUNK, Kernel, Next, Partial, Shape, merge_tree, wire};
use echoes_stats::kernels::{descriptive::Variance, series::ZScore};
use echoes_stats::partials::{Edges, Extrema, Histogram, Moments, Order, Sum, Swept};
use proptest::prelude::*;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

const _: () = assert!(gpu::BLOCK == BLOCK);

/// Blocks of a chunk.
const BLOCKS: usize = CHUNK / BLOCK;

/// What a device without the layer has to say about it.
const NO_LAYER: &str = "the validation layer is not installed";

/// Runs a test on a device of its own, and fails on any message of the validation layer.
fn on_device(test: impl FnOnce(&Arc<Device>)) {
    let messages = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&messages);
    let options = Options::default().on_processor();
    match options.validate(move |message| all.lock().unwrap().push(message.to_owned())).open() {
        Ok(device) => test(&device),
        Err(gpu::Error::Absent(reason)) => return println!("skipped: no Vulkan driver ({reason})"),
        Err(other) => panic!("{other}"),
    }
    let said = messages.lock().unwrap();
    if *said == [NO_LAYER] {
        println!("skipped: {NO_LAYER}");
    } else {
        assert_eq!(*said, [""; 0]);
    }
}

/// The partial that the processor leaves: blocks into chunks, chunks as the engine's tree.
fn read<P: Partial>(setup: &P::Setup, x: &[f64]) -> P {
    tree(x.len(), |chunk| {
        let mut part = P::begin(setup);
        let start = chunk * CHUNK;
        for (i, block) in x[start..x.len().min(start + CHUNK)].chunks(BLOCK).enumerate() {
            Partial::absorb(&mut part, &Block::new(&[echoes_kernel::Column::of(block)], (start + i * BLOCK) as u64));
        }
        part
    })
}

/// Chunks merged as the engine merges them.
fn tree<P: Partial>(rows: usize, leaf: impl Fn(usize) -> P) -> P {
    let Ok(whole) = merge_tree(0..rows.div_ceil(CHUNK) as u64, &mut |chunk| Ok::<P, Infallible>(leaf(chunk as usize)));
    whole
}

/// The moments of a column whose blocks the device has swept.
fn moments(device: &Arc<Device>, x: &[f64], order: Order) -> Moments {
    let column = Column::upload(device, x).unwrap();
    let powers = match order {
        Order::First => Powers::First,
        Order::Second => Powers::Second,
        Order::Fourth => Powers::Fourth,
    };
    let sweep = Sweep::new(device, powers).unwrap();
    let anchors: Vec<f64> = x.chunks(CHUNK).map(|chunk| Moments::anchor(&chunk[..chunk.len().min(BLOCK)])).collect();
    let first: Vec<(u64, f64)> = (0..column.blocks()).map(|block| (block, anchors[block as usize / BLOCKS])).collect();
    let sums = sweep.run(&column, &first).unwrap();
    let mut swept: Vec<Swept> = sums
        .iter()
        .zip(&first)
        .zip(x.chunks(BLOCK))
        .map(|((sums, (_, anchor)), block)| Swept {
            count: block.len(),
            anchor: *anchor,
            powers: sums.powers,
            closer: None,
        })
        .collect();
    let again: Vec<(u64, f64)> = (0..)
        .zip(swept.iter().zip(&sums))
        .filter_map(|(block, (swept, sums))| Some((block, swept.center(order, || sums.constant)?)))
        .collect();
    for ((block, _), sums) in again.iter().zip(sweep.run(&column, &again).unwrap()) {
        swept[*block as usize].closer = Some(sums.powers);
    }
    tree(x.len(), |chunk| {
        let mut part = Moments::begin(&order);
        swept.iter().skip(chunk * BLOCKS).take(BLOCKS).for_each(|swept| part.absorb_swept(swept));
        part
    })
}

fn sum(device: &Arc<Device>, x: &[f64]) -> Sum {
    let column = Column::upload(device, x).unwrap();
    let all: Vec<(u64, f64)> = (0..column.blocks()).map(|block| (block, 0.0)).collect();
    let sums = Sweep::new(device, Powers::Total).unwrap().run(&column, &all).unwrap();
    tree(x.len(), |chunk| {
        let mut part = Sum::begin(&());
        sums.iter().skip(chunk * BLOCKS).take(BLOCKS).for_each(|sums| part.add(sums.powers[0]));
        part
    })
}

fn extrema(device: &Arc<Device>, x: &[f64]) -> Extrema {
    let column = Column::upload(device, x).unwrap();
    let found = Range::new(device).unwrap().run(&column).unwrap();
    tree(x.len(), |chunk| {
        let mut part = Extrema::begin(&());
        for (block, found) in found.iter().enumerate().skip(chunk * BLOCKS).take(BLOCKS) {
            let row = |at: usize| (block * BLOCK + at) as u64;
            let place = |(value, at)| (value, row(at));
            part.absorb_found(found.min.map(place), found.max.map(place), found.nan.map(row));
        }
        part
    })
}

fn histogram(device: &Arc<Device>, x: &[f64], edges: Edges) -> Histogram {
    let column = Column::upload(device, x).unwrap();
    let bins = Bins {
        low: edges.low(),
        high: edges.high(),
        width: edges.width(),
        per_unit: edges.per_unit(),
        count: edges.count(),
    };
    let counts = gpu::Histogram::new(device).unwrap().run(&column, bins).unwrap();
    let mut whole = Histogram::begin(&edges);
    whole.absorb_counts(&counts.bins, counts.below, counts.above, counts.nan);
    whole
}

/// The bytes of a partial; a NaN is as good as another.
fn bytes<P: Partial>(partial: &P) -> Vec<u8> {
    wire::encode(partial).unwrap()
}

fn check(device: &Arc<Device>, x: &[f64]) {
    let is_finite = x.iter().all(|x| x.abs() < 1e70);
    for order in [Order::First, Order::Second, Order::Fourth] {
        let (found, expected) = (moments(device, x, order), read::<Moments>(&order, x));
        if is_finite {
            assert_eq!(bytes(&found), bytes(&expected), "{order:?} of {} rows", x.len());
        }
        let answers = |m: &Moments| {
            [m.mean(), m.variance(1.0), m.skewness(true), m.kurtosis(true)]
                .map(|x| x.map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }))
        };
        assert_eq!(answers(&found), answers(&expected), "{order:?} of {} rows", x.len());
    }
    if is_finite {
        assert_eq!(bytes(&sum(device, x)), bytes(&read::<Sum>(&(), x)));
    }
    assert_eq!(bytes(&extrema(device, x)), bytes(&read::<Extrema>(&(), x)));
    let edges = Edges::new(-1.0, 2.0, 17).unwrap();
    assert_eq!(bytes(&histogram(device, x, edges)), bytes(&read::<Histogram>(&edges, x)));
}

/// Values of one sort, the same each time.
fn values(seed: u64, rows: usize, offset: f64, spread: f64) -> Vec<f64> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    (0..rows).map(|_| offset + spread * next()).collect()
}

#[test]
fn partials_have_the_processors_bits() {
    on_device(|device| {
        for (rows, offset, spread) in
            [(1, 1.0, 1.0), (3 * CHUNK + 777, 1e8, 1.0), (CHUNK, 0.0, 1.0), (BLOCK + 1, 0.1, 0.0), (5000, -1e6, 1e-3)]
        {
            check(device, &values(9, rows, offset, spread));
        }
    });
}

#[test]
fn blocks_far_from_the_anchor_have_the_processors_bits() {
    on_device(|device| {
        // Each block has its own mean: all but the first are swept again. One is constant.
        let mut x = values(4, 2 * CHUNK, 0.0, 1.0);
        x.iter_mut().enumerate().for_each(|(i, x)| *x += (i / BLOCK) as f64 * 3.0);
        x[7 * BLOCK..8 * BLOCK].fill(0.1);
        check(device, &x);
    });
}

#[test]
fn special_values_have_the_processors_bits() {
    on_device(|device| {
        for special in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300] {
            for at in [0, 3000, 4999] {
                let mut x = values(2, 5000, 0.0, 1.0);
                x[at] = special;
                check(device, &x);
            }
        }
        let any = prop_oneof![8 => -2.0..3.0f64, 1 => Just(0.25), 1 => any::<f64>()];
        proptest!(ProptestConfig::with_cases(12), |(x in prop::collection::vec(any, 1..5000))| check(device, &x));
    });
}

#[test]
fn scores_and_answers_have_the_engines_bits() {
    on_device(|device| {
        let x = values(6, 2 * CHUNK + 5, 100.0, 3.0);
        let engine = Engine::new();
        let swept = moments(device, &x, Order::Second);
        let variance = Variance { ddof: 1 };
        let shape = Shape { rows: Some(x.len() as u64), columns: 1, sample: &[] };
        assert!(variance.pass(&shape).is_ok());
        let Ok(Next::Done(found)) = variance.finish(&swept) else { panic!("a variance is done after one reading") };
        assert_eq!(found.to_bits(), engine.run(&variance, &x).unwrap().to_bits());
        let expected = engine.run(&ZScore { ddof: 0 }, &x).unwrap();
        let mut scores = vec![0.0; x.len()];
        let (mean, std) = (swept.mean().unwrap(), swept.variance(0.0).unwrap().sqrt());
        let column = Column::upload(device, &x).unwrap();
        Standardise::new(device).unwrap().run(&column, mean, std, &mut scores).unwrap();
        assert!(scores.iter().zip(expected.iter()).all(|(found, expected)| found.to_bits() == expected.to_bits()));
    });
}
