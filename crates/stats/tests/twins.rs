//! Law 3: every partial agrees with a plain scalar twin, within its stated error, at every SIMD level.
//!
//! The level is a process's: the test runs itself once for each that the processor has.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use echoes_kernel::{BLOCK, Block, Column, Number, Partial, Values};
use echoes_simd::Level;
use echoes_stats::partials::{Brackets, Comoments, Count, Extrema, Intervals, Moments, Order, Rank, Sum};
use proptest::{prelude::*, test_runner::TestRunner};
use std::process::Command;

/// Absorbs blocks of the engine's size into one partial for each `rows_each` rows, and merges those in order.
fn read<P: Partial>(setup: &P::Setup, columns: &[&[f64]], rows_each: usize) -> P {
    let rows = columns[0].len();
    let mut whole = P::begin(setup);
    for first in (0..rows).step_by(rows_each) {
        let end = rows.min(first + rows_each);
        let mut part = P::begin(setup);
        for start in (first..end).step_by(BLOCK) {
            let block: Vec<Column<'_>> =
                columns.iter().map(|x| Column::of(&x[start..end.min(start + BLOCK)])).collect();
            Partial::absorb(&mut part, &Block::new(&block, start as u64));
        }
        Partial::merge(&mut whole, &part);
    }
    whole
}

/// A sum with what each addition rounds off kept (A. Neumaier, ZAMM 54, 1974).
fn sum(x: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut rest) = (0.0f64, 0.0);
    for x in x {
        let new = sum + x;
        rest += if sum.abs() >= x.abs() { (sum - new) + x } else { (x - new) + sum };
        sum = new;
    }
    if rest.is_nan() { sum } else { sum + rest }
}

/// The textbook: the mean, then the mean powers of the deviations from it, corrected for the mean's own rounding.
struct Textbook {
    mean: f64,
    /// What the mean's rounding has left.
    shift: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Textbook {
    fn of(x: &[f64]) -> Self {
        let n = x.len() as f64;
        let mean = sum(x.iter().copied()) / n;
        let shift = sum(x.iter().map(|x| x - mean)) / n;
        let power = |k: i32| sum(x.iter().map(|x| (x - mean - shift).powi(k))) / n;
        Self { mean, shift, m2: power(2), m3: power(3), m4: power(4) }
    }
}

fn near(what: &str, found: f64, twin: f64, bound: f64) -> Result<(), TestCaseError> {
    let same = (found - twin).abs() <= bound || found == twin || found.is_nan() && twin.is_nan();
    prop_assert!(same, "{what}: {found} is not {twin} within {bound:e}");
    Ok(())
}

/// Data that are random, on a grid, far from zero, of many sizes, constant, or short.
fn column() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        Just((0.0, 1.0)),
        Just((1e8, 1.0)),
        Just((-1e6, 1e-3)),
        Just((0.1, 0.0)),
        Just((0.0, 1e150)),
        Just((0.0, 1e-150))
    ];
    let length = prop_oneof![0usize..70, 2000usize..2100, 1usize..9000];
    (value, length, any::<u64>(), prop::bool::weighted(0.3)).prop_map(|((offset, spread), length, seed, ties)| {
        let mut state = seed | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let x = (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            offset + spread * if ties { (8.0 * x).round() } else { x }
        };
        std::iter::repeat_with(next).take(length).collect()
    })
}

/// The same, with a few values that are not finite.
fn spoilt() -> impl Strategy<Value = Vec<f64>> {
    let awkward = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0), Just(5e-324)];
    (column(), prop::collection::vec((any::<prop::sample::Index>(), awkward), 0..4)).prop_map(|(mut x, awkward)| {
        for (at, value) in awkward {
            if !x.is_empty() {
                let at = at.index(x.len());
                x[at] = value;
            }
        }
        x
    })
}

fn each() -> impl Strategy<Value = usize> {
    prop_oneof![Just(BLOCK), Just(3 * BLOCK), 1usize..5000]
}

