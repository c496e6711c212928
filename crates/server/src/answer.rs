//! A kernel's answer, in the form that the client wants.

use crate::{
    answers::ECHOES_CACHE,
    gate::Memory,
    media::{NPY, Wanted, gzip},
    problem::{Kind, Problem},
    routes::JSON,
    work::to_its_end,
};
use axum::{
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use echoes_cache::Cache;
use echoes_engine::{Cancel, Engine, Error, Report, Request, Sink};
use echoes_io::{
    Source,
    names::{find, shorten},
    npy,
};
use echoes_kernel::{Answer, BoundKernel, Entry, Nan, Reject};
use echoes_stats::expr::{Expression, MAP};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use std::io::Cursor;

/// Columns that a message names.
const NAMED_MAX: usize = 12;

/// A kernel, and the data that it is to have.
pub(crate) struct Asked<'a> {
    pub source: &'a dyn Source,
    pub kernel: &'a dyn BoundKernel,
    pub columns: Vec<usize>,
    pub nan: Nan,
    /// Where the partials are kept, and what the contents of the source are known by there.
    pub kept: Option<(&'a Cache, &'a [u8])>,
    /// Whether the answer says how long it took: one with an entity tag has the same bytes every time.
    pub timed: bool,
}

/// The JSON of an answer.
#[derive(Serialize)]
struct Answered<'a> {
    kernel: &'static str,
    params: Value,
    columns: Vec<&'a str>,
    result: Answer,
    rows: u64,
    backend: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_ms: Option<f64>,
}

/// An answer, written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    pub body: Bytes,
    pub media: &'static str,
    pub gzip: bool,
    /// What the cache of partials did: `hit`, `partial`, `miss`; nothing where there is none.
    pub found: &'static str,
}

/// What a cache of partials did for a run.
pub(crate) const fn found(report: &Report) -> &'static str {
    match (report.cached, report.computed) {
        (0, 0) => "",
        (0, _) => "miss",
        (_, 0) => "hit",
        _ => "partial",
    }
}

impl Made {
    fn new(body: Vec<u8>, media: &'static str, wanted: Wanted) -> Self {
        let (body, gzip) = gzip(body, wanted);
        Self { body: body.into(), media, gzip, found: "" }
    }

    /// An answer of JSON.
    pub(crate) fn json(value: &impl Serialize, wanted: Wanted) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value).map_err(Problem::internal)?;
        Ok(Self::new(body, JSON, wanted))
    }

    /// The answer, which gives the memory back when its last byte has been sent.
    pub(crate) fn holding(self, memory: Memory) -> Self {
        Self { body: Bytes::from_owner(Held { body: self.body, _memory: memory }), ..self }
    }
}

/// An answer's bytes, and the room that they take.
struct Held {
    body: Bytes,
    _memory: Memory,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl IntoResponse for Made {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(self.media))];
        let mut response = (kind, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        if !self.found.is_empty() {
            headers.insert(ECHOES_CACHE, HeaderValue::from_static(self.found));
        }
        if self.gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

impl Asked<'_> {
    /// Runs the kernel and writes its answer.
    pub(crate) fn answer(self, engine: &Engine, cancel: &Cancel, wanted: Wanted) -> Result<Made, Problem> {
        if wanted.npy { self.array(engine, cancel, wanted) } else { self.json(engine, cancel, wanted) }
    }

    fn request(&self) -> Request<'_> {
        Request { kernel: self.kernel, columns: self.columns.clone() }
    }

    fn run(&self, engine: &Engine, cancel: &Cancel) -> Result<(Answer, Report), Problem> {
        let mut job = engine.job().nan(self.nan).cancel(cancel);
        if let Some((cache, content)) = self.kept {
            job = job.cache(cache, content);
        }
        let (mut answers, report) =
            to_its_end(|held| job.holding(held).answers(self.source, &[self.request()])).map_err(refuse)?;
        let answer = answers.pop().unwrap_or(Err(Error::Reject(Reject::Kernel("it has no answer"))));
        Ok((answer.map_err(refuse)?, report))
    }

    fn json(&self, engine: &Engine, cancel: &Cancel, wanted: Wanted) -> Result<Made, Problem> {
        let (result, report) = self.run(engine, cancel)?;
        let answered = Answered {
            kernel: self.kernel.spec().name,
            params: self.kernel.params(),
            columns: names(self.source, &self.columns),
            result,
            rows: report.rows,
            backend: report.backend,
            elapsed_ms: self.timed.then(|| milliseconds(&report)),
        };
        Ok(Made { found: found(&report), ..Made::json(&answered, wanted)? })
    }

    /// The result alone, as an array.
    fn array(&self, engine: &Engine, cancel: &Cancel, wanted: Wanted) -> Result<Made, Problem> {
        let body = if self.kernel.spec().form.writes_columns() {
            let mut array = Array(None);
            let job = engine.job().nan(self.nan).cancel(cancel);
            to_its_end(|held| job.holding(held).write(self.source, &self.request(), &mut array)).map_err(refuse)?;
            array.finish()?
        } else {
            let (answer, report) = self.run(engine, cancel)?;
            return Ok(Made { found: found(&report), ..Made::new(written(&answer)?, NPY, wanted) });
        };
        Ok(Made::new(body, NPY, wanted))
    }
}

