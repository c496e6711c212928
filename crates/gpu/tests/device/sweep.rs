//! Sums of blocks are those that a loop on the processor gives, to the bit.

use crate::{bits, numbers, on_device};
use echoes_gpu::{BLOCK, Column, Device, Error, Sweep};
use echoes_kernel::sweep::{Powers, Sums};
use proptest::prelude::*;
use std::sync::Arc;

fn eights(lanes: [f64; 32]) -> [f64; 8] {
    std::array::from_fn(|i| (lanes[i] + lanes[8 + i]) + (lanes[16 + i] + lanes[24 + i]))
}

fn across(e: [f64; 8]) -> f64 {
    ((e[0] + e[4]) + (e[2] + e[6])) + ((e[1] + e[5]) + (e[3] + e[7]))
}

/// Sums in 32 lanes, one by one.
fn slow(x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 32];
    x.iter().enumerate().for_each(|(i, &x)| lanes[i % 32] += f(x));
    across(eights(lanes))
}

/// Sums in runs of eight groups, the runs without loss.
fn long(x: &[f64], zero: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut highs, mut lows) = ([zero; 8], [0.0; 8]);
    let (groups, rest) = x.split_at(x.len() / 32 * 32);
    for run in groups.chunks(256).chain((!rest.is_empty()).then_some(rest)) {
        let mut lanes = [zero; 32];
        run.iter().enumerate().for_each(|(i, &x)| lanes[i % 32] += f(x));
        for (sum, (high, low)) in eights(lanes).into_iter().zip(highs.iter_mut().zip(&mut lows)) {
            let before = *high;
            *high += sum;
            let part = *high - before;
            *low += (before - (*high - part)) + (sum - part);
        }
    }
    let (high, low) = (across(highs), across(lows));
    if low.is_nan() || low == 0.0 { high } else { high + low }
}

fn naive(x: &[f64], powers: Powers, c: f64) -> Sums {
    let total = long(x, -0.0, |x| x);
    let first = || long(x, 0.0, |x| x - c);
    let second = || long(x, 0.0, |x| (x - c) * (x - c));
    let third = || slow(x, |x| (x - c) * (x - c) * (x - c));
    let fourth = || slow(x, |x| ((x - c) * (x - c)) * ((x - c) * (x - c)));
    let powers = match powers {
        Powers::Total => [total, -0.0, 0.0, 0.0],
        Powers::First => [first(), 0.0, 0.0, 0.0],
        Powers::Second => [first(), second(), 0.0, 0.0],
        Powers::Fourth => [first(), second(), third(), fourth()],
    };
    Sums { powers, constant: x.iter().all(|v| *v == x[0]).then_some(x[0]) }
}

fn check(device: &Arc<Device>, x: &[f64], center: f64) {
    let column = Column::upload(device, x).unwrap();
    let blocks: Vec<(u64, f64)> = (0..column.blocks()).map(|block| (block, center)).collect();
    for powers in [Powers::Total, Powers::First, Powers::Second, Powers::Fourth] {
        let found = Sweep::new(device, powers).unwrap().run(&column, &blocks).unwrap();
        let expected: Vec<Sums> = x.chunks(BLOCK).map(|block| naive(block, powers, center)).collect();
        let plain = |sums: &Sums| (sums.powers.map(bits), sums.constant.map(bits));
        for (block, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(plain(found), plain(expected), "{powers:?} of block {block} of {} rows", x.len());
        }
        assert_eq!(found.len(), expected.len());
    }
}

#[test]
fn every_length_of_a_block_has_the_processors_bits() {
    on_device(|device| {
        for len in [1, 2, 31, 32, 33, 255, 256, 257, 300, 2016, 2047, 2048, 2049, 5000] {
            let x: Vec<f64> = numbers(len as u64).take(len).map(|x| 1e3 * x - 400.0).collect();
            check(device, &x, 0.1);
        }
    });
}

#[test]
fn extreme_values_have_the_processors_bits() {
    on_device(|device| {
        check(device, &[0.1; 3000], 0.1);
        check(device, &[-0.0; 70], 0.0);
        check(device, &[5e-324; 2048], 0.0);
        let inf = f64::INFINITY;
        for special in [inf, -inf, f64::NAN, f64::MAX, 1e300, -0.0, 5e-324, f64::MIN_POSITIVE] {
            let mut x: Vec<f64> = numbers(7).take(2500).collect();
            for at in [0, 40, 700, 2048, 2499] {
                x[at] = special;
                check(device, &x, 0.5);
            }
            x[1] = -special;
            check(device, &x, 0.5);
        }
    });
}

#[test]
fn any_values_have_the_processors_bits() {
    on_device(|device| {
        let any =
            prop_oneof![8 => -1e3..1e3f64, 1 => Just(0.0), 1 => Just(-0.0), 1 => -1e300..1e300f64, 1 => any::<f64>()];
        let columns = (prop::collection::vec(any, 1..4500), -10.0..10.0f64);
        proptest!(ProptestConfig::with_cases(24), |((x, center) in columns)| check(device, &x, center));
    });
}

#[test]
fn tiles_and_chosen_blocks() {
    on_device(|device| {
        // More than a tile of 4,096 blocks.
        let x: Vec<f64> = numbers(3).take(4_098 * BLOCK + 77).collect();
        let column = Column::upload(device, &x).unwrap();
        assert_eq!(column.blocks(), 4_099);
        let chosen = [(0, 0.25), (5, 0.5), (4_095, 0.75), (4_096, 1.0), (4_098, 2.0)];
        let sums = Sweep::new(device, Powers::Second).unwrap().run(&column, &chosen).unwrap();
        for (sums, (block, center)) in sums.iter().zip(chosen) {
            let from = block as usize * BLOCK;
            let expected = naive(&x[from..x.len().min(from + BLOCK)], Powers::Second, center);
            assert_eq!(sums.powers.map(bits), expected.powers.map(bits), "block {block}");
        }
        assert_eq!(column.download(device).unwrap(), x);
        let sweep = Sweep::new(device, Powers::First).unwrap();
        for beyond in [4_099, 8_192, u64::MAX] {
            assert!(matches!(sweep.run(&column, &[(beyond, 0.0)]), Err(Error::Invalid(_))));
        }
        assert_eq!(sweep.run(&column, &[]).unwrap(), []);
    });
}
