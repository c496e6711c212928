//! The paths, and what answers at each.

use crate::{
    app::App,
    batch, call, catalogue, dataset_kernel, datasets, door, openapi,
    problem::{Kind, Problem},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post},
};
use echoes_io::names::shorten;
use serde::Serialize;
use std::sync::Arc;

/// The media type of answers and of requests with data.
pub(crate) const JSON: &str = "application/json";

/// The media type of the metrics.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every path, as the metrics know it.
pub(crate) const ROUTES: [&str; 12] = [
    "/",
    "/health",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/kernels",
    "/v1/datasets",
    "/v1/datasets/{name}",
    "/v1/datasets/{name}/batch",
    "/v1/datasets/{name}/{kernel}",
    "/v1/{kernel}",
];

/// The service.
pub(crate) fn router(app: Arc<App>) -> Router {
    let dataset = get(datasets::get).put(datasets::put).delete(datasets::delete);
    // As many as there are paths, or it does not compile.
    let answers: [MethodRouter<Arc<App>>; ROUTES.len()] = [
        get(page),
        get(alive),
        get(alive),
        get(ready),
        get(metrics),
        get(description),
        get(list),
        get(datasets::list),
        dataset,
        post(batch::post),
        get(dataset_kernel::get),
        any(call::call),
    ];
    let routes = ROUTES.into_iter().zip(answers);
    routes
        .fold(Router::new(), |router, (path, answer)| router.route(path, answer))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), door::pass))
        .with_state(app)
}

/// What a server says of itself.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

async fn page() -> &'static str {
    concat!(
        "Echoes ",
        env!("CARGO_PKG_VERSION"),
        ": statistics over HTTP.\n\n",
        "GET  /v1/kernels    what can be computed\n",
        "GET  /openapi.json  how to ask for it\n",
        "POST /v1/mean       {\"x\": [1, 2, 3]}\n",
        "GET  /v1/datasets   what is kept here\n",
        "GET  /metrics       for Prometheus\n"
    )
}

async fn alive() -> Response {
    health(StatusCode::OK, "ok")
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.gate.is_full() { health(StatusCode::SERVICE_UNAVAILABLE, "busy") } else { health(StatusCode::OK, "ok") }
}

fn health(code: StatusCode, status: &'static str) -> Response {
    let health = Health { status, version: env!("CARGO_PKG_VERSION") };
    (code, json(serde_json::to_vec(&health).unwrap_or_default().into())).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, METRICS)], app.metrics.text()).into_response()
}

async fn list(State(app): State<Arc<App>>) -> Response {
    json(app.list.get_or_init(|| text(&catalogue::list())).clone())
}

async fn description(State(app): State<Arc<App>>) -> Response {
    json(app.openapi.get_or_init(|| text(&openapi::document(&app.config))).clone())
}

async fn nothing(path: Uri) -> Problem {
    let path = shorten(path.path());
    Kind::NotFound.because(format!("there is nothing at {path}: the paths are listed at /openapi.json"))
}

async fn other_method() -> Problem {
    Kind::Method.because("the header Allow lists the methods that apply")
}

fn text(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// An answer of JSON.
pub(crate) fn json(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, JSON)], body).into_response()
}
