//! Columns whose memory is written piece by piece, where and when each is wanted, and cleared before only where that cannot be seen.

use crate::{Lanes, Operation, SOON, pages, run};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows from which on allocators have the memory of a column from the system, which has cleared it: 32 MiB.
const CLEARED_ROWS: usize = 1 << 22;

/// Columns of one length that nobody has written yet.
///
/// Cleared as a whole they would go through the memory once more than must be, on one thread.
///
/// ```
/// let mut columns = echoes_simd::Unwritten::new(1, 5);
/// for room in columns.rooms() {
///     for (i, piece) in room.pieces(3).enumerate() {
///         piece.open()[0] = i as f64 + 1.0;
///     }
/// }
/// assert_eq!(columns.written(), Some(vec![vec![1.0, 0.0, 0.0, 2.0, 0.0]]));
/// ```
#[derive(Debug)]
pub struct Unwritten {
    columns: Vec<Vec<f64>>,
    rows: usize,
    /// Values of the last [`rooms`](Unwritten::rooms) that have been opened or appended.
    opened: AtomicUsize,
}

impl Unwritten {
    /// So many columns of so many rows, on large pages where they are large.
    pub fn new(columns: usize, rows: usize) -> Self {
        let column = || if rows < CLEARED_ROWS { pages::room(rows) } else { pages::column(rows) };
        Self { columns: std::iter::repeat_with(column).take(columns).collect(), rows, opened: AtomicUsize::new(0) }
    }

    /// Room to write each column.
    pub fn rooms(&mut self) -> Vec<Room<'_>> {
        *self.opened.get_mut() = 0;
        let (rows, opened) = (self.rows, Some(&self.opened));
        let rooms = self.columns.iter_mut().map(|column| {
            if column.len() == rows {
                Room { opened, ..Room::of(column) }
            } else {
                Room { values: &mut column.spare_capacity_mut()[..rows], is_written: false, opened }
            }
        });
        rooms.collect()
    }

    /// The columns, if every value of the last [`rooms`](Unwritten::rooms) has been opened or appended.
    pub fn written(mut self) -> Option<Vec<Vec<f64>>> {
        if *self.opened.get_mut() != self.columns.len() * self.rows {
            return None;
        }
        for column in &mut self.columns {
            // SAFETY: the column has room for as many. Rooms do not overlap, and each place of one is opened or appended to once, which
            // writes it if it was not, and is counted afterwards: so all values of the last rooms have been written.
            unsafe { column.set_len(self.rows) };
        }
        Some(self.columns)
    }
}

/// Room for a stretch of a column, written before or not.
#[derive(Debug, Default)]
pub struct Room<'a> {
    values: &'a mut [MaybeUninit<f64>],
    is_written: bool,
    /// Where what is opened is counted.
    opened: Option<&'a AtomicUsize>,
}

impl<'a> Room<'a> {
    /// Where there are values.
    pub fn of(values: &'a mut [f64]) -> Self {
        let len = values.len();
        // SAFETY: the same memory, of which a room gives out nothing but doubles that are written.
        let values = unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), len) };
        Self { values, is_written: true, opened: None }
    }

    /// How many values there is room for.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is room for none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The room of the first values, so many, which is no longer part of this one.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn take_first(&mut self, rows: usize) -> Self {
        let (values, rest) = std::mem::take(&mut self.values).split_at_mut(rows);
        self.values = rest;
        Self { values, ..*self }
    }

    /// The rooms of so many values each, but for the last.
    ///
    /// # Panics
    /// If that is 0.
    pub fn pieces(self, rows: usize) -> impl Iterator<Item = Self> + use<'a> {
        self.values.chunks_mut(rows).map(move |values| Self { values, ..self })
    }

    /// Writes to the first places, which are no longer part of this one, and asks for what lies behind `values`: where it follows, what
    /// is written next.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn append(&mut self, values: &[f64]) {
        let to = self.take_first(values.len());
        run(Append { from: values, to: to.values });
        if let Some(opened) = to.opened {
            opened.fetch_add(values.len(), Ordering::Relaxed);
        }
    }

    /// The values: zeros where they have not been written.
    pub fn open(self) -> &'a mut [f64] {
        if !self.is_written {
            self.values.fill(MaybeUninit::new(0.0));
        }
        let len = self.values.len();
        if let Some(opened) = self.opened {
            opened.fetch_add(len, Ordering::Relaxed);
        }
        // SAFETY: the same memory, whose values have been written: just now, or before the room was made.
        unsafe { std::slice::from_raw_parts_mut(self.values.as_mut_ptr().cast(), len) }
    }
}

