//! Order statistics of values in memory: quickselect for many ranks at once, by the sort's split.
//!
//! (C. A. R. Hoare, CACM 4(7), 1961, algorithm 65; several ranks by following each side that has one, where the split has left it.) Takes some `2n` steps
//! for a rank and `n log k` for `k` of them. A side that shrinks too slowly is sorted, so that no data make it quadratic.

use crate::sorting::{SMALL, part, part_from, sort_numbers};

/// The values at `ranks`, which must rise and be below the number of `values`; what these are afterwards is not said. No NaN, and a zero
/// comes back as +0.
pub(crate) fn select(values: &mut [f64], ranks: &[usize]) -> Vec<f64> {
    let mut found = Vec::with_capacity(ranks.len());
    let mut space = vec![0.0; values.len()];
    let rounds = 2 * values.len().checked_ilog2().unwrap_or(0);
    descend(values, ranks, 0, rounds, &mut space, &mut found);
    found
}

/// The same for values of which the first has rank `first` among all.
fn descend(values: &mut [f64], ranks: &[usize], first: usize, rounds: u32, space: &mut [f64], found: &mut Vec<f64>) {
    if ranks.is_empty() {
        return;
    }
    if values.len() <= SMALL || rounds == 0 {
        sort_numbers(values);
        found.extend(ranks.iter().map(|rank| values[rank - first] + 0.0));
        return;
    }
    // Each side has room in what the other one has left.
    let (pivot, below) = part(values, space, ranks[ranks.len() / 2] - first);
    let (low, free) = values.split_at_mut(below);
    let (high, room) = space.split_at_mut(free.len());
    if below > 0 {
        let (to_low, to_high) = ranks.split_at(ranks.partition_point(|rank| rank - first < below));
        descend(low, to_low, first, rounds - 1, room, found);
        descend(high, to_high, first + below, rounds - 1, free, found);
        return;
    }
    let equal = part_from(high, free, pivot);
    let (to_equal, to_above) = ranks.split_at(ranks.partition_point(|rank| rank - first < equal));
    found.extend(to_equal.iter().map(|_| pivot + 0.0));
    let (above, room) = (&mut free[..high.len() - equal], &mut high[equal..]);
    descend(above, to_above, first + equal, rounds - 1, room, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(mut values: Vec<f64>, mut ranks: Vec<usize>) {
        ranks.sort_unstable();
        ranks.dedup();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let wanted: Vec<f64> = ranks.iter().map(|&rank| sorted[rank] + 0.0).collect();
        assert_eq!(select(&mut values, &ranks), wanted);
    }

    proptest! {
        #[test]
        fn ranks_are_those_of_the_sorted_values(
            values in prop::collection::vec(prop_oneof![-3i32..3, -1000i32..1000], 1..1500),
            ranks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let ranks = ranks.iter().map(|rank| rank.index(values.len())).collect();
            check(values.into_iter().map(f64::from).collect(), ranks);
        }
    }

    #[test]
    fn in_order_backwards_alike_and_infinite() {
        let size = if cfg!(miri) { 300 } else { 9000 };
        let ranks = || vec![0, 1, size / 2, size - 1];
        check((0..size).map(|i| i as f64).collect(), ranks());
        check((0..size).map(|i| -(i as f64)).collect(), ranks());
        check(vec![0.1; size], ranks());
        check((0..size).map(|i| if i % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY }).collect(), ranks());
        check((0..size).map(|i| if i % 3 == 0 { 0.0 } else { -0.0 }).collect(), ranks());
    }

    #[test]
    fn a_side_that_does_not_shrink_is_sorted() {
        let mut values: Vec<f64> = (0..500).map(|i| f64::from(i * 37 % 500)).collect();
        let (mut space, mut found) = (vec![0.0; 500], Vec::new());
        descend(&mut values, &[250], 0, 0, &mut space, &mut found);
        assert_eq!(found, [250.0]);
    }
}
