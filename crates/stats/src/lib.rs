//! Statistics: the kernels, and the partials that carry them.
//!
//! [`kernels`] is what callers ask for, one file a kernel; [`partials`] is what readings leave behind; [`KERNELS`] is the
//! registry, from which the command line, the HTTP interface and the law tests come. There are no threads, files or
//! `unsafe` here: the engine drives.
//!
//! ```
//! use echoes_kernel::{Block, Column, Partial};
//! use echoes_stats::partials::{Moments, Order};
//!
//! let mut moments = Moments::begin(&Order::Fourth);
//! moments.absorb(&Block::new(&[Column::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])], 0));
//! assert_eq!(moments.mean(), Some(5.0));
//! assert_eq!(moments.variance(0.0), Some(4.0));
//! ```
#![forbid(unsafe_code)]

mod double;
mod elementwise;
pub mod expr;
mod inversions;
pub mod partials;
mod quantiles;
mod registry;
mod sorting;
pub mod special;
mod sweeps;
mod swept;
mod unit;

pub use quantiles::Method;
pub use registry::{KERNELS, find, kernels};
