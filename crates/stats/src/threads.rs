//! Work shared among the threads that the caller has brought.
//!
//! There are no threads of our own here. A caller who stands in a pool of `rayon`, as the engine does where it has threads, shares
//! the work with the others of that pool; who stands in none does it alone, and no pool is started. What is computed may not depend
//! on which it is.

use echoes_simd::{Room, Unwritten};
use rayon::prelude::*;

/// Does `work` on each piece of `size` items, the last one perhaps shorter; it is told the piece's number, and each thread has
/// working memory of its own from `begin`.
pub(crate) fn each_piece<T: Send, S>(
    items: &mut [T],
    size: usize,
    begin: impl Fn() -> S + Send + Sync,
    work: impl Fn(&mut S, usize, &mut [T]) + Send + Sync,
) {
    if rayon::current_thread_index().is_some() {
        let pieces = items.par_chunks_mut(size).enumerate();
        pieces.for_each_init(begin, |memory, (i, piece)| work(memory, i, piece));
    } else {
        let mut memory = begin();
        items.chunks_mut(size).enumerate().for_each(|(i, piece)| work(&mut memory, i, piece));
    }
}

/// Values that a thread clears at a time.
const CLEARED: usize = 1 << 16;

/// Zeros, cleared by all threads.
pub(crate) fn zeros(len: usize) -> Vec<f64> {
    let mut column = Unwritten::new(1, len);
    for room in column.rooms() {
        let mut pieces: Vec<Room<'_>> = room.pieces(CLEARED).collect();
        each_piece(
            &mut pieces,
            1,
            || (),
            |(), _, pieces| {
                pieces.iter_mut().for_each(|piece| {
                    std::mem::take(piece).open();
                });
            },
        );
    }
    column.written().and_then(|mut columns| columns.pop()).unwrap_or_else(|| vec![0.0; len])
}

/// Does `work` on each piece of `size` numbers of both columns, which are of one length.
pub(crate) fn each_pair(
    a: &mut [f64],
    b: &mut [f64],
    size: usize,
    work: impl Fn(usize, &mut [f64], &mut [f64]) + Send + Sync,
) {
    if rayon::current_thread_index().is_some() {
        a.par_chunks_mut(size).zip(b.par_chunks_mut(size)).enumerate().for_each(|(i, (a, b))| work(i, a, b));
    } else {
        a.chunks_mut(size).zip(b.chunks_mut(size)).enumerate().for_each(|(i, (a, b))| work(i, a, b));
    }
}

/// Threads that work would be shared among.
pub(crate) fn count() -> usize {
    rayon::current_thread_index().map_or(1, |_| rayon::current_num_threads())
}

/// Does both, each on a thread of its own if that is worth it.
pub(crate) fn both<A: Send, B: Send>(
    worth: bool,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    if worth && rayon::current_thread_index().is_some() { rayon::join(one, other) } else { (one(), other()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares() -> Vec<u64> {
        let mut items: Vec<u64> = (0..1000).collect();
        let work = |times: &mut u64, i: usize, piece: &mut [u64]| {
            *times += 1;
            assert!(*times <= 143 && piece[0] == 7 * i as u64);
            piece.iter_mut().for_each(|item| *item *= *item);
        };
        each_piece(&mut items, 7, || 0, work);
        items
    }

    fn halves() -> (Vec<f64>, Vec<f64>) {
        let (mut a, mut b) = (vec![0.0; 100], vec![1.0; 100]);
        each_pair(&mut a, &mut b, 7, |i, a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| (*a, *b) = (i as f64, *b + i as f64));
        });
        (a, b)
    }

    #[test]
    fn pairs_go_together() {
        let (a, b) = halves();
        assert_eq!((a[6], a[7], a[99]), (0.0, 1.0, 14.0));
        assert!(a.iter().zip(&b).all(|(a, b)| a + 1.0 == *b));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        assert_eq!(pool.install(halves), (a, b));
    }

    #[test]
    fn zeros_are_as_many() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        for len in [0, 1, CLEARED, 3 * CLEARED + 7] {
            assert!(zeros(len) == vec![0.0; len] && pool.install(|| zeros(len)) == vec![0.0; len], "{len}");
        }
    }

    #[test]
    fn every_piece_is_done_once_in_a_pool_and_out_of_it() {
        let expected: Vec<u64> = (0..1000).map(|item| item * item).collect();
        assert_eq!(squares(), expected);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(pool.install(squares), expected);
    }
}
