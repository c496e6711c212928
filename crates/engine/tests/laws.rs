//! Laws 2 to 7, over the registry: a new kernel is under them at once.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod common;

use common::{answer, bind, close, columns, columns_for, kernels, memory, required};
use echoes_engine::{Cancel, Engine, Error, Request};
use echoes_kernel::{BLOCK, Block, BoundKernel, Bundle, CHUNK, Column, Fold, Form, Nan, Reject, Shape, Step};
use echoes_stats::KERNELS;
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

fn shape(rows: usize, kernel: &dyn BoundKernel) -> Shape<'static> {
    Shape { rows: Some(rows as u64), columns: columns_for(kernel).len(), sample: &[] }
}

fn begin(kernel: &dyn BoundKernel, rows: usize) -> Bundle {
    let mut bundle = Bundle::default();
    kernel.spread(&shape(rows, kernel), &mut bundle).unwrap();
    bundle
}

/// What a reading of the rows `from..to` leaves behind. Kernels on samples have them all in the first one.
fn read(kernel: &dyn BoundKernel, columns: &[Vec<f64>], from: usize, to: usize) -> Bundle {
    let mut bundle = begin(kernel, columns[0].len());
    for start in (from..to).step_by(BLOCK) {
        let end = to.min(start + BLOCK);
        let block: Vec<Column<'_>> = columns_for(kernel).iter().map(|&i| Column::of(&columns[i][start..end])).collect();
        bundle.absorb(&Block::new(&block, start as u64));
        if kernel.spec().is_samples() {
            bundle.absorb(&Block::new(&block[1..], start as u64).of_sample(1));
        }
    }
    bundle
}

/// What the kernel makes of it; `None` if it writes columns or wants another reading.
fn finish(kernel: &dyn BoundKernel, rows: usize, bundle: &Bundle) -> Option<Value> {
    match kernel.finish(&shape(rows, kernel), bundle) {
        Ok(Step::Done(answer)) => Some(serde_json::from_str(answer.get()).unwrap()),
        Ok(_) => None,
        Err(reject) => Some(json!(reject.to_string())),
    }
}

