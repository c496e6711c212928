//! Statistics of data of any size: what is free of scale has the same bits at every power of two, and the rest its multiples.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use echoes_kernel::{BLOCK, CHUNK, reference};
use echoes_stats::kernels::{
    descriptive::{Kurtosis, Mean, Sem, Skewness, Std, Variance},
    matrix::{CorrMatrix, CovMatrix},
    pair::{Corr, Cov},
    series::ZScore,
    test::{TTest, TtestInd},
};
use proptest::prelude::*;

/// `x 2^exponent`, in two steps that are exact.
fn times(x: f64, exponent: i32) -> f64 {
    x * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
}

fn scaled(x: &[f64], exponent: i32) -> Vec<f64> {
    x.iter().map(|&x| times(x, exponent)).collect()
}

/// Everything that does not change with the scale.
fn free_of_scale(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut answers = Vec::new();
    for bias in [true, false] {
        answers.push(reference(&Skewness { bias }, &[x]).unwrap());
        answers.push(reference(&Kurtosis { fisher: true, bias }, &[x]).unwrap());
    }
    let rows = x.len().min(y.len());
    answers.push(reference(&Corr {}, &[&x[..rows], &y[..rows]]).unwrap());
    for equal_var in [true, false] {
        let test = TtestInd { equal_var, ..TtestInd::default() };
        let TTest { statistic, pvalue, df } = reference(&test, &[x, y]).unwrap();
        answers.extend([statistic, pvalue, df]);
    }
    answers.extend(reference(&ZScore { ddof: 1 }, &[x]).unwrap().0);
    answers
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

fn column() -> impl Strategy<Value = Vec<f64>> {
    let length = prop_oneof![4 => 2usize..100, 1 => 2usize..3 * BLOCK];
    (length, any::<u64>(), 0..30i32, 0.0..3.0f64).prop_map(|(length, seed, drop, drift)| {
        let mut state = seed | 1;
        let next = |row: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let x = (state >> 11) as f64 / (1u64 << 53) as f64 - 0.3;
            // Of several sizes, and blocks of several means.
            x * 2f64.powi(-(row as i32 * 7 % (drop + 1))) + drift * (row / BLOCK) as f64
        };
        (0..length).map(next).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn ratios_have_the_same_bits_at_every_scale(x in column(), y in column(), exponent in -800..=990i32) {
        let (a, b) = (scaled(&x, exponent), scaled(&y, exponent));
        prop_assert_eq!(bits(&free_of_scale(&x, &y)), bits(&free_of_scale(&a, &b)), "2^{}", exponent);
    }

    #[test]
    fn others_are_multiples(x in column(), y in column(), exponent in -800..=990i32) {
        let (a, b) = (scaled(&x, exponent), scaled(&y, -exponent));
        let multiple = |plain: f64, found: f64| {
            prop_assert_eq!(times(plain, exponent).to_bits(), found.to_bits());
            Ok(())
        };
        multiple(reference(&Mean::default(), &[&x]).unwrap(), reference(&Mean::default(), &[&a]).unwrap())?;
        multiple(reference(&Std::of(1), &[&x]).unwrap(), reference(&Std::of(1), &[&a]).unwrap())?;
        multiple(reference(&Sem { ddof: 1 }, &[&x]).unwrap(), reference(&Sem { ddof: 1 }, &[&a]).unwrap())?;
        let rows = x.len().min(y.len());
        let pair = |x: &[f64], y: &[f64]| {
            let (x, y) = (&x[..rows], &y[..rows]);
            (reference(&Cov::of(1), &[x, y]).unwrap(), reference(&CorrMatrix {}, &[x, y]).unwrap())
        };
        // One column larger, the other smaller by as much: their product is the same.
        prop_assert_eq!(pair(&x, &y), pair(&a, &b));
    }
}

/// Relative distance.
fn off(found: f64, truth: f64) -> f64 {
    (found / truth - 1.0).abs()
}

#[test]
fn what_a_tester_would_try() {
    let x = [1.0, 2.0, 3.0, 5.0];
    for scale in [1e-300, 1e-200, 1e-165, 1e-160, 1e-60, 1e-54, 1.0, 1e52, 1e76, 1e78, 1e100, 1e154, 1e200, 3e307] {
        let [a, b] = [x, [2.0, 4.0, 5.0, 5.5]].map(|x| x.map(|x| x * scale));
        assert!(
            off(reference(&Skewness { bias: true }, &[&a]).unwrap(), 1.406_25 / 2.187_5f64.powf(1.5)) < 1e-14,
            "{scale:e}"
        );
        assert!(
            off(
                reference(&Kurtosis { fisher: true, bias: true }, &[&a]).unwrap(),
                8.832_031_25 / 2.187_5f64.powi(2) - 3.0
            ) < 1e-13
        );
        assert!(off(reference(&Std::of(1), &[&a]).unwrap(), (8.75f64 / 3.0).sqrt() * scale) < 1e-14, "{scale:e}");
        let plain = reference(&Corr {}, &[&x, &[2.0, 4.0, 5.0, 5.5]]).unwrap();
        assert!(off(reference(&Corr {}, &[&a, &b]).unwrap(), plain) < 1e-14, "{scale:e}");
        let test = reference(&TtestInd::default(), &[&a, &b]).unwrap();
        let plain = reference(&TtestInd::default(), &[&x, &[2.0, 4.0, 5.0, 5.5]]).unwrap();
        assert!(off(test.df, plain.df) < 1e-14 && off(test.pvalue, plain.pvalue) < 1e-13, "{scale:e}: {test:?}");
    }
}

#[test]
fn sizes_that_change_on_the_way() {
    // Blocks of 1e-200, 1 and 1e200 in turns: only the largest counts.
    let sizes = [1e-200, 1.0, 1e200];
    let mut x: Vec<f64> =
        (0..2 * CHUNK + 100).map(|i| sizes[i / BLOCK % 3] * (1.0 + f64::from((i % 5) as u8))).collect();
    let large: Vec<f64> = x.iter().map(|&x| if x > 1e100 { x / 1e200 } else { 0.0 }).collect();
    let kernels = |x: &[f64]| {
        let scale = reference(&Std::of(0), &[x]).unwrap();
        (scale, reference(&Skewness { bias: true }, &[x]).unwrap(), reference(&Corr {}, &[x, x]).unwrap())
    };
    let (found, truth) = (kernels(&x), kernels(&large));
    assert!(
        off(found.0, 1e200 * truth.0) < 1e-14 && off(found.1, truth.1) < 1e-13 && found.2 == 1.0,
        "{found:?} {truth:?}"
    );
    x.reverse();
    assert!(off(kernels(&x).0, found.0) < 1e-14);
}

#[test]
fn deviations_that_overflow() {
    let x = [f64::MAX, -f64::MAX, 1e308, -1e308];
    assert!(reference(&Mean::default(), &[&x]).unwrap().abs() <= f64::EPSILON * f64::MAX);
    assert!(
        off(reference(&Std::of(0), &[&x]).unwrap(), 1e308 * f64::midpoint((f64::MAX / 1e308).powi(2), 1.0).sqrt())
            < 1e-15
    );
    assert!(reference(&Variance::of(0), &[&x]).unwrap().is_infinite());
    assert_eq!(reference(&Corr {}, &[&x, &x]), Ok(1.0));
    // Across blocks too.
    let halves: Vec<f64> = (0..4 * BLOCK).map(|i| if i < 2 * BLOCK { f64::MAX } else { -f64::MAX }).collect();
    assert!(reference(&Mean::default(), &[&halves]).unwrap().abs() <= f64::EPSILON * f64::MAX);
    assert_eq!(reference(&Std::of(0), &[&halves]), Ok(f64::MAX));
    assert_eq!(reference(&Kurtosis { fisher: false, bias: true }, &[&halves]), Ok(1.0));
}

#[test]
fn the_smallest_spread_is_no_constant() {
    let x = [0.0, 5e-324, 0.0, 5e-324, 1e-323, 0.0];
    assert!(reference(&Skewness { bias: true }, &[&x]).unwrap() > 0.5);
    assert_eq!(reference(&Std::of(0), &[&x]), Ok(5e-324));
    assert_eq!(reference(&Std::of(0), &[&[5e-324; 9]]), Ok(0.0));
    assert!(reference(&Skewness { bias: true }, &[&[5e-324; 9]]).unwrap().is_nan());
    // Constant blocks of two values.
    let two: Vec<f64> = (0..2 * BLOCK).map(|i| if i < BLOCK { 1e-200 } else { 3e-200 }).collect();
    assert!(off(reference(&Std::of(0), &[&two]).unwrap(), 1e-200) < 1e-15);
    assert_eq!(reference(&Kurtosis { fisher: false, bias: true }, &[&two]), Ok(1.0));
}

/// What one column among many may hold, so that it needs a unit of its own or has no variance.
fn unusual(x: &[f64]) -> Vec<(&'static str, Vec<f64>)> {
    let middle = x.len() / 2;
    let with = |value: f64| {
        let mut x = x.to_vec();
        x[middle] = value;
        x
    };
    vec![
        ("large", scaled(x, 700)),
        ("small", scaled(x, -700)),
        ("a large one", with(1e200)),
        ("a NaN", with(f64::NAN)),
        ("an infinity", with(f64::INFINITY)),
        ("a constant", vec![7.0; x.len()]),
    ]
}

#[test]
fn an_unusual_column_among_many_has_the_bits_of_its_pairs() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.3
    };
    for (columns, rows) in [(12, 40), (13, 32), (14, 50), (15, 3001), (16, 300), (17, 257)] {
        let usual: Vec<Vec<f64>> = (0..columns).map(|_| (0..rows).map(|_| next()).collect()).collect();
        for at in [0, columns / 2, columns - 1] {
            for (name, column) in unusual(&usual[at]) {
                let mut x: Vec<&[f64]> = usual.iter().map(Vec::as_slice).collect();
                x[at] = &column;
                let correlations = reference(&CorrMatrix {}, &x).unwrap();
                let covariances = reference(&CovMatrix { ddof: 1 }, &x).unwrap();
                for i in (0..columns).filter(|&i| i != at) {
                    let pair = [x[i], x[at]];
                    let matrix = [correlations[i][at], covariances[i][at]];
                    let alone = [reference(&Corr {}, &pair).unwrap(), reference(&Cov::default(), &pair).unwrap()];
                    assert_eq!(bits(&matrix), bits(&alone), "{name}, {i} and {at} of {columns}");
                    assert_eq!(alone[1].is_nan(), ["a NaN", "an infinity"].contains(&name), "{name}");
                }
            }
        }
    }
}
