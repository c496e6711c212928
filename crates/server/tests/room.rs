//! Answers as long as their data: bounded, and room for them taken until clients have them.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Answer, Server, npy};
use echoes_server::Config;
use std::{
    io::BufRead,
    thread::sleep,
    time::{Duration, Instant},
};

fn ask(server: &Server, kernel: &str, headers: &str, body: &[u8]) -> Answer {
    let headers = format!("{headers}\r\ncontent-length: {}\r\n", body.len());
    server.connect().request("POST", &format!("/v1/{kernel}"), &headers, body)
}

/// A column of so many rows, in each form that bodies have.
fn bodies(rows: usize) -> [(&'static str, Vec<u8>); 3] {
    let json = format!("{{\"x\":[{}]}}", vec!["1"; rows].join(","));
    [
        ("content-type: application/json", json.into_bytes()),
        ("content-type: application/x-npy", npy(&vec![1.0; rows])),
        ("content-type: text/csv", "1\n".repeat(rows).into_bytes()),
    ]
}

#[test]
fn answers_to_bodies_are_bounded() {
    let server = Server::start(Config { decoded_bytes_max: 8016, ..Config::default() });
    // A transform writes two columns.
    for (kernel, most) in [("cumsum", 1000), ("fft", 500)] {
        for (headers, body) in bodies(most) {
            assert_eq!(ask(&server, kernel, headers, &body).status, 200, "{kernel}: {headers}");
        }
        for (headers, body) in bodies(most + 4) {
            let refused = ask(&server, kernel, headers, &body);
            assert!(refused.status == 422 && refused.detail().contains("they may have 8016 bytes"), "{refused:?}");
        }
    }
    for (headers, body) in bodies(2000) {
        assert_eq!(ask(&server, "mean", headers, &body).status, 200);
    }
}

/// A few rows of which parameters make many.
#[test]
fn answers_longer_than_their_data_are_bounded() {
    let server = Server::start(Config { decoded_bytes_max: 64 << 10, ..Config::default() });
    let x = format!("[{}]", vec!["1"; 1000].join(","));
    for (kernel, body) in [
        ("irfft", r#"{"x":[1],"y":[0],"n":268435456}"#.to_owned()),
        ("stft", format!(r#"{{"x":{x},"nperseg":256,"noverlap":255}}"#)),
        ("welch", format!(r#"{{"x":{x},"nperseg":256,"noverlap":255,"average":"median"}}"#)),
        ("convolve", format!(r#"{{"x":[{0}],"y":[{0}]}}"#, vec!["1"; 5000].join(","))),
    ] {
        let refused = ask(&server, kernel, "content-type: application/json", body.as_bytes());
        assert!(
            refused.status == 422 && refused.detail().contains("they may have 65536 bytes"),
            "{kernel}: {refused:?}"
        );
    }
    for (kernel, body) in [
        ("irfft", r#"{"x":[1],"y":[0],"n":100}"#.to_owned()),
        ("stft", format!(r#"{{"x":{x}}}"#)),
        ("welch", format!(r#"{{"x":{x},"average":"median"}}"#)),
        ("convolve", format!(r#"{{"x":{x},"y":[1]}}"#)),
    ] {
        let answer = ask(&server, kernel, "content-type: application/json", body.as_bytes());
        assert_eq!(answer.status, 200, "{kernel}: {answer:?}");
    }
}

#[test]
fn answers_to_bodies_need_room() {
    let server = Server::start(Config { body_bytes_max: 64 << 10, bodies_bytes_max: 64 << 10, ..Config::default() });
    let [(headers, body), ..] = bodies(1000);
    let as_array = format!("{headers}\r\naccept: application/x-npy");
    assert_eq!(ask(&server, "cumsum", headers, &body).status, 200);
    // In JSON two columns, and twice the one that is gathered, may take 79,200 bytes, as arrays 38,400.
    let [(_, longer), ..] = bodies(1200);
    let refused = ask(&server, "fft", headers, &longer);
    assert!(refused.status == 503 && refused.detail().contains("fill the memory"), "{refused:?}");
    assert_eq!(ask(&server, "fft", &as_array, &longer).status, 200);
}

/// A number of two bytes takes nine in memory.
#[test]
fn columns_need_room_beside_their_text() {
    let server = Server::start(Config { bodies_bytes_max: 1 << 20, ..Config::default() });
    let body = |number: &str, rows: usize| format!("{{\"x\":[{}]}}", vec![number; rows].join(","));
    let json = "content-type: application/json";
    let status = |body: &str| ask(&server, "median", json, body.as_bytes()).status;
    assert_eq!((status(&body("1", 90_000)), status(&body("1", 100_000))), (200, 503));
    assert_eq!(status(&body("1.23456789012345", 40_000)), 200);
    // Of a text no more than is read at a time.
    let csv = "content-type: text/csv";
    let wide = format!("{}1\n", "1,".repeat(99)).repeat(500);
    let all = ask(&server, "corr_matrix", csv, wide.as_bytes());
    assert!(all.status == 200, "{all:?}");
    let refused = ask(&server, "corr_matrix", csv, wide.repeat(2).as_bytes());
    assert!(refused.status == 503 && refused.detail().contains("fill the memory"), "{refused:?}");
    assert_eq!(ask(&server, "mean?column=0", csv, wide.repeat(2).as_bytes()).status, 200);
}

/// The rows are counted where an estimate by the bytes alone would refuse.
#[test]
fn rows_are_counted_before_an_answer_is_refused() {
    let server = Server::start(Config { decoded_bytes_max: 8016, ..Config::default() });
    let long = "1.000000000000000000000000000001,2\n";
    for (rows, status) in [(500, 200), (502, 422)] {
        let text = long.repeat(rows);
        let answer = ask(&server, "fft?column=0", "content-type: text/csv", text.as_bytes());
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[test]
fn an_answer_keeps_its_room_until_the_client_has_it() {
    // The body has 14 MB, the answer up to 20 of 25 that are kept free for it.
    let rows = 1_000_000;
    let x: Vec<String> =
        (0..rows).map(|i| format!("0.{:011}", (i as u64 * 40_503_000_001) % 100_000_000_000)).collect();
    let body = format!("{{\"x\":[{}]}}", x.join(","));
    let server = Server::start(Config { bodies_bytes_max: 48 << 20, ..Config::default() });
    let headers = "content-type: application/json";
    let mut deaf = server.connect();
    let head = format!("POST /v1/cumsum HTTP/1.1\r\nhost: e\r\n{headers}\r\ncontent-length: {}\r\n\r\n", body.len());
    deaf.send(head.as_bytes());
    deaf.send(body.as_bytes());
    assert!(deaf.0.fill_buf().unwrap().starts_with(b"HTTP/1.1 200"));
    let refused = ask(&server, "cumsum", headers, body.as_bytes());
    assert!(refused.status == 503 && refused.detail().contains("fill the memory"), "{refused:?}");
    assert_eq!(deaf.answer().status, 200);
    let started = Instant::now();
    while ask(&server, "cumsum", headers, body.as_bytes()).status == 503 {
        assert!(started.elapsed() < Duration::from_secs(20), "the room is still taken");
        sleep(Duration::from_millis(20));
    }
}

/// Processors disagree on the sign of a NaN that they make.
#[test]
fn a_nan_has_the_same_bits_everywhere() {
    let server = Server::start(Config::default());
    let headers = "content-type: application/x-npy\r\naccept: application/x-npy";
    let sums = ask(&server, "cumsum", headers, &npy(&[1.0, f64::INFINITY, f64::NEG_INFINITY]));
    assert_eq!(sums.status, 200, "{sums:?}");
    assert_eq!(sums.bytes.last_chunk(), Some(&0x7ff8_0000_0000_0000_u64.to_le_bytes()));
}
