//! Statistics: the kernels, and the partials that carry them.
//!
//! [`kernels`] is what callers ask for, one file a kernel; [`partials`] is what readings leave behind; [`KERNELS`] is the
//! registry, from which the command line, the HTTP interface and the law tests come. There are no threads of its own, no files and
//! no `unsafe` here: the engine drives.
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

mod ahead;
mod binning;
mod convolution;
mod decay;
mod double;
mod elementwise;
mod exact;
pub mod expr;
mod inversions;
mod mixed;
mod nans;
mod network;
pub mod partials;
mod quantiles;
mod registry;
mod regression;
mod segments;
mod selection;
mod slopes;
mod sorting;
pub mod special;
mod sweeps;
mod swept;
mod threads;
mod transforms;
mod unit;
mod upper;
mod weighable;
mod weights;
mod windows;

pub use binning::Rule;
pub use exact::Mode;
pub use quantiles::Method;
pub use registry::{KERNELS, find, kernels};
pub use regression::{Fit, Precision};
pub use weights::Weights;
