//! Whether a graphics processor takes part.

use serde::Serialize;
use std::{fmt, str::FromStr};

/// Whether a graphics processor takes part. Answers do not depend on it.
///
/// It sweeps columns of doubles, `float32` ones too, without missing rows, for partials that have a program; everything else, and
/// everything after a failure of the device, is the processor's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gpu {
    /// Where it is reckoned to be quicker: for columns that are asked about again and again, and stay on the device.
    #[default]
    Auto,
    /// Wherever there is a program; a run is refused if there is no device.
    On,
    /// Never.
    Off,
    /// As [`On`](Gpu::On), but by a driver that runs on the processor, if there is one: for tests.
    Cpu,
}

impl Gpu {
    /// Every setting, the default first.
    pub const ALL: [Self; 4] = [Self::Auto, Self::On, Self::Off, Self::Cpu];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
            Self::Cpu => "cpu",
        }
    }
}

impl fmt::Display for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is none of [`Gpu::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be auto, on, off or cpu")]
pub struct UnknownGpu;

impl FromStr for Gpu {
    type Err = UnknownGpu;
    fn from_str(word: &str) -> Result<Self, UnknownGpu> {
        Self::ALL.into_iter().find(|gpu| gpu.name() == word).ok_or(UnknownGpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for gpu in Gpu::ALL {
            assert_eq!(gpu.to_string().parse(), Ok(gpu));
        }
        assert_eq!("On".parse::<Gpu>(), Err(UnknownGpu));
    }
}
