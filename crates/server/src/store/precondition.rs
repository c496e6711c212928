//! What a client wants to be so before a dataset is changed: RFC 9110, 13.1.

use super::{Dataset, Refusal};
use axum::http::{HeaderMap, HeaderName, header};

/// What a client wants to be so before a dataset is changed.
#[derive(Debug, Default)]
pub(crate) struct Precondition {
    /// The dataset is there, and bears one of these tags.
    matching: Option<String>,
    /// It is not there, or bears none of these.
    none_matching: Option<String>,
}

impl Precondition {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { matching: list(headers, header::IF_MATCH), none_matching: list(headers, header::IF_NONE_MATCH) }
    }

    /// Refuses if the dataset, `None` if there is none, is not as the client wants it.
    pub(crate) fn check(&self, dataset: Option<&Dataset>) -> Result<(), Refusal> {
        let names = |tags: &str| dataset.is_some_and(|dataset| names(tags, dataset));
        if self.matching.as_ref().is_some_and(|tags| !names(tags)) {
            return Err(Refusal::Precondition(header::IF_MATCH));
        }
        // A weak tag is as good as a strong one here.
        if self.none_matching.as_ref().is_some_and(|tags| names(&tags.replace("W/", ""))) {
            return Err(Refusal::Precondition(header::IF_NONE_MATCH));
        }
        Ok(())
    }
}

/// The lines of a header as one list.
fn list(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Whether a list has the dataset's tag, or `*`. Weak tags are another's.
fn names(tags: &str, dataset: &Dataset) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_matches('"') == dataset.hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Format;

    fn holds(name: HeaderName, tags: &str, dataset: Option<&Dataset>) -> bool {
        let headers = HeaderMap::from_iter([(name, tags.parse().unwrap())]);
        Precondition::of(&headers).check(dataset).is_ok()
    }

    #[test]
    fn tags_are_met_or_not() {
        let name = "a".parse().unwrap();
        let there = Some(&Dataset { name, hash: "ab".to_owned(), bytes: 1, format: Format::Csv });
        let cases = [
            ("*", true, true),
            ("\"x\", \"ab\"", true, true),
            ("\"x\"", false, false),
            ("W/\"ab\"", false, true),
            ("W/\"x\"", false, false),
        ];
        for (tags, strongly, weakly) in cases {
            assert_eq!(holds(header::IF_MATCH, tags, there), strongly, "{tags}");
            assert_eq!(holds(header::IF_NONE_MATCH, tags, there), !weakly, "{tags}");
            assert!(!holds(header::IF_MATCH, tags, None) && holds(header::IF_NONE_MATCH, tags, None), "{tags}");
        }
        assert!(Precondition::default().check(there).is_ok() && Precondition::default().check(None).is_ok());
    }
}
