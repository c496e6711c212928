//! What can be handed in, and what comes out: every element type, views of any stride, missing values and NaN, streams of
//! many waves, quantiles that need another reading, plans, reports, progress, threads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{bind, columns_for, memory};
use echoes_engine::{Compute, Engine, Error, Request, Result};
use echoes_io::{Memory, OpenOptions, OwnedColumn, Reading, Slice, Source, Stream, View};
use echoes_kernel::{
    Answer, BLOCK, BoundKernel, CHUNK, Columns, Kernel, Nan, Number, Reject, Series, Values, reference,
};
use echoes_stats::{
    find,
    kernels::{
        descriptive::{ArgMax, ArgMin, Count, Describe, Max, Mean, Min, Ptp, Skewness, Std, Sum},
        matrix::CorrMatrix,
        order::{Median, Quantile},
        pair::{Corr, Cov},
        series::{CumSum, RollingMean, ZScore},
        spectral::{Fft, Norm},
        test::TtestInd,
    },
};
use ndarray::{Array, Array1, Array2, Axis, s};
use serde_json::{Value, json};
use std::{
    num::NonZeroUsize,
    process::Command,
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

fn threads(threads: usize) -> Engine {
    Engine::with_threads(NonZeroUsize::new(threads).unwrap())
}

/// One kernel over a source, its type forgotten.
fn erased(engine: &Engine, nan: Nan, source: &dyn Source, kernel: &dyn BoundKernel) -> Result<Answer> {
    let request = Request { kernel, columns: columns_for(kernel) };
    engine.job().nan(nan).answers(source, &[request])?.0.remove(0)
}

fn bound<K: Kernel>(kernel: &K) -> Box<dyn BoundKernel> {
    (find(K::SPEC.name).unwrap().bind)(serde_json::to_value(kernel).unwrap()).unwrap()
}

fn text<T: serde::Serialize>(answer: &T) -> String {
    serde_json::to_string(answer).unwrap()
}

/// The typed answer for columns in memory, after a look at whether the erased one says the same.
#[track_caller]
fn both<'a, K: Kernel>(kernel: &K, views: &[View<'a>]) -> Result<K::Output> {
    let typed = kernel.of(views.to_vec());
    let named = Memory::named(views.iter().enumerate().map(|(i, view)| (i.to_string(), view.clone())));
    match (&typed, erased(&threads(2), Nan::Propagate, &named, bound(kernel).as_ref())) {
        (Ok(typed), Ok(erased)) => assert_eq!(text(typed), erased.get()),
        (Err(typed), Err(erased)) => assert_eq!(*typed, erased),
        (typed, erased) => panic!("typed: {:?}, erased: {erased:?}", typed.as_ref().map(text)),
    }
    typed
}

/// Numbers without a pattern, evenly between −½ and ½.
fn noise(rows: usize) -> Vec<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    std::iter::repeat_with(next).take(rows).collect()
}

/// Columns that can be read only in order.
struct InOrder<'a> {
    fields: Vec<echoes_io::Field>,
    columns: Vec<Slice<'a>>,
}

impl<'a> InOrder<'a> {
    fn new(columns: &[Slice<'a>]) -> Self {
        let field =
            |(i, x): (usize, &Slice<'_>)| echoes_io::Field { name: i.to_string(), dtype: Some(x.values.dtype()) };
        Self { fields: columns.iter().enumerate().map(field).collect(), columns: columns.to_vec() }
    }

    fn doubles(columns: &[&'a [f64]]) -> Self {
        Self::new(&columns.iter().map(|&x| dense(x)).collect::<Vec<_>>())
    }
}

impl Source for InOrder<'_> {
    fn name(&self) -> &str {
        "in order"
    }
    fn backend(&self) -> &'static str {
        "test"
    }
    fn fields(&self) -> &[echoes_io::Field] {
        &self.fields
    }
    fn rows(&self) -> Option<u64> {
        None
    }
    fn read(&self, columns: &[usize]) -> echoes_io::Result<Reading<'_>> {
        Ok(Reading::Stream(Box::new(Chunks { columns: columns.iter().map(|&i| self.columns[i]).collect(), row: 0 })))
    }
}

struct Chunks<'a> {
    columns: Vec<Slice<'a>>,
    row: usize,
}

impl Stream for Chunks<'_> {
    fn next(&mut self) -> echoes_io::Result<Option<Vec<OwnedColumn>>> {
        let rows = self.columns[0].values.len();
        let (from, to) = (self.row, rows.min(self.row + CHUNK));
        self.row = to;
        let owned = |column: &Slice<'_>| {
            let part = column.part(from, to);
            let mut values = vec![0.0; to - from];
            part.values.to_f64(&mut values);
            OwnedColumn { values: values.into(), valid: part.valid.map(<[bool]>::to_vec) }
        };
        Ok((from < to).then(|| self.columns.iter().map(owned).collect()))
    }
}

