//! A table, what the engine says of it, and how to ask SQL.
#![allow(dead_code, reason = "each test file uses its own part")]

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use echoes_engine::{Engine, Request};
use echoes_io::{Memory, View};
use serde_json::{Value, json};

/// No more than a sketch of quantiles keeps all of: beyond that its answer depends on how the rows are dealt out.
pub(crate) const ROWS: i64 = 18_000;
pub(crate) const GROUPS: i64 = 3;

/// A group, a double far from zero, an integer; x is absent in every seventh row.
pub(crate) fn row(i: i64) -> (i64, Option<f64>, i64) {
    let noise = (i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> 40) as f64 / 1e3;
    (i % GROUPS, (i % 7 != 3).then_some(1e7 + noise), i * i % 1009)
}

/// x and y of the rows of a group, of all for `None`, without those that lack x.
pub(crate) fn columns(rows: &[i64], group: Option<i64>) -> [Vec<f64>; 2] {
    let rows = rows.iter().map(|&i| row(i)).filter(|(g, x, _)| x.is_some() && group.is_none_or(|group| *g == group));
    let (x, y): (Vec<f64>, Vec<f64>) = rows.map(|(_, x, y)| (x.unwrap(), y as f64)).unzip();
    [x, y]
}

/// What the engine says of as many of the columns as the kernel takes.
pub(crate) fn engine(name: &str, parameters: Value, columns: &[Vec<f64>]) -> String {
    let kernel = (echoes_stats::find(name).unwrap().bind)(parameters).unwrap();
    let columns = &columns[..width(name)];
    let memory = Memory::named(columns.iter().enumerate().map(|(i, x)| (format!("c{i}"), View::from(x))));
    let requests = [Request { kernel: kernel.as_ref(), columns: (0..columns.len()).collect() }];
    let (mut answers, _) = Engine::new().job().answers(&memory, &requests).unwrap();
    answers.pop().unwrap().unwrap().get().to_owned()
}

fn width(kernel: &str) -> usize {
    if echoes_stats::find(kernel).unwrap().spec.columns.accepts(1) { 1 } else { 2 }
}

/// Parameters that a kernel cannot do without.
fn required(kernel: &str) -> Value {
    match kernel {
        "percentileofscore" => json!({ "score": 0.5 }),
        "pmean" => json!({ "p": 3.0 }),
        _ => json!({}),
    }
}

/// Every kernel with a call of its function: `echoes_cov(x, y)`.
pub(crate) fn calls() -> Vec<(String, String)> {
    let call = |aggregate: datafusion::logical_expr::AggregateUDF| {
        let kernel = aggregate.name().strip_prefix("echoes_").unwrap().to_owned();
        let columns = ["x", "x, y"][width(&kernel) - 1];
        let call = match required(&kernel).to_string().as_str() {
            "{}" => format!("{}({columns})", aggregate.name()),
            parameters => format!("{}({columns}, '{parameters}')", aggregate.name()),
        };
        (kernel, call)
    };
    let calls: Vec<_> = echoes_datafusion::aggregates().map(call).collect();
    assert!(calls.len() >= 12, "{calls:?}");
    calls
}

/// One column of the answer, as text.
pub(crate) async fn ask(context: &SessionContext, query: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for batch in context.sql(query).await?.collect().await? {
        let column: &ArrayRef = batch.column(0);
        for i in 0..column.len() {
            found.push(match column.data_type() {
                _ if column.is_null(i) => "null".to_owned(),
                DataType::Float64 => json!(column.as_primitive::<Float64Type>().value(i)).to_string(),
                DataType::Int64 => column.as_primitive::<Int64Type>().value(i).to_string(),
                _ => column.as_string::<i32>().value(i).to_owned(),
            });
        }
    }
    Ok(found)
}

/// Every function, grouped and not, says of the table `t` of these rows what the engine says.
pub(crate) async fn assert_agreed(context: &SessionContext, rows: &[i64], agrees: fn(&str, &str, &str)) -> Result<()> {
    for (kernel, call) in calls() {
        let all = ask(context, &format!("SELECT {call} FROM t")).await?;
        agrees(&all[0], &engine(&kernel, required(&kernel), &columns(rows, None)), &kernel);
        let grouped = ask(context, &format!("SELECT {call} FROM t GROUP BY g ORDER BY g")).await?;
        assert_eq!(grouped.len(), GROUPS as usize, "{kernel}");
        for (group, found) in (0..GROUPS).zip(&grouped) {
            agrees(found, &engine(&kernel, required(&kernel), &columns(rows, Some(group))), &kernel);
        }
    }
    Ok(())
}

/// Numbers in two texts agree within 1e-10 of themselves: what another order of merges may change in these data.
pub(crate) fn close(found: &str, expected: &str, what: &str) {
    let numbers = |text: &str| -> Vec<f64> {
        let words = text.split(|c: char| !(c.is_ascii_digit() || ".eE+-".contains(c)));
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let (a, b) = (numbers(found), numbers(expected));
    assert!(!b.is_empty() && a.len() == b.len(), "{what}: {found} against {expected}");
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= 1e-10 * a.abs().max(b.abs()).max(1e-3), "{what}: {found} against {expected}");
    }
}
