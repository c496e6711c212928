//! Why work is the processor's.

use std::fmt;

/// Why work is the processor's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Why {
    /// The setting.
    Off,
    /// A partial that no sweep can make, or more columns than one.
    NoProgram,
    /// Its rows can only be read in order, or there are none.
    NoRows,
    /// Nobody will know the column again.
    Once,
    Small,
    /// It is asked about for the first time.
    First,
    /// It costs more there; what a device would have spared, in seconds, had the column been there already.
    Dear(f64),
    Absent(String),
    /// It has missing rows, integers, or values of which sums may overflow.
    Unfit,
    /// The device has failed a short time ago.
    Resting,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "the GPU is off",
            Self::NoProgram => "the GPU has no program for it",
            Self::NoRows => "its rows cannot be read in any order",
            Self::Once => "the column is read once",
            Self::Small => "the column is small",
            Self::First => "the column is asked about for the first time",
            Self::Dear(_) => "it is quicker here",
            Self::Absent(reason) => return f.write_str(reason),
            Self::Unfit => "the column is not one of doubles that are all there and below 1e70",
            Self::Resting => "the GPU has failed",
        })
    }
}