fn dense(x: &[f64]) -> Slice<'_> {
    Slice { values: Values::Float64(x), valid: None }
}

fn masked<'a>(x: &'a [f64], valid: &'a [bool]) -> Slice<'a> {
    Slice { values: Values::Float64(x), valid: Some(valid) }
}

#[test]
fn integers_of_every_width_are_exact() {
    macro_rules! check {
        ($($type:ident)*) => {$({
            let mut x: Vec<$type> = (0..5000u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 3) as $type).collect();
            x.retain(|&x| x != $type::MIN && x != $type::MAX);
            (x[4000], x[4700]) = ($type::MIN, $type::MIN);
            (x[3000], x[3001]) = ($type::MAX, $type::MAX);
            let view = [View::from(&x)];
            let int = |x: $type| Number::Int(i128::from(x));
            assert_eq!(both(&Sum::default(), &view), Ok(Number::Int(x.iter().map(|&x| i128::from(x)).sum())), stringify!($type));
            assert_eq!(both(&Min {}, &view), Ok(int($type::MIN)), stringify!($type));
            assert_eq!(both(&Max {}, &view), Ok(int($type::MAX)), stringify!($type));
            let first = |wanted: $type| Ok(x.iter().position(|&x| x == wanted).unwrap() as u64);
            assert_eq!(both(&ArgMin {}, &view), first($type::MIN), stringify!($type));
            assert_eq!(both(&ArgMax {}, &view), first($type::MAX), stringify!($type));
            let width = i128::from($type::MAX) - i128::from($type::MIN);
            assert_eq!(f64::from(both(&Ptp {}, &view).unwrap()), width as f64, stringify!($type));
            let doubles: Vec<f64> = x.iter().map(|&x| x as f64).collect();
            assert_eq!(both(&Mean::default(), &view).ok(), Mean::default().of(&doubles).ok(), stringify!($type));
            assert_eq!(both(&Std::of(1), &view).ok(), Std::of(1).of(&doubles).ok(), stringify!($type));
            assert_eq!(both(&Median::default(), &view).ok(), Median::default().of(&doubles).ok(), stringify!($type));
            // All of one value: far beyond 64 bits in sum, and nothing wraps.
            for value in [$type::MIN, $type::MAX] {
                let sum = Number::Int(i128::from(value) * 10_000);
                assert_eq!(both(&Sum::default(), &[View::from(&vec![value; 10_000])]), Ok(sum), stringify!($type));
            }
        })*};
    }
    check!(i8 i16 i32 i64 u8 u16 u32 u64);
}

#[test]
fn integers_that_no_double_tells_apart() {
    let base = 1i64 << 60;
    let x = [base + 1, base + 2, base, base + 2, base];
    let view = [View::from(&x)];
    assert_eq!(both(&Min {}, &view), Ok(Number::Int(base.into())));
    assert_eq!(both(&Max {}, &view), Ok(Number::Int((base + 2).into())));
    assert_eq!((both(&ArgMin {}, &view), both(&ArgMax {}, &view)), (Ok(2), Ok(1)));
    assert_eq!(text(&both(&Sum::default(), &[View::from(&[u64::MAX, u64::MAX, 1])]).unwrap()), "36893488147419103231");
    let both_ends = [View::from(&[i64::MIN, i64::MAX, i64::MIN])];
    assert_eq!(text(&both(&Sum::default(), &both_ends).unwrap()), "-9223372036854775809");
    // Across chunks, on threads, through a stride.
    let mut x = Array1::from_elem(2 * (CHUNK + 100), base + 1);
    x[2 * CHUNK + 20] = base;
    let view = x.slice(s![..;2]);
    assert_eq!(both(&Min {}, &[view.into()]), Ok(Number::Int(base.into())));
    assert_eq!(threads(3).run(&ArgMin {}, view), Ok((CHUNK + 10) as u64));
}

#[test]
fn floats_of_half_the_width() {
    let x: Vec<f32> = noise(5000).iter().map(|&x| x as f32).collect();
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    for kernel in echoes_stats::KERNELS.iter().map(bind).filter(|kernel| columns_for(kernel.as_ref()).len() == 1) {
        let engine = threads(2);
        let found = [View::from(&x), View::from(&wide)].map(|view| {
            let source = Memory::named([("x".to_owned(), view)]);
            erased(&engine, Nan::Propagate, &source, kernel.as_ref()).unwrap().get().to_owned()
        });
        assert!(found[0] == found[1], "{}", kernel.spec().name);
    }
    assert_eq!(both(&Min {}, &[View::from(&[1.5f32, -0.1])]), Ok(Number::Float(f64::from(-0.1f32))));
    assert_eq!(both(&ArgMax {}, &[View::from(&[1.5f32, f32::NAN, f32::INFINITY])]), Ok(1));
}

