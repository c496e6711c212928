//! Whole columns in memory, for kernels that need them at once.

use crate::{
    Error, Result,
    context::Context,
    emit::make_room,
    fold::{self, Single, next_wave},
    prepare,
};
use echoes_io::{OwnedColumn, Rows, Slice, Stream};
use echoes_kernel::{Block, Columns, Fold, Reject};
use rayon::ThreadPool;
use smallvec::SmallVec;
use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Work that cannot look at the cancel flag itself, such as a library's transform or a long answer's text. Where there is a flag,
/// another thread does it, so that a cancelled caller need not wait; what was begun then ends unheard, and holds until then what
/// the run was [given to hold](crate::Job::holding).
pub(crate) fn interruptible<T: Send + 'static>(
    context: &Context<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let Some(cancel) = context.cancel else { return Ok(work()) };
    let (answer, answered) = mpsc::channel();
    let held = context.held.cloned();
    let work = move || {
        // A receiver that has gone drops the answer here.
        drop(answer.send(work()));
        drop(held);
    };
    let thread = thread::Builder::new().name("echoes-whole".to_owned()).spawn(work);
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
    fn make_room(&mut self, rows: usize) {
        for column in &mut self.0 {
            column.reserve(rows);
        }
    }
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
    make_room(rows.width(), rows.rows())?;
    let begin = || Single { fold: Collect(vec![Vec::new(); rows.width()]), sample: 0 };
    Ok(fold::rows(context, pool, rows, begin)?.fold.0)
}

/// The columns of a stream, without the rows that lack a value; `check` may refuse so many rows, before they are all in memory.
pub(crate) fn gather_stream(
    context: &Context<'_>,
    stream: &mut dyn Stream,
    width: usize,
    check: impl Fn(u64) -> Result<()>,
) -> Result<Columns> {
    context.start_reading();
    let mut columns = Collect(vec![Vec::new(); width]);
    let mut rows = 0;
    loop {
        let wave = next_wave(context, stream)?;
        if wave.is_empty() {
            return Ok(columns.0);
        }
        for chunk in &wave {
            let slices: SmallVec<[Slice<'_>; 2]> = chunk.iter().map(OwnedColumn::slice).collect();
            let len = slices.first().map_or(0, |column| column.values.len());
            check(rows + len as u64)?;
            for column in &mut columns.0 {
                column.try_reserve(len).map_err(|_| Error::no_room())?;
            }
            let absorb = |block: Block<'_>| columns.absorb(&block);
            context.with_scratch(|scratch| prepare::each_block(context, &slices, rows, &mut scratch.blocks, absorb))?;
            context.read(len as u64, fold::bytes(&slices));
            rows += len as u64;
        }
    }
}