fn moments(x: &[f64], each: usize) -> Result<(), TestCaseError> {
    let [first, second, fourth] =
        [Order::First, Order::Second, Order::Fourth].map(|order| read::<Moments>(&order, &[x], each));
    prop_assert_eq!(fourth.count(), x.len() as u64);
    let bits = |x: Option<f64>| x.map(f64::to_bits);
    prop_assert_eq!(bits(first.mean()), bits(fourth.mean()), "the mean depends on the order");
    prop_assert_eq!(bits(first.mean()), bits(second.mean()), "the mean depends on the order");
    prop_assert_eq!(bits(second.variance(0.0)), bits(fourth.variance(0.0)), "the variance depends on the order");
    if x.is_empty() {
        prop_assert_eq!((first.mean(), second.variance(0.0), fourth.skewness(true)), (None, None, None));
        return Ok(());
    }
    let (twin, size) = (Textbook::of(x), sum(x.iter().map(|x| x.abs())) / x.len() as f64);
    near("mean", first.mean().unwrap(), twin.mean, 1e-14 * size)?;
    let variance = fourth.variance(0.0).unwrap();
    if x.iter().all(|&value| value == x[0]) {
        prop_assert_eq!(variance, 0.0, "a constant varies");
        prop_assert!(fourth.skewness(true).unwrap().is_nan() && fourth.kurtosis(true).unwrap().is_nan());
        return Ok(());
    }
    near("variance", variance, twin.m2, 1e-14 * twin.m2)?;
    // Fourth powers of such data are beyond doubles.
    if twin.m2 < 1e70 && twin.m2 > 1e-70 {
        near("skewness", fourth.skewness(true).unwrap(), twin.m3 / twin.m2.powf(1.5), 1e-12)?;
        let kurtosis = twin.m4 / twin.m2.powi(2);
        near("kurtosis", fourth.kurtosis(true).unwrap(), kurtosis - 3.0, 1e-12 * kurtosis)?;
    }
    Ok(())
}

fn comoments(x: &[f64], y: &[f64], each: usize) -> Result<(), TestCaseError> {
    let rows = x.len().min(y.len());
    let (x, y) = (&x[..rows], &y[..rows]);
    let found = read::<Comoments>(&3, &[x, y, x], each);
    prop_assert_eq!((found.count(), found.columns()), (rows as u64, 3));
    if rows == 0 {
        prop_assert!(found.covariance(1, 0, 0.0).is_nan());
        return Ok(());
    }
    let (mx, my) = (Textbook::of(x), Textbook::of(y));
    let deviations = |(x, y): (&f64, &f64)| (x - mx.mean - mx.shift) * (y - my.mean - my.shift);
    let product = sum(x.iter().zip(y).map(deviations));
    let size = rows as f64 * mx.m2.sqrt() * my.m2.sqrt();
    near("xy", found.product(1, 0), product, 1e-13 * size)?;
    near("yx", found.product(0, 1), found.product(1, 0), 0.0)?;
    near("xx", found.product(0, 0), rows as f64 * mx.m2, 1e-13 * rows as f64 * mx.m2)?;
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
    prop_assert!(same(found.product(0, 2), found.product(0, 0)) && same(found.product(1, 2), found.product(1, 0)));
    let corr = found.correlation(0, 1);
    prop_assert!(corr.abs() <= 1.0 || mx.m2 == 0.0 || my.m2 == 0.0 || corr.is_nan(), "{corr}");
    Ok(())
}

fn sums(x: &[f64], each: usize) -> Result<(), TestCaseError> {
    let found = read::<Sum>(&(), &[x], each).value();
    if x.is_empty() {
        prop_assert_eq!(found, Number::Int(0));
        return Ok(());
    }
    let naive: f64 = x.iter().sum();
    if naive.is_finite() {
        let size: f64 = x.iter().map(|x| x.abs()).sum();
        near("sum", found.to_f64(), sum(x.iter().copied()), 12.0 * 2f64.powi(-53) * size)
    } else {
        near("sum", found.to_f64(), naive, 0.0)
    }
}

fn extrema(x: &[f64], each: usize) -> Result<(), TestCaseError> {
    let found = read::<Extrema>(&(), &[x], each);
    let (mut min, mut max): (Option<usize>, Option<usize>) = (None, None);
    for (row, value) in x.iter().enumerate() {
        if value.is_nan() {
            (min, max) = (Some(row), Some(row));
            break;
        }
        min = if min.is_none_or(|at| *value < x[at]) { Some(row) } else { min };
        max = if max.is_none_or(|at| *value > x[at]) { Some(row) } else { max };
    }
    let place = |row: Option<usize>| row.map(|row| (x[row].to_bits() & !(1 << 63), x[row] < 0.0, row as u64));
    // A zero may come back with either sign, a NaN with any payload.
    let seen = |found: Option<(Number, u64)>| {
        found
            .map(|(value, row)| (value.to_f64(), row))
            .map(|(value, row)| (value.to_bits() & !(1 << 63), value < 0.0, row))
    };
    prop_assert_eq!(seen(found.min()), place(min));
    prop_assert_eq!(seen(found.max()), place(max));
    Ok(())
}