#[test]
fn views_of_any_stride() {
    let table = Array2::from_shape_fn((3000, 7), |(row, column)| ((row * 7 + column) * 7919 % 10_007) as f64);
    let transposed = table.t();
    let views = [
        table.column(3),
        transposed.row(3),
        table.row(5),
        table.slice(s![.., 2]),
        table.slice(s![..;2, 2]),
        table.slice(s![..;-1, 0]),
        table.slice(s![10..2000;-3, 6]),
        table.slice(s![4, ..;-2]),
        table.slice(s![..0, 1]),
    ];
    for view in views {
        let copy = view.to_vec();
        assert_eq!(both(&Mean::default(), &[view.into()]).ok(), Mean::default().of(&copy).ok());
        assert_eq!(both(&ArgMax {}, &[view.into()]).ok(), ArgMax {}.of(&copy).ok());
        assert_eq!(both(&CumSum {}, &[view.into()]), CumSum {}.of(&copy));
        assert_eq!(
            text(&both(&RollingMean::of(3), &[view.into()]).unwrap()),
            text(&RollingMean::of(3).of(&copy).unwrap())
        );
        // One column dense, one at a stride.
        let dense: Vec<f64> = copy.iter().map(|x| x * x).collect();
        assert_eq!(both(&Cov::of(0), &[view.into(), (&dense).into()]).ok(), Cov::of(0).of((&copy, &dense)).ok());
    }
    let small = Array1::from_iter((0..100u8).rev());
    assert_eq!(both(&ArgMin {}, &[small.slice(s![..;-1]).into()]), Ok(0));
}

#[test]
fn along_any_axis() {
    let cube = Array::from_shape_fn((4, 5, 6), |(i, j, k)| ((i * 31 + j * 17 + k * 7) % 23) as f64);
    let engine = Engine::sequential();
    for axis in 0..3 {
        let found = engine.job().along(&Std::of(1), &cube.view(), Axis(axis)).unwrap();
        let shape: Vec<usize> = [4, 5, 6].iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &n)| n).collect();
        assert_eq!(found.shape(), shape);
        for (at, lane) in found.iter().zip(cube.lanes(Axis(axis))) {
            assert_eq!(Ok(*at), reference(&Std::of(1), &[&lane.to_vec()]));
        }
    }
    let turned = cube.view().permuted_axes([2, 0, 1]);
    let found = engine.job().along(&Sum::default(), &turned, Axis(0)).unwrap();
    assert_eq!(found.mapv(f64::from), cube.sum_axis(Axis(2)));
    let table = Array2::<i64>::from_elem((3, 4), i64::MAX);
    let sums = engine.job().along(&Sum::default(), &table.view(), Axis(1)).unwrap();
    assert_eq!(sums.to_vec(), [Number::Int(4 * i128::from(i64::MAX)); 3]);
    let refused = engine.job().along(&Mean::default(), &cube.view(), Axis(3)).unwrap_err();
    assert!(matches!(refused, Error::Reject(Reject::Parameter { name: "axis", .. })), "{refused}");
    let nothing = Array2::<f64>::zeros((0, 2));
    assert_eq!(engine.job().along(&Mean::default(), &nothing.view(), Axis(0)), Err(Reject::Empty.into()));
}

#[test]
fn the_first_nan_is_named_whatever_the_threads() {
    let mut x = noise(5 * CHUNK);
    for row in [2 * CHUNK + 7, 2 * CHUNK + 9, 3 * CHUNK, 4 * CHUNK + 1, 5 * CHUNK - 1] {
        x[row] = f64::NAN;
    }
    let first = 2 * CHUNK as u64 + 7;
    let expected: Error = Reject::NotANumber { column: 0, row: first }.into();
    for engine in [1, 2, 3, 8].map(threads) {
        let job = engine.job().nan(Nan::Raise);
        for _ in 0..3 {
            assert_eq!(job.run(&Mean::default(), &x), Err(expected.clone()));
        }
        assert_eq!(job.run(&ZScore { ddof: 0 }, &x), Err(expected.clone()));
        assert_eq!(job.run(&CumSum {}, &x), Err(expected.clone()));
        assert_eq!(job.run(&RollingMean::of(5), &x), Err(expected.clone()));
        assert_eq!(job.run(&Fft { norm: Norm::Backward }, &x).map(|_| ()), Err(expected.clone()));
        assert_eq!(job.run(&Quantile::of([0.5]), &x), Err(expected.clone()));
        for source in [&memory(std::slice::from_ref(&x)) as &dyn Source, &InOrder::doubles(&[&x])] {
            for kernel in [bound(&Mean::default()), bound(&CumSum {}), bound(&RollingMean::of(5))] {
                let found = erased(&engine, Nan::Raise, source, kernel.as_ref());
                assert_eq!(found.map(|_| ()), Err(expected.clone()), "{} of {}", kernel.spec().name, source.name());
            }
        }
        assert_eq!(engine.run(&ArgMin {}, &x), Ok(first), "a NaN is the smallest and the largest");
        assert_eq!(engine.run(&ArgMax {}, &x), Ok(first));
        assert!(engine.run(&Mean::default(), &x).unwrap().is_nan());
    }
    // A row that lacks another column's value is left out before anybody looks at it.
    let valid: Vec<bool> = x.iter().map(|x| !x.is_nan()).collect();
    let views = vec![View::from(&x), View::from(masked(&x, &valid))];
    assert!(threads(2).job().nan(Nan::Raise).run(&Corr {}, views).unwrap() > 0.999);
}

