//! A block: the rows that a partial absorbs at once.

use crate::Values;

/// Rows in a block. 16 KiB a column: one column and what is computed from it stay in the first-level cache.
///
/// Fixed, because the order of additions, and so the last bit of every answer, follows from it.
pub const BLOCK: usize = 2048;

/// Rows in a chunk, the unit that a thread takes: 64 blocks, 1 MiB a column. Fixed for the same reason; Miri, which is asked for no
/// bits, gets shorter ones.
pub const CHUNK: usize = if cfg!(miri) { 2 } else { 64 } * BLOCK;

/// One column of a block, twice: as numbers, and as stored.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// The elements as `f64`.
    pub values: &'a [f64],
    /// The same elements in the type that they are stored in, for work that must be exact on integers.
    pub stored: Values<'a>,
}

impl<'a> Column<'a> {
    /// A column of doubles.
    pub const fn of(values: &'a [f64]) -> Self {
        Self { values, stored: Values::Float64(values) }
    }
}

/// At most [`BLOCK`] rows of every column that a kernel reads.
///
/// Missing rows are left out, so a block may be shorter than the span of the source that it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    columns: &'a [Column<'a>],
    start: u64,
    after: u64,
    span: usize,
    kept: Option<&'a [u32]>,
    sample: usize,
}

impl<'a> Block<'a> {
    /// A block without missing rows, whose first row is row `start` of the source.
    pub fn new(columns: &'a [Column<'a>], start: u64) -> Self {
        let span = columns.first().map_or(0, |c| c.values.len());
        Self { columns, start, after: 0, span, kept: None, sample: 0 }
    }

    /// A block that stands for `span` rows from row `start`, of which those at `kept` (offsets from
    /// `start`, rising, as many as the columns are long) are present.
    pub const fn with_missing(columns: &'a [Column<'a>], start: u64, span: usize, kept: &'a [u32]) -> Self {
        Self { columns, start, after: 0, span, kept: Some(kept), sample: 0 }
    }

    /// The same block as part of sample number `sample` of a kernel on independent samples.
    pub const fn of_sample(self, sample: usize) -> Self {
        Self { sample, ..self }
    }

    /// The same block where `rows` more follow it in the source.
    pub const fn followed_by(self, rows: u64) -> Self {
        Self { after: rows, ..self }
    }

    /// Rows that are known to follow in the source, and may be fetched ahead if these are borrowed from it.
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// Rows present.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Whether no row is present.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows left out because a value is missing.
    pub fn missing(&self) -> usize {
        self.span - self.len()
    }

    /// The number of columns.
    pub const fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The same rows of column `i` alone.
    ///
    /// # Panics
    /// If there is no column `i`: the engine has checked the count against the kernel's [`crate::Spec`].
    pub fn column(&self, i: usize) -> Self {
        Self { columns: &self.columns[i..=i], ..*self }
    }

    /// Column `i` as doubles.
    ///
    /// # Panics
    /// If there is no column `i`: the engine has checked the count against the kernel's [`crate::Spec`].
    pub fn values(&self, i: usize) -> &'a [f64] {
        self.columns[i].values
    }

    /// Column `i` as stored.
    ///
    /// # Panics
    /// If there is no column `i`, as for [`Block::values`].
    pub fn stored(&self, i: usize) -> Values<'a> {
        self.columns[i].stored
    }

    /// The row of the source that element `i` comes from.
    pub fn row(&self, i: usize) -> u64 {
        self.start + self.kept.map_or(i as u64, |kept| u64::from(kept[i]))
    }

    /// Which of several independent samples these rows belong to; 0 where there is one.
    pub const fn sample(&self) -> usize {
        self.sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_source() {
        let columns = [Column::of(&[1.0, 2.0])];
        assert_eq!(Block::new(&columns, 10).row(1), 11);
        assert_eq!(Block::new(&columns, 10).followed_by(5).after(), 5);
        let gaps = Block::with_missing(&columns, 10, 4, &[1, 3]);
        assert_eq!((gaps.row(0), gaps.row(1), gaps.missing()), (11, 13, 2));
    }
}
