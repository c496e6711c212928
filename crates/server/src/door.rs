//! What every request passes: it gets a name, is counted, and must show a key and keep to its rate.

use crate::{
    app::App,
    problem::{Cause, Kind, Problem, Shed},
    rate::Client,
    request_id::X_REQUEST_ID,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Version, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{net::IpAddr, sync::Arc, time::Instant};

/// Whence a request comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// Paths below this one want a key and are counted against the client's rate; health, metrics and descriptions are not.
const GUARDED: &str = "/v1/";

/// Lets a request in, and sends its answer off.
pub(crate) async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let inside = app.metrics.enter();
    let id = app.ids.of(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let mut response = match admit(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let (Some(Cause(cause)), Some(id)) = (response.extensions().get(), &id) {
        tracing::error!("request {}: {cause}", id.to_str().unwrap_or_default());
    }
    let headers = response.headers_mut();
    // Browsers are not to guess an answer's type.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(id) = id {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Some(&shed) = response.extensions().get::<Shed>() {
        app.metrics.shed(shed);
    }
    let route = route.as_ref().map(MatchedPath::as_str);
    app.metrics.answered(route, &method, response.status(), started.elapsed());
    drop(inside);
    response
}

/// Refuses a request that names several hosts, or none where HTTP wants one: proxies might disagree on whom it is for.
fn check_host(request: &Request) -> Result<(), Problem> {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    let least = usize::from(request.version() >= Version::HTTP_11);
    if (least..=1).contains(&hosts) { Ok(()) } else { Err(Kind::Host.because("send the header Host once")) }
}

/// Refuses who has no key, or asks too often, by the headers alone.
fn admit(app: &App, request: &Request) -> Result<(), Problem> {
    check_host(request)?;
    if !request.uri().path().starts_with(GUARDED) {
        return Ok(());
    }
    let key = app.keys.check(request.headers());
    let client = match (&key, request.extensions().get::<Peer>()) {
        (Ok(Some(number)), _) => Client::Key(*number),
        (_, Some(peer)) => Client::at(peer.0),
        // Nobody in particular.
        _ => Client::Key(usize::MAX),
    };
    app.rates.take(client)?;
    key.map(|_| ())
}
