//! Extents, histograms and scores are those of a loop on the processor.

use crate::{bits, numbers, on_device};
use echoes_gpu::{BLOCK, Column, Error, Histogram, Range, Standardise, Sweep};
use echoes_kernel::sweep::{Bins, Counts, Extent, Powers, Spot};
use proptest::prelude::*;

fn extent(x: &[f64]) -> Extent {
    let mut found = Extent::default();
    for (at, &x) in x.iter().enumerate() {
        if x.is_nan() {
            found.nan = found.nan.or(Some(at));
        } else {
            found.min = if found.min.is_none_or(|(min, _)| x < min) { Some((x, at)) } else { found.min };
            found.max = if found.max.is_none_or(|(max, _)| max < x) { Some((x, at)) } else { found.max };
        }
    }
    found
}

fn any_column() -> impl Strategy<Value = Vec<f64>> {
    let any = prop_oneof![
        4 => -3.0..3.0f64,
        4 => (-20..20).prop_map(|x| f64::from(x) * 0.25),
        1 => Just(-0.0),
        1 => Just(f64::NAN),
        1 => any::<f64>(),
    ];
    prop::collection::vec(any, 1..4500)
}

#[test]
fn extents_are_the_naive_ones() {
    on_device(|device| {
        let range = Range::new(device).unwrap();
        let check = |x: &[f64]| {
            let found = range.run(&Column::upload(device, x).unwrap()).unwrap();
            let expected: Vec<Extent> = x.chunks(BLOCK).map(extent).collect();
            let place = |place: Option<Spot>| place.map(|(value, at)| (bits(value), at));
            let plain = |all: &[Extent]| all.iter().map(|e| (place(e.min), place(e.max), e.nan)).collect::<Vec<_>>();
            assert_eq!(plain(&found), plain(&expected));
        };
        check(&[f64::INFINITY; 3]);
        check(&[f64::NEG_INFINITY, f64::NAN]);
        check(&[f64::NAN; 2100]);
        check(&[0.0, -0.0, 0.0]);
        proptest!(ProptestConfig::with_cases(32), |(x in any_column())| check(&x));
    });
}

fn naive_counts(x: &[f64], bins: Bins) -> Counts {
    let mut counts = Counts { bins: vec![0; bins.count as usize], below: 0, above: 0, nan: 0 };
    for &x in x {
        if x.is_nan() {
            counts.nan += 1;
        } else if x < bins.low {
            counts.below += 1;
        } else if bins.high < x {
            counts.above += 1;
        } else {
            let last = bins.count - 1;
            let bin = (0..last).find(|&bin| x < bins.low + f64::from(bin + 1) * bins.width).unwrap_or(last);
            counts.bins[bin as usize] += 1;
        }
    }
    counts
}

#[test]
fn counts_are_the_naive_ones() {
    on_device(|device| {
        let histogram = Histogram::new(device).unwrap();
        let check = |x: &[f64], low: f64, high: f64, count: u32| {
            let range = high - low;
            let bins = Bins { low, high, count, width: range / f64::from(count), per_unit: f64::from(count) / range };
            let found = histogram.run(&Column::upload(device, x).unwrap(), bins).unwrap();
            assert_eq!(found, naive_counts(x, bins));
        };
        let x: Vec<f64> = numbers(1).take(100_000).collect();
        check(&x, 0.0, 1.0, 2048);
        check(&x, 0.1, 0.7, 7);
        // On the edges.
        let edges: Vec<f64> = (0..=30).map(|k| 0.1 * f64::from(k)).collect();
        check(&edges, 0.0, 3.0, 30);
        proptest!(ProptestConfig::with_cases(32), |(x in any_column(), low in -4.0..0.0f64, high in 0.1..4.0f64, count in 1..60u32)| {
            check(&x, low, high, count);
        });
        let bins = |count| Bins { low: 0.0, high: 1.0, width: 1.0, per_unit: 1.0, count };
        let column = Column::upload(device, &x).unwrap();
        assert!(matches!(histogram.run(&column, bins(0)), Err(Error::Invalid(_))));
        assert!(matches!(histogram.run(&column, bins(2049)), Err(Error::Invalid(_))));
    });
}

#[test]
fn scores_have_the_processors_bits() {
    on_device(|device| {
        let standardise = Standardise::new(device).unwrap();
        proptest!(ProptestConfig::with_cases(32), |(x in any_column(), shift in -2.0..2.0f64, scale in any::<f64>())| {
            let mut found = vec![0.0; x.len()];
            let column = Column::upload(device, &x).unwrap();
            standardise.run(&column, shift, scale, &mut found).unwrap();
            for (x, found) in x.iter().zip(&found) {
                prop_assert_eq!(bits(*found), bits((x - shift) / scale));
            }
            let wrong = standardise.run(&column, shift, scale, &mut found[1..]);
            prop_assert!(matches!(wrong, Err(Error::Invalid(_))));
        });
    });
}

#[test]
fn tiles_of_any_size_leave_the_same() {
    on_device(|device| {
        let x: Vec<f64> = numbers(11).take(69 * BLOCK + 5).collect();
        let bins = Bins { low: 0.0, high: 1.0, count: 10, width: 0.1, per_unit: 10.0 };
        let sweep = Sweep::new(device, Powers::Fourth).unwrap();
        let (range, histogram) = (Range::new(device).unwrap(), Histogram::new(device).unwrap());
        let standardise = Standardise::new(device).unwrap();
        let results = |column: &Column| {
            let chosen: Vec<(u64, f64)> =
                (0..column.blocks()).filter(|block| block % 5 != 3).map(|b| (b, 0.5)).collect();
            let mut scores = vec![0.0; x.len()];
            standardise.run(column, 0.5, 2.0, &mut scores).unwrap();
            let (sums, extents) = (sweep.run(column, &chosen).unwrap(), range.run(column).unwrap());
            (sums, extents, histogram.run(column, bins).unwrap(), scores)
        };
        let whole = results(&Column::upload(device, &x).unwrap());
        for blocks in [1, 3, 64] {
            let fill = |rows: std::ops::Range<u64>, to: &mut [f64]| {
                to.copy_from_slice(&x[rows.start as usize..rows.end as usize]);
                Ok::<_, Error>(())
            };
            let column = Column::fill(device, x.len() as u64, blocks, fill).unwrap();
            assert!(results(&column) == whole, "{blocks} blocks");
        }
    });
}
