//! A stream read as rows: the stretch of it that is in memory.

use crate::{
    Engine, Result, Sink,
    context::Context,
    emit::{Stretch, Writer},
    fold::next_wave,
};
use echoes_io::{Buffer, Chunk, OwnedColumn, Rows, Stream};
use echoes_kernel::{CHUNK, Fold};
use std::{collections::VecDeque, ops::Range};

/// Chunks of a stream, in order; those that nobody will look at again are dropped.
#[derive(Default)]
struct Window {
    chunks: VecDeque<Vec<OwnedColumn>>,
    /// The first row that is still here.
    start: u64,
    end: u64,
    width: usize,
}

impl Window {
    fn push(&mut self, chunk: Vec<OwnedColumn>) {
        self.width = chunk.len();
        self.end += rows(&chunk);
        self.chunks.push_back(chunk);
    }

    fn drop_before(&mut self, row: u64) {
        while self.chunks.front().is_some_and(|chunk| self.start + rows(chunk) <= row) {
            self.start += self.chunks.pop_front().map_or(0, |chunk| rows(&chunk));
        }
    }
}

fn rows(chunk: &[OwnedColumn]) -> u64 {
    chunk.first().map_or(0, |column| column.values.values().len() as u64)
}

impl Rows for Window {
    fn rows(&self) -> u64 {
        self.end
    }

    fn width(&self) -> usize {
        self.width
    }

    fn read<'b>(&'b self, range: Range<u64>, buffer: &'b mut Buffer) -> echoes_io::Result<Chunk<'b>> {
        let first = ((range.start - self.start) / CHUNK as u64) as usize;
        let offset = ((range.start - self.start) % CHUNK as u64) as usize;
        let len = (range.end - range.start) as usize;
        if let Some(chunk) = self.chunks.get(first).filter(|_| offset + len <= CHUNK) {
            return Ok(chunk.iter().map(|column| column.slice().part(offset, offset + len)).collect());
        }
        buffer.columns.clear();
        for column in 0..self.width {
            let mut values = Vec::with_capacity(len);
            let mut valid = Vec::with_capacity(len);
            let mut offset = offset;
            for chunk in self.chunks.range(first..) {
                let from = chunk[column].slice();
                let to = from.values.len().min(offset + len - values.len());
                let part = from.part(offset.min(to), to);
                let at = values.len();
                values.resize(at + part.values.len(), 0.0);
                part.values.to_f64(&mut values[at..]);
                match part.valid {
                    Some(rows) => valid.extend_from_slice(rows),
                    None => valid.resize(values.len(), true),
                }
                offset = 0;
            }
            buffer.columns.push(OwnedColumn { values: values.into(), valid: Some(valid) });
        }
        Ok(buffer.columns.iter().map(OwnedColumn::slice).collect())
    }
}

impl<F: Fold> Writer<'_, F> {
    /// Writes all rows of a stream, with as much of it in memory as the neighbours need.
    pub(crate) fn write_stream(
        &self,
        context: &Context<'_>,
        engine: &Engine,
        stream: &mut dyn Stream,
        before: &mut F,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut window = Window::default();
        let mut done = 0;
        loop {
            let wave = next_wave(context, stream)?;
            let ended = wave.is_empty();
            wave.into_iter().for_each(|chunk| window.push(chunk));
            let complete = window.end.saturating_sub(self.needs.ahead as u64) / CHUNK as u64 * CHUNK as u64;
            let own = done..if ended { window.end } else { complete.max(done) };
            let stretch = Stretch { rows: &window, seen: window.start..window.end };
            let pool = engine.pool(own.end - own.start)?;
            self.write(context, pool, &stretch, own.clone(), before, sink)?;
            done = own.end;
            if ended {
                return Ok(());
            }
            window.drop_before(done.saturating_sub(self.needs.behind as u64));
        }
    }
}