#[test]
fn omitted_rows_leave_their_numbers() {
    let rows = 2 * CHUNK + 3 * BLOCK + 5;
    let mut x = noise(rows);
    x.iter_mut().step_by(3).for_each(|x| *x = f64::NAN);
    let (least, most) = (2 * CHUNK + BLOCK + 4, CHUNK + 1);
    (x[least], x[most]) = (-7.0, 7.0);
    let kept: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
    for engine in [1, 4].map(threads) {
        let job = engine.job().nan(Nan::Omit);
        assert_eq!((job.run(&ArgMin {}, &x), job.run(&ArgMax {}, &x)), (Ok(least as u64), Ok(most as u64)));
        let (found, truth) = (job.run(&Mean::default(), &x).unwrap(), reference(&Mean::default(), &[&kept]).unwrap());
        assert!((found - truth).abs() < 1e-15, "{found} is not {truth}");
        assert_eq!(job.run(&Median::default(), &x).ok(), reference(&Median::default(), &[&kept]).ok());
        let count = job.run(&Count {}, &x).unwrap();
        assert_eq!(text(&count), text(&Count {}.of(&kept).unwrap()));
        let description = job.run(&Describe::default(), &x).unwrap();
        assert_eq!((description.count, description.missing), (kept.len() as u64, (rows - kept.len()) as u64));
        let sums = job.run(&CumSum {}, &x).unwrap();
        let mut sum = 0.0;
        for (row, (x, found)) in x.iter().zip(sums.iter()).enumerate() {
            assert_eq!(x.is_nan(), found.is_nan(), "row {row}");
            sum += if x.is_nan() { 0.0 } else { *x };
            assert!(found.is_nan() || (found - sum).abs() < 1e-9, "row {row}: {found} is not {sum}");
        }
    }
}

#[test]
fn missing_values_are_left_out_of_every_form() {
    let rows = CHUNK + 2 * BLOCK + 9;
    let x = noise(rows);
    // What stands at a missing row is of no account: here it would show.
    let valid: Vec<bool> = (0..rows).map(|row| row % 5 != 0 && !(3000..9000).contains(&row)).collect();
    let hidden: Vec<f64> = x.iter().zip(&valid).map(|(&x, &valid)| if valid { x } else { 1e300 }).collect();
    let shown: Vec<f64> = x.iter().zip(&valid).map(|(&x, &valid)| if valid { x } else { f64::NAN }).collect();
    let kept: Vec<f64> = shown.iter().copied().filter(|x| !x.is_nan()).collect();
    let column = masked(&hidden, &valid);
    let (views, stream) = ([View::from(column)], InOrder::new(&[column]));
    let check = |kernel: &dyn BoundKernel, truth: &str| {
        let memory = Memory::named([("x".to_owned(), views[0].clone())]);
        for (source, nan) in [(&memory as &dyn Source, Nan::Propagate), (&stream, Nan::Raise)] {
            let found = erased(&threads(2), nan, source, kernel).unwrap();
            assert!(found.get() == truth, "{} of {}", kernel.spec().name, source.name());
        }
    };
    let as_omitted = |kernel: &dyn BoundKernel| {
        erased(&threads(1), Nan::Omit, &memory(std::slice::from_ref(&shown)), kernel).unwrap().get().to_owned()
    };
    for entry in echoes_stats::KERNELS.iter().filter(|entry| columns_for(bind(entry).as_ref()).len() == 1) {
        let kernel = bind(entry);
        check(kernel.as_ref(), &as_omitted(kernel.as_ref()));
    }
    // A window counts rows: it sees a missing one as NaN, and leaves it out.
    let window = RollingMean { min_periods: Some(2), center: true, ..RollingMean::of(7) };
    check(bound(&window).as_ref(), &text(&reference(&window, &[&shown]).unwrap()));
    // The scores are those of the values present, in their rows.
    let scores = both(&ZScore { ddof: 0 }, &views).unwrap();
    let mean = kept.iter().sum::<f64>() / kept.len() as f64;
    let std = (kept.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / kept.len() as f64).sqrt();
    for ((score, &x), &valid) in scores.iter().zip(&x).zip(&valid) {
        assert!(if valid { (score - (x - mean) / std).abs() < 1e-12 } else { score.is_nan() });
    }
    assert_eq!(
        text(&both(&Fft { norm: Norm::Backward }, &views).unwrap()),
        text(&Fft { norm: Norm::Backward }.of(&kept).unwrap())
    );
}

