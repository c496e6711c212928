//! One reading: chunks in parallel, merged in the order of a tree that depends on their number alone.

use crate::{
    Engine, Error, Result,
    context::Context,
    crew::Crew,
    prepare,
    share::{inside, lock, share},
};
use echoes_io::{OwnedColumn, Rows, Slice, Stream};
use echoes_kernel::{CHUNK, Fold, tree_split};
use smallvec::SmallVec;
use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Chunks that are in memory at a time, at most.
pub(crate) const WAVE: usize = 16;

/// Columns of chunks of a stream that are in memory at a time, where that is more than one chunk: 256 MiB.
const WAVE_COLUMNS: usize = 256;

/// What reads chunks: one fold over all columns, or several over some each.
pub(crate) trait Absorb: Send {
    fn chunk(
        &mut self,
        context: &Context<'_>,
        chunk: &[Slice<'_>],
        start: u64,
        scratch: &mut prepare::Blocks,
    ) -> Result<()>;
    fn merge(&mut self, later: &Self);
}

/// One fold over all columns.
pub(crate) struct Single<F> {
    pub(crate) fold: F,
    /// Which of several independent samples the rows belong to.
    pub(crate) sample: usize,
}

impl<F: Fold> Absorb for Single<F> {
    fn chunk(
        &mut self,
        context: &Context<'_>,
        chunk: &[Slice<'_>],
        start: u64,
        scratch: &mut prepare::Blocks,
    ) -> Result<()> {
        let (fold, sample) = (&mut self.fold, self.sample);
        fold.make_room(rows_of(chunk));
        prepare::each_block(context, chunk, start, scratch, |block| fold.absorb(&block.of_sample(sample)))
    }
    fn merge(&mut self, later: &Self) {
        self.fold.merge(&later.fold);
    }
}

/// Several folds, each over some of the columns.
pub(crate) struct Groups<F>(pub(crate) Vec<(Vec<usize>, F)>);

impl<F: Fold> Absorb for Groups<F> {
    fn chunk(
        &mut self,
        context: &Context<'_>,
        chunk: &[Slice<'_>],
        start: u64,
        scratch: &mut prepare::Blocks,
    ) -> Result<()> {
        for (columns, fold) in &mut self.0 {
            let chosen: SmallVec<[Slice<'_>; 2]> = columns.iter().filter_map(|&i| chunk.get(i).copied()).collect();
            fold.make_room(rows_of(chunk));
            prepare::each_block(context, &chosen, start, scratch, |block| fold.absorb(&block))
                .map_err(|error| error.among(columns))?;
        }
        Ok(())
    }
    fn merge(&mut self, later: &Self) {
        for ((_, mine), (_, theirs)) in self.0.iter_mut().zip(&later.0) {
            mine.merge(theirs);
        }
    }
}

/// Reads rows that can be read in any order.
pub(crate) fn rows<A: Absorb, R: Rows + ?Sized>(
    context: &Context<'_>,
    pool: Option<&Crew>,
    rows: &R,
    begin: impl Fn() -> A + Sync,
) -> Result<A> {
    context.start_reading();
    let count = rows.rows();
    let leaf = |chunk: u64| {
        let range = chunk * CHUNK as u64..count.min((chunk + 1) * CHUNK as u64);
        let mut fold = begin();
        context.with_scratch(|scratch| {
            let slices = rows.read(range.clone(), &mut scratch.buffer)?;
            fold.chunk(context, &slices, range.start, &mut scratch.blocks)?;
            context.read(range.end - range.start, bytes(&slices));
            Ok::<(), Error>(())
        })?;
        Ok(fold)
    };
    let fold = tree(pool, 0..count.div_ceil(CHUNK as u64), &leaf, &begin)?;
    rows.finish()?;
    Ok(fold)
}

/// Reads rows that can be read only in order, a wave of chunks at a time, on threads from the first wave of several chunks on.
pub(crate) fn stream<A: Absorb>(
    context: &Context<'_>,
    engine: &Engine,
    stream: &mut dyn Stream,
    begin: impl Fn() -> A + Sync,
) -> Result<A> {
    context.start_reading();
    let mut done: Vec<(A, u64)> = Vec::new();
    let mut first = 0;
    loop {
        let wave = next_wave(context, stream)?;
        if wave.is_empty() {
            break;
        }
        let leaf = |chunk: u64| {
            let mut fold = begin();
            let slices: SmallVec<[Slice<'_>; 2]> = wave[chunk as usize].iter().map(OwnedColumn::slice).collect();
            let start = (first + chunk) * CHUNK as u64;
            context.with_scratch(|scratch| fold.chunk(context, &slices, start, &mut scratch.blocks))?;
            context.read(rows_of(&slices) as u64, bytes(&slices));
            Ok(fold)
        };
        let mut size = wave.len() as u64;
        let pool = engine.pool_to_read(size * CHUNK as u64, wave[0].len())?;
        let mut fold = tree(pool, 0..size, &leaf, &begin)?;
        first += size;
        // Two subtrees of one size make the next larger one, as carries do in a binary counter.
        while let Some((mut left, _)) = done.pop_if(|(_, left)| *left == size) {
            left.merge(&fold);
            (fold, size) = (left, 2 * size);
        }
        done.push((fold, size));
    }
    let last = done.pop().map_or_else(&begin, |(fold, _)| fold);
    Ok(done.into_iter().rev().fold(last, |right, (mut left, _)| {
        left.merge(&right);
        left
    }))
}

/// Values of so many columns of a source that can be read only in order that are in memory at a time.
///
/// ```
/// assert!(echoes_engine::streamed_values_max(2) > echoes_engine::streamed_values_max(1));
/// ```
pub const fn streamed_values_max(columns: usize) -> usize {
    let most = columns.saturating_mul(WAVE);
    CHUNK * if most < WAVE_COLUMNS { most } else { WAVE_COLUMNS }
}

/// The next chunks of a stream; none at its end.
pub(crate) fn next_wave(context: &Context<'_>, stream: &mut dyn Stream) -> Result<Vec<Vec<OwnedColumn>>> {
    let mut wave = Vec::with_capacity(WAVE);
    let mut size = WAVE;
    while wave.len() < size {
        context.check()?;
        match stream.next()? {
            Some(chunk) => {
                // A power of two, so that each wave is a subtree of the whole.
                size = 1 << (WAVE_COLUMNS / chunk.len().max(1)).clamp(1, WAVE).ilog2();
                wave.push(chunk);
            }
            None => break,
        }
    }
    Ok(wave)
}

/// The rows of a chunk.
fn rows_of(chunk: &[Slice<'_>]) -> usize {
    chunk.first().map_or(0, |column| column.values.len())
}

/// What the slices take.
pub(crate) fn bytes(slices: &[Slice<'_>]) -> u64 {
    slices.iter().map(|column| (column.values.len() * column.values.dtype().size()) as u64).sum()
}

/// The tree of [`echoes_kernel::merge_tree`], its branches shared among threads where there is a pool.
fn tree<A: Absorb>(
    pool: Option<&Crew>,
    chunks: Range<u64>,
    leaf: &(impl Fn(u64) -> Result<A> + Sync),
    begin: &impl Fn() -> A,
) -> Result<A> {
    let turns = Turns::new();
    match (chunks.end - chunks.start, pool) {
        (0, _) => Ok(begin()),
        // In the pool, so that a partial may share a block among its threads.
        (1, Some(pool)) => inside(pool, || subtree(chunks, &turns, leaf)),
        (_, None) => subtree(chunks, &turns, leaf),
        (count, Some(pool)) => {
            let most = (count / (BRANCHES * pool.current_num_threads() as u64)).max(1);
            let mut branches = Branches::default();
            branches.cut(chunks, most, None);
            let Branches { ranges, joints } = branches;
            let join = |(range, place)| deliver(&joints, place, subtree(range, &turns, leaf));
            share(Some(pool), ranges, join).into_iter().flatten().next().unwrap_or(Err(Error::Cancelled))
        }
    }
}

fn subtree<A: Absorb>(chunks: Range<u64>, turns: &Turns, leaf: &(impl Fn(u64) -> Result<A> + Sync)) -> Result<A> {
    let count = chunks.end - chunks.start;
    if count == 1 {
        return turns.run(chunks.start, leaf);
    }
    let middle = chunks.start + tree_split(count);
    let left = subtree(chunks.start..middle, turns, leaf);
    merged(left, subtree(middle..chunks.end, turns, leaf))
}

fn merged<A: Absorb>(left: Result<A>, right: Result<A>) -> Result<A> {
    let mut left = left?;
    left.merge(&right?);
    Ok(left)
}

/// Branches of a tree for each thread: enough for the quicker ones to take more of them.
const BRANCHES: u64 = 16;

/// Where a branch grows: the number of its joint, and whether it is the right one there. The whole tree grows nowhere.
type Place = Option<(usize, bool)>;

/// Branches of a tree, in their order, and where they meet.
struct Branches<A> {
    ranges: Vec<(Range<u64>, Place)>,
    joints: Vec<Joint<A>>,
}

/// Where two branches meet: the first to come waits there for the other.
struct Joint<A> {
    place: Place,
    waiting: Mutex<Option<Result<A>>>,
}

impl<A> Default for Branches<A> {
    fn default() -> Self {
        Self { ranges: Vec::new(), joints: Vec::new() }
    }
}

impl<A> Branches<A> {
    /// Cuts a tree into branches of so many chunks at most.
    fn cut(&mut self, chunks: Range<u64>, most: u64, place: Place) {
        let count = chunks.end - chunks.start;
        if count <= most {
            return self.ranges.push((chunks, place));
        }
        let (middle, joint) = (chunks.start + tree_split(count), self.joints.len());
        self.joints.push(Joint { place, waiting: Mutex::new(None) });
        self.cut(chunks.start..middle, most, Some((joint, false)));
        self.cut(middle..chunks.end, most, Some((joint, true)));
    }
}

/// Brings a branch to its place, and on from there with the one that waits: so few wait at a time. The whole tree, if that is what it
/// has become.
fn deliver<A: Absorb>(joints: &[Joint<A>], mut place: Place, mut branch: Result<A>) -> Option<Result<A>> {
    while let Some((joint, is_right)) = place {
        let joint = joints.get(joint)?;
        let other = {
            let mut waiting = lock(&joint.waiting);
            let Some(other) = waiting.take() else {
                *waiting = Some(branch);
                return None;
            };
            other
        };
        branch = if is_right { merged(other, branch) } else { merged(branch, other) };
        place = joint.place;
    }
    Some(branch)
}

/// The first chunk that failed: later ones need not run, earlier ones must, so that the error is always the first.
struct Turns(AtomicU64);

impl Turns {
    const fn new() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    fn run<A>(&self, chunk: u64, leaf: impl Fn(u64) -> Result<A>) -> Result<A> {
        if chunk > self.0.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        leaf(chunk).inspect_err(|_| {
            self.0.fetch_min(chunk, Ordering::Relaxed);
        })
    }
}
