//! The product, as a mantissa in two doubles and an exponent of its own, so that it neither overflows nor vanishes.
//!
//! Within a block eight lanes, each with what its multiplications round off (S. Graillat, Accurate Floating-Point Product and
//! Exponentiation, IEEE Trans. Comput. 58(7), 2009, algorithm 3.2). Every factor is measured in a power of two, so that the product
//! of a lane stays between ½ and 2.
//!
//! Error against exact rationals: of the product ≤ n · 2⁻¹⁰⁰ before its only rounding; of its root ≤ 0.7 units in the last place.

use crate::{
    double::Double,
    special::{COUNTER, SIZE, Twofold, exp_of, ln_of, product},
};
use echoes_kernel::{Block, Partial};
use echoes_simd::{GROUP, Lanes, Operation, run, split};
use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;

/// What `ln 2` has beyond its double.
const LN_2_REST: f64 = 2.319_046_813_846_299_6e-17;

/// What makes a subnormal number a normal one, and its binary logarithm.
const UP: f64 = (1u64 << UP_BITS) as f64;
const UP_BITS: u32 = 54;

/// What exponents are stored with.
const BIAS: f64 = 1023.0;

/// The bits of a number without its exponent.
const DIGITS: f64 = f64::from_bits(1 << 63 | ((1 << 52) - 1));

/// The product of one column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Product {
    count: u64,
    /// The product of all values but the special ones, over `2^exponent`: about ½ to 2 in size.
    mantissa: Double,
    exponent: i64,
    /// The product of zeros, infinities and NaN; 1 if there are none.
    special: f64,
    /// Whether a value is below zero.
    negative: bool,
}

impl Product {
    /// Values present.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The product; 1 for no values. NaN if there are both a zero and an infinity.
    pub fn value(&self) -> f64 {
        if self.special == 1.0 {
            return scaled(self.mantissa.value(), self.exponent);
        }
        let value = self.special * self.mantissa.value();
        // NaN have one form, whichever multiplication made them.
        if value.is_nan() { f64::NAN } else { value }
    }

    /// The `n`th root of the product of `n` values; `None` for none, NaN if one is below zero.
    pub fn root(&self) -> Option<f64> {
        if self.count == 0 {
            None
        } else if self.negative || self.special.is_nan() {
            Some(f64::NAN)
        } else if self.special != 1.0 {
            Some(self.special.abs())
        } else {
            Some(self.ordinary_root())
        }
    }

    /// The root of a positive product: the power of two next to it, times what is left, which is near 1.
    fn ordinary_root(&self) -> f64 {
        let n = self.count as f64;
        let whole = (self.exponent as f64 / n).round();
        let rest = i128::from(self.exponent) - whole as i128 * i128::from(self.count);
        let (high, low) = (self.mantissa.high(), self.mantissa.low());
        let ln = Double::sum(LN_2, LN_2_REST).times((rest as f64).into()).add(ln_of(high)).add(low / high);
        let share = ln.over(n.into());
        scaled(exp_of(share.high(), share.low()), whole as i64)
    }

    /// Takes in one more value, as a lane of a block does.
    pub(crate) fn multiply(&mut self, x: f64) {
        self.count = self.count.saturating_add(1);
        self.negative |= x < 0.0;
        let size = x.abs();
        if size > 0.0 && size < f64::INFINITY {
            let (normal, less) = if size < f64::MIN_POSITIVE { (x * UP, UP_BITS) } else { (x, 0) };
            let exponent = (normal.abs().to_bits() >> 52) as i64 - BIAS as i64 - i64::from(less);
            let digits = f64::from_bits(normal.to_bits() & DIGITS.to_bits() | 1f64.to_bits());
            // An index, because nobody can guess which.
            let large = self.mantissa.high().abs() >= 1.0;
            self.mantissa = self.mantissa.times_unsettled(digits * [1.0, 0.5][usize::from(large)]);
            self.exponent = self.exponent.saturating_add(exponent + i64::from(large));
        } else {
            self.special *= x;
        }
    }