#[test]
fn rows_that_lack_any_column_are_left_out_of_all() {
    let rows = 3 * BLOCK + 11;
    let x = noise(rows + 1);
    let (x, y, z) = (x[..rows].to_vec(), x[1..].to_vec(), x[..rows].iter().map(|x| x * x).collect::<Vec<f64>>());
    let lacks = |each: usize| (0..rows).map(|row| row % each != 0).collect::<Vec<bool>>();
    let (no_x, no_y) = (lacks(3), lacks(7));
    let keep = |column: &[f64], with: &[&Vec<bool>]| -> Vec<f64> {
        column.iter().enumerate().filter(|(row, _)| with.iter().all(|valid| valid[*row])).map(|(_, &x)| x).collect()
    };
    let close = |a: f64, b: f64| (a - b).abs() < 1e-15;
    let (vx, vy) = (View::from(masked(&x, &no_x)), View::from(masked(&y, &no_y)));
    let (kx, ky) = (keep(&x, &[&no_x, &no_y]), keep(&y, &[&no_x, &no_y]));
    let found = both(&Cov::of(1), &[vx.clone(), vy.clone()]).unwrap();
    assert!(close(found, reference(&Cov::of(1), &[&kx, &ky]).unwrap()), "{found}");
    let found = both(&CorrMatrix {}, &[vx.clone(), vy.clone(), View::from(&z)]).unwrap();
    let kz = keep(&z, &[&no_x, &no_y]);
    let found: Value = serde_json::to_value(&found).unwrap();
    let truth = serde_json::to_value(reference(&CorrMatrix {}, &[&kx, &ky, &kz]).unwrap()).unwrap();
    assert!(common::close(&found, &truth, 1e-13, 1e-9), "{found} is not {truth}");
    // Independent samples do not share their missing rows, nor their lengths.
    let short = masked(&y[..100], &no_y[..100]);
    let found = both(&TtestInd::default(), &[vx, View::from(short)]).unwrap();
    let truth = reference(&TtestInd::default(), &[&keep(&x, &[&no_x]), &keep(&y[..100], &[&no_y])]).unwrap();
    assert!(
        close(found.statistic, truth.statistic) && (found.df - truth.df).abs() < 1e-12,
        "{found:?} is not {truth:?}"
    );
    // Rows that are read together are of one length.
    assert!(matches!(both(&Cov::of(1), &[View::from(&x), View::from(&y[..7])]), Err(Error::Source(_))));
}

