//! What the law tests share: every kernel of the registry with parameters, columns, awkward data.
#![allow(dead_code, reason = "each test file uses its own part")]

use echoes_engine::{Engine, Request, Result};
use echoes_io::{Memory, View};
use echoes_kernel::{Answer, Arity, BoundKernel, Bundle, Entry, Shape, Spec, Step};
use echoes_stats::{KERNELS, expr::MAP};
use serde_json::{Map, Value, json};

/// The kernel with its required parameters filled in and the rest by default.
pub(crate) fn bind(entry: &Entry) -> Box<dyn BoundKernel> {
    (entry.bind)(Value::Object(required(entry))).unwrap_or_else(|e| panic!("{}: {e}", entry.spec.name))
}

/// A value for each required parameter, made from its schema, and one where one of several is.
pub(crate) fn required(entry: &Entry) -> Map<String, Value> {
    let schema = (entry.params)();
    let names = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let one_of_several = entry.spec.name.starts_with("ewm_").then(|| ("alpha".to_owned(), json!(0.25)));
    names
        .iter()
        .filter_map(Value::as_str)
        .map(|name| (name.to_owned(), example(&schema.as_value()["properties"][name])))
        .chain(one_of_several)
        .collect()
}

/// A value that a property's schema allows.
fn example(property: &Value) -> Value {
    match property["type"].as_str() {
        Some("array") => json!([example(&property["items"])]),
        Some("integer") => json!(property["minimum"].as_u64().unwrap_or(0).max(3)),
        Some("number") => json!(property["maximum"].as_f64().unwrap_or(1.0) / 2.0),
        other => panic!("the law tests cannot make a parameter of type {other:?} yet: teach `example` how"),
    }
}

/// Every kernel of the registry, those that can add without rounding once more so, those that take weights once more with some, and
/// an expression.
pub(crate) fn kernels() -> impl Iterator<Item = Box<dyn BoundKernel>> {
    let all = KERNELS.iter().map(bind).chain(KERNELS.iter().filter_map(exact));
    all.chain(KERNELS.iter().filter_map(weighted)).chain([expression()])
}

/// A kernel that is given weights: it has a name of its own, and takes a column more.
struct Weighted(Box<dyn BoundKernel>);

/// What such names begin with.
const WEIGHTED: &str = "weighted ";

impl BoundKernel for Weighted {
    fn spec(&self) -> Spec {
        let spec = self.0.spec();
        Spec { name: format!("{WEIGHTED}{}", spec.name).leak(), ..spec }
    }
    fn params(&self) -> Value {
        self.0.params()
    }
    fn telling_infinities(self: Box<Self>) -> Box<dyn BoundKernel> {
        Box::new(Self(self.0.telling_infinities()))
    }
    fn wants_sample(&self) -> bool {
        self.0.wants_sample()
    }
    fn rows_made(&self, rows: u64) -> u64 {
        self.0.rows_made(rows)
    }
    fn spread(&self, shape: &Shape<'_>, bundle: &mut Bundle) -> echoes_kernel::Result<()> {
        self.0.spread(shape, bundle)
    }
    fn finish(&self, shape: &Shape<'_>, bundle: &Bundle) -> echoes_kernel::Result<Step> {
        self.0.finish(shape, bundle)
    }
}

/// The kernel with weights, if it takes some.
fn weighted(entry: &Entry) -> Option<Box<dyn BoundKernel>> {
    entry.spec.weighable.then(|| Box::new(Weighted(bind(entry))) as Box<dyn BoundKernel>)
}

/// The kernel in exact mode, if it has one.
fn exact(entry: &Entry) -> Option<Box<dyn BoundKernel>> {
    let mut params = required(entry);
    params.insert("mode".to_owned(), json!("exact"));
    (entry.bind)(Value::Object(params)).ok()
}

/// An expression of three columns with every function, every aggregate, and powers.
fn expression() -> Box<dyn BoundKernel> {
    let expr = "exp(-((x - mean(x)) / std(x))^2 / 2) * abs(y)^(z / max(abs(z))) \
        + ln(abs(x * y) + 1)^3 * (z > min(y)) - sqrt(abs(z)) / sum(abs(x - y))";
    (MAP.bind)(json!({ "expr": expr })).unwrap_or_else(|e| panic!("{e}"))
}

/// The columns that a kernel is given out of four, of which the last one has weights.
pub(crate) fn columns_for(kernel: &dyn BoundKernel) -> Vec<usize> {
    let spec = kernel.spec();
    match spec.columns {
        Arity::Exactly(n) if spec.name.starts_with(WEIGHTED) => (0..n).chain([3]).collect(),
        Arity::Exactly(n) | Arity::Samples(n) => (0..n).collect(),
        Arity::AtLeast(_) if spec.name == "wls" => vec![0, 3, 1],
        Arity::AtLeast(n) => (0..n.max(3)).collect(),
    }
}

/// Four columns of doubles, in no order, over eleven powers of ten, with ties; of the last one there are the sizes alone.
pub(crate) fn columns(rows: usize) -> Vec<Vec<f64>> {
    let value = |row: usize, column: usize| {
        let mixed = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17 * column as u32 + 7);
        let scale = 10f64.powi((mixed % 11) as i32 - 5);
        let value = ((mixed >> 20) % 100_003) as f64 * scale / 7.0 - scale;
        if column == 3 { value.abs() } else { value }
    };
    (0..4).map(|column| (0..rows).map(|row| value(row, column)).collect()).collect()
}

/// Columns as a source.
pub(crate) fn memory(columns: &[Vec<f64>]) -> Memory<'_> {
    Memory::named(columns.iter().enumerate().map(|(i, column)| (format!("c{i}"), View::from(column))))
}

/// One kernel's answer.
pub(crate) fn answer(engine: &Engine, columns: &[Vec<f64>], kernel: &dyn BoundKernel) -> Result<Answer> {
    let requests = [Request { kernel, columns: columns_for(kernel) }];
    let (mut answers, _) = engine.job().answers(&memory(columns), &requests)?;
    answers.pop().unwrap_or_else(|| panic!("an answer for each request"))
}

/// Whether two answers say the same, numbers within a relative error; of numbers smaller than `least` it is one of that.
pub(crate) fn close(a: &Value, b: &Value, error: f64, least: f64) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= error * a.abs().max(b.abs()).max(least)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b, error, least))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| close(a, &b[key], error, least))
        }
        (a, b) => a == b,
    }
}
