//! One request for a kernel on data of its own, from its headers to its answer.

use crate::{
    answer::{self, Asked, Made, columns_of},
    app::App,
    body::{self, NAN, WEIGHTS},
    catalogue,
    config::seconds,
    gate::Admission,
    media::{Arriving, Media, Wanted, gunzip},
    problem::{Kind, Problem},
    query::{self, Query},
    receive::{check_length, receive},
    room::Room,
    store::Format,
    work::{self, Place},
};
use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use echoes_engine::Cancel;
use echoes_io::{Memory, Source, csv, names::shorten, npy};
use echoes_kernel::{Arity, BoundKernel, Entry, Form, Nan};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::time::Instant;

/// The methods of a kernel's path; QUERY is RFC 10008's: safe, with a body.
const METHODS: [&str; 2] = ["POST", "QUERY"];

/// Bodies up to this size are worked on where they arrive: a thread's hand-over would take longer.
const INLINE_BYTES_MAX: usize = 16 << 10;

/// Answers `POST /v1/{kernel}`.
pub(crate) async fn call(State(app): State<Arc<App>>, request: Request) -> Response {
    if !METHODS.contains(&request.method().as_str()) {
        return other_method(request.method());
    }
    attempt(app, request).await.map_or_else(Problem::into_response, Made::into_response)
}

fn other_method(method: &Method) -> Response {
    let detail = format!("a kernel takes {}, not {}", METHODS.join(" or "), shorten(method.as_str()));
    let mut response = Kind::Method.because(detail).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, QUERY"));
    response
}

async fn attempt(app: Arc<App>, request: Request) -> Result<Made, Problem> {
    let deadline = Instant::now() + seconds(app.config.timeout_seconds);
    let (head, body) = request.into_parts();
    let entry = catalogue::find(head.uri.path().strip_prefix("/v1/").unwrap_or_default())?;
    check_length(&head.headers, &body, app.config.body_bytes_max)?;
    let (arriving, wanted) = (Arriving::of(&head.headers)?, Wanted::of(&head.headers)?);
    let mut admission = app.gate.enter()?;
    let body = receive(&app, &head.headers, body, &mut admission, deadline).await?;
    let place = if is_little(entry, body.len(), arriving) { Place::Here } else { Place::Worker };
    let call = Call { entry, arriving, wanted, query: head.uri.query().unwrap_or_default().to_owned() };
    // The place inside is held until the memory is free, even if nobody waits for the answer any more.
    work::run(&app, place, deadline, move |app, cancel| call.answer(app, cancel, body, admission)).await
}

/// Whether the work is sure to be short: little text, and a cost that grows with it and not with its square.
fn is_little(entry: &Entry, bytes: usize, arriving: Arriving) -> bool {
    let linear = entry.spec.form == Form::Reduce && !matches!(entry.spec.columns, Arity::AtLeast(_));
    linear && bytes <= INLINE_BYTES_MAX && !arriving.gzip
}

/// What is asked, but for the data.
struct Call {
    entry: &'static Entry,
    arriving: Arriving,
    wanted: Wanted,
    query: String,
}

impl Call {
    fn answer(&self, app: &App, cancel: &Cancel, body: Bytes, mut admission: Admission) -> Result<Made, Problem> {
        let body = if self.arriving.gzip {
            let compressed = body.len();
            gunzip(&body, app.config.decoded_bytes_max, |decoded| admission.hold(compressed + decoded))?
        } else {
            body
        };
        let made = match self.arriving.media {
            Media::Json => self.answer_json(app, cancel, body, &mut admission)?,
            Media::Data(format) => self.answer_data(app, cancel, &body, format, &mut admission)?,
        };
        let memory = admission.leave(made.body.len())?;
        Ok(made.holding(memory))
    }

    /// Data in one object, parameters there or in the address.
    fn answer_json(&self, app: &App, cancel: &Cancel, text: Bytes, admission: &mut Admission) -> Result<Made, Problem> {
        let columns_max = app.config.columns_max;
        admission.hold_more(body::columns_bytes_max(&text))?;
        let body = body::parse(&text, &self.entry.spec, columns_max)?;
        drop(text);
        let source = Memory::named(body.columns.iter().map(|(name, column)| (name.clone(), column.slice())));
        let query = self.query()?;
        let kernel = self.bind(in_one_place(body.params, query.params)?)?;
        let is_weights = |name: &&str| self.entry.spec.weighable && *name == WEIGHTS;
        let given = body.columns.iter().map(|(name, _)| name.as_str()).find(is_weights);
        if query.weights.is_some() && given.is_some() {
            return Err(twice(WEIGHTS));
        }
        let wanted = (query.columns.as_slice(), query.weights.as_deref().or(given));
        let columns = columns_of(&source, kernel.as_ref(), wanted, columns_max)?;
        Room::new(app, cancel, &source).answer(self.entry, kernel.as_ref(), columns.len(), self.wanted, admission)?;
        let nan = match (body.nan, query.nan) {
            (Some(_), Some(_)) => return Err(twice(NAN)),
            (body, query) => body.or(query),
        };
        self.ask(app, cancel, &source, kernel.as_ref(), columns, nan)
    }

    /// What the address asks for.
    fn query(&self) -> Result<Query, Problem> {
        if self.query.is_empty() { Ok(Query::default()) } else { query::parse(&self.query, self.entry) }
    }

    /// Data in the body, parameters in the address.
    fn answer_data(
        &self,
        app: &App,
        cancel: &Cancel,
        bytes: &[u8],
        format: Format,
        admission: &mut Admission,
    ) -> Result<Made, Problem> {
        let query = self.query()?;
        format.check(bytes)?;
        let source: Box<dyn Source + '_> = match format {
            Format::Npy => Box::new(npy::parse("body", bytes).map_err(answer::malformed)?),
            Format::Csv => Box::new(csv::parse("body", bytes, &csv::CsvOptions::default()).map_err(answer::malformed)?),
        };
        let kernel = self.bind(query.params)?;
        let wanted = (query.columns.as_slice(), query.weights.as_deref());
        let columns = columns_of(source.as_ref(), kernel.as_ref(), wanted, app.config.columns_max)?;
        let room = Room::new(app, cancel, source.as_ref());
        room.columns(columns.len(), admission)?;
        room.answer(self.entry, kernel.as_ref(), columns.len(), self.wanted, admission)?;
        self.ask(app, cancel, source.as_ref(), kernel.as_ref(), columns, query.nan)
    }

    fn bind(&self, params: Map<String, Value>) -> Result<Box<dyn BoundKernel>, Problem> {
        answer::bind(self.entry, params, self.wanted)
    }

    fn ask(
        &self,
        app: &App,
        cancel: &Cancel,
        source: &dyn Source,
        kernel: &dyn BoundKernel,
        columns: Vec<usize>,
        nan: Option<Nan>,
    ) -> Result<Made, Problem> {
        let asked = Asked { source, kernel, columns, nan: nan.unwrap_or_default(), kept: None, timed: true };
        asked.answer(&app.engine, cancel, self.wanted)
    }
}

/// The parameters of the body and of the address, of which none may be in both.
fn in_one_place(mut body: Map<String, Value>, address: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    for (name, value) in address {
        if body.contains_key(&name) {
            return Err(twice(&name));
        }
        body.insert(name, value);
    }
    Ok(body)
}

fn twice(name: &str) -> Problem {
    Kind::Rejected.because(format!("`{}` is given twice: in the address and in the body", shorten(name)))
}
