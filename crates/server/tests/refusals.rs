//! What the server refuses, and how; and that it serves on afterwards.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Client, Server};
use echoes_server::{Config, Error, run_until};
use std::{
    io::Write,
    thread::sleep,
    time::{Duration, Instant},
};

/// Asserts that a request is refused with such a status and detail, and that the next request is served.
#[track_caller]
fn refused(server: &Server, ask: impl FnOnce(&mut Client) -> common::Answer, status: u16, says: &str) {
    let answer = ask(&mut server.connect());
    assert_eq!(answer.status, status, "{answer:?}");
    let detail = answer.detail();
    assert!(detail.contains(says), "{detail}");
    assert_eq!(server.connect().post("/v1/mean", r#"{"x":[1]}"#).status, 200);
}

#[test]
fn paths_and_methods() {
    let server = Server::start(Config::default());
    refused(&server, |c| c.get("/nowhere"), 404, "there is nothing at /nowhere");
    refused(&server, |c| c.post("/v1/mean/x", "{}"), 404, "/openapi.json");
    refused(&server, |c| c.post("/v1/maen", "{}"), 404, "did you mean `mean`?");
    refused(&server, |c| c.post("/v1/%6dean", "{}"), 404, "no kernel is called `%6dean`");
    refused(&server, |c| c.post("/v1/..%2f..%2fetc%2fpasswd", "{}"), 404, "no kernel");
    for (method, path, allow) in
        [("GET", "/v1/mean", "POST, QUERY"), ("PATCH", "/v1/mean", "POST, QUERY"), ("POST", "/v1/kernels", "GET,HEAD")]
    {
        let answer = server.connect().request(method, path, "content-length: 0\r\n", b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{answer:?}");
        answer.detail();
    }
}

#[test]
fn a_request_names_one_host() {
    let server = Server::start(Config::default());
    for (version, hosts, status) in
        [("1.1", 0, 400), ("1.1", 1, 200), ("1.1", 2, 400), ("1.0", 0, 200), ("1.0", 2, 400)]
    {
        let mut client = server.connect();
        client.send(format!("GET /livez HTTP/{version}\r\n{}\r\n", "host: e\r\n".repeat(hosts)).as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status, status, "{version} {hosts}: {answer:?}");
        assert!(status == 200 || answer.detail().contains("Host once"));
    }
}

#[test]
fn bodies_that_are_not_json() {
    let server = Server::start(Config::default());
    refused(&server, |c| c.post("/v1/mean", "{\"x\": [1,\n2"), 400, "at line 2 column 1");
    refused(&server, |c| c.post("/v1/mean", ""), 400, "EOF while parsing");
    refused(
        &server,
        |c| c.post("/v1/mean", r#"{"x": [1e999]}"#),
        422,
        "beyond the range of doubles at line 1 column 8",
    );
    let deep = format!(r#"{{"x":[1],"q":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    refused(&server, |c| c.post("/v1/mean", &deep), 422, "more than 65536 bytes");
    refused(&server, |c| c.request("POST", "/v1/mean", "", b""), 411, "Content-Length");
    let typed = |headers: &'static str| move |c: &mut Client| c.request("POST", "/v1/mean", headers, br#"{"x":[1]}"#);
    refused(&server, typed("content-length: 9\r\n"), 415, "Content-Type: application/json");
    refused(&server, typed("content-type: text/xml\r\ncontent-length: 9\r\n"), 415, "application/json");
    let coded = "content-type: application/json\r\ncontent-encoding: br\r\ncontent-length: 9\r\n";
    refused(&server, typed(coded), 415, "Content-Encoding");
    let coded = "content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n";
    refused(&server, typed(coded), 400, "not whole streams of gzip");
}

#[test]
fn data_and_parameters() {
    let server = Server::start(Config { columns_max: 3, ..Config::default() });
    let wide = r#"{"columns": {"a": [1], "b": [1], "c": [1], "d": [1]}}"#;
    for (kernel, json, says) in [
        ("mean", r#"{"x": []}"#, "no values"),
        ("mean", r#"{"x": [null]}"#, "no values"),
        ("mean", r#"{"y": [1]}"#, "`x` is missing: give the column as an array of numbers"),
        ("mean", r#"{"x": [1], "x": [2]}"#, "`x` is given twice"),
        ("mean", r#"{"x": ["1"]}"#, "`x`: expected a number or null at line 1 column 8"),
        ("count", r#"{"x": [1], "ddof": 1}"#, "`count` takes no parameter `ddof`: it takes none"),
        ("mean", r#"{"x": [1], "nan": "drop"}"#, "`nan` is `\"drop\"`: it must be propagate, omit or raise"),
        ("mean", r#"{"x": [1], "nan": null}"#, "`nan` is `null`"),
        (
            "std",
            r#"{"x": [1], "ddof": "a"}"#,
            "parameter `ddof`: invalid type: string \"a\", expected a whole number from 0",
        ),
        (
            "mean",
            r#"{"x": [1], "mode": "slow"}"#,
            "parameter `mode`: unknown variant `slow`, expected `fast` or `exact`",
        ),
        (
            "quantile",
            r#"{"x": [1], "q": [0.5, "a"]}"#,
            "parameter `q[1]`: invalid type: string \"a\", expected a number",
        ),
        ("histogram", r#"{"x": [1], "edges": [0, 1], "bins": 2}"#, "parameter `bins` is given beside `edges`"),
        ("quantile", r#"{"x": [1], "q": [2]}"#, "parameter `q` is 2: it must be"),
        ("corr", r#"{"x": [1, 2], "y": [1]}"#, "columns of 2 and 1 rows"),
        ("corr_matrix", r#"{"columns": {"a": [1]}}"#, "takes 2 columns or more, not 1"),
        ("corr_matrix", r#"{"columns": {"a": [1], "a": [1]}}"#, "column `a` is given twice"),
        ("corr_matrix", wide, "more than 3 columns"),
    ] {
        refused(&server, |c| c.post(&format!("/v1/{kernel}"), json), 422, says);
    }
}

/// What stands in the address is obeyed with a body of JSON too, and nothing may stand in both.
#[test]
fn parameters_in_the_address() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let mut result = |path: &str, json: &str| client.post(path, json).json()["result"].clone();
    assert_eq!(result("/v1/std?ddof=1", r#"{"x": [1, 2, 3]}"#), 1.0);
    assert_eq!(result("/v1/mean?nan=omit&column=x", r#"{"x": [1, 2, 3]}"#), 2.0);
    assert_eq!(result("/v1/cov?column=y&column=0", r#"{"x": [1, 2], "y": [1, 4], "ddof": 1}"#), 1.5);
    for (path, json, says) in [
        ("/v1/std?ddof=1", r#"{"x": [1], "ddof": 1}"#, "`ddof` is given twice: in the address and in the body"),
        ("/v1/mean?nan=omit", r#"{"x": [1], "nan": "omit"}"#, "`nan` is given twice"),
        ("/v1/std?dof=1", r#"{"x": [1]}"#, "`std` takes no parameter `dof`: it takes `ddof`, `mode`"),
        ("/v1/std?ddof=x", r#"{"x": [1]}"#, "parameter `ddof`: "),
        ("/v1/mean?weights=x", r#"{"x": [1]}"#, "no column is numeric beside that of the weights; there are x"),
        ("/v1/mean?column=z", r#"{"x": [1]}"#, "there is no column `z`; there are x"),
    ] {
        refused(&server, |c| c.post(path, json), 422, says);
    }
}

#[test]
fn large_integers_are_exact() {
    let server = Server::start(Config::default());
    let json = r#"{"x": [18446744073709551613, 18446744073709551615]}"#;
    for (kernel, result) in [("max", "\"result\":18446744073709551615"), ("ptp", "\"result\":2,")] {
        let answer = server.connect().post(&format!("/v1/{kernel}"), json);
        assert!(answer.body.contains(result), "{answer:?}");
    }
}

#[test]
fn bodies_that_are_too_large() {
    let server = Server::start(Config { body_bytes_max: 1000, ..Config::default() });
    let declared = |c: &mut Client| {
        // The body is never sent: the headers alone are refused.
        c.send(b"POST /v1/mean HTTP/1.1\r\nhost: e\r\ncontent-type: application/json\r\ncontent-length: 1001\r\n\r\n");
        c.answer()
    };
    refused(&server, declared, 413, "a body may have 1000 bytes");
    let streamed = |c: &mut Client| {
        let headers = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
        c.request("POST", "/v1/mean", headers, format!("3e9\r\n{}\r\n", "1".repeat(1001)).as_bytes())
    };
    refused(&server, streamed, 413, "a body may have 1000 bytes");
    let server = Server::start(Config { bodies_bytes_max: 8192, ..Config::default() });
    let answer = server.connect().post("/v1/mean", &format!("{{\"x\": [{}1]}}", "1,".repeat(8192)));
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    refused(&server, |c| c.post("/v1/mean", &" ".repeat(8193)), 503, "fill the memory");
}

#[test]
fn slow_clients() {
    let limits = Config { header_timeout_seconds: 0.3, timeout_seconds: 0.3, ..Config::default() };
    let server = Server::start(limits);
    let started = Instant::now();
    let mut silent = server.connect();
    let mut dripping = server.connect();
    dripping.send(b"POST /v1/mean HTTP/1.1\r\nhost: e\r\n");
    let mut idle = server.connect();
    assert_eq!(idle.get("/livez").status, 200);
    let slow_body = |c: &mut Client| {
        c.send(b"POST /v1/mean HTTP/1.1\r\nhost: e\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{");
        c.answer()
    };
    refused(&server, slow_body, 408, "within 0.3 s");
    for client in [&mut silent, &mut idle] {
        assert!(client.is_cut());
    }
    // Some versions of hyper say why before they hang up.
    assert!(dripping.try_answer().is_none_or(|answer| answer.status == 408));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_client_that_takes_nothing_is_cut() {
    let server = Server::start(Config { write_timeout_seconds: 0.3, connections_max: 1, ..Config::default() });
    let mut deaf = server.connect();
    let x = vec!["1.5"; 2_000_000].join(",");
    let body = format!("{{\"x\":[{x}]}}");
    let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    deaf.send(format!("POST /v1/fft HTTP/1.1\r\nhost: e\r\n{headers}\r\n{body}").as_bytes());
    // The only connection is free again, though its client has not read a byte.
    assert_eq!(server.connect().get("/livez").status, 200);
    drop(deaf);
}

/// A request that takes seconds: many columns, all pairs of them.
fn heavy() -> String {
    let (columns, rows) = (1000, 30_000);
    let column = format!("[{}1]", "0,1,".repeat(rows / 2));
    let columns: Vec<String> = (0..columns).map(|i| format!("\"c{i}\":{column}")).collect();
    format!("{{\"columns\":{{{}}}}}", columns.join(","))
}

#[test]
fn the_deadline_cancels() {
    let server =
        Server::start(Config { timeout_seconds: 1.0, threads: std::num::NonZero::new(1), ..Config::default() });
    let started = Instant::now();
    let answer = server.connect().post("/v1/corr_matrix", &heavy());
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    assert!(answer.detail().contains("it is not done within 1 s"), "{answer:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    free_again(&server);
}

#[test]
fn the_clients_leaving_cancels() {
    let server = Server::start(Config { threads: std::num::NonZero::new(1), ..Config::default() });
    let (mut client, body) = (server.connect(), heavy());
    let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    client.send(format!("POST /v1/corr_matrix HTTP/1.1\r\nhost: e\r\n{headers}\r\n{body}").as_bytes());
    sleep(Duration::from_millis(500));
    // Connections answer while the only thread for kernels is taken.
    assert_eq!(server.connect().post("/v1/mean", r#"{"x":[1]}"#).status, 200);
    drop(client);
    free_again(&server);
}

/// Asserts that the only thread for kernels is soon free again.
#[track_caller]
fn free_again(server: &Server) {
    let body = format!("{{\"x\": [{}1]}}", "1,".repeat(20_000));
    let started = Instant::now();
    while server.connect().post("/v1/mean", &body).status == 503 {
        // The whole work would take longer.
        assert!(started.elapsed() < Duration::from_secs(5), "the thread is still taken");
    }
}

#[test]
fn a_full_server_refuses_at_once() {
    let server = Server::start(Config { in_flight_max: 1, ..Config::default() });
    let mut first = server.connect();
    first.send(b"POST /v1/mean HTTP/1.1\r\nhost: e\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{");
    sleep(Duration::from_millis(300));
    let second = server.connect().post("/v1/mean", r#"{"x":[1]}"#);
    assert_eq!((second.status, second.header("retry-after")), (503, Some("1")));
    assert!(second.detail().contains("too many requests"));
    assert_eq!(server.connect().get("/readyz").status, 503);
    assert_eq!(server.connect().get("/livez").status, 200);
    first.send(br#""x":[1]}"#);
    assert_eq!(first.answer().status, 200);
    assert_eq!(server.connect().get("/readyz").status, 200);
}

#[test]
fn who_waits_too_long_for_a_thread_is_refused() {
    let limits = Config { threads: std::num::NonZero::new(1), wait_seconds_max: 0.2, ..Config::default() };
    let server = Server::start(limits);
    let (mut client, body) = (server.connect(), heavy());
    let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    client.send(format!("POST /v1/corr_matrix HTTP/1.1\r\nhost: e\r\n{headers}\r\n{body}").as_bytes());
    sleep(Duration::from_millis(200));
    let second = server.connect().post("/v1/mean", &format!("{{\"x\": [{}1]}}", "1,".repeat(20_000)));
    assert!(second.status == 503 && second.detail().contains("every thread is busy"), "{second:?}");
}

#[test]
fn stopping_lets_the_requests_inside_finish() {
    let mut server = Server::start(Config::default());
    let mut idle = server.connect();
    assert_eq!(idle.get("/livez").status, 200);
    let mut inside = server.connect();
    inside.send(b"POST /v1/mean HTTP/1.1\r\nhost: e\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{");
    sleep(Duration::from_millis(200));
    server.stop();
    assert!(idle.is_cut());
    let late =
        std::net::TcpStream::connect(server.address).and_then(|mut c| c.write_all(b"GET /livez HTTP/1.1\r\n\r\n"));
    drop(late);
    inside.send(br#""x":[1]}"#);
    let answer = inside.answer();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")), "{answer:?}");
    server.join();
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let server = Server::start(Config::default());
    let taken = Config { listen: server.address, ..Config::default() };
    let error = run_until(&taken, |_| (), async {}).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {}", server.address)), "{error}");
    let nothing = Config { columns_max: 0, ..Config::default() };
    assert!(matches!(run_until(&nothing, |_| (), async {}), Err(Error::Limit("columns_max"))));
}
