//! Errors as clients see them: RFC 9457 problem details.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// An error as a client sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    shed: Option<Shed>,
    cause: Option<Cause>,
}

/// What is wrong on the server's side: for its log, never for clients.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cause(pub String);

/// Why a request was turned away that at another moment would have been served: a label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Shed {
    InFlight,
    Memory,
    Wait,
    Rate,
}

impl Shed {
    pub(crate) const ALL: [Self; 4] = [Self::InFlight, Self::Memory, Self::Wait, Self::Rate];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Memory => "memory",
            Self::Wait => "wait",
            Self::Rate => "rate",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $status:ident $slug:literal $title:literal),+ $(,)?) => {
        /// Every error that a client may see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($variant),+ }

        impl Kind {
            /// Every kind, for the description of the API.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }
            /// Whether the same request may do a second later.
            pub(crate) const fn is_passing(self) -> bool {
                matches!(self.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            }
            /// The URI that programs compare.
            const fn uri(self) -> &'static str {
                match self { $(Self::$variant => concat!("urn:problem-type:echoes:", $slug)),+ }
            }
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

kinds! {
    Malformed BAD_REQUEST "malformed" "The body is not what its type says",
    Unauthorized UNAUTHORIZED "unauthorized" "The request shows no key that is known",
    UnknownKernel NOT_FOUND "unknown-kernel" "There is no such kernel",
    NotFound NOT_FOUND "not-found" "There is nothing at this path",
    UnknownDataset NOT_FOUND "unknown-dataset" "There is no such dataset",
    NoDatasets NOT_FOUND "no-datasets" "The server keeps no datasets",
    Host BAD_REQUEST "host" "The request does not name one host",
    Method METHOD_NOT_ALLOWED "method" "The method does not apply to this path",
    NotAcceptable NOT_ACCEPTABLE "not-acceptable" "The answer cannot be had as that media type",
    BodyTimeout REQUEST_TIMEOUT "body-timeout" "The body took too long to arrive",
    LengthRequired LENGTH_REQUIRED "length-required" "The request has no body",
    Precondition PRECONDITION_FAILED "precondition" "The dataset is not as the request wants it",
    TooLarge PAYLOAD_TOO_LARGE "too-large" "The body is too large",
    MediaType UNSUPPORTED_MEDIA_TYPE "media-type" "The body is of another media type",
    Rejected UNPROCESSABLE_ENTITY "rejected" "The kernel cannot work on this",
    TooMany TOO_MANY_REQUESTS "too-many" "The client asks too often",
    Internal INTERNAL_SERVER_ERROR "internal" "The server has made a mistake",
    Damaged INTERNAL_SERVER_ERROR "damaged" "The dataset's contents are missing or damaged",
    Busy SERVICE_UNAVAILABLE "busy" "The server is busy",
    Deadline SERVICE_UNAVAILABLE "deadline" "The computation took too long",
    Storage INSUFFICIENT_STORAGE "storage" "The server has no room for the dataset",
}

impl Kind {
    /// An error of this kind.
    pub(crate) fn because(self, detail: impl Into<String>) -> Problem {
        Problem { kind: self, detail: detail.into(), shed: None, cause: None }
    }
}

impl From<Shed> for Problem {
    fn from(shed: Shed) -> Self {
        let (kind, detail) = match shed {
            Shed::InFlight => (Kind::Busy, "too many requests are in flight: try again in a second"),
            Shed::Memory => {
                (Kind::Busy, "bodies, columns and answers fill the memory: try again in a second, or send less")
            }
            Shed::Wait => (Kind::Busy, "every thread is busy: try again in a second"),
            Shed::Rate => (Kind::TooMany, "the client has made too many requests: try again in a second"),
        };
        Self { shed: Some(shed), ..kind.because(detail) }
    }
}

impl Problem {
    /// A mistake of the server's. Only the log says why, so that nothing of the inside leaks.
    pub(crate) fn internal(cause: impl ToString) -> Self {
        Kind::Internal
            .because("the request may be sound: try again, and report it with its x-request-id if it persists")
            .caused_by(cause)
    }

    /// With a cause, which the log is told.
    pub(crate) fn caused_by(self, cause: impl ToString) -> Self {
        Self { cause: Some(Cause(cause.to_string())), ..self }
    }

    /// What the log is told.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_ref().map(|cause| cause.0.as_str())
    }

    /// Whether the request itself may be sound.
    pub(crate) fn is_the_servers(&self) -> bool {
        self.kind.status().is_server_error()
    }

    /// The problem as JSON has it.
    pub(crate) fn details(self) -> Details {
        Details {
            r#type: self.kind.uri(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.detail,
        }
    }
}

/// The JSON of a problem.
#[derive(Serialize)]
pub(crate) struct Details {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (kind, shed, cause) = (self.kind, self.shed, self.cause.clone());
        let status = kind.status();
        let body = serde_json::to_vec(&self.details()).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if kind.is_passing() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if kind == Kind::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(shed) = shed {
            response.extensions_mut().insert(shed);
        }
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}
