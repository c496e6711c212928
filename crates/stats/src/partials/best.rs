//! The largest or smallest values, and their rows, in memory for twice as many.
//!
//! Values that are better than the worst of the best known are added; where there are twice as many as are wanted, half of them are
//! dropped.

use echoes_kernel::{Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Values that may be wanted.
pub const K_MAX: u32 = 1 << 16;

/// How many are wanted, from which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// How many.
    pub k: u32,
    /// The largest, else the smallest.
    pub largest: bool,
}

/// The best values seen, each with its row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    wanted: Wanted,
    /// In no order.
    kept: Vec<(f64, u64)>,
    /// What a value must be better than, once there are as many as are wanted.
    bound: Option<f64>,
}

impl Wanted {
    fn k(self) -> usize {
        self.k as usize
    }

    fn is_better(self, a: f64, b: f64) -> bool {
        if self.largest { b < a } else { a < b }
    }

    /// The better value first, and the lower row of equal ones.
    fn compare(self, a: &(f64, u64), b: &(f64, u64)) -> Ordering {
        let by_value = if self.largest { b.0.partial_cmp(&a.0) } else { a.0.partial_cmp(&b.0) };
        by_value.unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1))
    }
}

impl Best {
    /// As many as are wanted, the best first; fewer where there are not so many.
    pub fn in_order(&self) -> Vec<(f64, u64)> {
        let mut best = self.kept.clone();
        best.sort_unstable_by(|a, b| self.wanted.compare(a, b));
        best.truncate(self.wanted.k());
        best
    }

    /// Takes in a value of a row after all others.
    fn offer(&mut self, value: f64, row: u64) {
        let is_wanted = match self.bound {
            Some(bound) => self.wanted.is_better(value, bound),
            None => !value.is_nan(),
        };
        if is_wanted {
            self.kept.push((value, row));
            if self.kept.len() >= 2 * self.wanted.k() {
                self.drop_rest();
            }
        }
    }

    /// Keeps as many as are wanted.
    fn drop_rest(&mut self) {
        let wanted = self.wanted;
        if let Some(last) = wanted.k().checked_sub(1).filter(|&last| last < self.kept.len()) {
            let (_, worst, _) = self.kept.select_nth_unstable_by(last, |a, b| wanted.compare(a, b));
            self.bound = Some(worst.0);
            self.kept.truncate(wanted.k());
        }
    }
}

struct Absorb<'a, 'b>(&'a mut Best, &'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(best, block) = self;
        let x = block.values(0);
        let (vectors, rest) = x.as_chunks::<8>();
        for (i, vector) in vectors.iter().enumerate() {
            let values = l.load8(vector);
            let better = match best.bound {
                None => l.ordered(values, values),
                Some(bound) if best.wanted.largest => l.lt(l.splat(bound), values),
                Some(bound) => l.lt(values, l.splat(bound)),
            };
            if l.bits(better) != 0 {
                for (lane, &value) in vector.iter().enumerate() {
                    best.offer(value, block.row(8 * i + lane));
                }
            }
        }
        for (at, &value) in rest.iter().enumerate() {
            best.offer(value, block.row(8 * vectors.len() + at));
        }
    }
}

impl Partial for Best {
    type Setup = Wanted;
    const NAME: &'static str = "best/1";

    fn begin(wanted: &Wanted) -> Self {
        Self { wanted: *wanted, kept: Vec::new(), bound: None }
    }

    fn make_room(&mut self, rows: usize) {
        let most = (2 * self.wanted.k()).saturating_sub(self.kept.len());
        self.kept.reserve_exact(most.min(rows));
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Absorb(self, block));
    }

    fn merge(&mut self, later: &Self) {
        self.kept.extend_from_slice(&later.kept);
        self.drop_rest();
    }

    fn is_sound(&self) -> bool {
        let k = self.wanted.k();
        let mut values = self.kept.iter().map(|(value, _)| value).chain(&self.bound);
        k > 0 && self.kept.len() <= 2 * k && values.all(|value| !value.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::Column;

    fn read(wanted: Wanted, x: &[f64], start: u64) -> Best {
        let mut best = Best::begin(&wanted);
        Partial::absorb(&mut best, &Block::new(&[Column::of(x)], start));
        best
    }

    #[test]
    fn they_are_those_of_a_sorted_column_however_it_is_cut() {
        let value = |i: u32| if i % 31 == 7 { f64::NAN } else { f64::from(i * 7919 % 101) - 50.0 };
        let x: Vec<f64> = (0..700).map(value).collect();
        for (k, largest, cut) in [(1, true, 3), (5, false, 350), (5, true, 699), (90, true, 400), (1000, false, 200)] {
            let wanted = Wanted { k, largest };
            let mut naive: Vec<(f64, u64)> = x.iter().copied().zip(0..).filter(|(x, _)| !x.is_nan()).collect();
            naive.sort_by(|a, b| wanted.compare(a, b));
            naive.truncate(k as usize);
            let mut found = read(wanted, &x[..cut], 0);
            Partial::merge(&mut found, &read(wanted, &x[cut..], cut as u64));
            assert!(found.is_sound());
            assert_eq!(found.in_order(), naive, "{wanted:?} cut at {cut}");
            assert_eq!(read(wanted, &x, 0).in_order(), naive, "{wanted:?}");
        }
    }

    #[test]
    fn rows_of_missing_values_are_counted() {
        let columns = [Column::of(&[1.0, 5.0])];
        let mut best = Best::begin(&Wanted { k: 1, largest: true });
        Partial::absorb(&mut best, &Block::with_missing(&columns, 100, 9, &[2, 8]));
        assert_eq!(best.in_order(), [(5.0, 108)]);
    }
}
