//! What the alerts and the dashboard of `docker/` ask for stands in `/metrics`.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::Server;
use echoes_server::Config;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Labels of each metric.
type Labels = BTreeMap<String, BTreeSet<String>>;

/// Labels that Prometheus adds to whatever it reads.
const ADDED: [&str; 2] = ["job", "instance"];

#[test]
fn the_alerts_and_the_dashboard_ask_for_what_there_is() {
    let asked = asked();
    assert!(asked.len() > 10 && asked.contains_key("process_start_time_seconds"), "{asked:?}");
    let text = scraped();
    let told = told(&text);
    for (metric, labels) in &asked {
        let known = told.get(metric).unwrap_or_else(|| panic!("{metric} is not in\n{text}"));
        for label in labels.iter().filter(|label| !ADDED.contains(&label.as_str())) {
            assert!(known.contains(label), "{metric} has no label `{label}` but {known:?}");
        }
    }
    // What the alerts ask of the labels' values.
    for part in [r#"le="0.2""#, r#"route="/health""#, r#"route="/v1/{kernel}""#, r#"status="200""#] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// The metrics of a server that has answered something.
fn scraped() -> String {
    let server = Server::start(Config::default());
    let mut client = server.connect();
    assert_eq!(client.post("/v1/mean", r#"{"x": [1, 2, 6]}"#).status, 200);
    assert_eq!(client.get("/health").status, 200);
    let answer = client.get("/metrics");
    assert_eq!(answer.status, 200);
    answer.body
}

/// Metrics in the text that Prometheus reads.
fn told(text: &str) -> Labels {
    let mut told = Labels::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (metric, labels) = line.split_once('{').or_else(|| Some((line.split_once(' ')?.0, "}"))).unwrap();
        told.entry(metric.to_owned()).or_default().extend(names(labels));
    }
    told
}

/// Metrics in the rules and in every text of the dashboard.
fn asked() -> Labels {
    let docker = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docker");
    let read = |path| fs::read_to_string(docker.join(path)).unwrap();
    let dashboard: Value = serde_json::from_str(&read("grafana/dashboards/echoes.json")).unwrap();
    let mut asked = Labels::new();
    for text in texts(&dashboard).chain([read("prometheus/rules.yml")]) {
        for (metric, labels) in selectors(&text) {
            asked.entry(metric.to_owned()).or_default().extend(names(labels));
        }
    }
    asked
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = String> + '_> {
    match value {
        Value::String(text) => Box::new([text.clone()].into_iter()),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        _ => Box::new([].into_iter()),
    }
}

/// `metric{labels}`, as PromQL has it; a template's `{{…}}` stands alone.
fn selectors(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let metric = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c))).next()?;
        (!metric.is_empty()).then_some((metric, after))
    })
}

/// The names of `a="…", b=~"…"}`: what stands between the values.
fn names(labels: &str) -> impl Iterator<Item = String> {
    let between = labels.split('"').step_by(2).map(|part| part.trim_matches([' ', '\n', ',', '=', '!', '~']));
    between.take_while(|name| !name.starts_with('}')).map(str::to_owned)
}

#[test]
fn selectors_are_read() {
    let text = "sum by (a) (rate(x_total{b=\"1\", c!~\"/v1/{d}\"}[5m])) > 1 # {{ $labels.e }}: {{f}} on y:z{g=\"\"}";
    let read: Vec<_> = selectors(text).map(|(metric, labels)| (metric, names(labels).collect::<Vec<_>>())).collect();
    assert_eq!(read, [("x_total", vec!["b".to_owned(), "c".to_owned()]), ("y:z", vec!["g".to_owned()])]);
}
