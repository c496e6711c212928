//! From a chunk of a source to the blocks that partials absorb: missing rows left out, everything as doubles too.

use crate::{Result, context::Context};
use echoes_io::{Buffer, Chunk, Owned, OwnedColumn, Slice};
use echoes_kernel::{BLOCK, Block, Column, Columns, Nan, Reject, Values, for_each_dtype};
use smallvec::SmallVec;
use std::ops::Range;

/// Working memory of one thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// What a source copies into.
    pub(crate) buffer: Buffer,
    pub(crate) blocks: Blocks,
    /// Where a part of the columns out is written before it is copied past the caches.
    pub(crate) part: Columns,
}

impl Scratch {
    pub(crate) fn has_grown(&self) -> bool {
        !self.buffer.columns.is_empty()
            || !self.buffer.bytes.is_empty()
            || !self.blocks.doubles.is_empty()
            || !self.part.is_empty()
    }
}

/// What a block is made in when it cannot be borrowed.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    doubles: Vec<Vec<f64>>,
    packed: Vec<OwnedColumn>,
    kept: Vec<u32>,
}

/// Cuts the chunk that begins at row `start` into blocks and hands each to `absorb`.
pub(crate) fn each_block(
    context: &Context<'_>,
    chunk: &[Slice<'_>],
    start: u64,
    scratch: &mut Blocks,
    mut absorb: impl FnMut(Block<'_>),
) -> Result<()> {
    let Blocks { doubles, packed, kept } = scratch;
    let rows = chunk.first().map_or(0, |column| column.values.len());
    let complete = chunk.iter().all(|column| is_complete(context.nan, column));
    for from in (0..rows).step_by(BLOCK) {
        context.check()?;
        let (to, first) = (rows.min(from + BLOCK), start + from as u64);
        if complete || keep(context.nan, &parts(chunk, from, to), first, kept)? {
            let stored = chunk.iter().map(|column| &column.values);
            let after = context.after(start + to as u64);
            with_doubles(stored, from..to, doubles, |columns| absorb(Block::new(columns, first).followed_by(after)));
        } else {
            pack(&parts(chunk, from, to), kept, packed);
            let stored: SmallVec<[Values<'_>; 2]> = packed.iter().map(|column| column.values.values()).collect();
            let span = to - from;
            with_doubles(stored.iter(), 0..kept.len(), doubles, |columns| {
                absorb(Block::with_missing(columns, first, span, kept));
            });
        }
    }
    Ok(())
}

fn parts<'a>(chunk: &[Slice<'a>], from: usize, to: usize) -> Chunk<'a> {
    chunk.iter().map(|column| column.part(from, to)).collect()
}

/// Whether no row of the column can be left out, whatever its values.
fn is_complete(nan: Nan, column: &Slice<'_>) -> bool {
    column.valid.is_none() && (nan == Nan::Propagate || !column.values.dtype().is_float())
}

/// Writes to `kept` the rows to keep, unless that is all of them: then it is `true`.
pub(crate) fn keep(nan: Nan, columns: &[Slice<'_>], first: u64, kept: &mut Vec<u32>) -> Result<bool> {
    if !columns.iter().any(|column| may_lack(nan, column)) {
        return Ok(true);
    }
    let rows = columns.first().map_or(0, |column| column.values.len());
    kept.clear();
    for row in 0..rows {
        if !columns.iter().all(|column| column.valid.is_none_or(|valid| valid[row])) {
            continue;
        }
        if nan == Nan::Propagate || !columns.iter().any(|column| is_nan(column.values, row)) {
            kept.push(row as u32);
        } else if nan == Nan::Raise {
            let column = columns.iter().position(|column| is_nan(column.values, row)).unwrap_or_default();
            return Err(Reject::NotANumber { column, row: first + row as u64 }.into());
        }
    }
    Ok(kept.len() == rows)
}

fn may_lack(nan: Nan, column: &Slice<'_>) -> bool {
    let has_nan = || match column.values {
        Values::Float32(x) => any(x, |x| x.is_nan()),
        Values::Float64(x) => any(x, |x| x.is_nan()),
        _ => false,
    };
    column.valid.is_some_and(|valid| valid.contains(&false)) || nan != Nan::Propagate && has_nan()
}

/// Whether it is true of any. Of some values at a time, which is a third of the time of one by one.
fn any<T: Copy>(x: &[T], is: impl Fn(T) -> bool) -> bool {
    x.chunks(128).any(|x| x.iter().fold(false, |any, &x| any | is(x)))
}

fn is_nan(values: Values<'_>, row: usize) -> bool {
    match values {
        Values::Float32(x) => x[row].is_nan(),
        Values::Float64(x) => x[row].is_nan(),
        _ => false,
    }
}

/// Copies the rows at `kept` of each column.
pub(crate) fn pack(columns: &[Slice<'_>], kept: &[u32], packed: &mut Vec<OwnedColumn>) {
    macro_rules! gather {
        ($($variant:ident $type:ident $name:literal),*) => {
            |values: Values<'_>, to: &mut Owned| match (values, to) {
                $((Values::$variant(x), Owned::$variant(to)) => {
                    to.clear();
                    to.extend(kept.iter().map(|&row| x[row as usize]));
                })*
                $((Values::$variant(x), to) => {
                    *to = kept.iter().map(|&row| x[row as usize]).collect::<Vec<$type>>().into();
                })*
            }
        };
    }
    let gather = for_each_dtype!(gather);
    packed.resize_with(columns.len(), OwnedColumn::default);
    for (column, to) in columns.iter().zip(packed) {
        gather(column.values, &mut to.values);
    }
}

/// Hands on the given rows with their doubles: borrowed where they are doubles already, else converted into `doubles`.
fn with_doubles<'a, 'v: 'a>(
    stored: impl ExactSizeIterator<Item = &'a Values<'v>> + Clone,
    rows: Range<usize>,
    doubles: &'a mut Vec<Vec<f64>>,
    then: impl FnOnce(&[Column<'a>]),
) {
    if stored.clone().any(|values| values.as_f64().is_none()) {
        doubles.resize_with(stored.len(), Vec::new);
        for (values, to) in stored.clone().zip(doubles.iter_mut()).filter(|(values, _)| values.as_f64().is_none()) {
            to.resize(rows.len(), 0.0);
            values.slice(rows.start, rows.end).to_f64(to);
        }
    }
    let mut columns = SmallVec::<[_; 2]>::new();
    for (i, values) in stored.enumerate() {
        match values {
            Values::Float64(x) => columns.push(Column::of(&x[rows.clone()])),
            _ => columns.push(Column { values: &doubles[i], stored: values.slice(rows.start, rows.end) }),
        }
    }
    then(&columns);
}
