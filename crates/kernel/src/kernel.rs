//! What a caller asks for.

use crate::{Partial, Result, Spec, sweep::Formula};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};

/// What a caller asks for. `Self` is the parameters; their doc comments are the help text.
pub trait Kernel: Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Name, category, columns, form, references.
    const SPEC: Spec;
    /// What a reading must leave behind.
    type Pass: Partial;
    /// The answer.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// Whether [`Shape::sample`] should be filled, for a kernel that some of its parameters need it for.
    fn wants_sample(&self) -> bool {
        Self::SPEC.sampled
    }

    /// Rows of each column that it makes of so many, to answer with or to work on, at most: as many, if it says nothing. For who
    /// must have room for them beforehand.
    fn rows_made(&self, rows: u64) -> u64 {
        rows
    }

    /// Checks the parameters and chooses the partial's setup.
    ///
    /// # Errors
    /// [`Reject::Parameter`](crate::Reject::Parameter) for one outside its range.
    fn pass(&self, shape: &Shape<'_>) -> Result<<Self::Pass as Partial>::Setup>;

    /// Makes the answer, or says what else is needed.
    ///
    /// # Errors
    /// [`Reject`](crate::Reject) where the values allow no answer.
    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>>;
}

/// What is known of the data before the first reading.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape<'a> {
    /// Rows, missing ones included; `None` for a stream.
    pub rows: Option<u64>,
    /// Columns that the kernel was given.
    pub columns: usize,
    /// Values of the first column from all over it, without NaN: for kernels that ask
    /// ([`Spec::sampled`](crate::Spec)). A hint: answers may not depend on it.
    pub sample: &'a [f64],
}

/// What follows a reading.
pub enum Next<K: Kernel> {
    /// The answer.
    Done(K::Output),
    /// Another reading, with narrower parameters.
    Again(K),
    /// Columns out, piece by piece.
    Emit(Emission<K>),
    /// The answer needs whole columns in memory.
    Whole(Box<dyn Whole<K::Output>>),
}

impl<K: Kernel> Next<K> {
    /// Writes columns by `emit`; a caller who wants them in memory gets them as the kernel's output.
    pub fn emit(emit: impl Emit<K::Pass> + 'static) -> Self
    where
        K::Output: From<Columns>,
    {
        Self::Emit(Emission { emit: Box::new(emit), collect: K::Output::from })
    }
}

/// Columns in memory, as a kernel wrote them.
pub type Columns = Vec<Vec<f64>>;

/// Columns in memory, with their names.
pub type NamedColumns = Vec<(&'static str, Vec<f64>)>;

/// A way to write columns, and what they become when they are collected.
pub struct Emission<K: Kernel> {
    /// Writes a piece.
    pub emit: Box<dyn Emit<K::Pass>>,
    /// Makes the written columns the kernel's output.
    pub collect: fn(Columns) -> K::Output,
}

/// Writes columns piece by piece, on any number of threads.
pub trait Emit<P>: Send + Sync {
    /// What a piece needs besides its own rows; nothing by default.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// The columns written; one, unnamed, by default: it takes the kernel's name.
    fn names(&self) -> &'static [&'static str] {
        &[""]
    }

    /// What each row becomes, if a formula says it all.
    fn formula(&self) -> Option<Formula> {
        None
    }

    /// Writes `out[column][row]` for the piece's own rows.
    ///
    /// `before` is the partial of all rows before the piece where [`Needs::before`] asks for it, else that of no rows.
    fn emit(&self, before: &P, piece: &Piece<'_>, out: &mut [&mut [f64]]);
}

/// What a piece needs besides its own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The partial of all rows before it.
    pub before: bool,
    /// So many rows before it. A kernel with neighbours sees every row, a missing one as NaN, because a window counts
    /// rows; a kernel without is not shown the missing ones.
    pub behind: usize,
    /// So many rows after it.
    pub ahead: usize,
}

impl Needs {
    /// Whether rows around the piece are needed.
    pub const fn neighbours(&self) -> bool {
        self.behind > 0 || self.ahead > 0
    }
}

/// The rows to write for, with the neighbours that were asked for (fewer at either end of the data).
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Each column: the neighbours behind, the piece's own rows, the neighbours ahead.
    pub columns: &'a [&'a [f64]],
    /// Neighbours in front of the piece's own rows.
    pub behind: usize,
    /// The piece's own rows.
    pub len: usize,
    /// The row of the source of the first of the piece's own rows.
    pub start: u64,
}

impl<'a> Piece<'a> {
    /// The piece's own rows of column `i`, without neighbours.
    ///
    /// # Panics
    /// If there is no column `i`: the engine has checked the count against the kernel's [`Spec`].
    pub fn own(&self, i: usize) -> &'a [f64] {
        &self.columns[i][self.behind..self.behind + self.len]
    }
}

/// Work on whole columns in memory.
pub trait Whole<O>: Send + Sync {
    /// The answer for these columns. Rows with a missing value have been left out.
    ///
    /// # Errors
    /// [`Reject`](crate::Reject) where the values allow no answer.
    fn whole(&self, columns: Columns) -> Result<O>;

    /// The answer as named columns, for callers that write them to a file; `None` if it is not columns.
    fn columns(&self, answer: O) -> Option<NamedColumns>;
}

/// A column in memory; in JSON an array with `null` for NaN.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(from = "Vec<Option<f64>>")]
#[schemars(with = "Vec<Option<f64>>")]
pub struct Series(pub Vec<f64>);

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|&x| (!x.is_nan()).then_some(x)))
    }
}

impl From<Vec<Option<f64>>> for Series {
    fn from(values: Vec<Option<f64>>) -> Self {
        Self(values.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }
}

impl From<Columns> for Series {
    fn from(mut columns: Columns) -> Self {
        Self(if columns.is_empty() { Vec::new() } else { columns.swap_remove(0) })
    }
}

impl std::ops::Deref for Series {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        &self.0
    }
}
