//! A kernel's answer, from the text of a request.

use crate::{
    Config,
    body::{self, Body},
    problem::{Kind, Problem},
};
use axum::body::Bytes;
use echoes_engine::{Cancel, Engine, Error, Report, Request};
use echoes_io::Memory;
use echoes_kernel::{Answer, Entry, Reject};
use echoes_stats::expr::{Expression, MAP};
use serde::Serialize;
use serde_json::value::Value;

/// The JSON of an answer.
#[derive(Serialize)]
struct Answered<'a> {
    kernel: &'static str,
    params: Value,
    columns: Vec<&'a str>,
    result: Answer,
    rows: u64,
    backend: &'static str,
    elapsed_ms: f64,
}

/// Reads the request, runs the kernel, writes the answer.
pub(crate) fn answer(
    engine: &Engine,
    entry: &Entry,
    text: Bytes,
    config: &Config,
    cancel: &Cancel,
) -> Result<Vec<u8>, Problem> {
    let body = body::parse(&text, entry.spec.columns, config.columns_max)?;
    drop(text);
    let columns = order(entry, &body)?;
    let kernel = (entry.bind)(body.params).map_err(|reject| refuse(reject.into()))?;
    let source = Memory::named(body.columns.iter().map(|(name, column)| (name.clone(), column.slice())));
    let request = Request { kernel: kernel.as_ref(), columns: columns.clone() };
    let (result, report) = run(engine, &source, request, body.nan, cancel).map_err(refuse)?;
    let answered = Answered {
        kernel: entry.spec.name,
        params: kernel.params(),
        columns: columns.iter().map(|&i| body.columns[i].0.as_str()).collect(),
        result,
        rows: report.rows,
        backend: report.backend,
        elapsed_ms: (report.seconds * 1e6).round() / 1e3,
    };
    serde_json::to_vec(&answered).map_err(|_| Problem::internal())
}

/// Which columns the kernel gets: those of the request as they come; an expression names its own.
fn order(entry: &Entry, body: &Body) -> Result<Vec<usize>, Problem> {
    let text = body.params.get("expr").and_then(Value::as_str).filter(|_| entry.spec.name == MAP.spec.name);
    let Some(text) = text else { return Ok((0..body.columns.len()).collect()) };
    let names: Vec<&str> = body.columns.iter().map(|(name, _)| name.as_str()).collect();
    let located = Expression::parse(text).and_then(|expression| expression.locate(&names));
    located.map_err(|error| Kind::Rejected.because(error.to_string()))
}

fn run(
    engine: &Engine,
    source: &Memory<'_>,
    request: Request<'_>,
    nan: echoes_kernel::Nan,
    cancel: &Cancel,
) -> Result<(Answer, Report), Error> {
    let (mut answers, report) = engine.job().nan(nan).cancel(cancel).answers(source, &[request])?;
    let answer = answers.pop().unwrap_or(Err(Error::Reject(Reject::Kernel("it has no answer"))))?;
    Ok((answer, report))
}

/// What a client learns of an error.
fn refuse(error: Error) -> Problem {
    match error {
        Error::Reject(Reject::Kernel(_) | Reject::Wire(_)) => Problem::internal(),
        Error::Reject(reject) => Kind::Rejected.because(reject.to_string()),
        Error::Source(error) if error.kind == echoes_io::Kind::Column => Kind::Rejected.because(error.what),
        Error::Cancelled => Kind::Deadline.because("the computation was cancelled"),
        Error::Threads { .. } => Kind::Busy.because("the server cannot start threads: try again in a second"),
        _ => Problem::internal(),
    }
}
