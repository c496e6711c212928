//! Columns out: each piece written in parallel from what came before it and around it, in the order of the rows.

use crate::{
    Error, Result,
    context::Context,
    crew::Crew,
    fold::{Absorb, Single, WAVE},
    prepare::{self, Scratch},
    share::share,
};
use echoes_io::{Chunk, Rows};
use echoes_kernel::{BLOCK, CHUNK, Columns, Fold, Nan, Needs, Piece};
use echoes_simd::{Room, Unwritten, pages};
use smallvec::SmallVec;
use std::{borrow::Cow, ops::Range};

/// Columns being written: what a piece needs, and how it is written.
pub(crate) struct Writer<'a, F> {
    pub(crate) needs: Needs,
    pub(crate) columns: usize,
    pub(crate) way: Way,
    pub(crate) begin: &'a (dyn Fn() -> F + Sync),
    pub(crate) emit: &'a WritePiece<'a, F>,
}

/// How columns out reach the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through the caches: of small columns, and of new memory, which the system has just cleared there.
    Cached,
    /// Past them.
    Streamed,
}

/// Values out from which on they are streamed: 32 MiB, which no core's share of the caches holds.
const STREAMED: usize = 1 << 22;

impl Way {
    /// Into memory that has been there.
    pub(crate) fn into(out: &[&mut [f64]]) -> Self {
        let values: usize = out.iter().map(|column| column.len()).sum();
        if values < STREAMED { Self::Cached } else { Self::Streamed }
    }
}

/// As [`echoes_kernel::Emit::emit`].
pub(crate) type WritePiece<'a, F> = dyn Fn(&F, &Piece<'_>, &mut [&mut [f64]]) + Sync + 'a;

/// Rows from which the pieces are read: all of them, or the stretch of a stream that is in memory.
pub(crate) struct Stretch<'a, R: ?Sized> {
    pub(crate) rows: &'a R,
    /// The rows that can be read.
    pub(crate) seen: Range<u64>,
}

