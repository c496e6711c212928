//! Sums over a block without rounding, at the speed of the vector units.
//!
//! Every value is taken apart into multiples of a few units, powers of two that fall from the largest value of the block on, as in
//! J. Demmel, H. D. Nguyen, Parallel Reproducible Summation, IEEE Trans. Comput. 64(7), 2015: added to `1.5 · 2⁵²` units, a number is
//! rounded to whole ones. The bits of such a sum count the units, so they are added as integers, of which 64 bits hold more than any
//! block comes to. Where a value has digits below the last unit, there is no sum, and the caller tries more parts.

use echoes_simd::Lanes;

/// Binary digits of a part of a value that is summed.
const SUMMED: i32 = 51;
/// Those of a part that is multiplied: up to eight products of two of them have no more than [`SUMMED`].
const MULTIPLIED: i32 = 24;

/// Exponents of units that numbers can be raised to whole ones of.
const UNITS: std::ops::RangeInclusive<i32> = -1074..=970;

/// The exponents of the units of `N` parts of `digits` each of numbers no larger than `largest`.
const fn units<const N: usize>(largest: f64, digits: i32) -> [i32; N] {
    // Zeros have no digits, in whatever unit.
    let largest = if largest == 0.0 { 1.0 } else { largest };
    let above = (largest.to_bits() >> 52) as i32 - 1022;
    let mut units = [0; N];
    let mut i = 0;
    while i < N {
        // What a part leaves is at most half of its unit: the next one begins a digit lower.
        units[i] = above - digits - i as i32 * (digits + 1);
        i += 1;
    }
    units
}

/// What turns numbers into whole units of `2^exponent` when it is added; those are in `UNITS`.
fn anchor(exponent: i32) -> Option<f64> {
    let power = || f64::from_bits(((exponent + 52 + 1023) as u64) << 52);
    UNITS.contains(&exponent).then(|| 1.5 * power())
}

/// The sum of a block in parts: whole numbers of powers of two, of which the exponents follow.
pub(crate) type Sum<const N: usize> = [(i64, i32); N];

/// `Σ x` of at most a block in which no size is above `largest`; `None` where values have digits beyond `N` parts.
#[inline(always)]
pub(crate) fn sums<L: Lanes, const N: usize>(l: L, (x, largest): (&[f64], f64)) -> Option<Sum<N>> {
    let mut units = units::<N>(largest, SUMMED);
    for unit in &mut units {
        // Nothing has digits below that.
        *unit = (*unit).max(*UNITS.start());
    }
    let mut tally = Tally::<L, N>::new(l, units)?;
    let mut rest = l.splat(0.0);
    let (eights, tail) = padded(x);
    for eight in eights {
        tally.split(l, l.load8(eight), &mut rest);
    }
    if let Some(eight) = tail {
        tally.split(l, l.load8(&eight), &mut rest);
    }
    is_zero(l, rest).then(|| tally.sum(l, x.len().div_ceil(8)))
}

/// The sums of two columns and of their products, of which there are `W = 2 N − 1` units.
pub(crate) struct Products<const N: usize, const W: usize> {
    pub(crate) x: Sum<N>,
    pub(crate) y: Sum<N>,
    pub(crate) xy: Sum<W>,
}

/// `Σ x`, `Σ y` and `Σ x y` of at most a block, as [`sums`]; of `Σ x` and `Σ x²` where `y` is none.
#[inline(always)]
pub(crate) fn products<L: Lanes, const N: usize, const W: usize>(
    l: L,
    (x, x_largest): (&[f64], f64),
    y: Option<(&[f64], f64)>,
) -> Option<Products<N, W>> {
    let x_units = units::<N>(x_largest, MULTIPLIED);
    let mut x_tally = Tally::<L, N>::new(l, x_units)?;
    let y_units = y.map_or(x_units, |(_, y_largest)| units::<N>(y_largest, MULTIPLIED));
    let mut y_tally = Tally::<L, N>::new(l, y_units)?;
    let mut units = [0; W];
    for i in 0..N {
        units[2 * i] = x_units[i] + y_units[i];
    }
    for i in 1..N {
        units[2 * i - 1] = x_units[i - 1] + y_units[i];
    }
    let mut tally = Tally::<L, W>::new(l, units)?;
    let mut rest = l.splat(0.0);
    let (x_eights, x_tail) = padded(x);
    if let Some((y, _)) = y {
        let (y_eights, y_tail) = padded(y);
        for (x, y) in x_eights.iter().zip(y_eights) {
            let x = x_tally.split(l, l.load8(x), &mut rest);
            let y = y_tally.split(l, l.load8(y), &mut rest);
            tally.add_products(l, x, y);
        }
        if let (Some(x), Some(y)) = (x_tail, y_tail) {
            let x = x_tally.split(l, l.load8(&x), &mut rest);
            let y = y_tally.split(l, l.load8(&y), &mut rest);
            tally.add_products(l, x, y);
        }
    } else {
        for x in x_eights {
            let x = x_tally.split(l, l.load8(x), &mut rest);
            tally.add_products(l, x, x);
        }
        if let Some(x) = x_tail {
            let x = x_tally.split(l, l.load8(&x), &mut rest);
            tally.add_products(l, x, x);
        }
    }
    let times = x.len().div_ceil(8);
    is_zero(l, rest).then(|| Products { x: x_tally.sum(l, times), y: y_tally.sum(l, times), xy: tally.sum(l, times) })
}

