//! The registry in SQL: grouped and not, over partitions and over a cluster, beside the engine itself.

use ballista::prelude::SessionContextExt as _;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{CsvReadOptions, SessionConfig, SessionContext};
use echoes_engine::{Engine, Request};
use echoes_io::{Memory, View};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;

const ROWS: i64 = 20_000;
const GROUPS: i64 = 3;

/// A group, a double far from zero, an integer; x is absent in every seventh row.
fn row(i: i64) -> (i64, Option<f64>, i64) {
    let noise = (i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> 40) as f64 / 1e3;
    (i % GROUPS, (i % 7 != 3).then_some(1e7 + noise), i * i % 1009)
}

/// Some rows of a group, of the whole for `None`, without those that lack x.
fn columns(group: Option<i64>) -> [Vec<f64>; 2] {
    let rows = (0..ROWS).map(row).filter(|(g, x, _)| x.is_some() && group.is_none_or(|group| *g == group));
    let (x, y): (Vec<f64>, Vec<f64>) = rows.map(|(_, x, y)| (x.unwrap(), y as f64)).unzip();
    [x, y]
}

/// The table over several partitions, each of several batches.
fn context() -> Result<SessionContext> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("g", DataType::Int64, false),
        Field::new("x", DataType::Float64, true),
        Field::new("y", DataType::Int64, false),
    ]));
    let batch = |rows: Vec<i64>| {
        let g: Int64Array = rows.iter().map(|&i| Some(row(i).0)).collect();
        let x: Float64Array = rows.iter().map(|&i| row(i).1).collect();
        let y: Int64Array = rows.iter().map(|&i| Some(row(i).2)).collect();
        RecordBatch::try_new(schema.clone(), vec![Arc::new(g), Arc::new(x), Arc::new(y)])
    };
    let mut partitions = Vec::new();
    for partition in 0..4 {
        let rows: Vec<i64> = (0..ROWS).filter(|i| i / 50 % 4 == partition).collect();
        partitions
            .push(rows.chunks(1300).map(|rows| batch(rows.to_vec())).collect::<std::result::Result<Vec<_>, _>>()?);
    }
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(4));
    context.register_table("t", Arc::new(MemTable::try_new(schema, partitions)?))?;
    echoes_datafusion::register_all(&context);
    Ok(context)
}

/// What the engine says of columns.
fn engine(name: &str, parameters: serde_json::Value, columns: &[Vec<f64>]) -> String {
    let entry = echoes_stats::KERNELS.iter().find(|entry| entry.spec.name == name).unwrap();
    let kernel = (entry.bind)(parameters).unwrap();
    let memory = Memory::named(columns.iter().enumerate().map(|(i, x)| (format!("c{i}"), View::from(x))));
    let requests = [Request { kernel: kernel.as_ref(), columns: (0..columns.len()).collect() }];
    let (mut answers, _) = Engine::new().job().answers(&memory, &requests).unwrap();
    answers.pop().unwrap().unwrap().get().to_owned()
}

/// One column of the answer, as doubles or as text.
async fn ask(context: &SessionContext, query: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for batch in context.sql(query).await?.collect().await? {
        let column: &ArrayRef = batch.column(0);
        for i in 0..column.len() {
            found.push(match column.data_type() {
                _ if column.is_null(i) => "null".to_owned(),
                DataType::Float64 => column.as_primitive::<Float64Type>().value(i).to_string(),
                DataType::Int64 => column.as_primitive::<Int64Type>().value(i).to_string(),
                _ => column.as_string::<i32>().value(i).to_owned(),
            });
        }
    }
    Ok(found)
}

/// Numbers in two texts agree within the stated error of a merge in another order.
fn assert_close(found: &str, expected: &str, what: &str) {
    let numbers = |text: &str| -> Vec<f64> {
        text.split(|c: char| !(c.is_ascii_digit() || ".eE+-".contains(c)))
            .filter_map(|word| word.parse().ok())
            .collect()
    };
    let (a, b) = (numbers(found), numbers(expected));
    assert!(!b.is_empty() && a.len() == b.len(), "{what}: {found} against {expected}");
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= 1e-10 * a.abs().max(b.abs()).max(1e-3), "{what}: {found} against {expected}");
    }
}

