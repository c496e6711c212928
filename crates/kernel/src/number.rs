//! A number that is exact when it can be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An exact integer where the data are integers, a double where they are not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(with = "f64")]
pub enum Number {
    /// Exact.
    Int(i128),
    /// Rounded; NaN where undefined.
    Float(f64),
}

impl Number {
    /// The nearest double.
    pub const fn to_f64(self) -> f64 {
        match self {
            Self::Int(x) => x as f64,
            Self::Float(x) => x,
        }
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> Self {
        number.to_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_digit() {
        let sum = Number::Int(2 * i128::from(u64::MAX));
        assert_eq!(serde_json::to_string(&sum).unwrap(), "36893488147419103230");
        assert_eq!(serde_json::to_string(&Number::Float(f64::NAN)).unwrap(), "null");
    }
}
