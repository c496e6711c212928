//! A sketch of quantiles: some of the values, each of which stands for a power of two of them.
//!
//! Values are kept as they are until there are 16,384. Then every `2k` of them are sorted, and either those at even or those at odd
//! places are kept, as a coin falls; `k` values that stand for two each. Two such levels of one weight become one of twice the weight
//! in the same way, as carries do in a binary counter: `k` values of each weight at most. (P. K. Agarwal, G. Cormode, Z. Huang, J. M.
//! Phillips, Z. Wei, K. Yi, Mergeable Summaries, PODS 2012; Z. Karnin, K. Lang, E. Liberty, Optimal Quantile Approximation in Streams,
//! FOCS 2016, whose levels become smaller with their weight. All are of one size here: a few kilobytes more, and a smaller error.)
//!
//! A halving of values that stand for `w` each moves the rank of any value by 0 or by `w`, up or down alike. So the rank's error is more
//! than `z √Σw²` with a probability of at most `2 exp(−z²/2)` (W. Hoeffding), whatever the values; and `√Σw² ≤ n / (√2 k)`. Merging in
//! another order gives another answer within that error.
//!
//! Coins are drawn from the number of the first row, by SplitMix64: the same data give the same bits. The crate `datasketches` was looked
//! at and is not used: its coins come from a random generator of its own, and it has its own bytes instead of serde.

use crate::{ahead::Ahead, mixed::mixed, sweeps};
use echoes_kernel::{Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Values that are kept as they are. Fewer under an interpreter.
const FRESH_MAX: usize = if cfg!(miri) { 1 << 9 } else { 1 << 14 };

/// Values that a level may have.
const K_MAX: usize = 2048;

/// Some of the values of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kll {
    k: u16,
    /// Values present, NaN left aside.
    count: u64,
    nans: u64,
    min: f64,
    max: f64,
    /// Values that stand for themselves.
    fresh: Vec<f64>,
    /// How many times `2k` fresh values have been halved. Where bit `i` is 1, level `i` is in use.
    halved: u64,
    /// Level after level, `k` sorted values each, which stand for `2^(i + 1)` values.
    levels: Vec<f64>,
    /// The sum over all halvings of the squares of what the values stood for.
    squares: f64,
    coins: u64,
}

impl Kll {
    /// Values present, NaN left aside.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How many values are NaN.
    pub const fn nans(&self) -> u64 {
        self.nans
    }

    /// The share of the values by which a rank is off at most, in 99 of 100 cases; 0 if every value is kept.
    pub fn rank_error(&self) -> f64 {
        // √(2 ln 200): 2 exp(−z²/2) is a hundredth.
        const Z: f64 = 3.255_247_261_437_018_5;
        if self.squares == 0.0 { 0.0 } else { Z * self.squares.sqrt() / self.count as f64 }
    }

    /// For each fraction about the smallest value that so many of the values do not exceed. The extremes are exact. NaN of no values.
    pub fn quantiles(&self, fractions: &[f64]) -> Vec<f64> {
        let known = self.weighted();
        let value = |&q: &f64| {
            let rank = (q * self.count as f64).ceil() - 1.0;
            if self.count == 0 {
                f64::NAN
            } else if rank <= 0.0 {
                self.min + 0.0
            } else if rank as u64 >= self.count - 1 {
                self.max + 0.0
            } else {
                let at = known.partition_point(|&(_, upto)| upto <= rank as u128);
                known.get(at).map_or(self.max, |&(value, _)| value) + 0.0
            }
        };
        fractions.iter().map(value).collect()
    }

    /// What is kept, rising, each with the number of values up to it that all of these stand for.
    fn weighted(&self) -> Vec<(f64, u128)> {
        let mut known: Vec<(f64, u128)> = self.fresh.iter().map(|&x| (x, 1)).collect();
        for level in 0..u64::BITS {
            let values = self.level(level).unwrap_or_default();
            known.extend(values.iter().map(|&x| (x, 2 << level)));
        }
        known.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut upto = 0;
        for (_, weight) in &mut known {
            upto += *weight;
            *weight = upto;
        }
        known
    }

    /// The values of a level that is in use.
    fn level(&self, level: u32) -> Option<&[f64]> {
        let (k, level) = (usize::from(self.k), level as usize);
        if self.halved >> level & 1 == 0 { None } else { self.levels.get(level * k..(level + 1) * k) }
    }

    fn is_new(&self) -> bool {
        self.count == 0 && self.nans == 0
    }

