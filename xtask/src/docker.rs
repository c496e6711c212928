//! `docker`: what can be checked of `docker/` without a container engine: the alerts against their tests, by promtool.

use crate::{Outcome, Stop, no_args, shell};
use serde_json::{Value, json};
use std::fs;

const DASHBOARD: &str = "docker/grafana/dashboards/echoes.json";

/// The dashboard's expressions as rules, which promtool can read.
const EXPRESSIONS: &str = "target/xtask/dashboard.json";

pub(crate) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    if !shell::works(shell::program("promtool").arg("--version")) {
        return Err(Stop::Skipped("no promtool; Debian has it in the package `prometheus`".to_owned()));
    }
    promtool(&["check", "config", "docker/prometheus/prometheus.yml"])?;
    promtool(&["test", "rules", "docker/prometheus/rules_test.yml"])?;
    write_expressions()?;
    promtool(&["check", "rules", EXPRESSIONS])
}

fn promtool(args: &[&str]) -> Outcome {
    shell::run(shell::program("promtool").args(args))
}

fn write_expressions() -> Outcome {
    let failed = |error: &dyn std::fmt::Display| Stop::Failed(format!("{DASHBOARD}: {error}"));
    let text = fs::read_to_string(shell::root().join(DASHBOARD)).map_err(|error| failed(&error))?;
    let dashboard: Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let path = shell::root().join(EXPRESSIONS);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    written.and_then(|()| fs::write(path, as_rules(&dashboard).to_string())).map_err(|error| failed(&error))
}

/// A rule for each expression. JSON is YAML too.
fn as_rules(dashboard: &Value) -> Value {
    let rules = expressions(dashboard).into_iter().enumerate().map(|(at, expression)| {
        json!({"record": format!("panel:{at}"), "expr": expression.replace("$__rate_interval", "1m")})
    });
    json!({"groups": [{"name": "dashboard", "rules": rules.collect::<Vec<_>>()}]})
}

/// The values of `expr`, wherever they stand.
fn expressions(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        Value::Object(fields) => {
            let here = fields.get("expr").and_then(Value::as_str);
            here.into_iter().chain(fields.values().flat_map(expressions)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_found_at_any_depth() {
        let dashboard = json!({"panels": [{"targets": [{"expr": "rate(a[$__rate_interval])"}, {"expr": "b"}]}, 1]});
        let rules = json!([{"record": "panel:0", "expr": "rate(a[1m])"}, {"record": "panel:1", "expr": "b"}]);
        assert_eq!(as_rules(&dashboard)["groups"][0]["rules"], rules);
    }
}
