//! Inversions: pairs of which the larger one comes first.

use crate::threads;

/// Elements that are put in order one by one.
const SMALL: usize = 24;

/// Elements that are not worth another thread.
const SHARED: usize = 1 << 15;

/// How many inversions there are, by merging (W. R. Knight, J. Am. Stat. Assoc. 61(314), 1966); `x` is then sorted. `spare` has room for
/// as many.
pub(crate) fn inversions(x: &mut [u32], spare: &mut [u32]) -> u64 {
    if x.len() <= SMALL {
        return one_by_one(x);
    }
    let (middle, share) = (x.len() / 2, x.len() >= SHARED);
    let (left, right) = x.split_at_mut(middle);
    let (spare_left, spare_right) = spare.split_at_mut(middle);
    let (in_left, in_right) = threads::both(share, || inversions(left, spare_left), || inversions(right, spare_right));
    in_left + in_right + merge(x, middle, spare)
}

fn one_by_one(x: &mut [u32]) -> u64 {
    let mut inversions = 0;
    for i in 1..x.len() {
        let value = x[i];
        let mut at = i;
        while at > 0 && x[at - 1] > value {
            x[at] = x[at - 1];
            at -= 1;
        }
        x[at] = value;
        inversions += (i - at) as u64;
    }
    inversions
}

/// Merges both halves, which are sorted; the pairs that were in the wrong order.
fn merge(x: &mut [u32], middle: usize, spare: &mut [u32]) -> u64 {
    let (mut left, mut right, mut inversions) = (0, middle, 0);
    for to in spare[..x.len()].iter_mut() {
        if left < middle && (right == x.len() || x[left] <= x[right]) {
            *to = x[left];
            left += 1;
        } else {
            *to = x[right];
            right += 1;
            inversions += (middle - left) as u64;
        }
    }
    x.copy_from_slice(&spare[..x.len()]);
    inversions
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
}
