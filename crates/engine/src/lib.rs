//! Runs the kernels of Echoes over columns in memory and in files: one reading, any number of threads, the same bits.
//!
//! Rows are cut into chunks and blocks of fixed size; chunks are absorbed on any thread and merged in the order of a tree that
//! depends on their number alone. So an answer does not depend on threads, on how the source hands out its rows, or on where
//! they lie.
//!
//! ```
//! use echoes_engine::{Compute, Engine, Error};
//! use echoes_kernel::{Nan, Reject};
//! use echoes_stats::kernels::descriptive::{Mean, Std};
//!
//! // On the caller's thread:
//! assert_eq!(Mean::default().of(&[1.0, 2.0, 6.0])?, 3.0);
//!
//! // With threads and options:
//! let engine = Engine::new();
//! let x = [1.0, f64::NAN, 3.0];
//! assert_eq!(engine.job().nan(Nan::Omit).run(&Std::of(0), &x)?, 1.0);
//! assert_eq!(engine.job().nan(Nan::Raise).run(&Mean::default(), &x), Err(Error::Reject(Reject::NotANumber { column: 0, row: 1 })));
//! # Ok::<(), Error>(())
//! ```
#![forbid(unsafe_code)]

mod accelerate;
mod cancel;
mod context;
mod crew;
mod data;
mod emit;
mod engine;
mod error;
mod fold;
mod gpu;
mod many;
mod observe;
mod plan;
mod prepare;
mod report;
mod sample;
mod seats;
mod share;
mod shelf;
mod typed;
mod whole;
mod window;

pub use accelerate::{Costs, Graphics};
pub use cancel::Cancel;
pub use context::{Held, Progress};
pub use data::{Data, Views};
pub use emit::Sink;
pub use engine::{Engine, Job, THREADS_MAX, parse_threads};
pub use error::{Error, Result};
pub use fold::streamed_values_max;
pub use gpu::{Gpu, UnknownGpu};
pub use many::Request;
pub use observe::{Observer, Run};
pub use plan::{Plan, PlannedStep};
pub use report::Report;
pub use typed::Compute;

/// The README's examples run too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
