//! Tables whose columns threads share.

use std::marker::PhantomData;

/// Some neighbouring columns of a table, which whoever has them may write while others write other columns of it.
#[derive(Debug)]
pub struct Strip<'a> {
    table: *mut f64,
    len: usize,
    width: usize,
    first: usize,
    wide: usize,
    /// Rows that have all of these columns.
    whole: usize,
    of: PhantomData<&'a mut [f64]>,
}

// SAFETY: a strip is a mutable borrow of its own numbers, which no other strip has (`strips`), and doubles go anywhere.
unsafe impl Send for Strip<'_> {}
// SAFETY: through a shared strip its numbers are only read.
unsafe impl Sync for Strip<'_> {}

impl Strip<'_> {
    /// Where its part of a row begins, and how many numbers it has: fewer, or none, where the table ends before.
    #[inline(always)]
    fn part(&self, row: usize) -> (usize, usize) {
        if row < self.whole {
            return (row * self.width + self.first, self.wide);
        }
        let start = row.saturating_mul(self.width).saturating_add(self.first).min(self.len);
        (start, self.wide.min(self.len - start))
    }

    /// Its part of a row, which ends where the table does: none of a row beyond.
    #[inline(always)]
    pub fn row(&self, row: usize) -> &[f64] {
        let (start, len) = self.part(row);
        // SAFETY: `start + len` is within the table, whose borrow this has for as long. These columns are no other strip's, and
        // nobody writes them while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.table.add(start), len) }
    }

    /// Its part of a row, to be written.
    #[inline(always)]
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        let (start, len) = self.part(row);
        // SAFETY: as in `row`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.table.add(start), len) }
    }
}

/// The columns of a table of that width, whose last row may be shorter, as strips of so many columns each, from the first on.
///
/// # Panics
/// If there are fewer columns.
///
/// ```
/// let mut table = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
/// let mut strips = echoes_simd::strips(&mut table, 3, [2, 1]);
/// assert_eq!((strips[0].row(1), strips[1].row(1)), (&[3.0, 4.0][..], &[5.0][..]));
/// strips[0].row_mut(2)[1] = -7.0;
/// assert_eq!((strips[0].row(2), strips[1].row(2)), (&[6.0, -7.0][..], &[][..]));
/// ```
pub fn strips(table: &mut [f64], width: usize, sizes: impl IntoIterator<Item = usize>) -> Vec<Strip<'_>> {
    let (len, table) = (table.len(), table.as_mut_ptr());
    let mut next = 0;
    let strip = |wide: usize| {
        let first = next;
        assert!(wide <= width - first, "there are {width} columns");
        next += wide;
        let whole = len.checked_sub(next).and_then(|rest| rest.checked_div(width)).map_or(0, |rows| rows + 1);
        Strip { table, len, width, first, wide, whole, of: PhantomData }
    };
    sizes.into_iter().map(strip).collect()
}

#[cfg(test)]
mod tests {
    use super::strips;

    #[test]
    fn strips_have_every_number_once() {
        let mut table: Vec<f64> = (0..38).map(f64::from).collect();
        let mut parts = strips(&mut table, 10, [1, 0, 3, 4, 2]);
        std::thread::scope(|scope| {
            for strip in &mut parts {
                scope.spawn(move || (0..9).for_each(|row| strip.row_mut(row).iter_mut().for_each(|x| *x += 0.5)));
            }
        });
        assert_eq!(parts[3].row(3), [34.5, 35.5, 36.5, 37.5]);
        assert!(parts[4].row(3).is_empty() && parts[0].row(usize::MAX).is_empty());
        assert!(table.iter().zip(0..).all(|(&x, i)| x == f64::from(i) + 0.5));
    }

    #[test]
    #[should_panic(expected = "there are 3 columns")]
    fn columns_that_are_not_there_are_refused() {
        strips(&mut [0.0; 9], 3, [2, 2]);
    }
}
