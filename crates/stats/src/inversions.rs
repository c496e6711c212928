//! Inversions: pairs of which the larger one comes first.

use crate::threads;
use std::hint::select_unpredictable;

/// Elements that are put in order one by one.
const SMALL: usize = 16;

/// Elements that are not worth another thread.
const SHARED: usize = 1 << 15;

/// What is made of inversions as they are found, a few at a time.
pub(crate) trait Inversions: Sized + Send {
    /// Those of one part of the elements among themselves, which another thread may have; `seed` is the part's own.
    fn begin(&self, seed: usize) -> Self;
    /// If `passes`, `right` passes all of `left`, which come before it and are larger.
    fn passed(&mut self, passes: bool, left: &[u32], right: u32);
    /// Takes those of another part as well.
    fn join(&mut self, other: Self);
}

/// How many there are.
struct Count(u64);

impl Inversions for Count {
    fn begin(&self, _: usize) -> Self {
        Self(0)
    }
    #[inline(always)]
    fn passed(&mut self, passes: bool, left: &[u32], _: u32) {
        self.0 += select_unpredictable(passes, left.len() as u64, 0);
    }
    fn join(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// How many inversions there are, by merging (W. R. Knight, J. Am. Stat. Assoc. 61(314), 1966); `x` is then sorted. `spare` has room for
/// as many.
pub(crate) fn inversions(x: &mut [u32], spare: &mut [u32]) -> u64 {
    let mut count = Count(0);
    visit(x, spare, 0, &mut count);
    count.0
}

/// Shows all inversions to `found`; `x`, whose first element is at `start`, is then sorted. What is nearly sorted takes few steps.
pub(crate) fn visit<I: Inversions>(x: &mut [u32], spare: &mut [u32], start: usize, found: &mut I) {
    if x.len() <= SMALL {
        return one_by_one(x, found);
    }
    let middle = x.len() / 2;
    let (left, right) = x.split_at_mut(middle);
    let (spare_left, spare_right) = spare.split_at_mut(middle);
    if left.len() >= SHARED {
        let mut in_right = found.begin(start + middle);
        threads::both(
            true,
            || visit(left, spare_left, start, found),
            || visit(right, spare_right, start + middle, &mut in_right),
        );
        found.join(in_right);
    } else {
        visit(left, spare_left, start, found);
        visit(right, spare_right, start + middle, found);
    }
    merge(x, middle, spare, found);
}

fn one_by_one<I: Inversions>(x: &mut [u32], found: &mut I) {
    for i in 1..x.len() {
        let value = x[i];
        let mut at = i;
        while at > 0 && x[at - 1] > value {
            at -= 1;
        }
        found.passed(at < i, &x[at..i], value);
        x.copy_within(at..i, at + 1);
        x[at] = value;
    }
}

/// Merges both halves, which are sorted.
fn merge<I: Inversions>(x: &mut [u32], middle: usize, spare: &mut [u32], found: &mut I) {
    // What is in its place already, on either side.
    let from = x[..middle].partition_point(|&left| left <= x[middle]);
    let end = middle + x[middle..].partition_point(|&right| right < x[middle - 1]);
    let left = &mut spare[from..middle];
    left.copy_from_slice(&x[from..middle]);
    let x = &mut x[from..end];
    let (mut at, mut right) = (0, left.len());
    while at < left.len() && right < x.len() {
        let (a, b) = (left[at], x[right]);
        let passes = b < a;
        found.passed(passes, &left[at..], b);
        // No place is written to before what stood there has been read: those of the left have been copied.
        x[at + right - left.len()] = select_unpredictable(passes, b, a);
        right += usize::from(passes);
        at += usize::from(!passes);
    }
    x[at + right - left.len()..right].copy_from_slice(&left[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_a_double_loop() {
        for size in [0, 1, 2, 23, 24, 25, 49, 300] {
            let mut x: Vec<u32> = (0..size).map(|i| i * 7919 % 101).collect();
            let naive: u64 = (0..x.len()).map(|j| x[..j].iter().filter(|&&before| before > x[j]).count() as u64).sum();
            let mut sorted = x.clone();
            sorted.sort_unstable();
            let mut spare = vec![0; x.len()];
            assert_eq!(inversions(&mut x, &mut spare), naive, "{size}");
            assert_eq!(x, sorted);
        }
    }

    #[test]
    fn a_row_in_order_but_for_some() {
        let mut x: Vec<u32> = (0..1000).collect();
        x.swap(3, 900);
        x[500..520].reverse();
        let mut spare = vec![0; x.len()];
        assert_eq!(inversions(&mut x, &mut spare), 2 * 896 + 1 + 190);
        assert!(x.is_sorted());
    }
}