/// Eights, and what is left filled up with zeros.
#[inline(always)]
fn padded(x: &[f64]) -> (&[[f64; 8]], Option<[f64; 8]>) {
    let (eights, rest) = x.as_chunks::<8>();
    if rest.is_empty() {
        return (eights, None);
    }
    let mut last = [0.0; 8];
    last[..rest.len()].copy_from_slice(rest);
    (eights, Some(last))
}

/// Whether no lane has a digit.
#[inline(always)]
fn is_zero<L: Lanes>(l: L, rest: L::V) -> bool {
    l.to_array(rest).iter().all(|rest| rest.to_bits() << 1 == 0)
}

/// Counts of `N` units.
struct Tally<L: Lanes, const N: usize> {
    units: [i32; N],
    starts: [f64; N],
    anchors: [L::V; N],
    /// The bits of all raised numbers, added as integers.
    bits: [L::V; N],
}

impl<L: Lanes, const N: usize> Tally<L, N> {
    #[inline(always)]
    fn new(l: L, units: [i32; N]) -> Option<Self> {
        let (mut starts, mut anchors) = ([0.0; N], [l.splat(0.0); N]);
        for i in 0..N {
            starts[i] = anchor(units[i])?;
            anchors[i] = l.splat(starts[i]);
        }
        Some(Self { units, starts, anchors, bits: [l.splat(0.0); N] })
    }

    /// Counts what of `x` is whole in each unit, and gives the parts; what is left goes into `rest`.
    #[inline(always)]
    fn split(&mut self, l: L, x: L::V, rest: &mut L::V) -> [L::V; N] {
        let (mut parts, mut left) = ([x; N], x);
        #[expect(clippy::needless_range_loop, reason = "iterators take closures that the level would not reach")]
        for i in 0..N {
            let raised = left + self.anchors[i];
            self.bits[i] = l.add_bits(self.bits[i], raised);
            parts[i] = raised - self.anchors[i];
            left = left - parts[i];
        }
        *rest = l.or(*rest, left);
        parts
    }

    /// Counts the products of parts, which are whole in the units: those of one unit are added first, without rounding.
    #[inline(always)]
    fn add_products<const M: usize>(&mut self, l: L, x: [L::V; M], y: [L::V; M]) {
        let mut sums = [l.splat(0.0); N];
        for i in 0..M {
            for j in 0..M {
                let product = x[i] * y[j];
                // An addition less for each unit: the first product of each has one factor in the first or the last place.
                sums[i + j] = if i == 0 || j == M - 1 { product } else { sums[i + j] + product };
            }
        }
        #[expect(clippy::needless_range_loop, reason = "iterators take closures that the level would not reach")]
        for i in 0..N {
            self.bits[i] = l.add_bits(self.bits[i], sums[i] + self.anchors[i]);
        }
    }

    /// The counts after so many eights of numbers.
    #[inline(always)]
    fn sum(&self, l: L, eights: usize) -> Sum<N> {
        let mut sum = [(0, 0); N];
        #[expect(clippy::needless_range_loop, reason = "iterators take closures that the level would not reach")]
        for i in 0..N {
            let mut bits = 0u64;
            for lane in l.to_array(self.bits[i]) {
                bits = bits.wrapping_add(lane.to_bits());
            }
            let start = self.starts[i].to_bits().wrapping_mul(8 * eights as u64);
            sum[i] = (bits.wrapping_sub(start) as i64, self.units[i]);
        }
        sum
    }
}