/// The kernel with these parameters, which tells infinities where its answer is no JSON.
pub(crate) fn bind(entry: &Entry, params: Map<String, Value>, wanted: Wanted) -> Result<Box<dyn BoundKernel>, Problem> {
    let kernel = (entry.bind)(Value::Object(params)).map_err(|reject| refuse(reject.into()))?;
    Ok(if wanted.npy { kernel.telling_infinities() } else { kernel })
}

pub(crate) fn milliseconds(report: &Report) -> f64 {
    (report.seconds * 1e6).round() / 1e3
}

/// The names of columns.
pub(crate) fn names<'a>(source: &'a dyn Source, columns: &[usize]) -> Vec<&'a str> {
    columns.iter().filter_map(|&i| source.fields().get(i)).map(|field| field.name.as_str()).collect()
}

/// Columns on their way into a `.npy` array.
struct Array(Option<npy::NpyWriter<Cursor<Vec<u8>>>>);

impl Sink for Array {
    fn begin(&mut self, names: &[String]) -> echoes_engine::Result<()> {
        self.0 = Some(npy::NpyWriter::create(Cursor::default(), names.len()).map_err(unwritten)?);
        Ok(())
    }

    fn write(&mut self, columns: &[&[f64]]) -> echoes_engine::Result<()> {
        self.0.as_mut().map_or(Ok(()), |array| array.append_columns(columns).map_err(unwritten))
    }
}

fn unwritten(error: std::io::Error) -> Error {
    Error::Sink(error.to_string())
}

impl Array {
    fn finish(self) -> Result<Vec<u8>, Problem> {
        let array = self.0.ok_or_else(|| Problem::internal("a kernel has begun no array"))?;
        array.finish().map(Cursor::into_inner).map_err(Problem::internal)
    }
}

/// A result of numbers, or of rows of them, as an array; undefined ones are NaN. Infinities are told by numbers beyond the doubles.
fn written(answer: &Answer) -> Result<Vec<u8>, Problem> {
    type Number<'a> = Option<&'a RawValue>;
    let text = answer.get();
    let (columns, values) = if let Ok(rows) = serde_json::from_str::<Vec<Vec<Number<'_>>>>(text) {
        (rows.first().map_or(1, Vec::len), rows.into_iter().flatten().collect())
    } else {
        (1, serde_json::from_str::<Vec<Number<'_>>>(text).map_err(|_| no_array())?)
    };
    let double = |value: Number<'_>| value.map_or(Ok(f64::NAN), |value| value.get().parse().map_err(|_| no_array()));
    let values = values.into_iter().map(double).collect::<Result<Vec<f64>, Problem>>()?;
    let mut body = Vec::new();
    npy::write_npy(&mut body, columns, &values).map_err(|_| no_array())?;
    Ok(body)
}

fn no_array() -> Problem {
    Kind::NotAcceptable.because(format!("this result is no array of numbers: send the header Accept: {JSON}"))
}

