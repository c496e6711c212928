//! The sum of powers of one column, measured in a power of two near the value that counts most, so that no power overflows and none
//! that counts vanishes.
//!
//! Error of the power mean: ≤ 2 units in the last place for `|p| ≥ 1`, below it `2 / |p|`; up to twice that where the values rise
//! (for `p < 0`, fall) block by block, because with each new unit what was there is rounded once more.

use crate::{
    ahead::Ahead,
    double::Double,
    special::{ln_of, power, power_of},
    sweeps,
};
use echoes_kernel::{BLOCK, Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// `Σ x^p` of one column of numbers not below zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PowerSum {
    p: f64,
    count: u64,
    /// The power of two next below the largest value; for `p < 0`, the smallest. Zero and infinity are their own.
    unit: f64,
    /// `Σ (x / unit)^p`; without meaning where the unit is zero or infinite.
    sum: Double,
    /// Whether a value is NaN or below zero.
    undefined: bool,
}

impl PowerSum {
    /// Values present.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// `(Σ x^p / n)^(1/p)`; `None` for no values, NaN if one is NaN or below zero.
    pub fn mean(&self) -> Option<f64> {
        if self.count == 0 {
            None
        } else if self.undefined {
            Some(f64::NAN)
        } else if self.unit == 0.0 || self.unit == f64::INFINITY {
            Some(self.unit)
        } else {
            Some(self.unit * self.ordinary_mean())
        }
    }

    /// The mean in the unit.
    fn ordinary_mean(&self) -> f64 {
        if self.p == -1.0 {
            return Double::from(self.count as f64).over(self.sum).value();
        }
        let (mean, inverse) = (self.sum.shared(self.count as f64), 1.0 / self.p);
        // What 1 / p has beyond its double counts as often as the mean has digits.
        let rest = -Double::product(inverse, self.p).minus(1.0.into()) / self.p;
        let root = power_of(mean, inverse);
        root + root * rest * ln_of(mean)
    }

    /// The unit that counts more of two.
    fn greater(&self, a: f64, b: f64) -> f64 {
        if self.p > 0.0 { a.max(b) } else { a.min(b) }
    }

    /// The sum in a unit that counts more.
    fn sum_in(&self, unit: f64) -> Double {
        if self.unit == unit { self.sum } else { self.sum.times(power_of(self.unit / unit, self.p).into()) }
    }
}

/// The power of two next below a number that is not below zero; zero and infinity are their own.
fn unit(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = bits & f64::INFINITY.to_bits();
    f64::from_bits(if exponent == 0 && bits != 0 { 1 << bits.ilog2() } else { exponent })
}

struct Absorb<'a>(f64, &'a [f64]);

impl Operation for Absorb<'_> {
    type Output = PowerSum;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> PowerSum {
        let Self(p, x) = self;
        let mut block = PowerSum { count: x.len() as u64, ..PowerSum::begin(&p) };
        let range = sweeps::range(l, x, Ahead::Nothing);
        block.undefined = range.nan || range.min < 0.0;
        if block.undefined || x.is_empty() {
            return block;
        }
        block.unit = unit(if p > 0.0 { range.max } else { range.min }.abs());
        block.sum = sum(l, x, block.unit, p).into();
        block
    }
}

/// `Σ (x / unit)^p`.
#[inline(always)]
fn sum<L: Lanes>(l: L, x: &[f64], unit: f64, p: f64) -> f64 {
    if unit == 0.0 || unit == f64::INFINITY {
        return 0.0;
    }
    let mut space = [[0.0; 8]; BLOCK / 8];
    let (eights, rest) = x.as_chunks::<8>();
    for (to, x) in space.iter_mut().zip(eights) {
        *to = l.to_array(measured_power(l, l.load8(x), unit, p));
    }
    if !rest.is_empty() {
        let mut last = [unit; 8];
        last[..rest.len()].copy_from_slice(rest);
        space[eights.len()] = l.to_array(measured_power(l, l.load8(&last), unit, p));
    }
    sweeps::total(l, &space.as_flattened()[..x.len()], Ahead::Nothing)
}

/// `(x / unit)^p`.
#[inline(always)]
fn measured_power<L: Lanes>(l: L, x: L::V, unit: f64, p: f64) -> L::V {
    if p == -1.0 { l.splat(unit) / x } else { power(l, x / l.splat(unit), l.splat(p)) }
}

impl Partial for PowerSum {
    type Setup = f64;
    const NAME: &'static str = "power_sum/1";

    fn begin(&p: &f64) -> Self {
        let unit = if p > 0.0 { 0.0 } else { f64::INFINITY };
        Self { p, count: 0, unit, sum: 0.0.into(), undefined: false }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        self.merge(&run(Absorb(self.p, block.values(0))));
    }

