//! A kernel on a dataset: an answer that can be kept, here and by the client.

use crate::{
    answer::{Asked, Made, columns_of, malformed, refuse},
    answers::{Kept, Key, has},
    app::App,
    catalogue,
    config::seconds,
    datasets::find,
    gate::Admission,
    media::Wanted,
    problem::{Kind, Problem},
    query::{self, Query},
    store::Dataset,
    work::{self, Place},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, Uri},
    response::Response,
};
use echoes_engine::Cancel;
use echoes_io::Source;
use echoes_kernel::{BoundKernel, Entry, Spec};
use std::sync::Arc;
use tokio::time::Instant;

/// A dataset's name and a kernel's.
type Names = Result<Path<(String, String)>, PathRejection>;

/// Answers `GET /v1/datasets/{name}/{kernel}`.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    path: Names,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let refuse_name = |what: &str| Kind::Rejected.because(what);
    let Path((name, kernel)) = path.map_err(|_| refuse_name(crate::store::RULE))?;
    let dataset = find(app.store()?, &name.parse().map_err(refuse_name)?)?;
    let entry = catalogue::find(&kernel)?;
    let query = uri.query().unwrap_or_default().to_owned();
    let key = Key { contents: dataset.hash.clone(), kernel: entry.spec.name, query, wanted: Wanted::of(&headers) };
    if let Some(kept) = app.answers.get(&key) {
        return Ok(kept.respond(&headers, "hit"));
    }
    make(&app, key, dataset, entry, &headers).await
}

async fn make(
    app: &Arc<App>,
    key: Key,
    dataset: Arc<Dataset>,
    entry: &'static Entry,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + seconds(app.config.timeout_seconds);
    let asked = query::parse(&key.query, entry)?;
    let kernel = (entry.bind)(asked.params.clone()).map_err(|reject| refuse(reject.into()))?;
    let tag = tag(&key, &asked, kernel.as_ref())?;
    // A client that has the answer has had it from here: there is nothing to compute.
    if has(headers, &tag) {
        return Ok(Kept { tag, made: Made::default() }.respond(headers, "hit"));
    }
    let admission = app.gate.enter()?;
    let wanted = key.wanted;
    let job =
        move |app: &App, cancel: &Cancel| answer(app, cancel, &dataset, kernel.as_ref(), asked, wanted, admission);
    let making = async { Ok(Kept { tag, made: work::run(app, Place::Worker, deadline, job).await? }) };
    let late = || Kind::Deadline.because(format!("it is not done within {} s", app.config.timeout_seconds));
    let kept = app.answers.get_or_make(&key, deadline, making).await.ok_or_else(late)??;
    Ok(kept.respond(headers, if kept.made.found.is_empty() { "miss" } else { kept.made.found }))
}

/// A strong entity tag: it differs where anything does that an answer depends on.
fn tag(key: &Key, asked: &Query, kernel: &dyn BoundKernel) -> Result<HeaderValue, Problem> {
    let Wanted { npy, gzip } = key.wanted;
    let parts = (
        env!("CARGO_PKG_VERSION"),
        (&key.contents, key.kernel, kernel.params(), asked.nan),
        (&asked.columns, npy, gzip),
    );
    let text = serde_json::to_vec(&parts).map_err(|_| Problem::internal())?;
    HeaderValue::try_from(format!("\"{}\"", blake3::hash(&text).to_hex())).map_err(|_| Problem::internal())
}

fn answer(
    app: &App,
    cancel: &Cancel,
    dataset: &Dataset,
    kernel: &dyn BoundKernel,
    asked: Query,
    wanted: Wanted,
    mut admission: Admission,
) -> Result<Made, Problem> {
    let source = open(app, dataset)?;
    let spec = kernel.spec();
    let columns = columns_of(source.as_ref(), kernel, &asked.columns, app.config.columns_max)?;
    make_room(app, dataset, source.as_ref(), &spec, columns.len(), &mut admission)?;
    let content = dataset.content();
    let kept = app.partials.as_ref().map(|cache| (cache, content.as_bytes()));
    Asked { source: source.as_ref(), kernel, columns, nan: asked.nan, kept, timed: false }.answer(
        &app.engine,
        cancel,
        wanted,
    )
}

/// The contents of a dataset.
pub(crate) fn open(app: &App, dataset: &Dataset) -> Result<Box<dyn Source>, Problem> {
    dataset.format.open(&app.store()?.path(dataset)).map_err(malformed)
}

/// Refuses answers that would be too large: columns as long as the dataset's.
pub(crate) fn make_room(
    app: &App,
    dataset: &Dataset,
    source: &dyn Source,
    spec: &Spec,
    columns: usize,
    admission: &mut Admission,
) -> Result<(), Problem> {
    if !spec.form.writes_columns() {
        return Ok(());
    }
    // A row of CSV has at least a byte and its end.
    let rows = source.rows().unwrap_or(dataset.bytes / 2);
    let bytes = usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(columns)?.checked_mul(size_of::<f64>()));
    match bytes.filter(|&bytes| bytes <= app.config.decoded_bytes_max) {
        Some(bytes) => admission.hold(bytes),
        None => {
            let detail = format!(
                "`{}` answers with columns as long as the dataset's, of up to {rows} rows: \
                 they may have {} bytes; run `echoes {} FILE -o OUT` instead",
                spec.name, app.config.decoded_bytes_max, spec.name
            );
            Err(Kind::Rejected.because(detail))
        }
    }
}
