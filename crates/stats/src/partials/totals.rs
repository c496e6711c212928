//! Sums without rounding: of one column, of it and its squares, or of two columns and their products.
//!
//! A block's sums are taken by vectors, as whole numbers ([`exact`](crate::exact)), and added up in fixed point; values that lie too
//! far apart for that, and integers beyond 2⁵³, go into the fixed-point numbers one by one. What is told of the sums is rounded once,
//! so it is the double next to the truth, and the same for the rows in any order.

use crate::{
    ahead::Ahead,
    exact::{Fixed, Long, Products, Quotient, Sum, products, sums},
    sweeps,
};
use echoes_kernel::{Block, Number, Partial, Values};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Whole numbers from here on are not all doubles.
const WHOLE_MOST: f64 = (1u64 << 53) as f64;

/// What is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Terms {
    /// The values of a column.
    Values,
    /// Those and their squares.
    Squares,
    /// The values of two columns, and their products.
    Products,
}

impl Terms {
    /// How many sums there are of them.
    const fn sums(self) -> usize {
        match self {
            Self::Values => 1,
            Self::Squares => 2,
            Self::Products => 3,
        }
    }
}

/// Sums without rounding, over the rows that are present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    terms: Terms,
    count: u64,
    /// `Σ x`, then `Σ x²`, or `Σ y` and `Σ x y`.
    sums: Vec<Fixed>,
    /// The sum of infinities and NaN, which are not in the others.
    special: f64,
    /// Whether a value was stored as floating point.
    floating: bool,
    /// Whether there is a value other than −0.
    plain: bool,
}

impl Totals {
    /// Rows present.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum: an integer if every value was stored as one; 0 for no values.
    pub fn sum(&self) -> Number {
        if self.floating { Number::Float(self.over(1)) } else { Number::Int(self.sums[0].ones()) }
    }

    /// The mean; `None` for no values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.over(self.count))
    }

    fn over(&self, n: u64) -> f64 {
        if self.special != 0.0 {
            // NaN have one form, whichever addition made them.
            return if self.special.is_nan() { f64::NAN } else { self.special };
        }
        let zero = if self.plain { 0.0 } else { -0.0 };
        let sum = self.sums[0].long();
        if sum.is_zero() { zero } else { sum.over([n, 1]).rounded() }
    }

    /// `Σ (x − x̄)² / (n − ddof)`, or `Σ (x − x̄)(y − ȳ) / (n − ddof)` of two columns; `None` for no values, NaN if `n ≤ ddof` or no
    /// squares were asked for.
    pub fn variance(&self, ddof: u32) -> Option<f64> {
        self.deviations(ddof, |quotient| quotient)
    }

    /// The root of the [variance](Self::variance).
    pub fn std(&self, ddof: u32) -> Option<f64> {
        self.deviations(ddof, Quotient::root)
    }

    /// `(n Σ x y − Σ x Σ y) / (n (n − ddof))`, from which the answer comes.
    fn deviations(&self, ddof: u32, answer: impl FnOnce(Quotient) -> Quotient) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let (x, y, xy) = match (self.terms, self.sums.as_slice()) {
            (Terms::Squares, [x, xx]) => (x, x, xx),
            (Terms::Products, [x, y, xy]) => (x, y, xy),
            _ => return Some(f64::NAN),
        };
        let freedom = self.count.saturating_sub(ddof.into());
        if self.special != 0.0 || freedom == 0 {
            return Some(f64::NAN);
        }
        let deviations = Long::from(self.count).times(&xy.long()).minus(&x.long().times(&y.long()));
        Some(answer(deviations.over([self.count, freedom])).rounded())
    }

    /// Takes in a sum, if there is one.
    #[inline(always)]
    fn take_sum<const N: usize>(&mut self, sum: Option<Sum<N>>) -> bool {
        if let Some(sum) = &sum {
            self.sums[0].add_sum(sum);
        }
        sum.is_some()
    }

    /// Takes in sums of products, if there are some.
    #[inline(always)]
    fn take_products<const N: usize, const W: usize>(&mut self, found: Option<Products<N, W>>) -> bool {
        match (&found, self.sums.as_mut_slice()) {
            (Some(found), [sum, squares]) => {
                sum.add_sum(&found.x);
                squares.add_sum(&found.xy);
            }
            (Some(found), [x_sum, y_sum, products]) => {
                x_sum.add_sum(&found.x);
                y_sum.add_sum(&found.y);
                products.add_sum(&found.xy);
            }
            _ => {}
        }
        found.is_some()
    }

    /// Takes in the rows one by one.
    #[cold]
    #[inline(never)]
    fn add_each(&mut self, block: &Block<'_>) {
        let other = if self.terms == Terms::Products { 1 } else { 0 };
        for row in 0..block.len() {
            match (Element::of(block, 0, row), Element::of(block, other, row)) {
                (Some(x), Some(y)) => self.add_row(x, y),
                _ => {
                    for column in 0..=other {
                        let x = block.values(column)[row];
                        self.special += if x.is_finite() { 0.0 } else { x };
                    }
                }
            }
        }
    }

    #[inline]
    fn add_row(&mut self, x: Element, y: Element) {
        let [sums @ .., last] = self.sums.as_mut_slice() else { return };
        match sums {
            [] => return x.add_to(last),
            [x_sum] => x.add_to(x_sum),
            [x_sum, y_sum, ..] => {
                x.add_to(x_sum);
                y.add_to(y_sum);
            }
        }
        let size = u128::from(x.size) * u128::from(y.size);
        last.add_long(x.negative != y.negative, size, x.exponent + y.exponent);
    }
}