    /// Takes in values, none of them NaN.
    fn push(&mut self, mut x: &[f64]) {
        while !x.is_empty() {
            let room = FRESH_MAX.saturating_sub(self.fresh.len());
            if room == 0 {
                self.halve_fresh();
                continue;
            }
            let (now, later) = x.split_at(room.min(x.len()));
            self.fresh.extend_from_slice(now);
            x = later;
        }
    }

    fn halve_fresh(&mut self) {
        let mut fresh = std::mem::take(&mut self.fresh);
        let (mut keys, mut lists): (_, Lists) = ([0i64; 2 * K_MAX], [[0.0; K_MAX + 1]; 2]);
        let pieces = fresh.chunks_exact(2 * usize::from(self.k));
        let rest = pieces.remainder().len();
        for piece in pieces {
            let keys = &mut keys[..piece.len()];
            for (key, x) in keys.iter_mut().zip(piece) {
                *key = key_of(*x);
            }
            keys.sort_unstable();
            let coin = self.coin(1.0);
            for (to, pair) in lists[0].iter_mut().zip(keys.as_chunks::<2>().0) {
                *to = value_of(pair[coin]);
            }
            self.put(0, &mut lists);
        }
        let from = fresh.len() - rest;
        fresh.copy_within(from.., 0);
        fresh.truncate(rest);
        self.fresh = fresh;
    }

    /// A coin, 0 or 1, for the halving of values that stand for so many.
    fn coin(&mut self, weight: f64) -> usize {
        self.squares += weight * weight;
        self.coins = self.coins.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mixed(self.coins) >> 63) as usize
    }

    /// Adds the first `k` values of the first list, which are sorted, to a level; where there are such already, what is kept of both goes
    /// a level up.
    fn put(&mut self, level: u32, [list, other]: &mut Lists) {
        let k = usize::from(self.k);
        let (mut list, mut other) = (&mut list[..=k], &mut other[..=k]);
        let mut at = level;
        while at < u64::BITS - 1 && self.halved >> at & 1 == 1 {
            let coin = self.coin((2u128 << at) as f64);
            if let Some(known) = self.level(at) {
                halve(known, &list[..k], other, coin);
            }
            std::mem::swap(&mut list, &mut other);
            at += 1;
        }
        self.halved = self.halved.saturating_add(1 << level);
        let start = at as usize * k;
        if self.levels.len() < start + k {
            self.levels.resize(start + k, 0.0);
        }
        self.levels[start..start + k].copy_from_slice(&list[..k]);
    }
}

/// Room for two lists, one value more than a level may have.
type Lists = [[f64; K_MAX + 1]; 2];

/// Of two sorted lists as one every second value, from the first or from the second on. `out` has room for one more than it comes to have.
fn halve(a: &[f64], b: &[f64], out: &mut [f64], coin: usize) {
    let (mut i, mut j) = (0, 0);
    // Each place is written twice, and what is written last stays: nothing waits for a branch.
    while i < a.len() && j < b.len() {
        let is_first = a[i] <= b[j];
        out[(i + j + 1 - coin) / 2] = if is_first { a[i] } else { b[j] };
        i += usize::from(is_first);
        j += usize::from(!is_first);
    }
    for (at, &x) in (i + j..).zip(a[i..].iter().chain(&b[j..])) {
        out[(at + 1 - coin) / 2] = x;
    }
}

/// A whole number for each double, in the order of the doubles.
const fn key_of(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ (bits >> 63) & i64::MAX
}

const fn value_of(key: i64) -> f64 {
    f64::from_bits((key ^ (key >> 63) & i64::MAX) as u64)
}

struct Range<'a>(&'a [f64]);

impl Operation for Range<'_> {
    type Output = sweeps::Extremes;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> sweeps::Extremes {
        sweeps::range(l, self.0, Ahead::Nothing)
    }
}

impl Partial for Kll {
    /// Values of a level, from 8 to 2048.
    type Setup = u16;
    const NAME: &'static str = "kll/1";

    fn begin(&k: &u16) -> Self {
        Self {
            k,
            count: 0,
            nans: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            fresh: Vec::new(),
            halved: 0,
            levels: Vec::new(),
            squares: 0.0,
            coins: 0,
        }
    }