#[tokio::test]
async fn every_function_says_what_the_engine_says_grouped_and_not() -> Result<()> {
    let context = context()?;
    let mut tried = 0;
    for aggregate in echoes_datafusion::aggregates() {
        let name = aggregate.name();
        let kernel = name.strip_prefix("echoes_").unwrap();
        let entry = echoes_stats::KERNELS.iter().find(|entry| entry.spec.name == kernel).unwrap();
        let pair = !entry.spec.columns.accepts(1);
        let (arguments, width) = if pair { ("x, y", 2) } else { ("x", 1) };
        let all = ask(&context, &format!("SELECT {name}({arguments}) FROM t")).await?;
        assert_close(&all[0], &engine(kernel, json!({}), &columns(None)[..width]), name);
        let grouped = ask(&context, &format!("SELECT {name}({arguments}) FROM t GROUP BY g ORDER BY g")).await?;
        assert_eq!(grouped.len(), GROUPS as usize);
        for (group, found) in (0..GROUPS).zip(&grouped) {
            assert_close(found, &engine(kernel, json!({}), &columns(Some(group))[..width]), name);
        }
        tried += 1;
    }
    assert!(tried >= 12, "{tried} functions");
    Ok(())
}

#[tokio::test]
async fn parameters_are_json_and_bad_ones_are_refused_with_their_name() -> Result<()> {
    let context = context()?;
    let found = ask(&context, "SELECT echoes_std(x, '{\"ddof\": 1}') FROM t").await?;
    assert_close(&found[0], &engine("std", json!({ "ddof": 1 }), &columns(None)[..1]), "std");
    for (query, needle) in [
        ("SELECT echoes_std(x, '{\"dof\": 1}') FROM t", "dof"),
        ("SELECT echoes_std(x, 'one') FROM t", "not JSON"),
        ("SELECT echoes_std(x, y) FROM t", "one column"),
        ("SELECT echoes_std(DISTINCT x) FROM t", "DISTINCT"),
        ("SELECT echoes_std(CAST(g AS VARCHAR)) FROM t", "one column"),
        ("SELECT echoes_std(x > 1) FROM t", "numbers"),
    ] {
        let error = ask(&context, query).await.unwrap_err().to_string();
        assert!(error.contains(needle), "{query}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn no_rows_are_null_and_integers_are_exact() -> Result<()> {
    let context = context()?;
    assert_eq!(ask(&context, "SELECT echoes_mean(x) FROM t WHERE g > 99").await?, ["null"]);
    assert_eq!(ask(&context, "SELECT echoes_count(x) FROM t WHERE g > 99").await?, ["0"]);
    let sum: i64 = (0..ROWS).map(|i| row(i).2).sum();
    let found = ask(&context, "SELECT echoes_sum(y) FROM t").await?;
    assert_eq!(found[0].parse::<f64>().unwrap(), sum as f64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ballista_cluster_says_the_same() -> Result<()> {
    let mut state = SessionStateBuilder::new()
        .with_config(SessionConfig::new().with_target_partitions(4))
        .with_default_features()
        .build();
    for aggregate in echoes_datafusion::aggregates() {
        datafusion::execution::FunctionRegistry::register_udaf(&mut state, Arc::new(aggregate))?;
    }
    let context = SessionContext::standalone_with_state(state).await?;
    // Files, because executors read them themselves.
    let directory = tempfile::tempdir()?;
    for part in 0..3 {
        let mut text = "g,x,y\n".to_owned();
        for (g, x, y) in (0..ROWS).filter(|i| i % 3 == part).map(row) {
            let x = x.map_or(String::new(), |x| x.to_string());
            let _ = writeln!(text, "{g},{x},{y}");
        }
        std::fs::write(directory.path().join(format!("{part}.csv")), text)?;
    }
    let path = directory.path().display().to_string();
    context.register_csv("t", &path, CsvReadOptions::new()).await?;
    let found = ask(&context, "SELECT echoes_std(x) FROM t GROUP BY g ORDER BY g").await?;
    assert_eq!(found.len(), GROUPS as usize);
    for (group, found) in (0..GROUPS).zip(&found) {
        assert_close(found, &engine("std", json!({}), &columns(Some(group))[..1]), "std");
    }
    let found = ask(&context, "SELECT echoes_corr(x, y) FROM t").await?;
    assert_close(&found[0], &engine("corr", json!({}), &columns(None)), "corr");
    Ok(())
}
