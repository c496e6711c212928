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
    Malformed BAD_REQUEST "malformed" "The body is not JSON",
    UnknownKernel NOT_FOUND "unknown-kernel" "There is no such kernel",
    NotFound NOT_FOUND "not-found" "There is nothing at this path",
    Method METHOD_NOT_ALLOWED "method" "The method does not apply to this path",
    BodyTimeout REQUEST_TIMEOUT "body-timeout" "The body took too long to arrive",
    LengthRequired LENGTH_REQUIRED "length-required" "The request has no body",
    TooLarge PAYLOAD_TOO_LARGE "too-large" "The body is too large",
    MediaType UNSUPPORTED_MEDIA_TYPE "media-type" "The body is of another media type",
    Rejected UNPROCESSABLE_ENTITY "rejected" "The kernel cannot work on this",
    Internal INTERNAL_SERVER_ERROR "internal" "The server has made a mistake",
    Busy SERVICE_UNAVAILABLE "busy" "The server is busy",
    Deadline SERVICE_UNAVAILABLE "deadline" "The computation took too long",
}

impl Kind {
    /// An error of this kind.
    pub(crate) fn because(self, detail: impl Into<String>) -> Problem {
        Problem { kind: self, detail: detail.into() }
    }
}

impl Problem {
    /// A mistake of the server's. It says no more, so that nothing of the inside leaks.
    pub(crate) fn internal() -> Self {
        Kind::Internal
            .because("the request may be sound: try again, and report it with its x-request-id if it persists")
    }
}

/// The JSON of a problem.
#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let details = Details {
            r#type: self.kind.uri(),
            title: self.kind.title(),
            status: status.as_u16(),
            detail: &self.detail,
        };
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