#[test]
fn columns_of_nothing() {
    let (x, none) = (vec![1e300; 5000], vec![false; 5000]);
    for (column, missing) in [(dense(&[]), 0), (masked(&x, &none), 5000)] {
        let view = [View::from(column)];
        for source in [&Memory::named([("x".to_owned(), view[0].clone())]) as &dyn Source, &InOrder::new(&[column])] {
            let answer = |name: &str, params: Value| {
                let kernel = (find(name).unwrap().bind)(params).unwrap();
                erased(&threads(2), Nan::Propagate, source, kernel.as_ref()).map(|answer| answer.get().to_owned())
            };
            for name in ["mean", "std", "min", "argmax", "skewness", "median", "zscore"] {
                assert_eq!(answer(name, json!({})), Err(Reject::Empty.into()), "{name}");
            }
            assert_eq!(answer("sum", json!({})).unwrap().trim_end_matches(".0"), "0");
            let described = answer("describe", json!({})).unwrap();
            assert!(described.starts_with(&format!(r#"{{"count":0,"missing":{missing},"mean":null"#)), "{described}");
            let nulls = format!("[{}]", vec!["null"; missing].join(","));
            assert_eq!(answer("cumsum", json!({})).unwrap(), nulls);
            assert_eq!(answer("rolling_mean", json!({ "window": 3 })).unwrap(), nulls);
        }
        assert_eq!(both(&Cov::of(0), &[view[0].clone(), view[0].clone()]).map(|_| ()), Err(Reject::Empty.into()));
        assert_eq!(
            both(&TtestInd::default(), &[view[0].clone(), View::from(&[1.0, 2.0])]).map(|_| ()),
            Err(Reject::Empty.into())
        );
    }
}

/// More values than one interval keeps: a stream is thinned and read again.
const MANY: usize = (1 << 20) + CHUNK / 2;

const FRACTIONS: [f64; 5] = [0.0, 0.001, 0.5, 0.99999, 1.0];

/// The usual definition, by selection.
fn quantiles(mut x: Vec<f64>) -> Vec<f64> {
    let quantile = |q: &f64| {
        let position = (x.len() - 1) as f64 * q;
        let (below, part) = (position.floor() as usize, position.fract());
        let (_, &mut a, above) = x.select_nth_unstable_by(below, f64::total_cmp);
        let b = above.iter().copied().reduce(f64::min).unwrap_or(a);
        if part < 0.5 { a + (b - a) * part } else { b - (b - a) * (1.0 - part) }
    };
    FRACTIONS.iter().map(quantile).collect()
}

#[test]
fn quantiles_of_a_text_that_does_not_fit() {
    let x: Vec<u64> = (0..MANY as u64).map(|i| i * 2_654_435_761 % MANY as u64).collect();
    let text: String = std::iter::once("x\n".to_owned()).chain(x.iter().map(|x| format!("{x}\n"))).collect();
    let csv = echoes_io::parse("text", text.into_bytes(), &OpenOptions::default()).unwrap();
    let kernel = bound(&Quantile::of(FRACTIONS));
    let request = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    let (answers, report) = threads(2).job().answers(csv.as_ref(), &request).unwrap();
    let found: Vec<f64> = serde_json::from_str(answers[0].as_ref().unwrap().get()).unwrap();
    assert_eq!(found, quantiles(x.iter().map(|&x| x as f64).collect()));
    assert!((2..=4).contains(&report.readings), "{} readings", report.readings);
    assert_eq!((report.rows, report.backend), (MANY as u64, "csv"));
}

#[test]
fn quantiles_of_adversaries() {
    let sets: [(&str, Vec<f64>); 4] = [
        ("rising", (0..MANY).map(|i| i as f64).collect()),
        ("a few values", (0..MANY).map(|i| (i * 7919 % 5) as f64).collect()),
        ("mostly one", (0..MANY).map(|i| if i % 1000 == 0 { i as f64 } else { 0.5 }).collect()),
        // The rows that a sample looks at lie far from all others.
        ("a sample that misleads", {
            let mut x = noise(MANY);
            let step = (MANY - 512) / 63;
            (0..64).for_each(|i| x[i * step..i * step + 512].fill(1e9));
            x
        }),
    ];
    for (name, x) in sets {
        let kernel = bound(&Quantile::of(FRACTIONS));
        let columns = [x];
        // A stream is thinned, rows in memory are sampled first.
        let (rows, stream) = (memory(&columns), InOrder::doubles(&[&columns[0]]));
        let source: &dyn Source = if name.contains("sample") { &rows } else { &stream };
        let found = erased(&threads(2), Nan::Propagate, source, kernel.as_ref()).unwrap();
        let [x] = columns.clone();
        assert_eq!(found.get(), text(&Series(quantiles(x))), "{name}");
    }
}

/// Rows of more waves of chunks than one.
const WAVES: usize = 18 * CHUNK + 1234;

#[test]
fn what_a_stream_writes_is_what_memory_writes() {
    let x = noise(WAVES);
    // Rows are missing here and there in the second half.
    let valid: Vec<bool> = (0..WAVES).map(|row| row < WAVES / 2 || row % 1000 != 7).collect();
    let wide = RollingMean { min_periods: Some(1), center: true, window: CHUNK as u32 + 1001 };
    let kernels = [
        bound(&ZScore { ddof: 1 }),
        bound(&CumSum {}),
        bound(&RollingMean::of(1000)),
        bound(&RollingMean { min_periods: Some(3), center: true, window: 4096 }),
        bound(&wide),
    ];
    let column = masked(&x, &valid);
    for kernel in &kernels {
        let request = Request { kernel: kernel.as_ref(), columns: vec![0] };
        let written = |source: &dyn Source, engine: &Engine| {
            let mut sink = Columns::new();
            engine.job().write(source, &request, &mut sink).unwrap();
            sink.swap_remove(0)
        };
        let expected = written(&Memory::named([("x".to_owned(), View::from(column))]), &threads(1));
        let found = written(&InOrder::new(&[column]), &threads(3));
        let differs = |(a, b): (&f64, &f64)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
        let first = expected.iter().zip(&found).position(differs);
        let lengths = (expected.len(), found.len());
        assert_eq!((first, lengths), (None, (WAVES, WAVES)), "{} {}", kernel.spec().name, kernel.params());
    }
    let last = *CumSum {}.of(&x).unwrap().last().unwrap();
    assert!((last - f64::from(Sum::default().of(&x).unwrap())).abs() < 1e-9);
}

#[test]
fn what_a_stream_reduces_is_what_memory_reduces() {
    let x = noise(WAVES + 1);
    let columns = [x[1..].to_vec(), x[..WAVES].to_vec()];
    let kernels = [bound(&Skewness { bias: true }), bound(&Corr {}), bound(&TtestInd::default()), bound(&ArgMax {})];
    let requests: Vec<_> = kernels
        .iter()
        .map(|kernel| Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) })
        .collect();
    let texts = |source: &dyn Source, engine: &Engine| -> Vec<String> {
        let (answers, _) = engine.job().answers(source, &requests).unwrap();
        answers.into_iter().map(|answer| answer.unwrap().get().to_owned()).collect()
    };
    let expected = texts(&memory(&columns), &threads(1));
    assert_eq!(texts(&InOrder::doubles(&[&columns[0], &columns[1]]), &threads(3)), expected);
}

#[test]
fn text_in_columns_is_written_as_memory_is() {
    let x: Vec<f64> = noise(2 * CHUNK + 99).iter().map(|x| (x * 1e4).round() / 8.0).collect();
    let text: String = std::iter::once("a,x\n".to_owned()).chain(x.iter().map(|x| format!("1,{x}\n"))).collect();
    let csv = echoes_io::parse("text", text.into_bytes(), &OpenOptions::default()).unwrap();
    for kernel in
        [bound(&ZScore { ddof: 0 }), bound(&CumSum {}), bound(&RollingMean { center: true, ..RollingMean::of(99) })]
    {
        let written = |source: &dyn Source, column: usize| {
            let request = Request { kernel: kernel.as_ref(), columns: vec![column] };
            let mut sink = Columns::new();
            threads(2).job().write(source, &request, &mut sink).unwrap();
            sink.swap_remove(0).iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        assert!(written(csv.as_ref(), 1) == written(&memory(std::slice::from_ref(&x)), 0), "{}", kernel.spec().name);
    }
}

#[test]
fn a_plan_prints() {
    let columns = [noise(2 * CHUNK + 1), noise(2 * CHUNK + 1)];
    let engine = threads(3);
    let kernels = [bound(&Std::of(1)), bound(&Describe::default()), bound(&Corr {}), bound(&RollingMean::of(3))];
    let requests: Vec<_> = kernels
        .iter()
        .map(|kernel| Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) })
        .collect();
    let plan = engine.job().plan(&memory(&columns), &requests).unwrap();
    let simd = echoes_simd::level().name();
    let here = "on the processor: the GPU has no program for it";
    let expected = format!(
        "memory by memory: 262145 rows in 3 chunks of 131072, 3 threads, {simd}\n\
         \x20 std of c0: Reduce from moments/3, on the processor: the column is read once\n\
         \x20 describe of c0: Reduce from count/1 + moments/3 + extrema/1 + brackets/3, {here}\n\
         \x20 corr of c0, c1: Reduce from comoments/4, {here}\n\
         \x20 rolling_mean of c0: Scan from nothing, {here}\n"
    );
    assert_eq!(plan.to_string(), expected);
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(
        json["steps"][0],
        json!({
            "kernel": "std", "columns": ["c0"], "partials": ["moments/3"], "form": "reduce",
            "place": "the processor: the column is read once",
        })
    );
    let stream = engine.job().plan(&InOrder::doubles(&[&columns[0]]), &requests[..1]).unwrap();
    assert_eq!((stream.rows, stream.chunks), (None, None));
    assert!(stream.to_string().starts_with("in order by test, 3 threads, "), "{stream}");
    let absent = Request { kernel: kernels[0].as_ref(), columns: vec![2] };
    assert!(engine.job().plan(&memory(&columns), &[absent]).is_err());
}

