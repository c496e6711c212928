//! The real binary, as people and programs call it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod cache;
mod errors;
mod gpu;
mod help;
mod killed;
mod map;
mod output;
mod published;
mod same_bits;
mod serve;
mod shapes;
#[cfg(unix)]
mod signals;
mod tool;
