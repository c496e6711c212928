//! The paths, and what answers at each.

use crate::{
    app::App,
    call, catalogue, openapi,
    problem::{Kind, Problem},
    request_id,
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde::Serialize;
use std::sync::Arc;

/// The media type of answers and of requests with data.
pub(crate) const JSON: &str = "application/json";

/// The service.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/health", get(alive))
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/openapi.json", get(description))
        .route("/v1/kernels", get(list))
        .route("/v1/{kernel}", any(call::call))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), request_id::name_request))
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
        "POST /v1/mean       {\"x\": [1, 2, 3]}\n"
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

async fn list(State(app): State<Arc<App>>) -> Response {
    json(app.list.get_or_init(|| text(&catalogue::list())).clone())
}

async fn description(State(app): State<Arc<App>>) -> Response {
    json(app.openapi.get_or_init(|| text(&openapi::document(&app.config))).clone())
}

async fn nothing(path: Uri) -> Problem {
    let path = crate::body::shorten(path.path());
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
