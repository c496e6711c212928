//! Whole columns in memory, for kernels that need them at once.

use crate::{
    Error, Result,
    context::Context,
    crew::Crew,
    emit::unwritten,
    fold::{self, next_wave},
    prepare,
    share::{inside, rouse, share},
};
use echoes_io::{OwnedColumn, Rows, Slice, Stream};
use echoes_kernel::{Block, CHUNK, Columns, Reject};
use echoes_simd::Room;
use smallvec::SmallVec;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// Work that cannot look at the cancel flag itself, such as a library's transform or a long answer's text. It stands in the pool if
/// there is one, so that it can share itself among its threads. Where there is a flag, the caller waits beside it, so that a cancelled
/// one need not; what was begun then ends unheard, and holds until then what the run was [given to hold](crate::Job::holding).
pub(crate) fn interruptible<T: Send + 'static>(
    context: &Context<'_>,
    pool: Option<&Crew>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let Some(cancel) = context.cancel else {
        return Ok(match pool {
            Some(pool) => inside(pool, work),
            None => work(),
        });
    };
    let (answer, answered) = mpsc::channel();
    let held = context.held.cloned();
    let seats = pool.map(|pool| Arc::clone(pool.seats()));
    let seated = move || match seats {
        Some(seats) => seats.apart(work),
        None => work(),
    };
    let work = move || {
        // A receiver that has gone drops the answer here. A pool's thread may not be lost to a panic, nor may the process.
        if let Ok(done) = panic::catch_unwind(AssertUnwindSafe(seated)) {
            drop(answer.send(done));
        }
        drop((answer, held));
    };
    match pool {
        Some(pool) => {
            rouse();
            pool.spawn(work);
        }
        None => {
            let thread = thread::Builder::new().name("echoes-whole".to_owned()).spawn(work);
            thread.map_err(|e| Error::Threads { threads: 1, reason: e.to_string() })?;
        }
    }
    loop {
        match answered.recv_timeout(Duration::from_millis(1)) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => cancel.check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(Reject::Kernel("it panicked").into()),
        }
    }
}

/// The columns of `rows`, without the rows that lack a value. Each chunk is copied to where it belongs if nothing is missing before
/// it; the gaps that missing rows leave are closed afterwards.
pub(crate) fn gather<R: Rows + ?Sized>(context: &Context<'_>, pool: Option<&Crew>, rows: &R) -> Result<Columns> {
    context.start_reading();
    let count = rows.rows();
    let mut columns = unwritten(rows.width(), count)?;
    let mut chunks: Vec<Vec<Room<'_>>> = Vec::new();
    chunks.resize_with(count.div_ceil(CHUNK as u64) as usize, Vec::new);
    for room in columns.rooms() {
        chunks.iter_mut().zip(room.pieces(CHUNK)).for_each(|(chunk, piece)| chunk.push(piece));
    }
    let copy = |(chunk, mut to): (usize, Vec<Room<'_>>)| {
        let start = (chunk * CHUNK) as u64;
        let range = start..count.min(start + CHUNK as u64);
        context.with_scratch(|scratch| {
            let slices = rows.read(range.clone(), &mut scratch.buffer)?;
            let mut kept = 0;
            prepare::each_block(context, &slices, start, &mut scratch.blocks, |block| {
                for (i, to) in to.iter_mut().enumerate() {
                    to.append(block.values(i));
                }
                kept += block.len();
            })?;
            // Where rows are missing there are zeros behind the last one.
            for rest in to {
                rest.open();
            }
            context.read(range.end - range.start, fold::bytes(&slices));
            Ok(kept)
        })
    };
    let copy_all = || share(pool, chunks.into_iter().enumerate().collect(), copy);
    let kept = match pool {
        // In the pool, as the work on the columns will be: who must wait for others there waits with nothing in memory.
        Some(pool) => inside(pool, copy_all),
        None => copy_all(),
    };
    let kept: Vec<usize> = kept.into_iter().collect::<Result<_>>()?;
    rows.finish()?;
    let mut columns = columns.written().ok_or(Reject::Kernel("rows were not read"))?;
    for column in &mut columns {
        close_gaps(column, &kept);
    }
    Ok(columns)
}

/// Moves together what each chunk has kept of its rows.
fn close_gaps(column: &mut Vec<f64>, kept: &[usize]) {
    let mut end = 0;
    for (chunk, &kept) in kept.iter().enumerate() {
        let start = chunk * CHUNK;
        if start > end {
            column.copy_within(start..start + kept, end);
        }
        end += kept;
    }
    column.truncate(end);
}

/// The columns of a stream, without the rows that lack a value; `check` may refuse so many rows, before they are all in memory.
pub(crate) fn gather_stream(
    context: &Context<'_>,
    stream: &mut dyn Stream,
    width: usize,
    check: impl Fn(u64) -> Result<()>,
) -> Result<Columns> {
    context.start_reading();
    let mut columns = vec![Vec::new(); width];
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
            let keep = |block: Block<'_>| {
                columns.iter_mut().enumerate().for_each(|(i, column)| column.extend_from_slice(block.values(i)));
            };
            context.with_scratch(|scratch| prepare::each_block(context, &slices, rows, &mut scratch.blocks, keep))?;
            context.read(len as u64, fold::bytes(&slices));
            rows += len as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::close_gaps;
    use echoes_kernel::CHUNK;

    #[test]
    fn gaps_close_in_order() {
        let mut column: Vec<f64> = (0..3 * CHUNK + 10).map(|i| i as f64).collect();
        close_gaps(&mut column, &[CHUNK, CHUNK - 7, 3, 10]);
        assert_eq!(column.len(), 2 * CHUNK + 6);
        assert_eq!(
            column[2 * CHUNK - 8..][..4],
            [2 * CHUNK - 8, 2 * CHUNK, 2 * CHUNK + 1, 2 * CHUNK + 2].map(|i| i as f64)
        );
        assert_eq!(column[2 * CHUNK + 5], (3 * CHUNK + 9) as f64);
    }
}
