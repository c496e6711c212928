//! Whole columns in memory, for kernels that need them at once.

use crate::{
    Error, Result,
    context::Context,
    fold::{self, Single},
};
use echoes_io::{Rows, Stream};
use echoes_kernel::{Block, Columns, Fold, Reject};
use rayon::ThreadPool;
use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Work that cannot look at the cancel flag itself, such as a library's transform or a long answer's text. Where there is a flag, another thread
/// does it, so that a cancelled caller need not wait; what was begun then ends unheard.
pub(crate) fn interruptible<T: Send + 'static>(
    context: &Context<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let Some(cancel) = context.cancel else { return Ok(work()) };
    let (answer, answered) = mpsc::channel();
    let thread = thread::Builder::new().name("echoes-whole".to_owned()).spawn(move || answer.send(work()));
    thread.map_err(|e| Error::Threads { threads: 1, reason: e.to_string() })?;
    loop {
        match answered.recv_timeout(Duration::from_millis(1)) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => cancel.check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(Reject::Kernel("it panicked").into()),
        }
    }
}

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
