//! One request for a kernel, from its headers to its answer.

use crate::{
    answer::answer,
    app::App,
    catalogue,
    config::seconds,
    gate::Admission,
    problem::{Kind, Problem},
    routes,
    workers::{Panicked, guarded},
};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use echoes_engine::Cancel;
use echoes_kernel::{Arity, Entry, Form};
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The methods of a kernel's path; QUERY is RFC 10008's: safe, with a body.
const METHODS: [&str; 2] = ["POST", "QUERY"];

/// Bodies up to this size are worked on where they arrive: a thread's hand-over would take longer.
const INLINE_BYTES_MAX: usize = 16 << 10;

/// Answers `POST /v1/{kernel}`.
pub(crate) async fn call(State(app): State<Arc<App>>, request: Request) -> Response {
    let deadline = Instant::now() + seconds(app.config.timeout_seconds);
    if !METHODS.contains(&request.method().as_str()) {
        return other_method(request.method());
    }
    match attempt(app, request, deadline).await {
        Ok(body) => routes::json(body.into()),
        Err(problem) => problem.into_response(),
    }
}

fn other_method(method: &Method) -> Response {
    let detail = format!("a kernel takes {}, not {}", METHODS.join(" or "), crate::body::shorten(method.as_str()));
    let mut response = Kind::Method.because(detail).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, QUERY"));
    response
}

async fn attempt(app: Arc<App>, request: Request, deadline: Instant) -> Result<Vec<u8>, Problem> {
    let (head, body) = request.into_parts();
    let entry = catalogue::find(head.uri.path().strip_prefix("/v1/").unwrap_or_default())?;
    check_length(&head.headers, body.size_hint().lower(), app.config.body_bytes_max)?;
    check_type(&head.headers)?;
    let mut admission = app.gate.enter()?;
    let read = timeout_at(deadline, read(body, &mut admission, app.config.body_bytes_max)).await;
    let text = read.unwrap_or_else(|_| {
        let limit = app.config.timeout_seconds;
        Err(Kind::BodyTimeout.because(format!("the whole body must be here within {limit} s")))
    })?;
    compute(app, entry, text, admission, deadline).await
}

/// JSON in clear, and nothing else: other types would be guesses.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(routes::JSON) {
        return Err(Kind::MediaType.because(format!("send the header Content-Type: {}", routes::JSON)));
    }
    let coding = headers.get(header::CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Kind::MediaType.because("send the body without Content-Encoding"));
    }
    Ok(())
}

/// Refuses what the headers alone show to be none, or too much.
fn check_length(headers: &HeaderMap, declared: u64, bytes_max: usize) -> Result<(), Problem> {
    if !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Kind::LengthRequired.because("send a body, with Content-Length or chunked"));
    }
    if declared > bytes_max as u64 { Err(too_large(bytes_max)) } else { Ok(()) }
}

fn too_large(bytes_max: usize) -> Problem {
    Kind::TooLarge.because(format!("a body may have {bytes_max} bytes: send less, or raise the server's limit"))
}

/// The whole body. Room is taken as bytes arrive, so that a promise of many holds none.
async fn read(mut body: Body, admission: &mut Admission, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Kind::Malformed.because("the body breaks off"))?;
        let Ok(bytes) = frame.into_data() else { continue };
        let len = first.len() + all.len() + bytes.len();
        if len > bytes_max {
            return Err(too_large(bytes_max));
        }
        admission.hold(len)?;
        if first.is_empty() && all.is_empty() {
            first = bytes;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&bytes);
        }
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

/// Runs the kernel: a little work here, much on a thread of its own.
async fn compute(
    app: Arc<App>,
    entry: &'static Entry,
    text: Bytes,
    admission: Admission,
    deadline: Instant,
) -> Result<Vec<u8>, Problem> {
    let cancel = CancelOnDrop(Cancel::new());
    let (shared, flag, inline) = (Arc::clone(&app), cancel.0.clone(), is_little(entry, text.len()));
    let job = move || {
        let answer = answer(&shared.engine, entry, text, &shared.config, &flag);
        // Held until the memory is free, even if nobody waits for the answer any more.
        drop(admission);
        answer
    };
    let done = if inline {
        guarded(job)
    } else {
        let patience = deadline.min(Instant::now() + seconds(app.config.wait_seconds_max));
        let busy = || Kind::Busy.because("every thread is busy: try again in a second");
        let worker = timeout_at(patience, app.workers.free()).await.ok().flatten().ok_or_else(busy)?;
        let late = || Kind::Deadline.because(format!("it is not done within {} s", app.config.timeout_seconds));
        timeout_at(deadline, worker.run(job)).await.map_err(|_| late())?
    };
    done.unwrap_or_else(|Panicked| Err(Problem::internal()))
}

/// Whether the work is sure to be short: little text, and a cost that grows with it and not with its square.
fn is_little(entry: &Entry, bytes: usize) -> bool {
    let linear = entry.spec.form == Form::Reduce && !matches!(entry.spec.columns, Arity::AtLeast(_));
    linear && bytes <= INLINE_BYTES_MAX
}

/// Stops the kernel when nobody waits for it any more: the deadline has passed, or the client has gone.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