    fn merge(&mut self, later: &Self) {
        let unit = self.greater(self.unit, later.unit);
        self.sum = self.sum_in(unit).add_double(later.sum_in(unit));
        self.unit = unit;
        self.count = self.count.saturating_add(later.count);
        self.undefined |= later.undefined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::Column;
    use echoes_simd::{Level, run_at};
    use num_traits::ToPrimitive;

    fn mean(p: f64, x: &[f64]) -> Option<f64> {
        let mut sum = PowerSum::begin(&p);
        for part in x.chunks(30) {
            let mut later = PowerSum::begin(&p);
            later.absorb(&Block::new(&[Column::of(part)], 0));
            sum.merge(&later);
        }
        sum.mean()
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(13);
        let (mut worst, mut below) = (0.0f64, 0.0f64);
        for i in 0..oracle::count(40) {
            let spread = f64::from(i % 4);
            for &p in &[1.3, -0.1, 1.0, 2.0, -1.0, -2.5, 7.0, 0.5][..oracle::count(8) as usize] {
                let value = |_| (noise() + 0.01) * 2f64.powi(((noise() - 0.5) * 4.0 * spread) as i32);
                let x: Vec<f64> = (0..1 + i * 3).map(value).collect();
                let found = mean(p, &x).unwrap();
                let sum = x.iter().fold(rational(0.0), |sum, &x| sum + oracle::power(x, p));
                // What the root is off by is the p-th part of what its power is.
                let ratio = oracle::power(found, p) * rational(x.len() as f64) / sum;
                let off = (ratio - rational(1.0)).to_f64().unwrap().abs() / p.abs();
                let off = off * found / (found.next_up() - found);
                if p.abs() >= 1.0 {
                    worst = worst.max(off);
                } else {
                    below = below.max(off * p.abs());
                }
            }
        }
        println!("power mean: {worst:.3} units in the last place, below 1 {below:.3} over p");
        assert!(worst <= 2.0 && below <= 2.0, "{worst} {below}");
    }

    #[test]
    fn every_level_gives_the_same_bits_and_nothing_changes_nothing() {
        let mut noise = oracle::noise(14);
        let x: Vec<f64> = (0..oracle::count(770) + 7).map(|_| noise() * 2f64.powi((noise() * 40.0) as i32)).collect();
        for p in [-1.0, -2.5, 0.3, 2.0, 7.5] {
            let portable = run_at(Level::Portable, Absorb(p, &x));
            assert!(portable.mean().unwrap() > 0.0);
            assert!(Level::available().all(|level| run_at(level, Absorb(p, &x)) == portable));
            let (mut before, mut after) = (PowerSum::begin(&p), portable);
            before.merge(&portable);
            after.merge(&PowerSum::begin(&p));
            assert_eq!((before, after), (portable, portable));
        }
    }

    /// The unit is another one with every part.
    #[test]
    fn error_of_rising_values_against_exact_arithmetic() {
        let mut worst = 0.0f64;
        let exponents = [0.1, -2.5, 0.3, 1.0, 1.005_594_153_499_774_8, 1.432_235_906_138_687_3];
        for &p in &exponents[..oracle::count(6) as usize] {
            let rises = if p > 0.0 { 1 } else { -1 };
            let rising = (0..oracle::count(40) * 30).map(|i| 1.25 * 2f64.powi(rises * (i / 30)));
            let x: Vec<f64> = rising.collect();
            let found = mean(p, &x).unwrap();
            let sum = x.iter().step_by(30).fold(rational(0.0), |sum, &x| sum + oracle::power(x, p));
            let ratio = oracle::power(found, p) * rational(x.len() as f64 / 30.0) / sum;
            let off = (ratio - rational(1.0)).to_f64().unwrap().abs() / p.abs();
            worst = worst.max(off * found / (found.next_up() - found) * p.abs().min(1.0));
        }
        println!("power mean of rising values: {worst:.3} units in the last place, below 1 over p");
        assert!(worst <= 4.0, "{worst}");
    }

    #[test]
    fn of_any_size() {
        for size in [5e-324, 1e-310, 1e-200, 1e200, 8e307] {
            for p in [-300.0, -2.0, -1.0, 0.1, 3.0, 300.0] {
                let found = mean(p, &[size; 35]).unwrap();
                assert!((found / size - 1.0).abs() < 1e-13, "{p} {size:e}: {found:e}");
            }
        }
        let apart = [1e-300, 1e300];
        assert!((mean(0.1, &apart).unwrap() / (1e300 / 1024.0) - 1.0).abs() < 1e-14);
        assert!((mean(-0.1, &apart).unwrap() / (1e-300 * 1024.0) - 1.0).abs() < 1e-14);
        assert!((mean(2.0, &apart).unwrap() / (1e300 / 2f64.sqrt()) - 1.0).abs() < 1e-15);
        assert!((mean(-1.0, &apart).unwrap() / 2e-300 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn special_values() {
        let inf = f64::INFINITY;
        for p in [-2.0, -1.0, 0.5, 3.0] {
            assert_eq!(mean(p, &[]), None);
            assert_eq!(mean(p, &[0.0; 40]), Some(0.0));
            assert_eq!(mean(p, &[inf; 40]), Some(inf));
            assert!(mean(p, &[1.0, f64::NAN]).unwrap().is_nan() && mean(p, &[1.0, -1e-9]).unwrap().is_nan());
            assert_eq!(mean(p, &[1.0, inf, -0.0]), Some(if p > 0.0 { inf } else { 0.0 }));
        }
        assert_eq!((mean(-1.0, &[2.0, inf]), mean(2.0, &[0.0, 0.0, 0.0, 6.0])), (Some(4.0), Some(3.0)));
    }
}