/// Kernels whose answers are what is left where numbers of size 1 and more cancel, with the rounding of those: of a t statistic of
/// means that are alike, of a correlation of columns that have nothing to do with each other.
const CANCELLING: [&str; 8] =
    ["autocorr", "corr", "corr_matrix", "linregress", "partial_corr", "pearsonr", "ttest_ind", "weighted corr"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn law_2_begin_is_the_identity_and_merge_is_associative(
        rows in 1usize..9000,
        cuts in (any::<Index>(), any::<Index>()),
    ) {
        let columns = columns(rows);
        let (a, b) = (cuts.0.index(rows + 1), cuts.1.index(rows + 1));
        let (first, second) = (a.min(b), a.max(b));
        for kernel in kernels() {
            let kernel = kernel.as_ref();
            let part = |from, to| read(kernel, &columns, from, to);
            let whole = finish(kernel, rows, &part(0, rows));

            let mut after_nothing = begin(kernel, rows);
            after_nothing.merge(&part(0, rows));
            prop_assert_eq!(&finish(kernel, rows, &after_nothing), &whole, "{}", kernel.spec().name);
            let mut before_nothing = part(0, rows);
            before_nothing.merge(&begin(kernel, rows));
            prop_assert_eq!(&finish(kernel, rows, &before_nothing), &whole, "{}", kernel.spec().name);

            let (mut left, mut right) = (part(0, first), part(first, second));
            left.merge(&part(first, second));
            left.merge(&part(second, rows));
            right.merge(&part(second, rows));
            let mut first_part = part(0, first);
            first_part.merge(&right);
            let (left, right) = (finish(kernel, rows, &left), finish(kernel, rows, &first_part));
            if let (Some(whole), Some(left), Some(right)) = (whole, left, right) {
                let name = kernel.spec().name;
                let least = if CANCELLING.contains(&name) { 1e-2 } else { 1e-9 };
                prop_assert!(close(&left, &right, 1e-11, least), "{name}: {left} is not {right}");
                prop_assert!(close(&left, &whole, 1e-11, least), "{name}: {left} is not {whole}");
            }
        }
    }

    #[test]
    fn law_4_partials_survive_their_wire_format_and_damage_is_refused(
        rows in 0usize..3000,
        cut in any::<Index>(),
        bit in any::<Index>(),
    ) {
        let columns = columns(rows);
        for kernel in kernels() {
            for leaf in read(kernel.as_ref(), &columns, 0, rows).leaves() {
                let bytes = leaf.encode().unwrap();
                prop_assert_eq!(&leaf.decode(&bytes).unwrap().encode().unwrap(), &bytes, "{}", leaf.name());
                prop_assert!(leaf.decode(&bytes[..cut.index(bytes.len())]).is_err(), "{} cut off", leaf.name());
                let mut altered = bytes.clone();
                let bit = bit.index(8 * bytes.len());
                altered[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(leaf.decode(&altered).is_err(), "{} altered", leaf.name());
                let longer = [bytes.as_slice(), &[0]].concat();
                prop_assert!(leaf.decode(&longer).is_err(), "{} with a tail", leaf.name());
            }
        }
    }
}

#[test]
fn law_4_a_partial_is_not_taken_for_another() {
    let columns = columns(100);
    let bundles: Vec<Bundle> = kernels().map(|kernel| read(kernel.as_ref(), &columns, 0, 100)).collect();
    for a in bundles.iter().flat_map(Bundle::leaves) {
        for b in bundles.iter().flat_map(Bundle::leaves).filter(|b| b.name() != a.name()) {
            assert!(a.decode(&b.encode().unwrap()).is_err(), "{} taken for {}", b.name(), a.name());
        }
    }
}

#[test]
fn law_5_parameters_are_described_have_defaults_and_keep_their_ranges() {
    for entry in KERNELS {
        let name = entry.spec.name;
        let schema = (entry.params)();
        assert!(entry.summary().len() > 3, "{name} has no summary");
        assert_eq!(schema.get("additionalProperties"), Some(&json!(false)), "{name} takes unknown parameters");
        let unknown = (entry.bind)(json!({ "no_such_parameter": 1 }));
        assert!(unknown.is_err(), "{name} takes unknown parameters");
        let empty = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let defaults = bind(entry).params();
        for (property, schema) in properties {
            let what = format!("{name}.{property}");
            assert!(schema["description"].as_str().is_some_and(|text| text.len() > 5), "{what} is not described");
            let is_required = required(entry).contains_key(property);
            assert!(is_required || defaults.get(property).is_some(), "{what} has no default and is not required");
            for outside in outside(schema) {
                assert!(is_refused(entry, property, &outside), "{what} = {outside} is taken");
            }
        }
    }
}

/// Values that a property's schema forbids.
fn outside(schema: &Value) -> Vec<Value> {
    let mut outside = vec![json!({ "of": "another type" })];
    let bounds = |schema: &Value| -> Vec<Value> {
        let below = schema["minimum"].as_f64().map(|minimum| minimum - 1.0);
        let above = schema["maximum"].as_f64().map(|maximum| maximum + 1.0);
        let is_integer = schema["type"].to_string().contains("integer");
        let number = |x: f64| if is_integer { json!(x as i64) } else { json!(x) };
        below.into_iter().chain(above).map(number).collect()
    };
    outside.extend(bounds(schema));
    outside.extend(bounds(&schema["items"]).into_iter().map(|value| json!([value])));
    if schema["minItems"].as_u64().is_some_and(|least| least > 0) {
        outside.push(json!([]));
    }
    outside
}

fn is_refused(entry: &echoes_kernel::Entry, property: &str, value: &Value) -> bool {
    let mut params = required(entry);
    params.insert(property.to_owned(), value.clone());
    (entry.bind)(Value::Object(params))
        .map_or(true, |kernel| kernel.spread(&shape(10, kernel.as_ref()), &mut Bundle::default()).is_err())
}

#[test]
fn law_6_no_kernel_panics_on_any_input() {
    let (nan, inf, tiny) = (f64::NAN, f64::INFINITY, 5e-324);
    let awkward: Vec<Vec<f64>> = vec![
        vec![],
        vec![0.0],
        vec![-0.0, 0.0],
        vec![nan],
        vec![inf],
        vec![inf, -inf],
        vec![nan; 5000],
        vec![tiny; 3],
        vec![f64::MAX; 4100],
        vec![f64::MAX, f64::MIN, 1.0, -1.0],
        (0..2049).map(|i| if i % 2 == 0 { 1e300 } else { -1e-300 }).collect(),
        (0..4097).map(|i| if i == 4096 { nan } else { f64::from(i) }).collect(),
        (0..CHUNK as i32 + 5).map(|i| if i % 3 == 0 { f64::from(i) } else { inf }).collect(),
    ];
    let engine = Engine::sequential();
    for column in awkward {
        let columns = vec![column; 4];
        for kernel in kernels() {
            for policy in [Nan::Propagate, Nan::Omit, Nan::Raise] {
                let requests = [Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) }];
                let answers = engine.job().nan(policy).answers(&memory(&columns), &requests);
                if let Ok((answers, _)) = answers {
                    let text = format!("{answers:?}");
                    assert!(
                        !text.contains("NaN,") && !text.contains("bug in a kernel"),
                        "{}: {text}",
                        kernel.spec().name
                    );
                }
            }
        }
    }
}

#[test]
fn law_6_edges_of_the_parameters_do_not_panic() {
    let columns = columns(50);
    for entry in KERNELS {
        let schema = (entry.params)();
        let empty = serde_json::Map::new();
        for (property, schema) in schema.get("properties").and_then(Value::as_object).unwrap_or(&empty) {
            for bound in ["minimum", "maximum"] {
                let edge = |schema: &Value| schema.get(bound).cloned();
                let value = edge(schema).or_else(|| edge(&schema["items"]).map(|value| json!([value])));
                let mut params = required(entry);
                params.extend(value.map(|value| (property.clone(), value)));
                let kernel = (entry.bind)(Value::Object(params)).unwrap();
                let _ = answer(&Engine::sequential(), &columns, kernel.as_ref());
            }
        }
    }
}

