//! What to do with a value that is not a number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a NaN in the data does to the answer, as SciPy's `nan_policy`.
///
/// A *missing* value (an empty field, a null) is no NaN: it is counted and skipped under every policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nan {
    /// It spreads: what depends on it is NaN.
    #[default]
    Propagate,
    /// Its row is left out, like a missing one.
    Omit,
    /// It is an error that names the row.
    Raise,
}

impl std::str::FromStr for Nan {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "propagate" => Ok(Self::Propagate),
            "omit" => Ok(Self::Omit),
            "raise" => Ok(Self::Raise),
            other => Err(format!("`{other}` is not one of propagate, omit, raise")),
        }
    }
}