/// The columns that an expression names; `None` for other kernels.
fn named(source: &dyn Source, kernel: &dyn BoundKernel) -> Result<Option<Vec<usize>>, Problem> {
    if kernel.spec().name != MAP.spec.name {
        return Ok(None);
    }
    let params = kernel.params();
    let text = params.get("expr").and_then(Value::as_str).unwrap_or_default();
    let names: Vec<&str> = source.fields().iter().map(|field| field.name.as_str()).collect();
    let located = Expression::parse(text).and_then(|expression| expression.locate(&names));
    located.map(Some).map_err(|error| Kind::Rejected.because(error.to_string()))
}

/// The columns of those names or positions, then that of the weights; without names those of the expression, or all numeric ones
/// if the kernel takes so many.
pub(crate) fn columns_of(
    source: &dyn Source,
    kernel: &dyn BoundKernel,
    (wanted, weights): (&[String], Option<&str>),
    columns_max: usize,
) -> Result<Vec<usize>, Problem> {
    let (fields, spec) = (source.fields(), kernel.spec());
    let find = |name: &str| find(fields, name).ok_or_else(|| unknown_column(source, name));
    if weights.is_some() && !spec.weighable {
        return Err(Kind::Rejected.because(format!("`{}` takes no weights", spec.name)));
    }
    let weights = weights.map(find).transpose()?;
    let mut columns: Vec<usize> = if let Some(columns) = named(source, kernel)? {
        columns
    } else if wanted.is_empty() {
        let is_numeric = |&i: &usize| Some(i) != weights && fields.get(i).is_some_and(|field| field.dtype.is_some());
        let numeric: Vec<usize> = (0..fields.len()).filter(is_numeric).take(columns_max + 1).collect();
        if numeric.is_empty() && !fields.is_empty() {
            let beside = if weights.is_some() { " beside that of the weights" } else { "" };
            return Err(Kind::Rejected.because(format!("no column is numeric{beside}; there are {}", known(source))));
        }
        numeric
    } else {
        wanted.iter().map(|name| find(name)).collect::<Result<_, _>>()?
    };
    if columns.len() > columns_max {
        return Err(Kind::Rejected.because(format!("more than {columns_max} columns")));
    }
    if !spec.columns.accepts(columns.len()) {
        let reject = Reject::Columns { kernel: spec.name, expected: spec.columns, found: columns.len() };
        return Err(refuse(reject.into()));
    }
    columns.extend(weights);
    Ok(columns)
}

fn unknown_column(source: &dyn Source, name: &str) -> Problem {
    let hint = if name.contains(',') { "; a name is given at a time" } else { "" };
    Kind::Rejected.because(format!("there is no column `{}`; there are {}{hint}", shorten(name), known(source)))
}

/// The names of the first columns.
fn known(source: &dyn Source) -> String {
    let first: Vec<usize> = (0..source.fields().len().min(NAMED_MAX)).collect();
    let known: Vec<String> = names(source, &first).into_iter().map(shorten).collect();
    known.join(", ")
}

/// What a client learns of data that cannot be read; never where they lie.
pub(crate) fn malformed(error: echoes_io::Error) -> Problem {
    let place = match error.place {
        None => String::new(),
        Some((line, 0)) => format!("line {line}: "),
        Some((line, column)) => format!("line {line} column {column}: "),
    };
    match error.kind {
        echoes_io::Kind::Malformed => Kind::Malformed.because(format!("the data: {place}{}", error.what)),
        echoes_io::Kind::Column => Kind::Rejected.because(error.what),
        _ => Problem::internal(error),
    }
}

/// What a client learns of an error.
pub(crate) fn refuse(error: Error) -> Problem {
    match error {
        Error::Reject(Reject::Kernel(_) | Reject::Wire(_)) => Problem::internal(error),
        Error::Reject(reject) => Kind::Rejected.because(reject.to_string()),
        Error::Source(error) => malformed(error),
        Error::Cancelled => Kind::Deadline.because("the computation was cancelled"),
        Error::Gpu(_) => Kind::Busy.because("the server has no graphics processor, and may not do without"),
        Error::Threads { .. } => Kind::Busy.because("the server cannot start threads: try again in a second"),
        _ => Problem::internal(error),
    }
}
