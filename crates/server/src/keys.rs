//! The keys that clients show.

use crate::problem::{Kind, Problem};
use axum::http::{HeaderMap, header};

/// Bytes of a key; longer ones are not looked at.
const LEN_MAX: usize = 512;

/// The keys, hashed, so that to compare one takes as long whatever it is.
#[derive(Debug)]
pub(crate) struct Keys(Vec<blake3::Hash>);

impl Keys {
    pub(crate) fn new(keys: &[String]) -> Self {
        Self(keys.iter().map(|key| blake3::hash(key.as_bytes())).collect())
    }

    /// The number of the key that the request shows; `None` if no key is needed.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Option<usize>, Problem> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let shown = shown(headers).filter(|key| key.len() <= LEN_MAX);
        let shown = shown.ok_or_else(|| refuse("send the header Authorization: Bearer KEY"))?;
        let shown = blake3::hash(shown);
        // Every key is compared, and each in constant time: that is how hashes compare.
        let mut found = None;
        for (number, key) in self.0.iter().enumerate() {
            if *key == shown {
                found = Some(number);
            }
        }
        found.map(Some).ok_or_else(|| refuse("the key is not known here"))
    }
}

fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

fn refuse(detail: &str) -> Problem {
    Kind::Unauthorized.because(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[&str], header: Option<&str>) -> Result<Option<usize>, Problem> {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let header = header.map(|text| (header::AUTHORIZATION, text.parse().unwrap()));
        Keys::new(&keys).check(&header.into_iter().collect())
    }

    #[test]
    fn only_a_key_that_is_known() {
        assert_eq!(check(&[], None), Ok(None));
        assert_eq!(check(&["a", "bc"], Some("Bearer bc")), Ok(Some(1)));
        assert_eq!(check(&["a", "bc"], Some("bearer  a")), Ok(Some(0)));
        for wrong in [None, Some(""), Some("Bearer"), Some("Bearer b"), Some("Basic bc"), Some("Bearer ")] {
            assert!(check(&["a", "bc"], wrong).is_err(), "{wrong:?}");
        }
        assert!(check(&["a"], Some(&format!("Bearer {}", "a".repeat(LEN_MAX + 1)))).is_err());
    }
}
