//! Datasets over HTTP: streamed in, listed, streamed out, removed.

use crate::{
    answer::malformed,
    answers::{has, tag},
    app::App,
    config::seconds,
    download::Download,
    media::essence,
    problem::{Kind, Problem},
    query,
    receive::{check_length, next, too_large},
    routes::json,
    store::{Dataset, Fault, Format, Name, Precondition, Refusal, Store, Upload},
};
use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use echoes_io::{Reading, Source, npy};
use serde::Serialize;
use std::{
    fs::File,
    io::{self, Read},
    sync::Arc,
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// Bytes of an upload that are gathered before they are written.
const PIECE: usize = 128 << 10;

/// The name in a path, percent signs resolved.
pub(crate) type NameInPath = Result<Path<String>, PathRejection>;

/// A dataset as clients see it.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a Name,
    hash: &'a str,
    bytes: u64,
    media_type: &'static str,
}

impl<'a> From<&'a Dataset> for Listed<'a> {
    fn from(dataset: &'a Dataset) -> Self {
        let Dataset { name, hash, bytes, format } = dataset;
        Self { name, hash, bytes: *bytes, media_type: format.media_type() }
    }
}

/// The name that a path holds.
pub(crate) fn name(path: NameInPath) -> Result<Name, Problem> {
    let refuse = |what: &str| Kind::Rejected.because(what);
    let Path(name) = path.map_err(|_| refuse(crate::store::RULE))?;
    name.parse().map_err(refuse)
}

/// The dataset of a name.
pub(crate) fn find(store: &Store, name: &Name) -> Result<Arc<Dataset>, Problem> {
    store.find(name).ok_or_else(|| unknown(name))
}

/// The dataset of a name with its contents.
pub(crate) fn open(store: &Store, name: &Name) -> Result<(Arc<Dataset>, File), Problem> {
    store.contents(name).map_err(unreadable)?.ok_or_else(|| unknown(name))
}

fn unknown(name: &Name) -> Problem {
    Kind::UnknownDataset.because(format!("no dataset is called `{}`: /v1/datasets lists them", name.as_str()))
}

/// Answers `GET /v1/datasets`.
pub(crate) async fn list(State(app): State<Arc<App>>, address: Uri) -> Result<Response, Problem> {
    query::none(&address)?;
    let datasets = app.store()?.list();
    let lines: Vec<Listed<'_>> = datasets.iter().map(|dataset| dataset.as_ref().into()).collect();
    serde_json::to_vec(&lines).map(|text| json(text.into())).map_err(Problem::internal)
}

/// Answers `GET /v1/datasets/{name}`.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    path: NameInPath,
    address: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query::none(&address)?;
    let store = Arc::clone(app.store()?);
    let name = name(path)?;
    let (dataset, file) = blocking(move || open(&store, &name)).await??;
    let own = HeaderValue::try_from(format!("\"{}\"", dataset.hash)).map_err(Problem::internal)?;
    let mut response = if has(&headers, &own) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, dataset.format.media_type())];
        (kind, Body::new(Download::new(file, dataset.bytes))).into_response()
    };
    tag(response.headers_mut(), &own);
    Ok(response)
}

/// Answers `DELETE /v1/datasets/{name}`.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    path: NameInPath,
    address: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query::none(&address)?;
    let store = Arc::clone(app.store()?);
    let name = name(path)?;
    find(&store, &name)?;
    let wanted = Precondition::of(&headers);
    blocking(move || store.remove(&name, &wanted)).await?.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Answers `PUT /v1/datasets/{name}`: when it says 201 or 200, the dataset is on the disk.
