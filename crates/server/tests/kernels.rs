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

/// The columns of a kernel, with that of weights or without, by the names that they have in a body.
fn data<'a>(entry: &Entry, columns: &'a [Vec<f64>], weighted: bool) -> Vec<(String, &'a Vec<f64>)> {
    let mut data: Vec<_> = names(entry).iter().map(|name| (*name).to_owned()).zip(columns).collect();
    if entry.spec.name == "wls" {
        data[1].1 = &columns[3];
    }
    data.extend(weighted.then(|| ("weights".to_owned(), &columns[3])));
    data
}

fn body(entry: &Entry, data: &[(String, &Vec<f64>)]) -> String {
    let mut body = required(entry.spec.name);
    let fields = data.iter().map(|(name, column)| (name.clone(), json!(column)));
    if names(entry).len() > 2 {
        body["columns"] = fields.collect()
    } else {
        body.as_object_mut().unwrap().extend(fields)
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
fn what_cannot_be_is_refused_for_what_it_is() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    for (path, body, name) in [
        ("/v1/welch", r#"{"x": [1, 2, 3], "nperseg": 16, "noverlap": 3}"#, "`noverlap`"),
        ("/v1/welch", r#"{"x": [1, 2, 3], "nperseg": 1000000000000000}"#, "`nperseg`"),
        ("/v1/stft", r#"{"x": [1, 2, 3], "nperseg": 4, "noverlap": 4}"#, "`noverlap`"),
    ] {
        let refused = client.post(path, body);
        assert!(refused.status == 422 && refused.detail().contains(name), "{refused:?}");
    }
}

#[test]
fn arrays_tell_infinities_from_what_is_undefined() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let mut ask = |path: &str, text: &str| {
        let length = text.len();
        let headers = format!("content-type: text/csv\r\naccept: application/x-npy\r\ncontent-length: {length}\r\n");
        client.request("POST", path, &headers, text.as_bytes()).bytes
    };
    let found = ask("/v1/quantile?q=1,0.5,0", "x\n1\ninf\n3\n");
    assert!(found.ends_with(&[f64::INFINITY, 3.0, 1.0].map(f64::to_le_bytes).concat()));
    let found = ask("/v1/quantile?q=0,1", "x\n1\nnan\n");
    assert!(found.ends_with(&[f64::NAN; 2].map(f64::to_le_bytes).concat()));
}

#[test]
fn the_bits_of_http_are_those_of_the_engine() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let engine = Engine::sequential();
    // Little enough to be worked on at once; for a thread of its own; for more than one chunk.
    for rows in [100, 10_000, 140_000] {
        let mut columns: Vec<Vec<f64>> = (1..=4).map(|seed| random(rows, seed)).collect();
        // Weights.
        columns[3].iter_mut().for_each(|x| *x = x.abs());
        let weighted = KERNELS.iter().filter(|entry| entry.spec.weighable).map(|entry| (entry, true));
        for (entry, weighted) in KERNELS.iter().map(|entry| (entry, false)).chain(weighted) {
            let (name, data) = (entry.spec.name, data(entry, &columns, weighted));
            let answer = client.post(&format!("/v1/{name}"), &body(entry, &data));
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            let answered: Answered = serde_json::from_str(&answer.body).unwrap();

            let kernel = (entry.bind)(required(name)).unwrap();
            let names: Vec<String> = data.iter().map(|(name, _)| name.clone()).collect();
            let request = Request { kernel: kernel.as_ref(), columns: (0..names.len()).collect() };
            let source = Memory::named(data);
            let (answers, _) = engine.job().answers(&source, &[request]).unwrap();
            let expected = answers.into_iter().next().unwrap().unwrap();
            assert!(answered.result.get() == expected.get(), "{name} of {rows} rows");

            assert_eq!((answered.kernel.as_str(), answered.rows), (name, rows as u64));
            assert_eq!(answered.columns, names);
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
    assert_eq!(
        (&std["result"], &std["params"]),
        (&Value::Null, &json!({"ddof": 1, "mode": "fast", "weights_kind": "frequency"}))
    );
}

#[test]
fn the_fields_of_data_are_no_kernels_parameters() {
    for entry in KERNELS {
        let schema = Value::from((entry.params)());
        for field in ["x", "y", "columns", "weights", "nan"] {
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

#[test]
fn weights_are_read_from_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { data: Some(directory.path().to_owned()), ..Config::default() };
    let server = Server::start(config);
    let mut client = server.connect();
    let mean = client.post("/v1/mean", r#"{"weights": [1, 3, null], "x": [2, 6, 9]}"#).json();
    assert_eq!((&mean["result"], &mean["columns"]), (&json!(5.0), &json!(["x", "weights"])));
    let text = "w,a,b\n1,2,1\n3,6,2\n0,7,3\n";
    let csv = &format!("content-type: text/csv\r\ncontent-length: {}\r\n", text.len());
    let mean = client.request("POST", "/v1/mean?column=a&weights=w", csv, text.as_bytes()).json();
    assert_eq!((&mean["result"], &mean["columns"]), (&json!(5.0), &json!(["a", "w"])));
    // Without names they are all columns but the weights.
    let cov = client.request("POST", "/v1/cov?weights=w&weights_kind=reliability", csv, text.as_bytes()).json();
    assert_eq!((&cov["result"], &cov["columns"]), (&json!(2.0), &json!(["a", "b", "w"])));
    assert_eq!(client.put("d", "text/csv", text.as_bytes()).status, 201);
    let mean = client.get("/v1/datasets/d/mean?column=a&weights=w").json();
    assert_eq!((&mean["result"], &mean["columns"]), (&json!(5.0), &json!(["a", "w"])));
    assert_eq!(client.get("/v1/datasets/d/mean?column=a").json()["result"], json!(5.0));
    let batch = r#"{"requests": [{"kernel": "mean", "columns": ["a"], "weights": "w"},
        {"kernel": "iqr", "columns": ["a"], "weights": "w"}]}"#;
    let batch = client.post("/v1/datasets/d/batch", batch).json();
    assert_eq!((&batch["answers"][0]["result"], &batch["answers"][0]["columns"]), (&json!(5.0), &json!(["a", "w"])));
    assert!(batch["answers"][1]["problem"]["detail"].as_str().unwrap().contains("takes no weights"), "{batch}");
    // A column more is not taken for weights.
    for path in ["/v1/datasets/d/mean?column=a&column=w", "/v1/datasets/d/cov", "/v1/datasets/d/iqr?column=a&weights=w"]
    {
        assert_eq!(client.get(path).status, 422, "{path}");
    }
    let twice = client.post("/v1/mean?weights=x", r#"{"x": [1, 2], "weights": [3, 4]}"#);
    assert!(twice.status == 422 && twice.body.contains("weights"), "{twice:?}");
    let refused = client.post("/v1/mean", r#"{"x": [1, 2], "weights": [1, -1]}"#);
    assert!(refused.status == 422 && refused.body.contains("the weight in row 1"), "{refused:?}");
}