    /// Multiplies by `factor · 2^exponent`, the factor about ½ to 2 in size.
    fn multiply_measured(&mut self, factor: Double, exponent: i64) {
        // One of them below 1 and the other not: so the product stays as they are.
        let (power, exponent) = match (self.mantissa.high().abs() < 1.0, factor.high().abs() < 1.0) {
            (true, true) => (2.0, exponent.saturating_sub(1)),
            (false, false) => (0.5, exponent.saturating_add(1)),
            _ => (1.0, exponent),
        };
        self.mantissa = self.mantissa.times(factor.scaled(power));
        self.exponent = self.exponent.saturating_add(exponent);
    }
}

/// `x 2^exponent`, rounded once: where the exponent is beyond ±1086, of an `x` about ½ to 2 in size or, above, more.
pub(crate) fn scaled(x: f64, exponent: i64) -> f64 {
    match exponent {
        -1022..=1023 => x * power_of_two(exponent),
        // 2^exponent is no normal double, 2^(exponent ± 64) is one; the other 64 follow.
        -1086..-1022 => x * power_of_two(exponent + 64) * power_of_two(-64),
        1024..=1086 => x * power_of_two(exponent - 64) * power_of_two(64),
        // Not by a multiplication that vanishes: some processors take a hundred cycles for one.
        ..-1086 => x * 0.0,
        1087.. => x * f64::INFINITY,
    }
}

/// `2^exponent`, for those of normal doubles.
const fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The products of eight lanes of a block.
struct Factors<L: Lanes> {
    mantissa: Twofold<L::V>,
    exponent: L::V,
    special: L::V,
    negative: L::M,
}

impl<L: Lanes> Factors<L> {
    #[inline(always)]
    fn new(l: L) -> Self {
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        Self { mantissa: Twofold { high: one, low: zero }, exponent: zero, special: one, negative: l.lt(zero, zero) }
    }

    #[inline(always)]
    fn step(&mut self, l: L, x: L::V) {
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let size = l.and(x, l.splat(SIZE));
        let ordinary = l.lt(zero, size) & l.lt(size, l.splat(f64::INFINITY));
        self.special = self.special * l.select(ordinary, one, x);
        self.negative = self.negative | l.lt(x, zero);
        let x = l.select(ordinary, x, one);
        let tiny = l.lt(l.and(x, l.splat(SIZE)), l.splat(f64::MIN_POSITIVE));
        let normal = l.select(tiny, x * l.splat(UP), x);
        let stored = l.or(l.shift_down(l.and(normal, l.splat(SIZE))), l.splat(COUNTER)) - l.splat(COUNTER);
        let digits = l.or(l.and(normal, l.splat(DIGITS)), one);
        // One of the factors below 1 and the other not: so the product stays between ½ and 2.
        let large = l.le(one, l.and(self.mantissa.high, l.splat(SIZE)));
        let factor = l.select(large, digits * l.splat(0.5), digits);
        let less =
            l.select(large, l.splat(BIAS - 1.0), l.splat(BIAS)) + l.select(tiny, l.splat(f64::from(UP_BITS)), zero);
        self.exponent = self.exponent + (stored - less);
        let product = product(l, self.mantissa.high, factor);
        self.mantissa = Twofold { high: product.high, low: self.mantissa.low * factor + product.low };
    }
}

struct Absorb<'a>(&'a mut Product, &'a [f64]);

impl Operation for Absorb<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(into, x) = self;
        let mut factors = Factors::new(l);
        let mut space = [0.0; GROUP];
        let (groups, tail) = split(x, 1.0, &mut space);
        for group in groups {
            for x in l.load(group) {
                factors.step(l, x);
            }
        }
        if let Some(group) = tail {
            for x in l.load(group) {
                factors.step(l, x);
            }
        }
        let (high, low) = (l.to_array(factors.mantissa.high), l.to_array(factors.mantissa.low));
        let (exponent, special) = (l.to_array(factors.exponent), l.to_array(factors.special));
        for i in 0..8 {
            into.multiply_measured(Double::sum(high[i], low[i]), exponent[i] as i64);
            into.special *= special[i];
        }
        into.negative |= l.bits(factors.negative) != 0;
        into.count = into.count.saturating_add(x.len() as u64);
    }
}

impl Partial for Product {
    type Setup = ();
    const NAME: &'static str = "product/1";

