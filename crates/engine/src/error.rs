//! Why a run gave no answer.

use echoes_kernel::Reject;

/// A run's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a run gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel refuses its parameters, the shape of the data, or the values.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] echoes_io::Error),
    /// The columns cannot be written.
    #[error("cannot write {0}")]
    Sink(String),
    /// The caller has cancelled the run.
    #[error("cancelled")]
    Cancelled,
    /// There must be a graphics processor, [`Gpu::On`](crate::Gpu::On), and there is none.
    #[error("no graphics processor: {0}")]
    Gpu(String),
    /// The threads cannot be started.
    #[error("cannot start {threads} threads: {reason}; ask for fewer")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// The error of a reading of some of the columns that there are: where it names one, by its position among them all.
    pub(crate) fn among(self, columns: &[usize]) -> Self {
        match self {
            Self::Reject(Reject::NotANumber { column, row }) => {
                let column = columns.get(column).copied().unwrap_or(column);
                Reject::NotANumber { column, row }.into()
            }
            other => other,
        }
    }

    /// Columns do not fit in memory.
    pub(crate) fn no_room() -> Self {
        Self::Sink("the columns: they do not fit in memory".to_owned())
    }
}
