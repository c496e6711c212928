//! A name for each request: the client's, or one of ours.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// The header.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of a client's name for its request; longer ones are not taken over.
pub(crate) const LEN_MAX: usize = 128;

/// Makes names that do not repeat: a count, hashed with a key of this process.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    key: RandomState,
    count: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> Option<HeaderValue> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        HeaderValue::try_from(format!("{:016x}", self.key.hash_one(count))).ok()
    }
}

impl RequestIds {
    /// The request's name: the client's, if it is fit.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        headers.get(X_REQUEST_ID).filter(|id| is_fit(id)).cloned().or_else(|| self.next())
    }
}

fn is_fit(id: &HeaderValue) -> bool {
    (1..=LEN_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_and_do_not_repeat() {
        let ids = RequestIds::default();
        let (a, b) = (ids.next().unwrap(), ids.next().unwrap());
        assert!(is_fit(&a) && a != b);
        assert!(!is_fit(&HeaderValue::from_static("")) && !is_fit(&HeaderValue::from_static("a b")));
    }
}
