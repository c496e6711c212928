//! Long transforms as many short ones: of the columns of a table, then of its rows.

use super::{Complex, Direction, LARGE, Parts, complex_plan, pairs, real_plan, roots::Roots};
use crate::threads::{each_pair, each_piece, zeros};
use std::{ops::Range, sync::Arc};

/// Rows or columns that are taken at a time: a line of the processor's cache holds four complex numbers, and two lines are fetched
/// as quickly as one.
const TAKEN: usize = 8;

/// Complex numbers in a line.
const LINE: usize = 4;

/// The most that one side of a table may be times the other.
const SKEW: usize = 16;

/// Rows and columns of a table of `n` numbers that is not too far from a square; the rows are the even one if one is.
pub(super) fn factors(n: usize) -> Option<(usize, usize)> {
    let least = n.isqrt() / (SKEW.isqrt());
    let short = (least.max(1)..=n.isqrt()).rev().find(|short| n.is_multiple_of(*short))?;
    let long = n / short;
    if long > LARGE {
        return None;
    }
    // The transform of an odd number of reals is no shorter than that of as many complex numbers.
    Some(if long.is_multiple_of(2) { (long, short) } else { (short, long) })
}

/// A transform of `rows` times `columns` numbers (Bailey, FFTs in external or hierarchical memory, J. Supercomputing 4, 1990).
///
/// With `j = j₁ columns + j₂` and `k = k₁ + k₂ rows`, it is the transform of each column, a twist of each number by the root of
/// unity `j₂ k₁`, and the transform of each row. Tables are held with what is transformed next contiguous.
pub(super) struct Table {
    rows: usize,
    columns: usize,
    roots: Roots,
}

impl Table {
    pub(super) fn new(rows: usize, columns: usize) -> Arc<Self> {
        Arc::new(Self { rows, columns, roots: Roots::new((rows * columns) as u64) })
    }

    /// The first `wanted` numbers of the transform of real ones. The columns are real: half of what becomes of each says it all.
    pub(super) fn of_real(&self, mut x: Vec<f64>, wanted: usize) -> Parts {
        let (rows, columns) = (self.rows, self.columns);
        let half = rows / 2 + 1;
        let mut twisted = zeros(2 * half * columns);
        let plan = real_plan(rows);
        let memory = || (vec![0.0; TAKEN * rows], plan.make_scratch_vec());
        each_piece(pairs(&mut twisted), TAKEN * half, memory, |(column, scratch), i, piece| {
            let first = i * TAKEN;
            let taken = piece.len() / half;
            transpose(&x, columns, first..first + taken, &mut column[..taken * rows]);
            for ((j, column), out) in (first..).zip(column.chunks_exact_mut(rows)).zip(piece.chunks_exact_mut(half)) {
                let done = plan.process_with_scratch(column, out, scratch);
                debug_assert!(done.is_ok(), "the lengths are the plan's");
                self.roots.twist(j as u64, out);
            }
        });
        // What was read makes room for what is to be written.
        x.resize(2 * half * columns, 0.0);
        self.transform_rows(pairs(&mut twisted), half, pairs(&mut x), Direction::Forward);
        drop(twisted);
        self.unfold(bytemuck::cast_slice(&x), wanted)
    }

    /// The transform of each of `height` rows, whose numbers lie `height` apart.
    fn transform_rows(&self, twisted: &[Complex], height: usize, out: &mut [Complex], direction: Direction) {
        let columns = self.columns;
        let plan = complex_plan(columns, direction);
        let memory = || vec![Complex::default(); plan.get_inplace_scratch_len()];
        each_piece(out, TAKEN * columns, memory, |scratch, i, piece| {
            let first = i * TAKEN;
            transpose(twisted, height, first..first + piece.len() / columns, piece);
            plan.process_with_scratch(piece, scratch);
        });
    }

    /// The transform in its order, from the first half of the rows: the others mirror them.
    fn unfold(&self, table: &[Complex], wanted: usize) -> Parts {
        let rows = self.rows;
        let (mut re, mut im) = (zeros(wanted), zeros(wanted));
        each_pair(&mut re, &mut im, TAKEN * rows, |i, re, im| {
            let taken = re.len().div_ceil(rows);
            let part = i * TAKEN..i * TAKEN + taken;
            for from in (0..rows).step_by(TAKEN) {
                let mut lines = [Line::default(); TAKEN];
                for (k1, line) in (from..).zip(&mut lines) {
                    *line = self.line(table, k1, part.clone());
                }
                for k2 in 0..taken {
                    let (start, end) = (k2 * rows + from, (k2 * rows + rows.min(from + TAKEN)).min(re.len()));
                    if let Some((re, im)) = re.get_mut(start..end).zip(im.get_mut(start..end)) {
                        for ((re, im), line) in re.iter_mut().zip(im).zip(lines) {
                            let number = line.at(k2);
                            (*re, *im) = (number.re, number.im);
                        }
                    }
                }
            }
        });
        (re, im)
    }

