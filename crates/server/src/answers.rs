//! Answers about datasets, kept to be given again: as long as the contents are the same, so are the answers.

use crate::{answer::Made, gate::Memory, media::Wanted, problem::Problem};
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quick_cache::{Weighter, sync::Cache};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// Says what the kept answers did: `hit` or `miss`.
pub(crate) const ECHOES_CACHE: HeaderName = HeaderName::from_static("echoes-cache");

/// Bytes that an entry takes beside its text.
const ENTRY_BYTES: usize = 256;

/// Answers that the table has room for at first.
const ENTRIES: usize = 256;

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The hash of the contents.
    pub contents: String,
    pub kernel: &'static str,
    /// What stands behind the `?`.
    pub query: String,
    pub wanted: Wanted,
}

/// An answer with its strong entity tag.
#[derive(Debug)]
pub(crate) struct Kept {
    pub tag: HeaderValue,
    pub made: Made,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Kept>> for Bytes {
    fn weight(&self, key: &Key, kept: &Arc<Kept>) -> u64 {
        (ENTRY_BYTES + key.query.len() + kept.made.body.len()) as u64
    }
}

/// The answers that are kept.
#[derive(Debug)]
pub(crate) struct Answers(Cache<Key, Arc<Kept>, Bytes>);

impl Answers {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Cache::with_weighter(ENTRIES, bytes_max as u64, Bytes))
    }

    /// The answer if it is kept.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        self.0.get(key)
    }

    /// The answer, from `make` if it is not kept. Who asks for the same meanwhile waits for it; if `make` fails or is
    /// given up, the next of them makes it.
    pub(crate) async fn get_or_make(
        &self,
        key: &Key,
        deadline: Instant,
        make: impl Future<Output = Result<Kept, Problem>>,
    ) -> Option<Result<Arc<Kept>, Problem>> {
        match timeout_at(deadline, self.0.get_value_or_guard_async(key)).await.ok()? {
            Ok(kept) => Some(Ok(kept)),
            Err(place) => Some(make.await.map(|kept| {
                let kept = Arc::new(kept);
                // If the dataset has been removed meanwhile the answer is still true of its contents.
                let _ = place.insert(Arc::clone(&kept));
                kept
            })),
        }
    }
}

impl Kept {
    /// The answer, or word that the client has it already. Who has just made it holds memory for it until it is sent.
    pub(crate) fn respond(&self, headers: &HeaderMap, cache: &'static str, memory: Option<Memory>) -> Response {
        let mut response = if has(headers, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let made = self.made.clone();
            match memory {
                Some(memory) => made.holding(memory).into_response(),
                None => made.into_response(),
            }
        };
        tag(response.headers_mut(), &self.tag);
        response.headers_mut().insert(ECHOES_CACHE, HeaderValue::from_static(cache));
        response
    }
}

/// Marks an answer as one that may be kept, and must be asked about before it is used again.
pub(crate) fn tag(headers: &mut HeaderMap, tag: &HeaderValue) {
    headers.insert(header::ETAG, tag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

/// Whether the client says that it has what bears this tag, or will have nothing that there is.
pub(crate) fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH);
    let tags = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    // For GET the comparison is weak: `W/` is of no account.
    tags.map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}
