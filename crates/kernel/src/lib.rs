//! The one trait that every statistic of Echoes shares.
//!
//! **A [`Kernel`] is what a caller asks for. A [`Partial`] is what one reading of the data leaves behind.**
//! A kernel names the partial that it needs and finishes it into an answer; a partial begins, absorbs
//! blocks of rows, and merges with the partial of the rows after it. Threads, files larger than memory,
//! caches and graphics processors attach to partials, so every kernel gains them at once.
//!
//! This crate knows no input, no output, no threads and no `unsafe`.
//!
//! ```
//! use echoes_kernel::{Block, Column, Partial};
//! # use serde::{Serialize, Deserialize};
//! /// How many rows went by.
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Rows(u64);
//! impl Partial for Rows {
//!     type Setup = ();
//!     const NAME: &'static str = "rows/1";
//!     fn begin(_: &()) -> Self { Rows(0) }
//!     fn absorb(&mut self, block: &Block<'_>) { self.0 += block.len() as u64; }
//!     fn merge(&mut self, later: &Self) { self.0 += later.0; }
//! }
//! let mut rows = Rows::begin(&());
//! rows.absorb(&Block::new(&[Column::of(&[1.0, 2.0, 3.0])], 0));
//! assert_eq!(rows.0, 3);
//! ```
#![forbid(unsafe_code)]

mod block;
mod bundle;
mod entry;
mod hands;
mod infinite;
mod kernel;
mod name;
mod nan;
mod number;
mod partial;
mod reference;
mod reject;
mod spec;
pub mod sweep;
mod values;
pub mod wire;

pub use block::{BLOCK, Block, CHUNK, Column};
pub use bundle::{Bundle, Leaf};
pub use entry::{Answer, BoundKernel, Emitting, Entry, Gathering, Step};
pub use hands::{Alone, Hands};
pub use infinite::{INFINITY, MINUS_INFINITY};
pub use kernel::{Columns, Emission, Emit, Kernel, NamedColumns, Needs, Next, Piece, Series, Shape, Whole};
pub use nan::Nan;
pub use number::Number;
pub use partial::{Either, Fold, Partial, Samples};
pub use reference::{READINGS_MAX, merge_tree, reference, tree_split};
pub use reject::{Reject, Result};
pub use spec::{Arity, Category, Form, Spec};
pub use values::{DType, Values};