#[test]
fn a_report_counts() {
    let rows = CHUNK + 10;
    let columns = [noise(rows), noise(rows)];
    let engine = threads(2);
    let report = |source: &dyn Source, kernels: &[Box<dyn BoundKernel>]| {
        let requests: Vec<_> = kernels
            .iter()
            .map(|kernel| Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) })
            .collect();
        engine.job().answers(source, &requests).unwrap().1
    };
    let source = memory(&columns);
    let column = 8 * rows as u64;
    let once = report(&source, &[bound(&Mean::default()), bound(&Std::of(1)), bound(&Skewness { bias: true })]);
    assert_eq!((once.rows, once.readings, once.bytes), (rows as u64, 1, column), "three kernels, one reading");
    assert_eq!((once.backend, once.threads, once.simd), ("memory", 2, echoes_simd::level().name()));
    assert!(once.seconds > 0.0 && once.gigabytes_per_second() > 0.0);
    let two = report(&source, &[bound(&Mean::default()), bound(&Corr {})]);
    assert_eq!((two.readings, two.bytes), (1, 2 * column));
    let scores = report(&source, &[bound(&ZScore { ddof: 0 })]);
    assert_eq!((scores.readings, scores.bytes), (2, 2 * column), "to read, then to write");
    let samples = report(&source, &[bound(&TtestInd::default())]);
    assert_eq!((samples.readings, samples.bytes), (2, 2 * column), "one for each sample");
    let small = [1i8; 1000];
    let narrow = report(&Memory::named([("x".to_owned(), View::from(&small))]), &[bound(&Mean::default())]);
    assert_eq!((narrow.rows, narrow.bytes), (1000, 1000));
    let text = once.to_string();
    assert!(text.starts_with(&format!("{rows} rows, 1 readings, 1.0 MB by memory in ")), "{text}");
}

