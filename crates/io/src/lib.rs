//! Where the columns come from: memory, ndarray views, `.npy` and CSV files, standard input.
//!
//! Every source answers one question, [`Source::read`], with columns that can be read either at any row
//! ([`Rows`]) or only in order ([`Stream`]). The engine knows no formats, and a format knows no kernels.
//! All `unsafe` of memory maps is here.
//!
//! ```
//! use echoes_io::{OpenOptions, Reading};
//! let source = echoes_io::parse("prices.csv", &b"item,price\npen,1.5\nbook,\n"[..], &OpenOptions::default())?;
//! assert_eq!(source.fields()[1].name, "price");
//! let Reading::Stream(mut stream) = source.read(&[1])? else { panic!("CSV is read in order") };
//! let columns = stream.next()?.unwrap();
//! assert_eq!(columns[0].slice().values.as_f64(), Some(&[1.5, 0.0][..]));
//! assert_eq!(columns[0].slice().valid, Some(&[true, false][..]));
//! # Ok::<(), echoes_io::Error>(())
//! ```

mod builder;
pub mod csv;
mod error;
mod file;
mod heap;
mod memory;
pub mod names;
pub mod npy;
pub mod number;
mod open;
#[cfg(unix)]
pub mod signal;
mod source;
mod spool;

pub use builder::ColumnBuilder;
pub use error::{Error, Kind, Result};
pub use file::{Access, Bytes, UnknownAccess};
pub use heap::keep_freed_memory;
pub use memory::{Memory, View};
pub use open::{OpenOptions, STANDARD_INPUT, open, parse};
pub use source::{Buffer, Chunk, Field, Owned, OwnedColumn, Reading, Rows, Slice, Source, Stream};
pub use spool::SPOOL_MEMORY;
