//! Many kernels on one dataset, in one reading.

use crate::{
    answer::{Made, columns_of, found, malformed, milliseconds, names, refuse},
    app::App,
    body::whole,
    catalogue,
    config::seconds,
    datasets::{NameInPath, find, name, open},
    gate::Admission,
    media::{Arriving, Media, Wanted, gunzip},
    problem::{Details, Kind, Problem},
    receive::{check_length, receive},
    room::Room,
    store::Name,
    work::{self, Place, to_its_end},
};
use axum::{
    body::Bytes,
    extract::{Request as HttpRequest, State},
    response::{IntoResponse, Response},
};
use echoes_engine::{Cancel, Request};
use echoes_kernel::{Answer, BoundKernel, Nan};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, sync::Arc};
use tokio::time::Instant;

/// Kernels of one request.
pub(crate) const REQUESTS_MAX: usize = 256;

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    requests: Vec<One>,
    #[serde(default)]
    nan: Nan,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    kernel: String,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    params: Map<String, Value>,
}

/// The JSON of the answers, in the order of the requests.
#[derive(Serialize)]
struct Answered<'a> {
    answers: Vec<Outcome<'a>>,
    rows: u64,
    backend: &'static str,
    elapsed_ms: f64,
}

/// One kernel's result, or why it has none.
#[derive(Serialize)]
struct Outcome<'a> {
    kernel: &'static str,
    params: Value,
    columns: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Details>,
}

/// Answers `POST /v1/datasets/{name}/batch`.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    path: NameInPath,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + seconds(app.config.timeout_seconds);
    let name = name(path)?;
    // Who asks for what is not there need not send the rest.
    find(app.store()?, &name)?;
    let (head, body) = request.into_parts();
    check_length(&head.headers, &body, app.config.body_bytes_max)?;
    let (arriving, wanted) = (Arriving::of(&head.headers)?, Wanted::of(&head.headers));
    if arriving.media != Media::Json {
        return Err(Kind::MediaType.because("send the header Content-Type: application/json"));
    }
    let mut admission = app.gate.enter()?;
    let body = receive(&app, &head.headers, body, &mut admission, deadline).await?;
    let job = move |app: &App, cancel: &Cancel| {
        let body = read(app, body, arriving, &mut admission)?;
        answer(app, cancel, &name, body, wanted, admission)
    };
    Ok(work::run(&app, Place::Worker, deadline, job).await?.into_response())
}

fn read(app: &App, body: Bytes, arriving: Arriving, admission: &mut Admission) -> Result<Batch, Problem> {
    let body = if arriving.gzip {
        gunzip(&body, app.config.decoded_bytes_max, |bytes| admission.hold(body.len() + bytes))?
    } else {
        body
    };
    let batch: Batch = serde_json::from_slice(&body).map_err(|error| {
        let kind = if error.is_data() { Kind::Rejected } else { Kind::Malformed };
        kind.because(error.to_string())
    })?;
    if batch.requests.is_empty() || batch.requests.len() > REQUESTS_MAX {
        return Err(Kind::Rejected.because(format!("give 1 to {REQUESTS_MAX} requests")));
    }
    Ok(batch)
}

/// A request that can be run.
struct Ready {
    kernel: Box<dyn BoundKernel>,
    columns: Vec<usize>,
}

fn answer(
    app: &App,
    cancel: &Cancel,
    name: &Name,
    batch: Batch,
    wanted: Wanted,
    mut admission: Admission,
) -> Result<Made, Problem> {
    let (dataset, file) = open(app.store()?, name)?;
    let source = dataset.format.read(file).map_err(malformed)?;
    let room = Room { app, cancel, source: source.as_ref() };
    let prepared: Vec<Ready> = batch
        .requests
        .into_iter()
        .map(|one| prepare(&room, one, &mut admission))
        .collect::<Result<_, _>>()?;
    let requests: Vec<Request<'_>> = prepared
        .iter()
        .map(|ready| Request { kernel: ready.kernel.as_ref(), columns: ready.columns.clone() })
        .collect();
    let read: BTreeSet<usize> = prepared.iter().flat_map(|ready| &ready.columns).copied().collect();
    room.columns(read.len(), &mut admission)?;
    let content = dataset.content();
    let mut job = app.engine.job().nan(batch.nan).cancel(cancel);
    if let Some(cache) = &app.partials {
        job = job.cache(cache, content.as_bytes());
    }
    let (answers, report) = to_its_end(|held| job.holding(held).answers(source.as_ref(), &requests)).map_err(refuse)?;
    let outcomes = prepared.iter().zip(answers).map(|(ready, answer)| {
        let (result, problem) = match answer {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(refuse(error).details())),
        };
        let (kernel, params) = (ready.kernel.spec().name, ready.kernel.params());
        Outcome { kernel, params, columns: names(source.as_ref(), &ready.columns), result, problem }
    });
    let answered = Answered {
        answers: outcomes.collect(),
        rows: report.rows,
        backend: report.backend,
        elapsed_ms: milliseconds(&report),
    };
    let made = Made { found: found(&report), ..Made::json(&answered, wanted)? };
    let memory = admission.leave(made.body.len())?;
    Ok(made.holding(memory))
}

/// Every request must be sound before anything is read.
fn prepare(room: &Room<'_>, one: One, admission: &mut Admission) -> Result<Ready, Problem> {
    let entry = catalogue::find(&one.kernel)?;
    let kernel = (entry.bind)(whole(Value::Object(one.params))).map_err(|reject| refuse(reject.into()))?;
    let columns = columns_of(room.source, kernel.as_ref(), &one.columns, room.app.config.columns_max)?;
    room.answer(entry, columns.len(), Wanted { npy: false, gzip: false }, admission)?;
    Ok(Ready { kernel, columns })
}
