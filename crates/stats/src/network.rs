//! Sorting of few values in registers, by a network of comparisons: the same steps whatever the values, so that nothing is guessed.
//!
//! Values stand in the rows and the eight columns of some vectors. All columns are sorted at once (K. E. Batcher, Sorting networks and
//! their applications, AFIPS 32, 1968: odd–even merge sort); then columns, pairs of columns and fours of them are merged with
//! their neighbours (bitonic merge, ibidem), as M. Blacher, J. Giesen, P. Sanders, J. Wassenberg (Vectorized and performance-portable
//! Quicksort, Software: Practice and Experience 52(12), 2022) have it; and last, rows and columns are exchanged.

use echoes_simd::Lanes;

/// Values that are sorted at a time.
pub(crate) const MOST: usize = 128;

/// Sorts [`MOST`] values or fewer, of which none is NaN; a zero may come back with the other sign.
#[inline(always)]
pub(crate) fn sort<L: Lanes>(l: L, x: &mut [f64]) {
    match x.len() {
        0..=1 => {}
        2..=16 => in_rows::<L, 2>(l, x),
        17..=32 => in_rows::<L, 4>(l, x),
        33..=64 => in_rows::<L, 8>(l, x),
        _ => in_rows::<L, 16>(l, x),
    }
}

#[inline(always)]
fn in_rows<L: Lanes, const ROWS: usize>(l: L, x: &mut [f64]) {
    let mut space = [[f64::INFINITY; 8]; ROWS];
    space.as_flattened_mut()[..x.len()].copy_from_slice(x);
    let mut rows = [l.splat(0.0); ROWS];
    for (row, values) in rows.iter_mut().zip(&space) {
        *row = l.load8(values);
    }
    columns::<L, ROWS>(l, &mut rows);
    let lanes = Halves::of(l);
    merge::<L, ROWS, 1, 1>(l, &mut rows, &lanes);
    merge::<L, ROWS, 2, 3>(l, &mut rows, &lanes);
    merge::<L, ROWS, 4, 7>(l, &mut rows, &lanes);
    let mut at = 0;
    let mut arrays = [[0.0; 8]; ROWS];
    for (array, row) in arrays.iter_mut().zip(rows) {
        *array = l.to_array(row);
    }
    for column in 0..8 {
        for array in &arrays {
            space.as_flattened_mut()[at] = array[column];
            at += 1;
        }
    }
    x.copy_from_slice(&space.as_flattened()[..x.len()]);
}

/// Puts the smaller values of two rows into the one, the larger into the other.
#[inline(always)]
fn exchange<L: Lanes>(l: L, rows: &mut [L::V], a: usize, b: usize) {
    (rows[a], rows[b]) = (l.min(rows[a], rows[b]), l.max(rows[a], rows[b]));
}

/// Sorts each column.
#[inline(always)]
fn columns<L: Lanes, const ROWS: usize>(l: L, rows: &mut [L::V; ROWS]) {
    let mut sorted = 1;
    while sorted < ROWS {
        let mut apart = sorted;
        while apart > 0 {
            let mut a = apart % sorted;
            while a + apart < ROWS {
                for i in 0..apart {
                    if a + i + apart < ROWS && (a + i) / (2 * sorted) == (a + i + apart) / (2 * sorted) {
                        exchange(l, rows, a + i, a + i + apart);
                    }
                }
                a += 2 * apart;
            }
            apart /= 2;
        }
        sorted *= 2;
    }
}

/// The lanes of which the bits of 1, 2, 4 are not set.
struct Halves<M> {
    of: [M; 3],
}

impl<M> Halves<M> {
    #[inline(always)]
    fn of<L: Lanes<M = M>>(l: L) -> Self {
        let half = l.splat(0.5);
        Self {
            of: [
                l.lt(l.load8(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]), half),
                l.lt(l.load8(&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]), half),
                l.lt(l.load8(&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]), half),
            ],
        }
    }
}

/// Merges `WIDTH` sorted columns with the next as many; `ACROSS` is twice that less one.
#[inline(always)]
fn merge<L: Lanes, const ROWS: usize, const WIDTH: usize, const ACROSS: i32>(
    l: L,
    rows: &mut [L::V; ROWS],
    halves: &Halves<L::M>,
) {
    let first = halves.of[WIDTH.ilog2() as usize];
    for a in 0..ROWS / 2 {
        let b = ROWS - 1 - a;
        let across = l.crossed::<ACROSS>(rows[b]);
        let (less, more) = (l.min(rows[a], across), l.max(rows[a], across));
        rows[a] = l.select(first, less, more);
        rows[b] = l.crossed::<ACROSS>(l.select(first, more, less));
    }
    if WIDTH > 2 {
        within::<L, ROWS, 2>(l, rows, halves.of[1]);
    }
    if WIDTH > 1 {
        within::<L, ROWS, 1>(l, rows, halves.of[0]);
    }
    let mut apart = ROWS / 2;
    while apart > 0 {
        for a in 0..ROWS {
            if a & apart == 0 {
                exchange(l, rows, a, a + apart);
            }
        }
        apart /= 2;
    }
}

/// Compares columns whose numbers differ by the bit of `APART`.
#[inline(always)]
fn within<L: Lanes, const ROWS: usize, const APART: i32>(l: L, rows: &mut [L::V; ROWS], first: L::M) {
    for row in rows {
        let other = l.crossed::<APART>(*row);
        *row = l.select(first, l.min(*row, other), l.max(*row, other));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_simd::{Level, Operation, run_at};

    struct Sort<'a>(&'a mut [f64]);

    impl Operation for Sort<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            sort(l, self.0);
        }
    }

    fn check(x: &[f64]) {
        let mut expected = x.to_vec();
        expected.sort_by(f64::total_cmp);
        for level in Level::available() {
            let mut sorted = x.to_vec();
            run_at(level, Sort(&mut sorted));
            assert_eq!(sorted, expected, "{level:?}");
        }
    }

    #[test]
    fn every_length_is_sorted() {
        for len in (0..=MOST).step_by(if cfg!(miri) { 31 } else { 1 }) {
            check(&(0..len).map(|i| (i * 89 % 127) as f64).collect::<Vec<_>>());
            check(&(0..len).map(|i| (i * i % 7) as f64).collect::<Vec<_>>());
            check(&(0..len).map(|i| -(i as f64)).collect::<Vec<_>>());
            check(&vec![f64::INFINITY; len]);
        }
    }

    /// A network that sorts all zeros and ones sorts everything (D. E. Knuth, TAOCP 3, 5.3.4, theorem Z). These are all that
    /// fill 16 places, and some that fill 128.
    #[test]
    fn zeros_and_ones_are_sorted() {
        for bits in (0..1u32 << 16).step_by(if cfg!(miri) { 9973 } else { 1 }) {
            check(&(0..16).map(|i| f64::from(bits >> i & 1)).collect::<Vec<_>>());
        }
        for seed in 0..if cfg!(miri) { 2 } else { 5000u64 } {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 33
            };
            let ones = next() % 129;
            check(&(0..MOST).map(|_| f64::from(u8::from(next() % 128 < ones))).collect::<Vec<_>>());
        }
    }
}
