//! Sorting of few values in registers, by a network of comparisons: the same steps whatever the values, so that nothing is guessed.
//!
//! Values stand in the rows and the eight columns of some vectors. All columns are sorted at once (K. E. Batcher, Sorting networks and
//! their applications, AFIPS 32, 1968: odd–even merge sort); then columns, pairs of columns and fours of them are merged with
//! their neighbours (bitonic merge, ibidem), as M. Blacher, J. Giesen, P. Sanders, J. Wassenberg (Vectorized and performance-portable
//! Quicksort, Software: Practice and Experience 52(12), 2022) have it; and last, rows and columns are exchanged.

use echoes_simd::Lanes;

/// Values that are sorted at a time.
pub(crate) const MOST: usize = 128;

/// The numbers of the lanes.
pub(crate) const NUMBERS: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

/// Sorts [`MOST`] values or fewer, of which none is NaN; a zero may come back with the other sign.
#[inline(always)]
pub(crate) fn sort<L: Lanes>(l: L, x: &mut [f64]) {
    sort_to(l, x, None);
}

/// The same to another place of the same length, if there is one.
#[inline(always)]
pub(crate) fn sort_to<L: Lanes>(l: L, x: &mut [f64], to: Option<&mut [f64]>) {
    debug_assert!(x.len() <= MOST && to.as_ref().is_none_or(|to| to.len() == x.len()));
    match x.len() {
        0..=8 => in_rows::<L, 1>(l, x, to),
        9..=16 => in_rows::<L, 2>(l, x, to),
        17..=32 => in_rows::<L, 4>(l, x, to),
        33..=64 => in_rows::<L, 8>(l, x, to),
        _ => in_rows::<L, 16>(l, x, to),
    }
}

#[inline(always)]
fn in_rows<L: Lanes, const ROWS: usize>(l: L, x: &mut [f64], to: Option<&mut [f64]>) {
    // Row by row, of which the number is known: of so many as there are the compiler makes calls that copy.
    let mut rows = [l.splat(f64::INFINITY); ROWS];
    let (whole, rest) = x.as_chunks::<8>();
    for i in 0..ROWS {
        if i < whole.len() {
            rows[i] = l.load8(&whole[i]);
        } else if i == whole.len() && !rest.is_empty() {
            rows[i] = ending(l, x, rest.len());
        }
    }
    columns::<L, ROWS>(l, &mut rows);
    let lanes = Halves::of(l);
    merge::<L, ROWS, 1, 1>(l, &mut rows, &lanes);
    merge::<L, ROWS, 2, 3>(l, &mut rows, &lanes);
    merge::<L, ROWS, 4, 7>(l, &mut rows, &lanes);
    put(&by_columns::<L, ROWS>(l, rows), to.unwrap_or(x));
}

/// As many values as are at the end, and infinities.
#[inline(always)]
fn ending<L: Lanes>(l: L, x: &[f64], len: usize) -> L::V {
    if let Some(last) = x.last_chunk() {
        let taken = l.lt(l.load8(&NUMBERS), l.splat((8 - len) as f64));
        return l.select(taken, l.splat(f64::INFINITY), l.load8(last));
    }
    let mut last = [f64::INFINITY; 8];
    for (last, &value) in last.iter_mut().zip(x) {
        *last = value;
    }
    l.load8(&last)
}

/// The columns one behind the other.
#[inline(always)]
fn by_columns<L: Lanes, const ROWS: usize>(l: L, rows: [L::V; ROWS]) -> [[f64; 8]; ROWS] {
    let mut eights = [[0.0; 8]; ROWS];
    if ROWS < 8 {
        let mut sorted = [[0.0; ROWS]; 8];
        for i in 0..ROWS {
            for (column, x) in sorted.iter_mut().zip(l.to_array(rows[i])) {
                column[i] = x;
            }
        }
        eights.as_flattened_mut().copy_from_slice(sorted.as_flattened());
    }
    for part in 0..ROWS / 8 {
        let mut square = [rows[0]; 8];
        square.copy_from_slice(&rows[8 * part..][..8]);
        let square = l.transposed(square);
        for i in 0..8 {
            eights[i * (ROWS / 8) + part] = l.to_array(square[i]);
        }
    }
    eights
}

/// Writes as many values as there is room for.
#[inline(always)]
fn put<const ROWS: usize>(eights: &[[f64; 8]; ROWS], to: &mut [f64]) {
    let (whole, rest) = to.as_chunks_mut::<8>();
    let mut last = [0.0; 8];
    for i in 0..ROWS {
        if i < whole.len() {
            whole[i] = eights[i];
        } else if i == whole.len() {
            last = eights[i];
        }
    }
    for i in 0..8 {
        if i < rest.len() {
            rest[i] = last[i];
        }
    }
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
    if ROWS == 1 {
        // The lanes of one row, and those across.
        let across = l.crossed::<ACROSS>(rows[0]);
        rows[0] = l.select(first, l.min(rows[0], across), l.max(rows[0], across));
    }
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
        for places in [8, 16] {
            for bits in (0..1u32 << places).step_by(if cfg!(miri) { 9973 } else { 1 }) {
                check(&(0..places).map(|i| f64::from(bits >> i & 1)).collect::<Vec<_>>());
            }
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
