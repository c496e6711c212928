//! What a source is: named columns, read at any row or in order.

use crate::Result;
use echoes_kernel::{DType, Values, for_each_dtype};
use smallvec::SmallVec;
use std::ops::Range;

/// Named columns of numbers.
pub trait Source: Send + Sync {
    /// What to call it in messages: a path, `standard input`, `memory`.
    fn name(&self) -> &str;

    /// How it is read, for reports: `memory`, `mmap`, `pread`, `csv`.
    fn backend(&self) -> &'static str;

    /// The columns, in order. Types are what is known before reading; a CSV column may widen from integers to doubles.
    fn fields(&self) -> &[Field];

    /// Rows, missing ones included; `None` if only reading can tell.
    fn rows(&self) -> Option<u64>;

    /// Rows at most, as far as can be told without reading; `None` if nothing can.
    fn rows_max(&self) -> Option<u64> {
        self.rows()
    }

    /// Rows at most, closer, by a look at everything; `None` if `go_on`, told of the rows so far, has ended it.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn rows_counted(&self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Option<u64>> {
        Ok(self.rows_max().filter(|&rows| go_on(rows)))
    }

    /// What the content, as it is read here, is known by without reading it, if by anything: what a cache may keep it under.
    fn identity(&self) -> Option<String> {
        None
    }

    /// One reading of some columns, by their positions in [`fields`](Source::fields). May be called again and again.
    ///
    /// # Errors
    /// If a column is not there or not numeric, if columns differ in length, or if the source cannot be read.
    fn read(&self, columns: &[usize]) -> Result<Reading<'_>>;
}

/// A column's name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name; unique within a source.
    pub name: String,
    /// The type, or `None` for a column that is not numeric, which cannot be read.
    pub dtype: Option<DType>,
}

/// One reading.
pub enum Reading<'a> {
    /// Any rows, in any order, from any thread.
    Rows(Box<dyn Rows + 'a>),
    /// Rows in order.
    Stream(Box<dyn Stream + 'a>),
}

/// Columns that can be read at any row, from any thread.
pub trait Rows: Sync {
    /// Rows, missing ones included.
    fn rows(&self) -> u64;

    /// The number of columns.
    fn width(&self) -> usize;

    /// The given rows of each column: borrowed where they lie in memory as they are needed, else copied to `buffer`.
    ///
    /// # Errors
    /// If the file cannot be read or has changed.
    fn read<'b>(&'b self, rows: Range<u64>, buffer: &'b mut Buffer) -> Result<Chunk<'b>>;

    /// Called once after the last row: refuses if the file changed in the meantime.
    ///
    /// # Errors
    /// [`Kind::Changed`](crate::Kind::Changed).
    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

/// Columns that can be read only in order.
pub trait Stream: Send {
    /// The next [`CHUNK`](echoes_kernel::CHUNK) rows of each column; fewer only at the end, then `None`.
    ///
    /// # Errors
    /// If the text does not parse or the file cannot be read.
    fn next(&mut self) -> Result<Option<Vec<OwnedColumn>>>;
}

/// The same rows of several columns. Up to two columns take no heap.
pub type Chunk<'b> = SmallVec<[Slice<'b>; 2]>;

/// Some rows of a column.
#[derive(Debug, Clone, Copy)]
pub struct Slice<'b> {
    /// The elements; what stands at a missing row is of no account.
    pub values: Values<'b>,
    /// Which rows are present; `None` if all are.
    pub valid: Option<&'b [bool]>,
}

impl Slice<'_> {
    /// The rows `from..to`.
    ///
    /// # Panics
    /// If the range lies outside, as slicing does.
    #[must_use]
    pub fn part(&self, from: usize, to: usize) -> Self {
        Self { values: self.values.slice(from, to), valid: self.valid.map(|valid| &valid[from..to]) }
    }
}

/// Memory that readings copy into, kept by each thread from chunk to chunk.
#[derive(Debug, Default)]
pub struct Buffer {
    /// One for each column that must be copied.
    pub columns: Vec<OwnedColumn>,
    /// Raw bytes, for a file's columns before they are converted.
    pub bytes: Vec<u8>,
}

/// Some rows of a column, owned.
#[derive(Debug, Clone, Default)]
pub struct OwnedColumn {
    /// The elements.
    pub values: Owned,
    /// Which rows are present; `None` if all are.
    pub valid: Option<Vec<bool>>,
}

impl OwnedColumn {
    /// The rows, borrowed.
    pub fn slice(&self) -> Slice<'_> {
        Slice { values: self.values.values(), valid: self.valid.as_deref() }
    }
}

impl<T> From<Vec<T>> for OwnedColumn
where
    Owned: From<Vec<T>>,
{
    fn from(values: Vec<T>) -> Self {
        Self { values: values.into(), valid: None }
    }
}

macro_rules! define_owned {
    ($($variant:ident $type:ident $name:literal),*) => {
        /// Elements of one type, owned.
        #[derive(Debug, Clone)]
        pub enum Owned {
            $(#[doc = concat!("`", stringify!($type), "` elements.")] $variant(Vec<$type>)),*
        }

        impl Owned {
            /// The elements, borrowed.
            pub fn values(&self) -> Values<'_> {
                match self { $(Self::$variant(x) => Values::$variant(x)),* }
            }
        }

        $(impl From<Vec<$type>> for Owned {
            fn from(x: Vec<$type>) -> Self { Self::$variant(x) }
        })*
    };
}
for_each_dtype!(define_owned);

impl Default for Owned {
    fn default() -> Self {
        Self::Float64(Vec::new())
    }
}
