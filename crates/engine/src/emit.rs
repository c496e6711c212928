//! Columns out: each piece written in parallel from what came before it and around it, in the order of the rows.

use crate::{
    Error, Result,
    context::Context,
    fold::{Absorb, Single, WAVE},
    prepare::{self, Scratch},
};
use echoes_io::{Chunk, Rows};
use echoes_kernel::{CHUNK, Fold, Nan, Needs, Piece};
use rayon::{ThreadPool, prelude::*};
use std::{borrow::Cow, ops::Range};

/// Columns being written: what a piece needs, and how it is written.
pub(crate) struct Writer<'a, F> {
    pub(crate) needs: Needs,
    pub(crate) columns: usize,
    pub(crate) begin: &'a (dyn Fn() -> F + Sync),
    pub(crate) emit: &'a WritePiece<'a, F>,
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
        pool: Option<&ThreadPool>,
        stretch: &Stretch<'_, R>,
        own: Range<u64>,
        before: &mut F,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut start = own.start;
        while start < own.end {
            let wave: Vec<Range<u64>> = (0..WAVE as u64)
                .map(|i| (start + i * CHUNK as u64).min(own.end)..(start + (i + 1) * CHUNK as u64).min(own.end))
                .filter(|chunk| !chunk.is_empty())
                .collect();
            let befores = self.befores(context, pool, stretch, &wave, before)?;
            let write = |(chunk, before): (&Range<u64>, &F)| {
                context.check()?;
                context.with_scratch(|scratch| self.piece(context, stretch, chunk.clone(), before, scratch))
            };
            let pieces: Vec<Vec<Vec<f64>>> = in_order(pool, &wave, &befores, write)?;
            for piece in &pieces {
                let columns: Vec<&[f64]> = piece.iter().map(Vec::as_slice).collect();
                sink.write(&columns)?;
            }
            start = wave.last().map_or(own.end, |chunk| chunk.end);
        }
        Ok(())
    }

    /// The fold of everything before each chunk of the wave.
    fn befores<R: Rows + ?Sized>(
        &self,
        context: &Context<'_>,
        pool: Option<&ThreadPool>,
        stretch: &Stretch<'_, R>,
        wave: &[Range<u64>],
        before: &mut F,
    ) -> Result<Vec<F>> {
        if !self.needs.before {
            return Ok(wave.iter().map(|_| before.clone()).collect());
        }
        let read = |(chunk, ()): (&Range<u64>, &())| {
            let mut fold = Single { fold: (self.begin)(), sample: 0 };
            context.with_scratch(|scratch| {
                let slices = stretch.rows.read(chunk.clone(), &mut scratch.buffer)?;
                fold.chunk(context, &slices, chunk.start, &mut scratch.blocks)
            })?;
            Ok(fold.fold)
        };
        let folds = in_order(pool, wave, &vec![(); wave.len()], read)?;
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
    ) -> Result<Vec<Vec<f64>>> {
        let from = own.start.saturating_sub(self.needs.behind as u64).max(stretch.seen.start);
        let to = (own.end + self.needs.ahead as u64).min(stretch.seen.end);
        let (behind, len) = ((own.start - from) as usize, (own.end - own.start) as usize);
        let slices = stretch.rows.read(from..to, &mut scratch.buffer)?;
        context.read(own.end - own.start, (len * slices.iter().map(|s| s.values.dtype().size()).sum::<usize>()) as u64);
        let mut out = vec![vec![f64::NAN; len]; self.columns];
        let (seen, kept) = seen_rows(context.nan, self.needs, &slices, from)?;
        let columns: Vec<&[f64]> = seen.iter().map(AsRef::as_ref).collect();
        let Some(kept) = kept else {
            let piece = Piece { columns: &columns, behind, len, start: own.start };
            (self.emit)(before, &piece, &mut slices_mut(&mut out));
            return Ok(out);
        };
        // Rows were left out: write for those that are there, then put each where it belongs.
        let piece = Piece { columns: &columns, behind: 0, len: kept.len(), start: own.start };
        let mut packed = vec![vec![f64::NAN; kept.len()]; self.columns];
        (self.emit)(before, &piece, &mut slices_mut(&mut packed));
        for (out, packed) in out.iter_mut().zip(&packed) {
            for (&row, &value) in kept.iter().zip(packed) {
                out[row as usize] = value;
            }
        }
        Ok(out)
    }
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

/// `work` for each pair, in parallel where there is a pool; the results, or the first error, in order.
fn in_order<T: Sync, U: Sync, V: Send>(
    pool: Option<&ThreadPool>,
    left: &[T],
    right: &[U],
    work: impl Fn((&T, &U)) -> Result<V> + Sync,
) -> Result<Vec<V>> {
    let results: Vec<Result<V>> = match pool {
        Some(pool) if left.len() > 1 => pool.install(|| left.par_iter().zip(right).map(&work).collect()),
        _ => left.iter().zip(right).map(&work).collect(),
    };
    results.into_iter().collect()
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
impl Sink for echoes_kernel::Columns {
    fn write(&mut self, columns: &[&[f64]]) -> Result<()> {
        self.resize_with(columns.len(), Vec::new);
        for (to, from) in self.iter_mut().zip(columns) {
            to.try_reserve(from.len()).map_err(|_| Error::Sink("the columns: they do not fit in memory".to_owned()))?;
            to.extend_from_slice(from);
        }
        Ok(())
    }
}