#[test]
fn progress_ends_at_the_last_row() {
    let rows = 5 * CHUNK + 3;
    let x = noise(rows);
    for count in [1, 4] {
        let told = Mutex::new(Vec::new());
        let tell = |done: u64, total: Option<u64>| told.lock().unwrap().push((done, total));
        let engine = threads(count);
        engine.job().progress(&tell).run(&Mean::default(), &x).unwrap();
        let mut told = told.into_inner().unwrap();
        if count > 1 {
            // Threads may overtake each other between counting and telling.
            told.sort_unstable();
        }
        assert!(told.iter().all(|&(_, total)| total == Some(rows as u64)), "{told:?}");
        assert!(told.is_sorted_by(|a, b| a.0 < b.0), "{told:?}");
        assert_eq!((told.len(), told.last().unwrap().0), (6, rows as u64));
    }
    let told = Mutex::new(Vec::new());
    let tell = |done: u64, total: Option<u64>| told.lock().unwrap().push((done, total));
    let kernel = bound(&ZScore { ddof: 0 });
    let request = Request { kernel: kernel.as_ref(), columns: vec![0] };
    let source = InOrder::doubles(&[&x]);
    threads(1).job().progress(&tell).write(&source, &request, &mut Columns::new()).unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.iter().all(|&(_, total)| total.is_none()), "a stream does not know its end");
    let ends: Vec<u64> = told.chunks(6).map(|reading| reading.last().unwrap().0).collect();
    assert_eq!(ends, [rows as u64; 2], "{told:?}");
}

/// Threads of engines that run now.
#[cfg(target_os = "linux")]
fn engine_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).filter(|name| name.starts_with("echoes-")).count()
}

/// Not a test of its own: what the test below runs in a process without other engines.
#[cfg(target_os = "linux")]
#[test]
fn child() {
    if std::env::var_os("ECHOES_ENGINE_THREADS").is_none() {
        return;
    }
    let x = noise(2 * CHUNK);
    let (first, second) = (threads(2), threads(3));
    assert_eq!(first.run(&Mean::default(), &x[..CHUNK]).ok(), second.run(&Mean::default(), &x[..CHUNK]).ok());
    assert_eq!(engine_threads(), 0, "one chunk needs no threads");
    assert_eq!(first.run(&Mean::default(), &x).ok(), second.run(&Mean::default(), &x).ok());
    let wait_for = |count: usize| {
        let start = Instant::now();
        while engine_threads() != count && start.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(engine_threads(), count);
    };
    // A thread takes its name only when it first runs.
    wait_for(5);
    drop(second);
    wait_for(2);
    assert_eq!(first.run(&Mean::default(), &x).ok(), Mean::default().of(&x).ok(), "the other lives on");
    drop(first);
    wait_for(0);
    println!("all threads have ended");
}

#[cfg(target_os = "linux")]
#[test]
fn threads_start_when_needed_and_end_with_their_engine() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env("ECHOES_ENGINE_THREADS", "1");
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("all threads have ended"), "{out}\n{err}");
}

#[test]
fn engines_are_shared_between_threads() {
    let x = noise(3 * CHUNK);
    let engine = threads(2);
    let expected = engine.run(&Std::of(0), &x).unwrap();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..4 {
            let tell = tell.clone();
            scope.spawn(|| {
                let tell = tell;
                tell.send(engine.run(&Std::of(0), &x).unwrap()).unwrap();
            });
        }
    });
    drop(tell);
    assert_eq!(told.iter().collect::<Vec<f64>>(), [expected; 4]);
}
