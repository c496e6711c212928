//! The name of a dataset: few letters, and never a path.

use serde::{Deserialize, Serialize};
use std::{fmt::Write, str::FromStr};

/// Letters of a name.
const LEN_MAX: usize = 100;

/// What a name must be, for messages.
pub(crate) const RULE: &str =
    "a name has 1 to 100 of the characters A–Z a–z 0–9 . _ - and begins with a letter or a digit";

/// The name of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name(String);

impl Name {
    /// The name of its file: hex, so that systems that confuse letters or know special names do no harm.
    pub(crate) fn file_name(&self) -> String {
        self.0.bytes().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins && text.len() <= LEN_MAX && text.bytes().all(fit) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_no_names() {
        for text in ["", ".", "..", "../a", "a/b", "a\\b", "-a", ".a", "a b", "a\0", "é", "a:b", "~", &"a".repeat(101)]
        {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
        for text in ["a", "A.csv", "2024-01_x.npy", &"a".repeat(100)] {
            assert!(text.parse::<Name>().is_ok(), "{text:?}");
        }
        assert_eq!("aB.".parse::<Name>().unwrap().file_name(), "61422e");
    }
}
