//! The registry in SQL: grouped and not, over partitions and batches, beside the engine itself.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod common;

use common::{ROWS, ask, assert_agreed, close, columns, engine, row};
use datafusion::arrow::array::{Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rows as the table `t`, dealt out to partitions in runs of 50, each in batches of so many.
fn context(rows: &[i64], partitions: usize, batch: usize) -> Result<SessionContext> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("g", DataType::Int64, false),
        Field::new("x", DataType::Float64, true),
        Field::new("y", DataType::Int64, false),
    ]));
    let batch_of = |rows: &[i64]| {
        let g: Int64Array = rows.iter().map(|&i| Some(row(i).0)).collect();
        let x: Float64Array = rows.iter().map(|&i| row(i).1).collect();
        let y: Int64Array = rows.iter().map(|&i| Some(row(i).2)).collect();
        RecordBatch::try_new(schema.clone(), vec![Arc::new(g), Arc::new(x), Arc::new(y)]).unwrap()
    };
    let dealt = |partition| {
        let runs = rows.chunks(50).skip(partition).step_by(partitions);
        runs.collect::<Vec<_>>().concat().chunks(batch).map(batch_of).collect()
    };
    let table = MemTable::try_new(schema.clone(), (0..partitions).map(dealt).collect())?;
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions));
    context.register_table("t", Arc::new(table))?;
    echoes_datafusion::register_all(&context);
    Ok(context)
}

fn all() -> Vec<i64> {
    (0..ROWS).collect()
}

#[tokio::test]
async fn every_function_agrees_with_the_engine_over_partitions_and_batches() -> Result<()> {
    let rows = all();
    for (partitions, batch) in [(4, 1300), (7, 77), (2, 8192), (1, 3)] {
        assert_agreed(&context(&rows, partitions, batch)?, &rows, close).await?;
    }
    Ok(())
}

#[tokio::test]
async fn where_blocks_are_the_same_so_are_the_bits() -> Result<()> {
    // One batch of three blocks without a NULL, of which each group is one.
    let rows: Vec<i64> = all().into_iter().filter(|i| row(*i).1.is_some()).take(6000).collect();
    let same = |found: &str, expected: &str, what: &str| assert_eq!(found, expected, "{what}");
    assert_agreed(&context(&rows, 1, 6000)?, &rows, same).await
}

#[tokio::test]
async fn parameters_are_json_and_bad_ones_are_refused_with_their_name() -> Result<()> {
    let context = context(&all(), 4, 1300)?;
    let found = ask(&context, "SELECT echoes_std(x, '{\"ddof\": 1}') FROM t").await?;
    close(&found[0], &engine("std", json!({ "ddof": 1 }), &columns(&all(), None)), "std");
    for (query, needle) in [
        ("SELECT echoes_std(x, '{\"dof\": 1}') FROM t", "dof"),
        ("SELECT echoes_std(x, 'one') FROM t", "not JSON"),
        ("SELECT echoes_std(x, y, y) FROM t", "one column"),
        ("SELECT echoes_std(y, x - 2e7) FROM t", "weight"),
        ("SELECT echoes_std(DISTINCT x), echoes_std(DISTINCT y) FROM t", "DISTINCT"),
        ("SELECT echoes_std(CAST(g AS VARCHAR)) FROM t", "one column"),
        ("SELECT echoes_std(x > 1) FROM t", "numbers"),
    ] {
        let error = ask(&context, query).await.unwrap_err().to_string();
        assert!(error.contains(needle), "{query}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn one_column_more_is_weights() -> Result<()> {
    let [x, w] = columns(&all(), None);
    let weighted: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
    let found = ask(&context(&all(), 4, 1300)?, "SELECT echoes_mean(x, y) FROM t").await?;
    close(&found[0], &(weighted / w.iter().sum::<f64>()).to_string(), "mean");
    Ok(())
}

#[tokio::test]
async fn the_planner_makes_distinct_rows_of_one_column() -> Result<()> {
    let context = context(&all(), 4, 1300)?;
    let distinct: BTreeSet<i64> = all().into_iter().map(|i| row(i).2).collect();
    assert!(distinct.len() < 1000);
    let found = ask(&context, "SELECT echoes_std(DISTINCT y) FROM t").await?;
    close(&found[0], &engine("std", json!({}), &[distinct.iter().map(|&y| y as f64).collect()]), "std");
    Ok(())
}

#[tokio::test]
async fn no_rows_are_null() -> Result<()> {
    let context = context(&all(), 4, 1300)?;
    let of_group_1 = columns(&all(), Some(1))[0].len().to_string();
    for (query, wanted) in [
        ("SELECT echoes_mean(x) FROM t WHERE g > 99", vec!["null"]),
        ("SELECT echoes_count(x) FROM t WHERE g > 99", vec!["0"]),
        ("SELECT echoes_count(x) FILTER (WHERE g = 1) FROM t GROUP BY g = 1 ORDER BY g = 1", vec!["0", &of_group_1]),
        (
            "SELECT echoes_max(y) FILTER (WHERE g = 1 AND y = 4) FROM t GROUP BY g ORDER BY g",
            vec!["null", "4.0", "null"],
        ),
        ("SELECT echoes_std(CAST(NULL AS DOUBLE)) FROM t", vec!["null"]),
        ("SELECT echoes_mean(x) FROM t WHERE g > 99 GROUP BY g", vec![]),
    ] {
        assert_eq!(ask(&context, query).await?, wanted, "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn numbers_of_every_type_are_taken_and_integers_are_exact() -> Result<()> {
    let context = context(&all(), 4, 1300)?;
    let small: Vec<f64> = (0..ROWS).map(|i| (row(i).2 % 100) as f64).collect();
    let mean = engine("mean", json!({}), std::slice::from_ref(&small));
    let signed = ["TINYINT", "SMALLINT", "INT", "BIGINT"];
    let unsigned = ["TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED", "BIGINT UNSIGNED"];
    for number in signed.into_iter().chain(unsigned).chain(["REAL", "DOUBLE", "DECIMAL(9, 2)"]) {
        let found = ask(&context, &format!("SELECT echoes_mean(CAST(y % 100 AS {number})) FROM t")).await?;
        close(&found[0], &mean, number);
        let found = ask(&context, &format!("SELECT echoes_sum(CAST(y % 100 AS {number})) FROM t")).await?;
        assert_eq!(found[0].parse::<f64>().unwrap(), small.iter().sum::<f64>(), "{number}");
    }
    let query = "SELECT echoes_sum(v) FROM (VALUES (9007199254740993), (-9007199254740992), (NULL)) AS w(v)";
    assert_eq!(ask(&context, query).await?[0].parse::<f64>().unwrap(), 1.0);
    let query = "SELECT echoes_max(CAST(x AS REAL)) FROM t";
    let most = columns(&all(), None)[0].iter().map(|&x| f64::from(x as f32)).fold(0.0, f64::max);
    assert_eq!(ask(&context, query).await?[0].parse::<f64>().unwrap(), most);
    Ok(())
}
