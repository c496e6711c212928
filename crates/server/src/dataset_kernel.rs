//! A kernel on a dataset: an answer that can be kept, here and by the client.

use crate::{
    answer::{Asked, Made, bind, columns_of, malformed},
    answers::{Kept, Key, has},
    app::App,
    catalogue,
    config::seconds,
    datasets::{blocking, find, open},
    gate::{Admission, Memory},
    media::Wanted,
    problem::{Kind, Problem},
    query::{self, Query},
    room::Room,
    store::{Dataset, Name},
    work::{self, Place},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, Uri},
    response::Response,
};
use echoes_engine::Cancel;
use echoes_kernel::{BoundKernel, Entry};
use std::{fs::File, sync::Arc};
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
    let name: Name = name.parse().map_err(refuse_name)?;
    let store = Arc::clone(app.store()?);
    let contents = find(&store, &name)?.hash.clone();
    let entry = catalogue::find(&kernel)?;
    let query = uri.query().unwrap_or_default().to_owned();
    let key = Key { contents, kernel: entry.spec.name, query, wanted: Wanted::of(&headers)? };
    if let Some(kept) = app.answers.get(&key) {
        return Ok(kept.respond(&headers, "hit", None));
    }
    // The name may have other contents by now.
    let (dataset, file) = blocking(move || open(&store, &name)).await??;
    let key = Key { contents: dataset.hash.clone(), ..key };
    make(&app, key, Contents { dataset, file }, entry, &headers).await
}

/// A dataset that can be read.
struct Contents {
    dataset: Arc<Dataset>,
    file: File,
}

async fn make(
    app: &Arc<App>,
    key: Key,
    contents: Contents,
    entry: &'static Entry,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + seconds(app.config.timeout_seconds);
    let asked = query::parse(&key.query, entry)?;
    let kernel = bind(entry, asked.params.clone(), key.wanted)?;
    let tag = tag(&key, &asked, kernel.as_ref())?;
    // A client that has the answer has had it from here: there is nothing to compute.
    if has(headers, &tag) {
        return Ok(Kept { tag, made: Made::default() }.respond(headers, "hit", None));
    }
    let admission = app.gate.enter()?;
    let wanted = key.wanted;
    let job = move |app: &App, cancel: &Cancel| {
        let asking = Asking { entry, kernel: kernel.as_ref(), asked, wanted };
        answer(app, cancel, contents, asking, admission)
    };
    let mut memory = None;
    let making = async {
        let (made, held) = work::run(app, Place::Worker, deadline, job).await?;
        memory = Some(held);
        Ok(Kept { tag, made })
    };
    let late = || Kind::Deadline.because(format!("it is not done within {} s", app.config.timeout_seconds));
    let kept = app.answers.get_or_make(&key, deadline, making).await.ok_or_else(late)??;
    let found = if kept.made.found.is_empty() { "miss" } else { kept.made.found };
    Ok(kept.respond(headers, found, memory))
}

/// A strong entity tag: it differs where anything does that an answer depends on.
fn tag(key: &Key, asked: &Query, kernel: &dyn BoundKernel) -> Result<HeaderValue, Problem> {
    let Wanted { npy, gzip } = key.wanted;
    let parts = (
        env!("CARGO_PKG_VERSION"),
        (&key.contents, key.kernel, kernel.params(), asked.nan.unwrap_or_default()),
        (&asked.columns, &asked.weights, npy, gzip),
    );
    let text = serde_json::to_vec(&parts).map_err(Problem::internal)?;
    HeaderValue::try_from(format!("\"{}\"", blake3::hash(&text).to_hex())).map_err(Problem::internal)
}

/// What is asked of a dataset.
struct Asking<'a> {
    entry: &'static Entry,
    kernel: &'a dyn BoundKernel,
    asked: Query,
    wanted: Wanted,
}

fn answer(
    app: &App,
    cancel: &Cancel,
    contents: Contents,
    asking: Asking<'_>,
    mut admission: Admission,
) -> Result<(Made, Memory), Problem> {
    let Asking { entry, kernel, asked, wanted } = asking;
    let Contents { dataset, file } = contents;
    let source = dataset.format.read(file).map_err(malformed)?;
    let source = source.as_ref();
    let named = (asked.columns.as_slice(), asked.weights.as_deref());
    let columns = columns_of(source, kernel, named, app.config.columns_max)?;
    let room = Room::new(app, cancel, source);
    room.columns(columns.len(), &mut admission)?;
    room.answer(entry, kernel, columns.len(), wanted, &mut admission)?;
    let content = dataset.content();
    let kept = app.partials.as_ref().map(|cache| (cache, content.as_bytes()));
    let asked = Asked { source, kernel, columns, nan: asked.nan.unwrap_or_default(), kept, timed: false };
    let made = asked.answer(&app.engine, cancel, wanted)?;
    let memory = admission.leave(made.body.len())?;
    Ok((made, memory))
}
