//! Where the columns come from: memory, ndarray views, `.npy` and CSV files, standard input.
//!
//! Every source answers one question, [`Source::read`], with columns that can be read either at any row
//! ([`Rows`]) or only in order ([`Stream`]). The engine knows no formats, and a format knows no kernels.
//! All `unsafe` of memory maps is here.

pub mod csv;
mod error;
mod file;
mod memory;
mod names;
pub mod npy;
pub mod number;
mod source;

pub use error::{Error, Kind, Result};
pub use file::{Access, Bytes, UnknownAccess};
pub use memory::{Memory, View};
pub use source::{Buffer, Chunk, Field, Owned, OwnedColumn, Reading, Rows, Slice, Source, Stream};
