//! Whole columns in memory, for kernels that need them at once.

use crate::{
    Result,
    context::Context,
    fold::{self, Single},
};
use echoes_io::{Rows, Stream};
use echoes_kernel::{Block, Columns, Fold};
use rayon::ThreadPool;

/// Collects the rows that are present.
#[derive(Clone)]
struct Collect(Columns);

impl Fold for Collect {
    fn absorb(&mut self, block: &Block<'_>) {
        for (i, column) in self.0.iter_mut().enumerate() {
            column.extend_from_slice(block.values(i));
        }
    }
    fn merge(&mut self, later: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&later.0) {
            mine.extend_from_slice(theirs);
        }
    }
}

/// The columns of `rows`, without the rows that lack a value.
pub(crate) fn gather<R: Rows + ?Sized>(context: &Context<'_>, pool: Option<&ThreadPool>, rows: &R) -> Result<Columns> {
    let begin = || Single { fold: Collect(vec![Vec::new(); rows.width()]), sample: 0 };
    Ok(fold::rows(context, pool, rows, begin)?.fold.0)
}

/// The columns of a stream, without the rows that lack a value.
pub(crate) fn gather_stream(
    context: &Context<'_>,
    pool: Option<&ThreadPool>,
    stream: &mut dyn Stream,
    width: usize,
) -> Result<Columns> {
    let begin = || Single { fold: Collect(vec![Vec::new(); width]), sample: 0 };
    Ok(fold::stream(context, pool, stream, begin)?.fold.0)
}