    /// Part of a row, from the first half of the rows; none of a row beyond the last.
    fn line<'a>(&self, table: &'a [Complex], k1: usize, part: Range<usize>) -> Line<'a> {
        let (rows, columns) = (self.rows, self.columns);
        if k1 <= rows / 2 {
            Line { numbers: &table[k1 * columns..][part], mirrored: false }
        } else {
            let row = rows.saturating_sub(k1) * columns;
            Line { numbers: &table[row..][columns - part.end..columns - part.start], mirrored: true }
        }
    }

    /// The transform of complex numbers, written over them.
    pub(super) fn of_complex(&self, z: &mut Vec<f64>, direction: Direction) {
        let (rows, columns) = (self.rows, self.columns);
        let mut twisted = zeros(2 * rows * columns);
        let plan = complex_plan(rows, direction);
        let memory = || vec![Complex::default(); plan.get_inplace_scratch_len()];
        let read: &[Complex] = bytemuck::cast_slice(z);
        each_piece(pairs(&mut twisted), TAKEN * rows, memory, |scratch, i, piece| {
            let first = i * TAKEN;
            transpose(read, columns, first..first + piece.len() / rows, piece);
            plan.process_with_scratch(piece, scratch);
            for (j, column) in (first..).zip(piece.chunks_exact_mut(rows)) {
                self.roots.twist_towards(direction, j as u64, column);
            }
        });
        self.transform_rows(pairs(&mut twisted), rows, pairs(z), direction);
        let table: &[Complex] = bytemuck::cast_slice(z);
        each_piece(
            pairs(&mut twisted),
            TAKEN * rows,
            || (),
            |(), i, piece| {
                let first = i * TAKEN;
                transpose(table, columns, first..first + piece.len() / rows, piece);
            },
        );
        *z = twisted;
    }
}

/// Part of a row of a table, or what mirrors it.
#[derive(Clone, Copy, Default)]
struct Line<'a> {
    numbers: &'a [Complex],
    mirrored: bool,
}

impl Line<'_> {
    #[inline(always)]
    fn at(self, i: usize) -> Complex {
        if self.mirrored { self.numbers[self.numbers.len() - 1 - i].conj() } else { self.numbers[i] }
    }
}

/// Copies the columns `wanted` of a table of that width, each to be contiguous.
fn transpose<T: Copy>(table: &[T], width: usize, wanted: Range<usize>, to: &mut [T]) {
    let height = table.len() / width;
    let mut rows = table.chunks_exact(LINE * width);
    for (i, rows) in rows.by_ref().enumerate() {
        let row = |j: usize| &rows[j * width..][wanted.clone()];
        let lines: [&[T]; LINE] = std::array::from_fn(row);
        for (column, to) in to.chunks_exact_mut(height).enumerate() {
            if let Some(to) = to[i * LINE..].first_chunk_mut::<LINE>() {
                *to = lines.map(|line| line[column]);
            }
        }
    }
    let first = height - height % LINE;
    for (row, line) in (first..).zip(rows.remainder().chunks_exact(width)) {
        for (number, to) in line[wanted.clone()].iter().zip(to.chunks_exact_mut(height)) {
            to[row] = *number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Half, *};

    #[test]
    fn factors_make_the_length() {
        for n in [1 << 18, 1_000_000, 1 << 24, 300_000, 3 * 5 * 7 * 11 * 13 * 17 * 19] {
            let (rows, columns) = factors(n).unwrap();
            assert!(rows * columns == n && rows.max(columns) <= SKEW * rows.min(columns), "{n}: {rows} × {columns}");
        }
        assert_eq!([1_000_003, 2 * 1_000_003].map(factors), [None, None]);
        assert_eq!(factors(1 << 19).map(|(rows, columns)| rows * columns), Some(1 << 19));
    }

    #[test]
    fn columns_become_contiguous() {
        let table: Vec<usize> = (0..7 * 5).collect();
        let mut columns = vec![0; 2 * 7];
        transpose(&table, 5, 3..5, &mut columns);
        let expected: Vec<usize> = (0..7).map(|row| 5 * row + 3).chain((0..7).map(|row| 5 * row + 4)).collect();
        assert_eq!(columns, expected);
    }

    #[test]
    fn a_table_gives_what_one_piece_gives() {
        for (rows, columns) in [(8, 8), (6, 10), (10, 9), (9, 7), (16, 40)] {
            let n = rows * columns;
            let x: Vec<f64> = (0..n).map(|i| (i * i % 31) as f64 - 15.0).collect();
            let table = Table::new(rows, columns);
            for half in [Half::First, Half::Both] {
                let found = table.of_real(x.clone(), half.len(n));
                let expected = super::super::of_real(x.clone(), half, 1.0);
                assert_eq!(found.0.len(), half.len(n));
                let near =
                    |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
                assert!(near(&found.0, &expected.0) && near(&found.1, &expected.1), "{rows} × {columns} {half:?}");
            }
            for direction in [Direction::Forward, Direction::Inverse] {
                let mut found: Vec<f64> = (0..2 * n).map(|i| (i * i % 29) as f64 - 14.0).collect();
                let mut expected = found.clone();
                table.of_complex(&mut found, direction);
                super::super::in_place(&mut expected, direction);
                assert!(
                    found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12),
                    "{rows} × {columns} {direction}"
                );
            }
        }
    }
}
