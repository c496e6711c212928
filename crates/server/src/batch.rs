//! Many kernels on one dataset, in one reading.

mod asked;

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
    query,
    receive::{check_length, receive},
    room::Room,
    store::Name,
    work::{self, Place, to_its_end},
};
use asked::{Batch, One};
use axum::{
    body::Bytes,
    extract::{Request as HttpRequest, State},
    response::{IntoResponse, Response},
};
use echoes_engine::{Cancel, Request};
use echoes_io::Source;
use echoes_kernel::{Answer, BoundKernel};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};
use tokio::time::Instant;

/// Kernels of one request.
pub(crate) const REQUESTS_MAX: usize = 256;

/// Bytes of their JSON, of which each may become some forty in memory.
pub(crate) const BYTES_MAX: usize = 1 << 20;

/// The JSON of the answers, in the order of the requests.
#[derive(Serialize)]
struct Answered {
    answers: Vec<Outcome>,
    rows: u64,
    backend: &'static str,
    elapsed_ms: f64,
}

/// One kernel's result, or why it has none: what it was asked where that cannot be done, else what it was done with.
#[derive(Serialize)]
struct Outcome {
    kernel: String,
    params: Value,
    columns: Vec<String>,
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
    query::none(request.uri())?;
    let deadline = Instant::now() + seconds(app.config.timeout_seconds);
    let name = name(path)?;
    // Who asks for what is not there need not send the rest.
    find(app.store()?, &name)?;
    let (head, body) = request.into_parts();
    check_length(&head.headers, &body, app.config.body_bytes_max)?;
    let (arriving, wanted) = (Arriving::of(&head.headers)?, Wanted::of(&head.headers)?);
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
    if body.len() > BYTES_MAX {
        return Err(
            Kind::TooLarge.because(format!("a batch may have {BYTES_MAX} bytes, not {}: send several", body.len()))
        );
    }
    let batch = Batch::read(&body)?;
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
    let room = Room::new(app, cancel, source.as_ref());
    let mut prepare = |one: &One| match prepare(&room, one, &mut admission) {
        Err(problem) if problem.is_the_servers() => Err(problem),
        other => Ok(other),
    };
    let prepared: Vec<Result<Ready, Problem>> = batch.requests.iter().map(&mut prepare).collect::<Result<_, _>>()?;
    let ready: Vec<&Ready> = prepared.iter().flatten().collect();
    let read: BTreeSet<usize> = ready.iter().flat_map(|ready| &ready.columns).copied().collect();
    room.columns(read.len(), &mut admission)?;
    let requests: Vec<Request<'_>> =
        ready.iter().map(|ready| Request { kernel: ready.kernel.as_ref(), columns: ready.columns.clone() }).collect();
    let content = dataset.content();
    let mut job = app.engine.job().nan(batch.nan).cancel(cancel);
    if let Some(cache) = &app.partials {
        job = job.cache(cache, content.as_bytes());
    }
    let (answers, report) = to_its_end(|held| job.holding(held).answers(source.as_ref(), &requests)).map_err(refuse)?;
    let mut answers = answers.into_iter();
    let outcome = |(one, prepared): (One, &Result<Ready, Problem>)| match prepared {
        Ok(ready) => answers.next().map(|answer| done(source.as_ref(), ready, answer)),
        Err(problem) => Some(not_done(one, problem.clone())),
    };
    let answered = Answered {
        answers: batch.requests.into_iter().zip(&prepared).filter_map(outcome).collect(),
        rows: report.rows,
        backend: report.backend,
        elapsed_ms: milliseconds(&report),
    };
    let made = Made { found: found(&report), ..Made::json(&answered, wanted)? };
    let memory = admission.leave(made.body.len())?;
    Ok(made.holding(memory))
}

fn prepare(room: &Room<'_>, one: &One, admission: &mut Admission) -> Result<Ready, Problem> {
    let entry = catalogue::find(&one.kernel)?;
    let params = whole(Value::Object(one.params.clone()));
    let kernel = (entry.bind)(params).map_err(|reject| refuse(reject.into()))?;
    let columns =
        columns_of(room.source, kernel.as_ref(), (&one.columns, one.weights.as_deref()), room.app.config.columns_max)?;
    room.answer(entry, kernel.as_ref(), columns.len(), Wanted { npy: false, gzip: false }, admission)?;
    Ok(Ready { kernel, columns })
}

fn done(source: &dyn Source, ready: &Ready, answer: echoes_engine::Result<Answer>) -> Outcome {
    let (kernel, params) = (ready.kernel.spec().name.to_owned(), ready.kernel.params());
    let columns = names(source, &ready.columns).into_iter().map(str::to_owned).collect();
    match answer {
        Ok(result) => Outcome { kernel, params, columns, result: Some(result), problem: None },
        Err(error) => {
            let problem = refuse(error);
            // The answer as a whole is none that the log would be told of.
            if let Some(cause) = problem.cause() {
                tracing::error!("`{kernel}` in a batch: {cause}");
            }
            Outcome { kernel, params, columns, result: None, problem: Some(problem.details()) }
        }
    }
}

fn not_done(one: One, problem: Problem) -> Outcome {
    let One { kernel, mut columns, weights, params } = one;
    columns.extend(weights);
    Outcome { kernel, params: params.into(), columns, result: None, problem: Some(problem.details()) }
}
