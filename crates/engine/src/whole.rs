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
use rayon::{ThreadPool, prelude::*};
use smallvec::SmallVec;
use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
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

/// Collects the rows that are present, in pieces that are put together at the end.
#[derive(Clone)]
struct Collect {
    width: usize,
    pieces: Vec<Arc<Columns>>,
}

impl Fold for Collect {
    fn make_room(&mut self, rows: usize) {
        self.pieces.push(Arc::new((0..self.width).map(|_| Vec::with_capacity(rows)).collect()));
    }
    fn absorb(&mut self, block: &Block<'_>) {
        if let Some(columns) = self.pieces.last_mut().and_then(Arc::get_mut) {
            append(columns, block);
        }
    }
    fn merge(&mut self, later: &Self) {
        self.pieces.extend(later.pieces.iter().cloned());
    }
}

impl Collect {
    /// The columns: a single piece as it is, else copies, on all threads.
    fn together(mut self, pool: Option<&ThreadPool>) -> Columns {
        if self.pieces.len() < 2 {
            let only = self.pieces.pop().map(Arc::unwrap_or_clone);
            return only.unwrap_or_else(|| vec![Vec::new(); self.width]);
        }
        (0..self.width)
            .map(|i| {
                let mut column = vec![0.0; self.pieces.iter().map(|piece| piece[i].len()).sum()];
                let mut copies = Vec::with_capacity(self.pieces.len());
                let mut rest = column.as_mut_slice();
                for piece in &self.pieces {
                    let (to, later) = rest.split_at_mut(piece[i].len());
                    copies.push((to, piece[i].as_slice()));
                    rest = later;
                }
                let copy = |(to, from): (&mut [f64], &[f64])| to.copy_from_slice(from);
                match pool {
                    Some(pool) => pool.install(|| copies.into_par_iter().for_each(copy)),
                    None => copies.into_iter().for_each(copy),
                }
                column
            })
            .collect()
    }
}

fn append(columns: &mut Columns, block: &Block<'_>) {
    for (i, column) in columns.iter_mut().enumerate() {
        column.extend_from_slice(block.values(i));
    }
}

/// The columns of `rows`, without the rows that lack a value.
pub(crate) fn gather<R: Rows + ?Sized>(context: &Context<'_>, pool: Option<&ThreadPool>, rows: &R) -> Result<Columns> {
    make_room(rows.width(), rows.rows())?;
    let begin = || Single { fold: Collect { width: rows.width(), pieces: Vec::new() }, sample: 0 };
    Ok(fold::rows(context, pool, rows, begin)?.fold.together(pool))
}

/// The columns of a stream, without the rows that lack a value; `check` may refuse so many rows, before they are all in memory.
pub(crate) fn gather_stream(
    context: &Context<'_>,
    stream: &mut dyn Stream,
    width: usize,
    check: impl Fn(u64) -> Result<()>,
) -> Result<Columns> {
    context.start_reading();
    let mut columns: Columns = vec![Vec::new(); width];
    let mut rows = 0;
    loop {
        let wave = next_wave(context, stream)?;
        if wave.is_empty() {
            return Ok(columns);
        }
        for chunk in &wave {
            let slices: SmallVec<[Slice<'_>; 2]> = chunk.iter().map(OwnedColumn::slice).collect();
            let len = slices.first().map_or(0, |column| column.values.len());
            check(rows + len as u64)?;
            for column in &mut columns {
                column.try_reserve(len).map_err(|_| Error::no_room())?;
            }
            let absorb = |block: Block<'_>| append(&mut columns, &block);
            context.with_scratch(|scratch| prepare::each_block(context, &slices, rows, &mut scratch.blocks, absorb))?;
            context.read(len as u64, fold::bytes(&slices));
            rows += len as u64;
        }
    }
}
