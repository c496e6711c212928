//! The real binary, as people and programs call it.

mod errors;
mod help;
mod output;
mod published;
mod same_bits;
mod shapes;
#[cfg(unix)]
mod signals;
mod tool;