    fn make_room(&mut self, rows: usize) {
        let (k, fresh) = (usize::from(self.k), self.fresh.len().saturating_add(rows));
        self.fresh.reserve_exact(fresh.min(FRESH_MAX) - self.fresh.len().min(FRESH_MAX));
        if fresh > FRESH_MAX {
            let halved = self.halved.saturating_add((fresh / (2 * k)) as u64);
            let levels = k * (u64::BITS - halved.leading_zeros()) as usize;
            self.levels.reserve_exact(levels.saturating_sub(self.levels.len()));
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let x = block.values(0);
        if x.is_empty() {
            return;
        }
        if self.is_new() {
            self.coins = mixed(block.row(0));
        }
        let sweeps::Extremes { min, max, nan } = run(Range(x));
        (self.min, self.max) = (self.min.min(min), self.max.max(max));
        let before = self.nans;
        if nan {
            for run in x.split(|x| x.is_nan()) {
                self.push(run);
            }
            self.nans += x.iter().filter(|x| x.is_nan()).count() as u64;
        } else {
            self.push(x);
        }
        self.count += x.len() as u64 - (self.nans - before);
    }

    fn merge(&mut self, later: &Self) {
        if self.is_new() {
            self.clone_from(later);
            return;
        }
        let mut lists: Lists = [[0.0; K_MAX + 1]; 2];
        for level in 0..u64::BITS {
            if let Some(values) = later.level(level) {
                lists[0][..values.len()].copy_from_slice(values);
                self.put(level, &mut lists);
            }
        }
        self.push(&later.fresh);
        self.count = self.count.saturating_add(later.count);
        self.nans = self.nans.saturating_add(later.nans);
        self.squares += later.squares;
        (self.min, self.max) = (self.min.min(later.min), self.max.max(later.max));
    }

    fn is_sound(&self) -> bool {
        let k = u64::from(self.k);
        let levels = u64::from(u64::BITS - self.halved.leading_zeros());
        // Fewer than 2⁵⁰ halvings: no sum of a cluster's partials overflows.
        (8..=K_MAX as u64).contains(&k)
            && self.halved < 1 << 50
            && self.levels.len() as u64 >= levels * k
            && self.fresh.len() <= FRESH_MAX
            && self.count == self.halved * 2 * k + self.fresh.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle;
    use echoes_kernel::{BLOCK, Column, wire};

    fn read_from(k: u16, x: &[f64], start: usize) -> Kll {
        let mut kll = Kll::begin(&k);
        for (i, part) in x.chunks(BLOCK).enumerate() {
            kll.absorb(&Block::new(&[Column::of(part)], (start + BLOCK * i) as u64));
        }
        kll
    }

    fn read(k: u16, x: &[f64]) -> Kll {
        read_from(k, x, 0)
    }

    /// Parts of so many rows, merged in pairs, pairs of pairs, and so on.
    fn read_as_tree(k: u16, x: &[f64], start: usize, rows: usize) -> Kll {
        if x.len() <= rows {
            return read_from(k, x, start);
        }
        let middle = rows * (x.len() / rows).div_ceil(2);
        let mut left = read_as_tree(k, &x[..middle], start, rows);
        left.merge(&read_as_tree(k, &x[middle..], start + middle, rows));
        left
    }

    /// The values 0, 1, 2 … in no order.
    fn shuffled(n: usize, seed: u64) -> Vec<f64> {
        let mut x: Vec<f64> = (0..n).map(|i| i as f64).collect();
        for i in (1..n).rev() {
            x.swap(i, (mixed(seed ^ (i as u64) << 20) % (i as u64 + 1)) as usize);
        }
        x
    }

    const ROWS: usize = if cfg!(miri) { 1500 } else { 60_000 };

    fn fractions() -> Vec<f64> {
        (1..40).map(|i| f64::from(i) / 40.0).collect()
    }

    /// By how much each rank is off, of values that are their ranks, in units of what it is off by at most in 99 of 100 cases.
    fn errors(kll: &Kll) -> Vec<f64> {
        let (q, n) = (fractions(), kll.count() as f64);
        let off = |(value, q): (f64, &f64)| (value - (q * n).ceil() + 1.0) / n / kll.rank_error();
        kll.quantiles(&q).into_iter().zip(&q).map(off).collect()
    }

    #[test]
    fn ranks_are_off_by_no_more_than_is_stated() {
        let mut all: Vec<f64> = Vec::new();
        let stated = |k: u16| 2.31 / f64::from(k);
        for k in [8, 50, 201] {
            for seed in 0..6 {
                let mut x = shuffled(ROWS, seed);
                all.extend(errors(&read(k, &x)));
                let tree = read_as_tree(k, &x, 0, ROWS / 7);
                assert!(tree.rank_error() > 0.0 && tree.rank_error() <= stated(k), "{k}: {}", tree.rank_error());
                all.extend(errors(&tree));
                x.sort_unstable_by(f64::total_cmp);
                all.extend(errors(&read_as_tree(k, &x, seed as usize, ROWS / 5)));
                x.reverse();
                all.extend(errors(&read_from(k, &x, 1000 * seed as usize)));
            }
        }
        let beyond = all.iter().filter(|off| off.abs() > 1.0).count();
        assert!(beyond * 100 <= all.len(), "{beyond} of {}", all.len());
        // No more is stated than need be, and no rank is always too small or too large.
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let deviation = (all.iter().map(|off| off * off).sum::<f64>() / all.len() as f64).sqrt();
        println!("KLL: standard deviation {deviation:.3} of the error in 99 of 100 cases, mean {mean:.3}");
        assert!(mean.abs() < 0.05 && (0.1..0.32).contains(&deviation), "{mean} {deviation}");
    }

    #[test]
    fn few_values_are_all_kept() {
        let mut noise = oracle::noise(76);
        let mut x: Vec<f64> = (0..FRESH_MAX).map(|_| (noise() * 100.0).round() - 40.0).collect();
        let kll = read_as_tree(20, &x, 0, 700);
        x.sort_unstable_by(f64::total_cmp);
        let q = [0.0, 1e-9, 0.25, 0.5, 0.9, 1.0];
        let exact = q.map(|q| x[((q * x.len() as f64).ceil() as usize).max(1) - 1] + 0.0);
        assert_eq!((kll.quantiles(&q), kll.rank_error()), (exact.to_vec(), 0.0));
        assert!(read(20, &[]).quantiles(&[0.5])[0].is_nan());
    }

    #[test]
    fn what_is_kept_stands_for_all_and_takes_bounded_room() {
        for k in [8, 33, 2048] {
            let kll = read_as_tree(k, &shuffled(ROWS, 9), 0, ROWS / 3);
            assert_eq!(kll.weighted().last().map(|last| last.1), Some(ROWS as u128));
            assert!(kll.is_sound() && kll.levels.len() <= usize::from(k) * 14 && kll.fresh.len() <= FRESH_MAX);
            assert_eq!(kll.quantiles(&[0.0, 1.0]), [0.0, ROWS as f64 - 1.0]);
        }
    }

    #[test]
    fn ties_infinities_nans_and_constants() {
        let inf = f64::INFINITY;
        let x: Vec<f64> = (0..ROWS).map(|i| [-inf, 2.0, f64::NAN, 2.0, inf, -0.0, f64::NAN][i % 7]).collect();
        let kll = read_as_tree(64, &x, 0, ROWS / 4);
        assert_eq!(kll.nans(), x.iter().filter(|x| x.is_nan()).count() as u64);
        assert_eq!(kll.count() + kll.nans(), ROWS as u64);
        let found = kll.quantiles(&[0.1, 0.3, 0.5, 0.7, 0.9]);
        assert_eq!(found, [-inf, 0.0, 2.0, 2.0, inf]);
        assert!(found[1].is_sign_positive());
        assert_eq!(read(8, &vec![0.1; ROWS]).quantiles(&fractions()), [0.1; 39]);
    }

    #[test]
    fn the_same_data_give_the_same_bits_and_nothing_changes_nothing() {
        let x = shuffled(ROWS, 3);
        let kll = read(30, &x);
        assert_eq!(read(30, &x), kll);
        assert_ne!(read_from(30, &x, 1).coins, kll.coins);
        let (mut before, mut after) = (Kll::begin(&30), kll.clone());
        before.merge(&kll);
        after.merge(&Kll::begin(&30));
        assert_eq!((&before, &after), (&kll, &kll));
    }

    #[test]
    fn every_second_of_two_lists() {
        let mut out = [0.0; 5];
        halve(&[1.0, 4.0, 5.0, 6.0], &[2.0, 3.0, 7.0, 8.0], &mut out, 0);
        assert_eq!(out[..4], [1.0, 3.0, 5.0, 7.0]);
        halve(&[1.0, 4.0, 5.0, 6.0], &[2.0, 3.0, 7.0, 8.0], &mut out, 1);
        assert_eq!(out[..4], [2.0, 4.0, 6.0, 8.0]);
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let sound = read(8, &shuffled(ROWS, 4));
        assert_eq!(wire::decode::<Kll>(&wire::encode(&sound).unwrap()).as_ref(), Ok(&sound));
        let alter = |alter: fn(&mut Kll)| {
            let mut altered = sound.clone();
            alter(&mut altered);
            wire::decode::<Kll>(&wire::encode(&altered).unwrap()).is_err()
        };
        assert!(alter(|kll| kll.k = 7));
        assert!(alter(|kll| kll.count += 1));
        assert!(alter(|kll| kll.halved = u64::MAX));
        assert!(alter(|kll| kll.levels.clear()));
    }
}
