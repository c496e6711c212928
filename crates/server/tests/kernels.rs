//! Every kernel of the registry over HTTP, and the bits it answers with.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::Server;
use echoes_engine::{Engine, Request};
use echoes_io::Memory;
use echoes_kernel::{Arity, Entry};
use echoes_server::Config;
use echoes_stats::KERNELS;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

/// Doubles of every size, and such as no short decimal names.
fn random(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let value = |bits: u64| (bits as f64 / u64::MAX as f64 - 0.5) * f64::from(10f32.powi((bits % 9) as i32 - 4));
    (0..n).map(|_| value(next())).collect()
}

/// Parameters that a kernel cannot do without.
fn required(name: &str) -> Value {
    match name {
        "percentileofscore" => json!({"score": 0.5}),
        "pmean" => json!({"p": 3.0}),
        "quantile" => json!({"q": [0.1, 0.5, 0.999]}),
        "ewm_mean" | "ewm_std" => json!({"alpha": 0.25}),
        name if name.starts_with("rolling_") => json!({"window": 7}),
        _ => json!({}),
    }
}

fn names(entry: &Entry) -> &'static [&'static str] {
    match entry.spec.columns {
        Arity::Exactly(1) => &["x"],
        Arity::Exactly(2) | Arity::Samples(2) => &["x", "y"],
        _ => &["a", "b", "c"],
    }
}

fn body(entry: &Entry, columns: &[Vec<f64>]) -> String {
    let mut body = required(entry.spec.name);
    let data = names(entry).iter().zip(columns).map(|(name, column)| ((*name).to_owned(), json!(column)));
    if names(entry).len() > 2 {
        body["columns"] = data.collect()
    } else {
        body.as_object_mut().unwrap().extend(data)
    }
    body.to_string()
}

#[derive(Deserialize)]
struct Answered {
    kernel: String,
    params: Value,
    columns: Vec<String>,
    result: Box<RawValue>,
    rows: u64,
    backend: String,
    elapsed_ms: f64,
}

#[test]
fn the_bits_of_http_are_those_of_the_engine() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let engine = Engine::sequential();
    // Little enough to be worked on at once; for a thread of its own; for more than one chunk.
    for rows in [100, 10_000, 140_000] {
        let columns: Vec<Vec<f64>> = (1..=3).map(|seed| random(rows, seed)).collect();
        for entry in KERNELS {
            let name = entry.spec.name;
            let answer = client.post(&format!("/v1/{name}"), &body(entry, &columns));
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            let answered: Answered = serde_json::from_str(&answer.body).unwrap();

            let kernel = (entry.bind)(required(name)).unwrap();
            let source = Memory::named(names(entry).iter().zip(&columns).map(|(name, x)| ((*name).to_owned(), x)));
            let request = Request { kernel: kernel.as_ref(), columns: (0..names(entry).len()).collect() };
            let (answers, _) = engine.job().answers(&source, &[request]).unwrap();
            let expected = answers.into_iter().next().unwrap().unwrap();
            assert!(answered.result.get() == expected.get(), "{name} of {rows} rows");

            assert_eq!((answered.kernel.as_str(), answered.rows), (name, rows as u64));
            assert_eq!(answered.columns, names(entry));
            assert_eq!(answered.params, kernel.params());
            assert!(answered.elapsed_ms >= 0.0 && answered.backend == "memory");
        }
    }
}

#[test]
fn integers_are_summed_exactly_and_null_is_missing() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let sum = client.post("/v1/sum", r#"{"x": [9223372036854775807, 9223372036854775807, null]}"#);
    assert!(sum.body.contains(r#""result":18446744073709551614,"rows":3"#), "{sum:?}");
    let count = client.post("/v1/describe", r#"{"x": [1, null, 2.5]}"#).json();
    assert_eq!((&count["result"]["count"], &count["result"]["missing"]), (&json!(2), &json!(1)));
}

#[test]
fn undefined_is_null() {
    let server = Server::start(Config::default());
    let std = server.connect().post("/v1/std", r#"{"x": [1], "ddof": 1}"#).json();
    assert_eq!((&std["result"], &std["params"]), (&Value::Null, &json!({"ddof": 1, "mode": "fast"})));
}

#[test]
fn the_fields_of_data_are_no_kernels_parameters() {
    for entry in KERNELS {
        let schema = Value::from((entry.params)());
        for field in ["x", "y", "columns", "nan"] {
            assert!(schema["properties"].get(field).is_none(), "{} has a parameter `{field}`", entry.spec.name);
        }
    }
}

#[test]
fn samples_may_differ_in_length() {
    let server = Server::start(Config::default());
    let answer = server.connect().post("/v1/ttest_ind", r#"{"x": [1, 2, 3, 4], "y": [2, 3, 5]}"#);
    assert_eq!((answer.status, &answer.json()["rows"]), (200, &json!(4)), "{answer:?}");
}