impl<F: Fold> Writer<'_, F> {
    /// Writes the rows `own` of the stretch to `sink`, a wave of chunks at a time; `before` is the fold of what came
    /// earlier, and becomes that of what comes later.
    pub(crate) fn write<R: Rows + ?Sized>(
        &self,
        context: &Context<'_>,
        pool: Option<&Crew>,
        stretch: &Stretch<'_, R>,
        own: Range<u64>,
        before: &mut F,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let most = (own.end - own.start).min((WAVE * CHUNK) as u64);
        make_room(self.columns, most)?;
        let mut written: Columns = (0..self.columns).map(|_| pages::column(most as usize)).collect();
        for wave in waves(own, WAVE) {
            let len = wave.iter().map(|chunk| chunk.end - chunk.start).sum::<u64>() as usize;
            written.iter_mut().for_each(|column| column.truncate(len));
            self.wave(context, pool, stretch, &wave, before, rooms(&mut written))?;
            for from in (0..len).step_by(CHUNK) {
                context.check()?;
                let to = len.min(from + CHUNK);
                sink.write(&written.iter().map(|column| &column[from..to]).collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    /// Writes all rows to `out`, whose columns are as long.
    pub(crate) fn fill<R: Rows + ?Sized>(
        &self,
        context: &Context<'_>,
        pool: Option<&Crew>,
        rows: &R,
        before: &mut F,
        mut out: Vec<Room<'_>>,
    ) -> Result<()> {
        let stretch = Stretch { rows, seen: 0..rows.rows() };
        // Chunks that need none before them need not wait for each other either. The others are read twice, the second time from
        // the caches if there are few of them between; with fewer the threads wait for each other too often.
        let threads = pool.map_or(1, |pool| pool.current_num_threads());
        let size = if self.needs.before { 4 * threads } else { usize::MAX };
        for wave in waves(stretch.seen.clone(), size) {
            let len = (wave[wave.len() - 1].end - wave[0].start) as usize;
            let own = out.iter_mut().map(|column| column.take_first(len)).collect();
            self.wave(context, pool, &stretch, &wave, before, own)?;
        }
        Ok(())
    }

    /// Writes some chunks, in parallel, to `out`.
    fn wave<R: Rows + ?Sized>(
        &self,
        context: &Context<'_>,
        pool: Option<&Crew>,
        stretch: &Stretch<'_, R>,
        wave: &[Range<u64>],
        before: &mut F,
        out: Vec<Room<'_>>,
    ) -> Result<()> {
        let befores = self.befores(context, pool, stretch, wave, before)?;
        let mut pieces: Vec<Vec<Room<'_>>> = wave.iter().map(|_| Vec::with_capacity(self.columns)).collect();
        for column in out {
            pieces.iter_mut().zip(column.pieces(CHUNK)).for_each(|(piece, chunk)| piece.push(chunk));
        }
        let write = |((chunk, before), out): ((&Range<u64>, &F), Vec<Room<'_>>)| {
            context.check()?;
            context.with_scratch(|scratch| self.piece(context, stretch, chunk.clone(), before, scratch, out))
        };
        let parts = wave.iter().zip(&befores).zip(pieces).collect();
        share(pool, parts, write).into_iter().collect()
    }

    /// The fold of everything before each chunk of the wave.
    fn befores<R: Rows + ?Sized>(
        &self,
        context: &Context<'_>,
        pool: Option<&Crew>,
        stretch: &Stretch<'_, R>,
        wave: &[Range<u64>],
        before: &mut F,
    ) -> Result<Vec<F>> {
        if !self.needs.before {
            return Ok(wave.iter().map(|_| before.clone()).collect());
        }
        let read = |chunk: &Range<u64>| {
            let mut fold = Single { fold: (self.begin)(), sample: 0 };
            context.with_scratch(|scratch| {
                let slices = stretch.rows.read(chunk.clone(), &mut scratch.buffer)?;
                fold.chunk(context, &slices, chunk.start, &mut scratch.blocks)
            })?;
            Ok(fold.fold)
        };
        let folds = share(pool, wave.iter().collect(), read).into_iter().collect::<Result<Vec<F>>>()?;
        Ok(folds
            .into_iter()
            .map(|fold| {
                let own = before.clone();
                before.merge(&fold);
                own
            })
            .collect())
    }

    fn piece<R: Rows + ?Sized>(
        &self,
        context: &Context<'_>,
        stretch: &Stretch<'_, R>,
        own: Range<u64>,
        before: &F,
        scratch: &mut Scratch,
        out: Vec<Room<'_>>,
    ) -> Result<()> {
        let from = own.start.saturating_sub(self.needs.behind as u64).max(stretch.seen.start);
        let to = (own.end + self.needs.ahead as u64).min(stretch.seen.end);
        let (behind, len) = ((own.start - from) as usize, (own.end - own.start) as usize);
        let slices = stretch.rows.read(from..to, &mut scratch.buffer)?;
        context.read(own.end - own.start, (len * slices.iter().map(|s| s.values.dtype().size()).sum::<usize>()) as u64);
        let (seen, kept) = seen_rows(context.nan, self.needs, &slices, from)?;
        let columns: Vec<&[f64]> = seen.iter().map(AsRef::as_ref).collect();
        let Some(kept) = kept else {
            let piece = Piece { columns: &columns, behind, len, start: own.start };
            let part = (self.way == Way::Streamed && !self.needs.before).then_some(&mut scratch.part);
            return self.part_by_part(context, before, &piece, out, part);
        };
        // Rows were left out: write for those that are there, then put each where it belongs.
        let piece = Piece { columns: &columns, behind: 0, len: kept.len(), start: own.start };
        let mut packed = vec![vec![f64::NAN; kept.len()]; self.columns];
        self.part_by_part(context, before, &piece, rooms(&mut packed), None)?;
        for (out, packed) in out.into_iter().map(Room::open).zip(&packed) {
            out.fill(f64::NAN);
            for (&row, &value) in kept.iter().zip(packed) {
                out[row as usize] = value;
            }
        }
        Ok(())
    }

    /// Writes a piece; where its rows need no more than their neighbours, a part at a time, so that a slow kernel can be stopped. To
    /// stream it a part is made in `room`.
    fn part_by_part(
        &self,
        context: &Context<'_>,
        before: &F,
        piece: &Piece<'_>,
        mut out: Vec<Room<'_>>,
        mut room: Option<&mut Columns>,
    ) -> Result<()> {
        let Needs { before: needs_before, behind, ahead } = self.needs;
        // Neighbours are looked at once more for each part: so they are few against its own rows.
        let size = match &room {
            _ if needs_before => piece.len.max(1),
            Some(_) if !self.needs.neighbours() => BLOCK,
            _ => PART.max(8 * (behind + ahead)),
        };
        for from in (0..piece.len).step_by(size) {
            context.check()?;
            let to = piece.len.min(from + size);
            let behind = behind.min(piece.behind + from);
            let (first, end) = (piece.behind + from - behind, piece.behind + to + ahead);
            let columns: SmallVec<[&[f64]; 2]> =
                piece.columns.iter().map(|column| &column[first..end.min(column.len())]).collect();
            let mut part_out: SmallVec<[&mut [f64]; 2]> =
                out.iter_mut().map(|column| column.take_first(to - from).open()).collect();
            let part = Piece { columns: &columns, behind, len: to - from, start: piece.start + from as u64 };
            match &mut room {
                None => (self.emit)(before, &part, &mut part_out),
                Some(room) => {
                    let next = piece.columns.first().map_or(&[][..], |column| &column[end.min(column.len())..]);
                    self.stream(before, &part, &mut part_out, room, next);
                }
            }
        }
        Ok(())
    }

    /// Writes a part past the caches; `next` is what will be read next.
    fn stream(&self, before: &F, part: &Piece<'_>, out: &mut [&mut [f64]], room: &mut Columns, next: &[f64]) {
        room.resize_with(self.columns, Vec::new);
        room.iter_mut().for_each(|column| column.resize(part.len, 0.0));
        (self.emit)(before, part, &mut slices_mut(room));
        out.iter_mut().zip(&*room).for_each(|(out, made)| echoes_simd::stream(made, out, next));
    }
}

/// Rows that are written between two looks at the cancel flag.
const PART: usize = 8 * BLOCK;

/// The chunks of the rows, so many at a time.
fn waves(rows: Range<u64>, size: usize) -> impl Iterator<Item = Vec<Range<u64>>> {
    let (mut start, end) = (rows.start, rows.end);
    std::iter::from_fn(move || {
        let mut wave = Vec::new();
        while start < end && wave.len() < size {
            let next = end.min(start + CHUNK as u64);
            wave.push(start..next);
            start = next;
        }
        (!wave.is_empty()).then_some(wave)
    })
}

/// Columns to be written, or a refusal if the system has no room for them.
pub(crate) fn unwritten(columns: usize, rows: u64) -> Result<Unwritten> {
    make_room(columns, rows)?;
    Ok(Unwritten::new(columns, rows as usize))
}

/// Refuses what the system says it has no memory for.
pub(crate) fn make_room(columns: usize, rows: u64) -> Result<()> {
    let mut probe: Vec<f64> = Vec::new();
    probe.try_reserve_exact((rows as usize).saturating_mul(columns)).map_err(|_| Error::no_room())
}

fn rooms(columns: &mut [Vec<f64>]) -> Vec<Room<'_>> {
    columns.iter_mut().map(|column| Room::of(column)).collect()
}

fn slices_mut(columns: &mut [Vec<f64>]) -> Vec<&mut [f64]> {
    columns.iter_mut().map(Vec::as_mut_slice).collect()
}

/// The columns that a piece is shown, and which rows they are if some were left out.
type Seen<'a> = (Vec<Cow<'a, [f64]>>, Option<Vec<u32>>);

/// The rows that a piece is shown, as doubles. A kernel without neighbours is not shown the missing ones: the second part
/// says which it is shown. A kernel with neighbours sees them as NaN.
fn seen_rows<'a>(nan: Nan, needs: Needs, slices: &'a Chunk<'_>, first: u64) -> Result<Seen<'a>> {
    let all = slices.iter().map(|column| match column.values.as_f64() {
        Some(doubles) => Cow::Borrowed(doubles),
        None => {
            let mut doubles = vec![0.0; column.values.len()];
            column.values.to_f64(&mut doubles);
            Cow::Owned(doubles)
        }
    });
    let mut kept = Vec::new();
    if prepare::keep(nan, slices, first, &mut kept)? {
        return Ok((all.collect(), None));
    }
    let pick = |column: Cow<'_, [f64]>| kept.iter().map(|&row| column[row as usize]).collect::<Vec<_>>();
    if !needs.neighbours() {
        return Ok((all.map(|column| pick(column).into()).collect(), Some(kept)));
    }
    let spread = |column: Cow<'_, [f64]>| {
        let mut spread = vec![f64::NAN; column.len()];
        for &row in &kept {
            spread[row as usize] = column[row as usize];
        }
        spread.into()
    };
    Ok((all.map(spread).collect(), None))
}

/// Where written columns go.
pub trait Sink {
    /// Is told the names of the columns, once, before any row.
    ///
    /// # Errors
    /// [`Error::Sink`] if they cannot be kept.
    fn begin(&mut self, names: &[String]) -> Result<()> {
        let _ = names;
        Ok(())
    }

    /// Takes the next rows of each column.
    ///
    /// # Errors
    /// [`Error::Sink`] if they cannot be kept.
    fn write(&mut self, columns: &[&[f64]]) -> Result<()>;
}

/// In memory.
impl Sink for Columns {
    fn write(&mut self, columns: &[&[f64]]) -> Result<()> {
        self.resize_with(columns.len(), Vec::new);
        for (to, from) in self.iter_mut().zip(columns) {
            to.try_reserve(from.len()).map_err(|_| Error::no_room())?;
            to.extend_from_slice(from);
        }
        Ok(())
    }
}