/// A finite number, `±size 2^exponent`.
#[derive(Clone, Copy)]
struct Element {
    negative: bool,
    size: u64,
    exponent: i32,
}

impl Element {
    #[inline]
    fn of(block: &Block<'_>, column: usize, row: usize) -> Option<Self> {
        match block.stored(column) {
            Values::Int64(x) => Some(Self { negative: x[row] < 0, size: x[row].unsigned_abs(), exponent: 0 }),
            Values::UInt64(x) => Some(Self { negative: false, size: x[row], exponent: 0 }),
            _ => Self::of_double(block.values(column)[row]),
        }
    }

    #[inline]
    fn of_double(x: f64) -> Option<Self> {
        let bits = x.to_bits();
        let (stored, digits) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let size = if stored == 0 { digits } else { digits | 1 << 52 };
        x.is_finite().then_some(Self { negative: x < 0.0, size, exponent: stored.max(1) - 1075 })
    }

    #[inline]
    fn add_to(self, sum: &mut Fixed) {
        sum.add(self.negative, self.size, self.exponent);
    }
}

/// Whether a column holds integers whose doubles are not they.
fn is_rounded(block: &Block<'_>, column: usize, largest: f64) -> bool {
    matches!(block.stored(column), Values::Int64(_) | Values::UInt64(_)) && largest >= WHOLE_MOST
}

/// Takes in a block by vectors, unless its values lie too far apart.
struct Absorb<'a, 'b>(&'a mut Totals, &'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = bool;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> bool {
        let Self(totals, block) = self;
        let (x, ahead) = (block.values(0), Ahead::of(block));
        let x_largest = sweeps::largest(l, x, ahead);
        totals.plain = totals.plain || x_largest != 0.0 || x.iter().any(|x| x.to_bits() == 0);
        if is_rounded(block, 0, x_largest) {
            return false;
        }
        let x = (x, x_largest);
        match totals.terms {
            Terms::Values => totals.take_sum(sums::<L, 2>(l, x)) || totals.take_sum(sums::<L, 4>(l, x)),
            Terms::Squares => {
                totals.take_products(products::<L, 3, 5>(l, x, None))
                    || totals.take_products(products::<L, 5, 9>(l, x, None))
            }
            Terms::Products => {
                let y = block.values(1);
                let y_largest = sweeps::largest(l, y, ahead);
                let y = Some((y, y_largest));
                !is_rounded(block, 1, y_largest)
                    && (totals.take_products(products::<L, 3, 5>(l, x, y))
                        || totals.take_products(products::<L, 5, 9>(l, x, y)))
            }
        }
    }
}

impl Partial for Totals {
    type Setup = Terms;
    const NAME: &'static str = "totals/1";

    fn begin(&terms: &Terms) -> Self {
        let sums = vec![Fixed::zero(); terms.sums()];
        Self { terms, count: 0, sums, special: 0.0, floating: false, plain: false }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        if block.is_empty() {
            return;
        }
        self.count = self.count.saturating_add(block.len() as u64);
        self.floating |= block.stored(0).dtype().is_float();
        if !run(Absorb(self, block)) {
            self.add_each(block);
        }
    }

    fn merge(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        for (sum, later) in self.sums.iter_mut().zip(&later.sums) {
            sum.add_fixed(later);
        }
        self.special += later.special;
        self.floating |= later.floating;
        self.plain |= later.plain;
    }