    fn begin((): &()) -> Self {
        Self { count: 0, mantissa: 1.0.into(), exponent: 0, special: 1.0, negative: false }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Absorb(self, block.values(0)));
    }

    fn merge(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        // Measured in another power of two the product would be the same, but not the last place of its root.
        if self.count == 0 {
            *self = *later;
            return;
        }
        self.multiply_measured(later.mantissa, later.exponent);
        self.count = self.count.saturating_add(later.count);
        self.special *= later.special;
        self.negative |= later.negative;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use echoes_kernel::Column;
    use echoes_simd::{Level, run_at};
    use num_rational::BigRational;
    use num_traits::ToPrimitive;

    fn read(x: &[f64]) -> Product {
        let mut product = Product::begin(&());
        for part in x.chunks(100) {
            let mut later = Product::begin(&());
            later.absorb(&Block::new(&[Column::of(part)], 0));
            product.merge(&later);
        }
        product
    }

    /// One by one, exactly.
    fn naive(x: &[f64]) -> BigRational {
        x.iter().fold(rational(1.0), |product, &x| product * rational(x))
    }

    /// Values of every size, whose products are doubles.
    fn columns() -> impl Iterator<Item = Vec<f64>> {
        let mut noise = oracle::noise(11);
        (0..oracle::count(60)).map(move |i| {
            let mut x: Vec<f64> = (0..(i * 7) % 300 + 1)
                .map(|_| (noise() + 0.5) * 2f64.powi(((noise() - 0.5) * 8.0 * f64::from(i)) as i32))
                .collect();
            let exponent = read(&x).exponent;
            x.push(scaled(1.1, -exponent.clamp(-1000, 1000)));
            x
        })
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let (mut worst, mut root) = (0.0f64, 0.0f64);
        for x in columns() {
            let (found, truth) = (read(&x), naive(&x));
            if found.value().is_normal() {
                worst = worst.max(ulp(found.value(), &truth));
            }
            let mut one_by_one = Product::begin(&());
            x.iter().for_each(|&x| one_by_one.multiply(x));
            assert_eq!(one_by_one.value(), found.value());
            // What the root is off by is the n-th part of what its power is.
            let mean = found.root().unwrap();
            let power = rational(mean).pow(x.len() as i32) / truth;
            let off = (power - rational(1.0)).to_f64().unwrap().abs() / x.len() as f64;
            root = root.max(off * mean / (mean.next_up() - mean));
        }
        println!("product: {worst:.3} units in the last place, its root {root:.3}");
        assert!(worst <= 0.501 && root <= 0.7, "{worst} {root}");
    }

    #[test]
    fn the_root_of_one_value() {
        let mut noise = oracle::noise(12);
        let mut worst = 0.0f64;
        for _ in 0..oracle::count(3000) {
            let x = (1.0 + noise()) * 2f64.powi((noise() * 2000.0) as i32 - 1000);
            worst = worst.max(ulp(read(&[x]).root().unwrap(), &rational(x)));
        }
        println!("root of one value: {worst:.3} units in the last place");
        assert!(worst <= 0.7, "{worst}");
    }

    #[test]
    fn every_level_gives_the_same_bits_and_nothing_changes_nothing() {
        for x in columns() {
            let of = |level| {
                let mut product = Product::begin(&());
                run_at(level, Absorb(&mut product, &x));
                product
            };
            let portable = of(Level::Portable);
            assert!(Level::available().all(|level| of(level) == portable));
            let (mut before, mut after) = (Product::begin(&()), portable);
            before.merge(&portable);
            after.merge(&Product::begin(&()));
            assert_eq!((before, after), (portable, portable));
        }
    }

    #[test]
    fn special_values() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let of = |x: &[f64]| (read(x).value().to_string(), read(x).root().map(|root| root.to_string()));
        let told = |value: f64, root: f64| (value.to_string(), Some(root.to_string()));
        assert_eq!(of(&[]), ("1".to_owned(), None));
        assert_eq!(of(&[2.0, -0.0]), told(-0.0, 0.0));
        assert_eq!(of(&[0.0, inf]), told(nan, nan));
        assert_eq!(of(&[-2.0, inf]), told(-inf, nan));
        assert_eq!(of(&[-2.0, -8.0]), told(16.0, nan));
        assert_eq!(of(&[3.0, nan]), told(nan, nan));
        assert_eq!(of(&[5e-324; 2]), told(0.0, 5e-324));
        assert_eq!(of(&[f64::MAX, f64::MAX, 1.0]).0, "inf");
    }
}
