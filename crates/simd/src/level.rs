//! The choice of an instruction set, once a process.

use crate::{Operation, portable::Portable};
use std::sync::OnceLock;

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What the build was compiled for, by `wide`.
    Portable,
    /// AVX2 and FMA (and POPCNT), 256-bit registers.
    Avx2,
    /// AVX-512 as of Ice Lake and Zen 4: F, DQ, BW, VL, VBMI and VPOPCNTDQ (and POPCNT and GFNI), 512-bit registers.
    Avx512,
}

/// `ECHOES_SIMD` names a level that does not exist or that this processor lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ECHOES_SIMD={0}: this processor has {available}; choose one of them or unset it", available = names())]
pub struct Refused(pub String);

impl Level {
    /// Every level, simplest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The name that `ECHOES_SIMD` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("avx512vpopcntdq")
                    && is_x86_feature_detected!("gfni")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The levels that this processor has, simplest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.into_iter().filter(|level| level.is_available())
    }

    fn best() -> Self {
        Self::available().next_back().unwrap_or(Self::Portable)
    }
}

fn names() -> String {
    Level::available().map(Level::name).collect::<Vec<_>>().join(", ")
}

static CHOICE: OnceLock<Result<Level, Refused>> = OnceLock::new();

/// The level that this process uses: `ECHOES_SIMD` if it is set, else the widest.
///
/// # Errors
/// If `ECHOES_SIMD` names a level that this processor lacks. A program should ask once at its start.
pub fn choose() -> Result<Level, Refused> {
    CHOICE
        .get_or_init(|| match std::env::var("ECHOES_SIMD") {
            Err(_) => Ok(Level::best()),
            Ok(name) => Level::available().find(|level| level.name() == name).ok_or(Refused(name)),
        })
        .clone()
}

/// As [`choose`]; a level that was refused gives the portable one.
#[inline]
pub fn level() -> Level {
    match CHOICE.get() {
        Some(Ok(level)) => *level,
        _ => choose().unwrap_or(Level::Portable),
    }
}

/// Runs `operation` on the instruction set of this process.
#[inline]
pub fn run<O: Operation>(operation: O) -> O::Output {
    // SAFETY: `level` only ever gives a level that `is_available` was true for.
    unsafe { dispatch(level(), operation) }
}

/// Runs `operation` at `level`, or at the portable level if this processor lacks it; for tests that compare levels.
pub fn run_at<O: Operation>(level: Level, operation: O) -> O::Output {
    let level = if level.is_available() { level } else { Level::Portable };
    // SAFETY: the line above has asked the processor.
    unsafe { dispatch(level, operation) }
}

/// # Safety
/// The processor must have `level`.
#[inline]
unsafe fn dispatch<O: Operation>(level: Level, operation: O) -> O::Output {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller vouches for it.
        Level::Avx512 => unsafe { avx512(operation) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller vouches for it.
        Level::Avx2 => unsafe { avx2(operation) },
        _ => operation.run(Portable),
    }
}

/// # Safety
/// The processor must have AVX-512 F, DQ, BW, VL, VBMI and VPOPCNTDQ, POPCNT and GFNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx512vbmi,avx512vpopcntdq,gfni,popcnt")]
unsafe fn avx512<O: Operation>(operation: O) -> O::Output {
    // SAFETY: the caller vouches for it.
    operation.run(unsafe { crate::avx512::Avx512::new() })
}

/// # Safety
/// The processor must have AVX2, FMA and POPCNT.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,popcnt")]
unsafe fn avx2<O: Operation>(operation: O) -> O::Output {
    // SAFETY: the caller vouches for it.
    operation.run(unsafe { crate::avx2::Avx2::new() })
}
