//! A number that is exact when it can be.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact integer where the data are integers, a double where they are not.
///
/// In JSON, a number; in binary formats it says which it is.
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema)]
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

/// How a number travels in formats that cannot ask what comes.
#[derive(Serialize, Deserialize)]
enum Tagged {
    Int(i128),
    Float(f64),
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (*self, to.is_human_readable()) {
            (Self::Int(x), true) => x.serialize(to),
            (Self::Float(x), true) => x.serialize(to),
            (Self::Int(x), false) => Tagged::Int(x).serialize(to),
            (Self::Float(x), false) => Tagged::Float(x).serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Tagged::deserialize(from)? {
            Tagged::Int(x) => Self::Int(x),
            Tagged::Float(x) => Self::Float(x),
        })
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
