//! The paths that are no kernels, and the way connections behave.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::Server;
use echoes_server::Config;
use echoes_stats::KERNELS;
use serde_json::Value;
use std::collections::HashSet;

#[test]
fn health_says_that_it_lives() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    for path in ["/health", "/livez", "/readyz"] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        assert_eq!(answer.json(), serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    }
    let page = client.get("/");
    assert!(page.status == 200 && page.body.contains("/v1/kernels") && page.body.contains("/openapi.json"));
}

#[test]
fn the_list_has_every_kernel() {
    let server = Server::start(Config::default());
    let list = server.connect().get("/v1/kernels").json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), KERNELS.len());
    let std = list.iter().find(|line| line["name"] == "std").unwrap();
    assert_eq!((&std["category"], &std["summary"]), (&"descriptive".into(), &"Standard deviation".into()));
    assert_eq!(std["params"]["properties"]["ddof"]["type"], "integer");
    assert_eq!(std["output"]["type"], "number");
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    for x in 0..3 {
        let answer = client.post("/v1/mean", &format!("{{\"x\": [{x}]}}"));
        assert_eq!(answer.json()["result"], f64::from(x));
    }
    let ours = client.get("/livez");
    let again = client.get("/livez");
    assert_ne!(ours.header("x-request-id").unwrap(), again.header("x-request-id").unwrap());
    let theirs = client.request("GET", "/livez", "x-request-id: abc-1\r\n", b"");
    assert_eq!(theirs.header("x-request-id"), Some("abc-1"));
    assert_eq!(theirs.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn chunked_bodies_and_query() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let headers = "content-type: application/json; charset=utf-8\r\ntransfer-encoding: chunked\r\n";
    let answer = client.request("QUERY", "/v1/max", headers, b"7\r\n{\"x\":[1\r\n5\r\n,5,2]\r\n1\r\n}\r\n0\r\n\r\n");
    assert_eq!(answer.json()["result"], 5, "{answer:?}");
}

fn description() -> Value {
    let server = Server::start(Config::default());
    server.connect().get("/openapi.json").json()
}

#[test]
fn openapi_paths() {
    let document = description();
    let paths = document["paths"].as_object().unwrap();
    let lines = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| format!("{method} {path}: {}", operation["summary"].as_str().unwrap()))
    });
    let (kernels, others): (Vec<String>, Vec<String>) = lines.partition(|line| {
        let path = line.split([' ', ':']).nth(1).unwrap();
        KERNELS.iter().any(|entry| path == format!("/v1/{}", entry.spec.name))
    });
    insta::assert_snapshot!(others.join("\n"));
    let wanted = KERNELS.iter().flat_map(|entry| {
        ["post", "query"].map(|method| format!("{method} /v1/{}: {}", entry.spec.name, entry.summary()))
    });
    assert_eq!(HashSet::from_iter(kernels), wanted.collect::<HashSet<_>>());
}

#[test]
fn openapi_of_one_kernel() {
    let document = description();
    let operation = &document["paths"]["/v1/std"]["post"];
    let schemas = &document["components"]["schemas"];
    let shown = serde_json::json!([operation, schemas["std_request"], schemas["std_answer"]]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
}

#[test]
fn openapi_refers_to_nothing_that_is_not_there() {
    let document = description();
    let mut references = HashSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut HashSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect(field, references));
        }
        _ => {}
    }
}