/// A copy to a place of the same length. The C library's stands still at each page that is not in the caches: with the clearing that
/// it needs beforehand a million values took 1.6 ms on one thread, this takes 1.1.
struct Append<'a> {
    from: &'a [f64],
    to: &'a mut [MaybeUninit<f64>],
}

impl Operation for Append<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (lines, rest) = self.from.as_chunks::<8>();
        let (to, last) = self.to.as_chunks_mut::<8>();
        for (line, to) in lines.iter().zip(to) {
            l.prefetch(line.as_ptr().wrapping_add(SOON));
            write(line, to);
        }
        write(rest, last);
    }
}

#[inline(always)]
fn write(from: &[f64], to: &mut [MaybeUninit<f64>]) {
    for (to, &x) in to.iter_mut().zip(from) {
        to.write(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_pieces_is_there() {
        for rows in [0, 1, 1000, (4 << 20) / 8, CLEARED_ROWS + 3] {
            let mut columns = Unwritten::new(2, rows);
            for (number, mut room) in columns.rooms().into_iter().enumerate() {
                assert_eq!((room.len(), room.is_empty()), (rows, rows == 0));
                let first = room.take_first(rows / 3);
                for piece in first.pieces(7).chain(room.pieces(100_000)) {
                    let values = piece.open();
                    assert!(values.iter().all(|&x| x == 0.0));
                    values.fill(number as f64 + 1.0);
                }
            }
            assert_eq!(columns.written(), Some(vec![vec![1.0; rows], vec![2.0; rows]]), "{rows}");
        }
    }

    #[test]
    fn what_is_appended_is_there_and_zeros_behind_it() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        for kept in [0, 1, 8, 13, 1000] {
            let mut columns = Unwritten::new(1, values.len());
            for room in columns.rooms() {
                for (mut piece, values) in
                    room.pieces(300).zip(values[..kept].chunks(300).chain(std::iter::repeat(&[][..])))
                {
                    let (first, second) = values.split_at(values.len() / 3);
                    piece.append(first);
                    piece.append(second);
                    piece.open();
                }
            }
            let mut expected = values[..kept].to_vec();
            expected.resize(values.len(), 0.0);
            assert_eq!(columns.written(), Some(vec![expected]), "{kept}");
        }
        let mut columns = Unwritten::new(1, 2);
        columns.rooms()[0].append(&[1.0]);
        assert_eq!(columns.written(), None);
        let mut values = [1.0, 2.0, 3.0];
        Room::of(&mut values).append(&[4.0, 5.0]);
        assert_eq!(values, [4.0, 5.0, 3.0]);
    }

    #[test]
    fn without_all_of_the_last_rooms_there_are_no_columns() {
        for rows in [10, CLEARED_ROWS] {
            let mut columns = Unwritten::new(2, rows);
            columns.rooms().remove(0).open().fill(1.0);
            assert_eq!(columns.written(), None);
            let mut columns = Unwritten::new(1, rows);
            for _ in 0..2 {
                columns.rooms()[0].take_first(rows / 2).open().fill(1.0);
            }
            assert_eq!(columns.written(), None);
        }
    }

    #[test]
    fn room_where_there_are_values_keeps_them() {
        let mut values = [1.0, 2.0, 3.0];
        let mut room = Room::of(&mut values);
        assert_eq!((room.take_first(1).open(), room.open()), (&mut [1.0][..], &mut [2.0, 3.0][..]));
    }
}