    fn is_sound(&self) -> bool {
        self.sums.len() == self.terms.sums() && self.sums.iter().all(Fixed::is_sound)
    }

    fn covers(have: &Terms, want: &Terms) -> bool {
        have == want || (*have, *want) == (Terms::Squares, Terms::Values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::{BLOCK, Column};
    use echoes_simd::{Level, run_at};
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use num_traits::{Signed, Zero};

    const SQUARES: [Terms; 2] = [Terms::Values, Terms::Squares];

    fn read(terms: Terms, columns: &[&[f64]]) -> Totals {
        let mut totals = Totals::begin(&terms);
        for start in (0..columns[0].len()).step_by(BLOCK) {
            let end = columns[0].len().min(start + BLOCK);
            let columns: Vec<Column<'_>> = columns.iter().map(|x| Column::of(&x[start..end])).collect();
            totals.absorb(&Block::new(&columns, start as u64));
        }
        totals
    }

    fn sum(x: &[f64]) -> f64 {
        read(Terms::Values, &[x]).sum().to_f64()
    }

    /// Numbers of all kinds that a sum must not lose a digit of, some thousands or few.
    fn columns() -> Vec<(&'static str, Vec<f64>)> {
        let rows = oracle::count(2600);
        let mut noise = oracle::noise(3);
        let mut column = |make: &dyn Fn(f64, f64, i32) -> f64| -> Vec<f64> {
            (0..rows).map(|i| make(noise() - 0.5, noise(), i)).collect()
        };
        let scaled = |x: f64, exponent: i32| x * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
        let mut columns = vec![
            ("around zero", column(&|x, _, _| x)),
            ("far from zero", column(&|x, _, _| 1e8 + x)),
            ("a constant", column(&|_, _, _| 0.1)),
            ("zeros", column(&|_, _, _| 0.0)),
            ("whole numbers", column(&|x, _, _| (1e6 * x).round())),
            ("over 30 powers of two", column(&|x, y, _| scaled(x, (30.0 * y) as i32))),
            ("over 50 powers of two", column(&|x, y, _| scaled(x, (50.0 * y) as i32))),
            ("over all powers of two", column(&|x, y, _| scaled(x, (2080.0 * y) as i32 - 1060))),
            ("some large ones", column(&|x, _, i| if i % 7 == 0 { 1e20 * x } else { x })),
            ("subnormal", column(&|x, _, _| x * 1e-310)),
            ("next to the largest", column(&|x, _, _| 1.9 * x * f64::MAX)),
            ("large", column(&|x, _, _| 1e200 * x)),
            ("small", column(&|x, _, _| 1e-200 * x)),
        ];
        let wide = columns[7].1.clone();
        let mut cancelling: Vec<f64> = wide.iter().chain(&[1e-300]).copied().collect();
        cancelling.extend(wide.iter().rev().map(|x| -x));
        columns.push(("cancelling over 600 orders of magnitude", cancelling));
        columns.push(("one", vec![-7.25]));
        columns.push(("two", vec![0.1, 0.3]));
        columns
    }

    /// Whether no double lies nearer to the truth, nor as near and even.
    fn is_nearest(found: f64, truth: &BigRational) -> bool {
        if found.is_infinite() {
            let beyond = rational(f64::MAX) + rational(2f64.powi(970));
            return truth.abs() >= beyond && truth.is_positive() == (found > 0.0);
        }
        let off = |x: f64| (rational(x) - truth).abs();
        [found.next_up(), found.next_down()]
            .into_iter()
            .filter(|other| other.is_finite())
            .all(|other| off(found) < off(other) || off(found) == off(other) && found.to_bits() & 1 == 0)
    }

    /// Whether no double lies nearer to the root of the truth.
    fn is_nearest_root(found: f64, truth: &BigRational) -> bool {
        let middle = |other: f64| {
            let middle = (rational(found) + rational(other)) / BigRational::from(BigInt::from(2));
            &middle * &middle
        };
        (found == 0.0 || middle(found.next_down()) <= *truth) && *truth <= middle(found.next_up())
    }

    /// A double in units of 2⁻¹⁰⁷⁴.
    fn whole(x: f64) -> BigInt {
        let element = Element::of_double(x).unwrap();
        let size = BigInt::from(element.size) << (element.exponent + 1074);
        if element.negative { -size } else { size }
    }

    /// `Σ x`.
    fn total(x: &[f64]) -> BigRational {
        BigRational::new(x.iter().map(|&x| whole(x)).sum(), BigInt::from(1) << 1074)
    }

    /// `Σ (x − x̄)(y − ȳ) / (n − 1)`.
    fn covariance(x: &[f64], y: &[f64]) -> BigRational {
        let n = x.len();
        let products: BigInt = x.iter().zip(y).map(|(&x, &y)| whole(x) * whole(y)).sum();
        let [x, y] = [x, y].map(|x| x.iter().map(|&x| whole(x)).sum::<BigInt>());
        BigRational::new(products * n - x * y, BigInt::from(n * (n - 1)) << 2148)
    }

    #[test]
    fn sums_and_means_are_the_doubles_next_to_the_truth() {
        for (name, x) in columns() {
            let (truth, n) = (total(&x), BigRational::from(BigInt::from(x.len())));
            for terms in SQUARES {
                let totals = read(terms, &[&x]);
                assert!(is_nearest(totals.sum().to_f64(), &truth), "{name}: {totals:?}");
                assert!(is_nearest(totals.mean().unwrap(), &(&truth / &n)), "{name}");
            }
        }
        assert_eq!(sum(&columns()[13].1), 1e-300);
    }

    #[test]
    fn so_are_variances_and_deviations() {
        for (name, x) in columns().into_iter().filter(|(_, x)| x.len() > 1) {
            let (totals, truth) = (read(Terms::Squares, &[&x]), covariance(&x, &x));
            assert!(is_nearest(totals.variance(1).unwrap(), &truth), "{name}");
            assert!(is_nearest_root(totals.std(1).unwrap(), &truth), "{name}");
        }
    }

    #[test]
    fn so_are_covariances() {
        let columns = columns();
        for ((name, x), (other, y)) in columns.iter().zip(columns.iter().cycle().skip(5)) {
            let rows = x.len().min(y.len());
            if rows > 1 {
                let (x, y) = (&x[..rows], &y[..rows]);
                let found = read(Terms::Products, &[x, y]).variance(1).unwrap();
                assert!(is_nearest(found, &covariance(x, y)), "{name} and {other}: {found}");
                assert_eq!(read(Terms::Products, &[y, x]).variance(1), Some(found));
            }
        }
    }

    #[test]
    fn halves_go_to_the_even_double_and_what_follows_counts() {
        let half = 2f64.powi(-53);
        assert_eq!(sum(&[1.0, half]), 1.0);
        assert_eq!(sum(&[1.0 + f64::EPSILON, half]), 1.0 + 2.0 * f64::EPSILON);
        assert_eq!(sum(&[1.0, half, 5e-324]), 1.0 + f64::EPSILON);
        assert_eq!(sum(&[1.0, half, -5e-324]), 1.0);
        assert_eq!(read(Terms::Values, &[&[5e-324, 0.0]]).mean(), Some(0.0));
        assert_eq!(read(Terms::Values, &[&[5e-324, 1e-323]]).mean(), Some(1e-323));
        assert_eq!(sum(&[f64::MAX, 2f64.powi(969)]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, 2f64.powi(970)]), f64::INFINITY);
        assert_eq!(read(Terms::Values, &[&[f64::MAX; 3000]]).mean(), Some(f64::MAX));
    }

    #[test]
    fn any_order_and_any_parts_give_the_same() {
        for (name, x) in columns() {
            let whole = read(Terms::Squares, &[&x]);
            let mut shuffled = x.clone();
            shuffled.sort_unstable_by_key(|x| x.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut parts = Totals::begin(&Terms::Squares);
            for part in shuffled.chunks(331) {
                parts.merge(&read(Terms::Squares, &[part]));
            }
            let told =
                |totals: &Totals| [totals.mean(), totals.variance(0), totals.std(1)].map(|x| x.map(f64::to_bits));
            assert_eq!(told(&whole), told(&parts), "{name}");
            assert_eq!(whole.sum(), parts.sum(), "{name}");
        }
    }

    #[test]
    fn every_level_finds_the_same_and_vectors_what_one_by_one_does() {
        let columns = columns();
        for (name, x) in &columns {
            let x = &x[..x.len().min(BLOCK)];
            let y = &columns[5].1[..x.len().min(columns[5].1.len())];
            let block = [Column::of(&x[..y.len()]), Column::of(y)];
            for terms in [Terms::Values, Terms::Squares, Terms::Products] {
                let block = Block::new(&block, 0);
                let mut each = Totals::begin(&terms);
                each.add_each(&block);
                let mut taken = Vec::new();
                for level in Level::available() {
                    let mut totals = Totals::begin(&terms);
                    taken.push(run_at(level, Absorb(&mut totals, &block)));
                    let long = |totals: &Totals| totals.sums.iter().map(Fixed::long).collect::<Vec<_>>();
                    assert!(taken.ends_with(&[false]) || long(&totals) == long(&each), "{name}, {terms:?}, {level:?}");
                }
                let one_by_one: &[&str] = match terms {
                    Terms::Values => &["next to the largest"],
                    Terms::Squares => &["subnormal", "small", "large", "next to the largest"],
                    Terms::Products => &["subnormal", "next to the largest"],
                };
                let wide = ["over all powers of two", "cancelling over 600 orders of magnitude"];
                let expected = !one_by_one.iter().chain(&wide).any(|one| one == name);
                assert!(cfg!(miri) || taken.iter().all(|&taken| taken == expected), "{name}, {terms:?}: {taken:?}");
            }
        }
    }

    #[test]
    fn integers_that_no_double_is_are_exact() {
        let x = [i64::MAX, i64::MAX - 1, i64::MIN + 2, 3];
        let doubles = x.map(|x| x as f64);
        let columns = [Column { values: &doubles, stored: Values::Int64(&x) }];
        let [values, squares] = SQUARES.map(|terms| {
            let mut totals = Totals::begin(&terms);
            totals.absorb(&Block::new(&columns, 0));
            totals
        });
        let truth: i128 = x.iter().map(|&x| i128::from(x)).sum();
        assert_eq!((values.sum(), squares.sum()), (Number::Int(truth), Number::Int(truth)));
        let rational = |x: &i64| BigRational::from(BigInt::from(*x));
        let mean = x.iter().map(rational).sum::<BigRational>() / rational(&4);
        let variance = x.iter().map(|x| (rational(x) - &mean).pow(2)).sum::<BigRational>() / rational(&4);
        assert!(is_nearest(values.mean().unwrap(), &mean));
        assert!(is_nearest(squares.variance(0).unwrap(), &variance));
        let x = [u64::MAX, 0, u64::MAX];
        let doubles = x.map(|x| x as f64);
        let mut totals = Totals::begin(&Terms::Values);
        totals.absorb(&Block::new(&[Column { values: &doubles, stored: Values::UInt64(&x) }], 0));
        assert_eq!(totals.sum(), Number::Int(2 * i128::from(u64::MAX)));
    }

    #[test]
    fn special_values_are_those_of_the_fast_sums() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for x in [
            &[1.0, inf][..],
            &[-inf, 2.0],
            &[inf, -inf],
            &[nan, 1.0],
            &[nan, inf],
            &[-0.0; 40],
            &[-0.0, 0.0],
            &[1.0, -1.0],
            &[],
            &[0.0; 3],
        ] {
            let (mut fast, mut moments) =
                (super::super::Sum::begin(&()), super::super::Moments::begin(&super::super::Order::Second));
            let columns = [Column::of(x)];
            fast.absorb(&Block::new(&columns, 0));
            if !x.is_empty() {
                moments.absorb(&Block::new(&columns, 0));
            }
            let totals = read(Terms::Squares, &[x]);
            // The fast mean of −0 is 0.
            let text = |x: Option<f64>| format!("{:?}", x.map(|x| x + 0.0));
            assert_eq!(format!("{:?}", totals.sum()), format!("{:?}", fast.value()), "{x:?}");
            assert_eq!(text(totals.mean()), text(moments.mean()), "{x:?}");
            assert_eq!(text(totals.variance(1)), text(moments.variance(1.0)), "{x:?}");
        }
    }

    #[test]
    fn too_few_rows_and_other_terms_have_no_variance() {
        let one = read(Terms::Squares, &[&[3.0]]);
        assert!(one.variance(1).unwrap().is_nan() && one.std(7).unwrap().is_nan());
        assert_eq!(one.variance(0), Some(0.0));
        assert!(read(Terms::Values, &[&[3.0, 4.0]]).variance(0).unwrap().is_nan());
        assert!(read(Terms::Products, &[&[1.0, f64::INFINITY], &[2.0, 3.0]]).variance(0).unwrap().is_nan());
        assert_eq!(Totals::begin(&Terms::Squares).variance(0), None);
        assert!(covariance(&[1.0, 2.0], &[1.0, 1.0]).is_zero());
    }
}