fn counts(x: &[f64], missing: usize) -> Result<(), TestCaseError> {
    let mut found = Count::begin(&());
    for part in x.chunks(BLOCK) {
        let columns = [Column::of(part)];
        let kept: Vec<u32> = (0..part.len() as u32).collect();
        Partial::absorb(&mut found, &Block::with_missing(&columns, 0, part.len() + missing, &kept));
    }
    let blocks = x.len().div_ceil(BLOCK);
    prop_assert_eq!((found.present, found.missing), (x.len() as u64, (blocks * missing) as u64));
    Ok(())
}

fn brackets(x: &[f64], ends: (f64, f64), each: usize) -> Result<(), TestCaseError> {
    let mut sorted: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let whole = read::<Brackets>(&Intervals::everything(), &[x], each);
    prop_assert_eq!((whole.count(), whole.nans()), (sorted.len() as u64, (x.len() - sorted.len()) as u64));
    let (low, high) = (ends.0.min(ends.1), ends.0.max(ends.1));
    let part = read::<Brackets>(&Intervals::apart(vec![[low, high]]), &[x], each);
    for rank in (0..sorted.len()).step_by(1 + sorted.len() / 7) {
        prop_assert_eq!(whole.ranks(&[rank as u64]), vec![Rank::Value(sorted[rank] + 0.0)]);
        match part.ranks(&[rank as u64])[0] {
            Rank::Value(value) => prop_assert_eq!(value, sorted[rank]),
            Rank::Within([from, to]) => {
                prop_assert!(from <= sorted[rank] && sorted[rank] <= to, "{} is not in {from}..{to}", sorted[rank]);
                prop_assert!(!(low <= sorted[rank] && sorted[rank] <= high), "{} was in {low}..{high}", sorted[rank]);
            }
        }
    }
    Ok(())
}

/// Exact, and in the type that is stored.
fn integers(x: &[i64]) -> Result<(), TestCaseError> {
    let (mut sum, mut extrema) = (Sum::begin(&()), Extrema::begin(&()));
    for (i, part) in x.chunks(BLOCK).enumerate() {
        let doubles: Vec<f64> = part.iter().map(|&x| x as f64).collect();
        let columns = [Column { values: &doubles, stored: Values::from(part) }];
        let block = Block::new(&columns, (i * BLOCK) as u64);
        Partial::absorb(&mut sum, &block);
        Partial::absorb(&mut extrema, &block);
    }
    prop_assert_eq!(sum.value(), Number::Int(x.iter().map(|&x| i128::from(x)).sum()));
    let place =
        |value: Option<&i64>| value.map(|v| (Number::Int((*v).into()), x.iter().position(|x| x == v).unwrap() as u64));
    prop_assert_eq!((extrema.min(), extrema.max()), (place(x.iter().min()), place(x.iter().max())));
    Ok(())
}

fn all_twins() {
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) });
    let two = (column(), column(), each());
    runner
        .run(&two, |(x, y, each)| {
            moments(&x, each)?;
            comoments(&x, &y, each)
        })
        .unwrap();
    let spoilt = (spoilt(), each(), (-2.0..2.0f64, -2.0..2.0f64));
    runner
        .run(&spoilt, |(x, each, ends)| {
            sums(&x, each)?;
            extrema(&x, each)?;
            counts(&x, each)?;
            brackets(&x, ends, each)
        })
        .unwrap();
    let close = prop_oneof![any::<i64>(), (0i64..3).prop_map(|x| (1 << 60) + x), Just(i64::MIN), Just(i64::MAX)];
    runner.run(&prop::collection::vec(close, 0..5000), |x| integers(&x)).unwrap();
}

/// Not a test of its own: what the test below runs at each level.
#[test]
fn child() {
    if std::env::var_os("ECHOES_LAW_THREE").is_some() {
        all_twins();
        println!("twins agree at {}", echoes_simd::level().name());
    }
}

#[test]
fn twins_agree_at_every_level() {
    for level in Level::available() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("ECHOES_LAW_THREE", "1")
            .env("ECHOES_SIMD", level.name())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{text}\n{errors}", level.name());
        assert!(text.contains(&format!("twins agree at {}", level.name())), "{text}");
    }
    for skipped in Level::ALL.iter().filter(|level| !level.is_available()) {
        eprintln!("skipped: this processor has no {}", skipped.name());
    }
}