#[test]
fn law_6_two_to_the_53_rows_are_counted() {
    let columns = columns(100);
    for kernel in kernels() {
        let mut bundle = read(kernel.as_ref(), &columns, 0, 100);
        for _ in 0..53 {
            let same = bundle.clone();
            bundle.merge(&same);
        }
        let _ = finish(kernel.as_ref(), usize::MAX, &bundle);
    }
}

#[test]
fn law_7_a_cancelled_run_stops_within_ten_milliseconds() {
    let columns = columns(1 << 20);
    let engine = Engine::new();
    let source = memory(&columns);
    for kernel in kernels() {
        let requests = [Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) }];
        let stop = |after: Duration| {
            let cancel = Cancel::new();
            thread::scope(|scope| {
                let running = scope.spawn(|| {
                    let result = engine.job().cancel(&cancel).answers(&source, &requests).map(|_| ());
                    (result, Instant::now())
                });
                thread::sleep(after);
                let asked = Instant::now();
                cancel.cancel();
                let (result, ended) = running.join().unwrap();
                assert!(matches!(result, Ok(()) | Err(Error::Cancelled)), "{result:?}");
                ended.saturating_duration_since(asked)
            })
        };
        let whole = |_| {
            let started = Instant::now();
            drop(engine.job().answers(&source, &requests).unwrap());
            started.elapsed()
        };
        // The first one may be slower.
        let whole = (0..2).map(whole).min().unwrap();
        // A busy machine may hold a thread back, but not five times in a row.
        for part in 0..7 {
            let after = whole * part / 7;
            let quickest = (0..5).map(|_| stop(after)).find(|took| *took <= Duration::from_millis(10));
            assert!(quickest.is_some(), "{} of {whole:?} goes on after {after:?}", kernel.spec().name);
        }
    }
    let cancel = Cancel::new();
    cancel.cancel();
    let kernel = bind(&KERNELS[0]);
    let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    let refused = engine.job().cancel(&cancel).answers(&source, &requests).map(|_| ());
    assert_eq!(refused, Err(Error::Cancelled));
}

#[test]
fn kernels_stand_in_the_folder_of_their_category_with_forms_that_hold() {
    let columns = columns(10);
    for kernel in kernels() {
        let spec = kernel.spec();
        let step = kernel.finish(&shape(10, kernel.as_ref()), &read(kernel.as_ref(), &columns, 0, 10)).unwrap();
        let writes = match step {
            Step::Again(_) => {
                assert!(spec.rereads, "{} reads again and does not say so", spec.name);
                false
            }
            Step::Done(_) => false,
            Step::Emit(_) => true,
            Step::Whole(_) => {
                assert!(spec.form.gathers(), "{} gathers columns and does not say so", spec.name);
                spec.form == Form::Whole
            }
        };
        assert_eq!(writes, spec.form.writes_columns(), "{} is not what its form says", spec.name);
    }
}

#[test]
fn what_takes_weights_has_an_answer_with_some() {
    let columns = columns(5000);
    let has_weights = |kernel: &dyn BoundKernel| columns_for(kernel).contains(&3);
    let mut names = Vec::new();
    for kernel in kernels().filter(|kernel| has_weights(kernel.as_ref())) {
        let text = answer(&Engine::sequential(), &columns, kernel.as_ref()).unwrap();
        assert!(!text.get().contains("null"), "{}: {}", kernel.spec().name, text.get());
        names.push(kernel.spec().name);
    }
    assert!(names.contains(&"wls") && names.contains(&"weighted mean"), "{names:?}");
}

#[test]
fn what_is_no_weight_is_refused_with_its_row() {
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let mut columns = columns(CHUNK + 5000);
        (columns[3][CHUNK + 77], columns[3][CHUNK + 78]) = (weight, -1.0);
        for kernel in kernels().filter(|kernel| columns_for(kernel.as_ref()).contains(&3)) {
            let refused = answer(&Engine::new(), &columns, kernel.as_ref()).map(|_| ());
            let row = (CHUNK + 77) as u64;
            assert_eq!(refused, Err(Error::Reject(Reject::Weight { row })), "{}", kernel.spec().name);
        }
    }
}

#[test]
fn omit_leaves_rows_without_a_weight_out() {
    let mut columns = columns(5000);
    let kept: Vec<Vec<f64>> = columns.iter().map(|column| column[1..].to_vec()).collect();
    columns[3][0] = f64::NAN;
    let engine = Engine::sequential();
    for kernel in kernels().filter(|kernel| columns_for(kernel.as_ref()).contains(&3)) {
        let requests = [Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) }];
        let (omitted, _) = engine.job().nan(Nan::Omit).answers(&memory(&columns), &requests).unwrap();
        let omitted: Value = serde_json::from_str(omitted[0].as_ref().unwrap().get()).unwrap();
        let without = answer(&engine, &kept, kernel.as_ref()).unwrap();
        let without: Value = serde_json::from_str(without.get()).unwrap();
        assert!(close(&omitted, &without, 1e-9, 1e-9), "{}: {omitted} is not {without}", kernel.spec().name);
    }
}
