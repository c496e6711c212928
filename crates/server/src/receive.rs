//! A request's body, received whole within its bounds of size and time.

use crate::{
    app::App,
    gate::Admission,
    problem::{Kind, Problem},
};
use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

/// The whole body, by the deadline.
pub(crate) async fn receive(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    admission: &mut Admission,
    deadline: Instant,
) -> Result<Bytes, Problem> {
    let bytes_max = app.config.body_bytes_max;
    check_length(headers, &body, bytes_max)?;
    timeout_at(deadline, read(body, admission, bytes_max)).await.unwrap_or_else(|_| {
        let limit = app.config.timeout_seconds;
        Err(Kind::BodyTimeout.because(format!("the whole body must be here within {limit} s")))
    })
}

/// Refuses what the headers alone show to be none, or too much.
pub(crate) fn check_length(headers: &HeaderMap, body: &Body, bytes_max: usize) -> Result<(), Problem> {
    if !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Kind::LengthRequired.because("send a body, with Content-Length or chunked"));
    }
    if body.size_hint().lower() > bytes_max as u64 { Err(too_large(bytes_max)) } else { Ok(()) }
}

pub(crate) fn too_large(bytes_max: usize) -> Problem {
    Kind::TooLarge.because(format!("a body may have {bytes_max} bytes: send less, or raise the server's limit"))
}

/// The next bytes of a body; `None` at its end.
pub(crate) async fn next(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Kind::Malformed.because("the body breaks off"))?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// The whole body. Room is taken as bytes arrive, so that a promise of many holds none.
async fn read(mut body: Body, admission: &mut Admission, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(bytes) = next(&mut body).await? {
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
