//! The forms in which data come and answers go: JSON, `.npy`, CSV, each in clear or compressed.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Answer, Server, npy};
use echoes_server::Config;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use std::io::{Read, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn ask(server: &Server, path: &str, headers: &str, body: &[u8]) -> Answer {
    let headers = format!("{headers}\r\ncontent-length: {}\r\n", body.len());
    server.connect().request("POST", path, &headers, body)
}

#[test]
fn data_in_every_form_give_the_same() {
    let server = Server::start(Config::default());
    let x = [0.1, 2.5, -3.75, 1e100];
    let json = format!("{{\"x\": {}, \"ddof\": 1}}", serde_json::to_string(&x).unwrap());
    let csv = x.iter().fold("x\n".to_owned(), |text, x| format!("{text}{x:?}\n"));
    let forms: [(&str, &str, Vec<u8>); 3] = [
        ("/v1/std", "application/json", json.into_bytes()),
        ("/v1/std?ddof=1", "application/x-npy", npy(&x)),
        ("/v1/std?ddof=1&column=x", "text/csv", csv.into_bytes()),
    ];
    let mut results = Vec::new();
    for (path, kind, body) in forms {
        let clear = ask(&server, path, &format!("content-type: {kind}"), &body);
        let coded = ask(&server, path, &format!("content-type: {kind}\r\ncontent-encoding: gzip"), &gzip(&body));
        results.extend([clear, coded].map(|answer| answer.json()["result"].as_f64().expect("a number").to_bits()));
    }
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
}

#[test]
fn arrays_go_out_as_arrays() {
    let server = Server::start(Config::default());
    let headers = "content-type: application/json\r\naccept: application/x-npy";
    let cumsum = ask(&server, "/v1/cumsum", headers, br#"{"x": [1, 2, 3.5]}"#);
    assert_eq!((cumsum.header("content-type"), &cumsum.bytes), (Some("application/x-npy"), &npy(&[1.0, 3.0, 6.5])));
    let quantile = ask(&server, "/v1/quantile", headers, br#"{"x": [1, 2, 3.5], "q": [0, 1]}"#);
    assert_eq!(quantile.bytes, npy(&[1.0, 3.5]));
    let mean = ask(&server, "/v1/mean", headers, br#"{"x": [1, 2, 3.5]}"#);
    assert!(mean.status == 406 && mean.detail().contains("Accept: application/json"), "{mean:?}");
}

#[test]
fn long_answers_are_compressed_where_that_is_wanted() {
    let server = Server::start(Config::default());
    let body = format!("{{\"x\": [{}1]}}", "1,".repeat(1000));
    let clear = ask(&server, "/v1/cumsum", "content-type: application/json", body.as_bytes());
    let coded = ask(&server, "/v1/cumsum", "content-type: application/json\r\naccept-encoding: gzip", body.as_bytes());
    assert_eq!((clear.header("content-encoding"), coded.header("content-encoding")), (None, Some("gzip")));
    let mut text = String::new();
    GzDecoder::new(&*coded.bytes).read_to_string(&mut text).unwrap();
    let result = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["result"].clone();
    assert_eq!(result(&text), result(&clear.body));
    let short = ask(&server, "/v1/mean", "content-type: application/json\r\naccept-encoding: gzip", br#"{"x": [1]}"#);
    assert_eq!(short.header("content-encoding"), None);
}

#[test]
fn a_bomb_is_refused() {
    let server = Server::start(Config { decoded_bytes_max: 1 << 20, ..Config::default() });
    let bomb = gzip(&vec![b' '; 256 << 20]);
    assert!(bomb.len() < 1 << 20);
    let answer = ask(&server, "/v1/mean", "content-type: application/json\r\ncontent-encoding: gzip", &bomb);
    assert!(answer.status == 413 && answer.detail().contains("1048576 bytes once it is no longer"), "{answer:?}");
    assert_eq!(ask(&server, "/v1/mean", "content-type: application/json", br#"{"x": [1]}"#).status, 200);
}

#[test]
fn an_array_that_claims_more_than_there_is() {
    let server = Server::start(Config::default());
    let mut huge = npy(&[1.0]);
    let shape = huge.windows(4).position(|four| four == b"(1,)").unwrap();
    huge.splice(shape..shape + 25, b"(1152921504606846976,), }".iter().copied());
    let answer = ask(&server, "/v1/mean", "content-type: application/x-npy", &huge);
    assert!(answer.status == 400 && answer.detail().contains("claims the shape"), "{answer:?}");
}
