//! Who is let in: keys and rates; and what is counted of it.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::Server;
use echoes_server::Config;

const MEAN: &[u8] = br#"{"x":[1]}"#;

fn mean(server: &Server, header: &str) -> common::Answer {
    let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n{header}", MEAN.len());
    server.connect().request("POST", "/v1/mean", &headers, MEAN)
}

#[test]
fn only_who_has_a_key() {
    let server = Server::start(Config { api_keys: vec!["one".into(), "two".into()], ..Config::default() });
    assert_eq!(mean(&server, "authorization: Bearer two\r\n").status, 200);
    for header in ["", "authorization: Bearer three\r\n", "authorization: Basic two\r\n"] {
        let answer = mean(&server, header);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{answer:?}");
        answer.detail();
    }
    // The body is not waited for.
    let mut client = server.connect();
    client.send(b"POST /v1/mean HTTP/1.1\r\nhost: e\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n");
    assert_eq!(client.answer().status, 401);
    for path in ["/v1/kernels", "/v1/datasets", "/v1/nothing/at/all"] {
        assert_eq!(server.connect().get(path).status, 401);
    }
    for path in ["/livez", "/readyz", "/health", "/metrics", "/openapi.json", "/"] {
        assert_eq!(server.connect().get(path).status, 200);
    }
}

#[test]
fn who_asks_too_often_is_told_to_wait_and_nobody_else() {
    let keys = vec!["one".into(), "two".into()];
    let server = Server::start(Config { api_keys: keys, requests_per_second_max: 3.0, ..Config::default() });
    let statuses = |key: &str| -> Vec<u16> {
        (0..10).map(|_| mean(&server, &format!("authorization: Bearer {key}\r\n")).status).collect()
    };
    let one = statuses("one");
    assert!(one[..3] == [200; 3] && one.contains(&429), "{one:?}");
    assert_eq!(statuses("two")[..3], [200; 3]);
    let refused = mean(&server, "authorization: Bearer one\r\n");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")), "{refused:?}");
    refused.detail();
    assert_eq!(server.connect().get("/livez").status, 200);
    assert!(server.connect().get("/metrics").body.contains("echoes_http_shed_total{reason=\"rate\"} "));
}

#[test]
fn metrics_have_their_names() {
    let server = Server::start(Config::default());
    mean(&server, "");
    server.connect().get("/nowhere");
    server.connect().request("BREW", "/v1/mean", "content-length: 0\r\n", b"");
    let answer = server.connect().get("/metrics");
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    for line in [
        "echoes_http_requests_total{route=\"/v1/{kernel}\",method=\"POST\",status=\"200\"} 1",
        "echoes_http_requests_total{route=\"/v1/{kernel}\",method=\"other\",status=\"405\"} 1",
        "echoes_http_requests_total{route=\"other\",method=\"GET\",status=\"404\"} 1",
        "echoes_http_request_duration_seconds_bucket{route=\"/v1/{kernel}\",le=\"0.2\"} 2",
        "echoes_http_request_duration_seconds_count{route=\"/v1/{kernel}\"} 2",
        "echoes_http_requests_in_flight 1",
        "echoes_http_shed_total{reason=\"in_flight\"} 0",
        "echoes_kernel_duration_seconds_count{kernel=\"mean\",backend=\"memory\"} 1",
        "echoes_kernel_rows_total{kernel=\"mean\",backend=\"memory\"} 1",
        "echoes_kernel_bytes_total{kernel=\"mean\",backend=\"memory\"} 8",
        concat!("echoes_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line} is not in\n{}", answer.body);
    }
    for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"] {
        let value = answer.body.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        assert!(value.is_some_and(|value| value >= 0.0), "{name} is not in\n{}", answer.body);
    }
}
