//! Expressions over HTTP.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::Server;
use echoes_server::Config;
use serde_json::json;

#[test]
fn an_expression_names_its_columns() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let body = json!({"columns": {"a": [1, 3], "b": [4, null], "c": [0, 2]}, "expr": "c * 2 + (a - mean(a)) / std(a)"});
    let answer = client.post("/v1/map", &body.to_string()).json();
    assert_eq!(answer["result"], json!([-1.0, 5.0]));
    assert_eq!((&answer["kernel"], &answer["columns"]), (&json!("map"), &json!(["c", "a"])));
}

#[test]
fn errors_point_at_the_place() {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    let (deep, long) = ("(".repeat(60_000), "x+".repeat(500_000));
    let cases = [
        ("a + ", "at character 4 of the expression: a column, a number or a function should stand here"),
        ("a + d", "at character 5 of the expression: there is no column `d`"),
        ("mean(max(a))", "at character 6 of the expression: an aggregate within an aggregate"),
        (&deep, "at character 257 of the expression: it has more than 256 levels"),
        (&long, "with `expr` the parameters have more than 65536 bytes: shorten them"),
    ];
    for (expression, detail) in cases {
        let answer = client.post("/v1/map", &json!({"columns": {"a": [1]}, "expr": expression}).to_string());
        assert_eq!(answer.status, 422, "{answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(detail), "{answer:?}");
    }
    assert_eq!(client.post("/v1/map", r#"{"columns": {"a": [1]}}"#).status, 422);
}