pub(crate) async fn put(State(app): State<Arc<App>>, path: NameInPath, request: Request) -> Result<Response, Problem> {
    let store = Arc::clone(app.store()?);
    let name = name(path)?;
    let (head, body) = request.into_parts();
    query::none(&head.uri)?;
    // Who asks for what cannot be need not send the rest.
    let wanted = Precondition::of(&head.headers);
    wanted.check(store.find(&name).as_deref()).map_err(refused)?;
    check_length(&head.headers, &body, app.config.dataset_bytes_max)?;
    let format = format(&head.headers)?;
    let mut admission = app.gate.enter()?;
    admission.hold(PIECE)?;
    let upload = take(&app, &store, body).await?;
    let (dataset, created) = blocking(move || keep(&store, name, format, upload, &wanted)).await??;
    drop(admission);
    let text = serde_json::to_vec(&Listed::from(dataset.as_ref())).map_err(Problem::internal)?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, json(text.into())).into_response())
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Kind::MediaType.because("send a dataset without Content-Encoding"));
    }
    let types =
        || format!("send the header Content-Type: {} or {}", Format::Npy.media_type(), Format::Csv.media_type());
    Format::of_media_type(essence(headers)).ok_or_else(|| Kind::MediaType.because(types()))
}

/// Writes a body to the disk as it comes, as long as it keeps to its rate.
async fn take(app: &App, store: &Arc<Store>, mut body: Body) -> Result<Upload, Problem> {
    let (bytes_max, started) = (app.config.dataset_bytes_max, Instant::now());
    let (mut received, mut piece) = (0, Vec::with_capacity(PIECE));
    let begin = Arc::clone(store);
    let mut upload = blocking(move || begin.begin()).await?.map_err(failed)?;
    loop {
        let patience = app.config.timeout_seconds + received as f64 / app.config.upload_bytes_per_second_min;
        let slow = || Kind::BodyTimeout.because(slow(app));
        let bytes = timeout_at(started + seconds(patience), next(&mut body)).await.map_err(|_| slow())??;
        let ended = bytes.is_none();
        let bytes = bytes.unwrap_or_default();
        received += bytes.len();
        if received > bytes_max {
            return Err(too_large(bytes_max));
        }
        piece.extend_from_slice(&bytes);
        if piece.len() >= PIECE || ended {
            (upload, piece) = blocking(move || append(upload, piece)).await?.map_err(failed)?;
        }
        if ended {
            return Ok(upload);
        }
    }
}

fn slow(app: &App) -> String {
    let (limit, rate) = (app.config.timeout_seconds, app.config.upload_bytes_per_second_min);
    format!("an upload may take {limit} s and one more for every {rate} bytes")
}

fn append(mut upload: Upload, mut piece: Vec<u8>) -> io::Result<(Upload, Vec<u8>)> {
    upload.append(&piece)?;
    piece.clear();
    Ok((upload, piece))
}

/// Keeps contents that are what their type says.
fn keep(
    store: &Store,
    name: Name,
    format: Format,
    upload: Upload,
    wanted: &Precondition,
) -> Result<(Arc<Dataset>, bool), Problem> {
    let mut file = File::open(upload.path()).map_err(failed)?;
    let mut beginning = Vec::new();
    file.by_ref().take(npy::MAGIC.len() as u64).read_to_end(&mut beginning).map_err(failed)?;
    format.check(&beginning)?;
    check_rows(format.read(file).map_err(malformed)?.as_ref()).map_err(malformed)?;
    store.commit(name, format, upload, wanted).map_err(refused)
}

/// What a client learns when a dataset is not changed.
fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Full => Kind::Storage.because("there are as many datasets as there may be: remove one first"),
        Refusal::Precondition(header) => {
            Kind::Precondition.because(format!("the header {header} is not met: see the dataset's ETag, and ask anew"))
        }
        Refusal::Disk(error) => failed(error),
    }
}

/// Whether every row of a text has all its fields.
fn check_rows(source: &dyn Source) -> echoes_io::Result<()> {
    if let Reading::Stream(mut rows) = source.read(&[])? {
        while rows.next()?.is_some() {}
    }
    Ok(())
}

/// Waits for the disk on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    spawn_blocking(work).await.map_err(Problem::internal)
}

/// What a client learns when contents cannot be read.
fn unreadable(fault: Fault) -> Problem {
    let cause = fault.to_string();
    match fault {
        Fault::Damaged { name, .. } => {
            let name = name.as_str();
            Kind::Damaged
                .because(format!("`{name}` is damaged on the server: put it again, or delete it"))
                .caused_by(cause)
        }
        Fault::Disk { .. } => Problem::internal(cause),
    }
}

/// What a client learns when the disk fails.
fn failed(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Kind::Storage.because("the disk is full")
        }
        _ => Problem::internal(error),
    }
}
