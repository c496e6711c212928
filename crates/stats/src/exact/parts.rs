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
    let raising = Raising::<L, N>::new(l, units)?;
    let (mut counts, mut rest) = ([l.splat(0.0); N], l.splat(0.0));
    let (eights, tail) = padded(x);
    for eight in eights {
        raising.split(l, l.load8(eight), &mut counts, &mut rest);
    }
    if let Some(eight) = tail {
        raising.split(l, l.load8(&eight), &mut counts, &mut rest);
    }
    // No closure: what it asks for would be kept in memory all along.
    if is_zero(l, rest) { Some(raising.sum(l, counts, x.len())) } else { None }
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
    let x_raising = Raising::<L, N>::new(l, x_units)?;
    let y_units = y.map_or(x_units, |(_, y_largest)| units::<N>(y_largest, MULTIPLIED));
    let y_raising = Raising::<L, N>::new(l, y_units)?;
    let mut units = [0; W];
    for i in 0..N {
        units[2 * i] = x_units[i] + y_units[i];
    }
    for i in 1..N {
        units[2 * i - 1] = x_units[i - 1] + y_units[i];
    }
    let raising = Raising::<L, W>::new(l, units)?;
    let (mut x_counts, mut y_counts) = ([l.splat(0.0); N], [l.splat(0.0); N]);
    let (mut counts, mut rest) = ([l.splat(0.0); W], l.splat(0.0));
    let (x_eights, x_tail) = padded(x);
    if let Some((y, _)) = y {
        let (y_eights, y_tail) = padded(y);
        for (x, y) in x_eights.iter().zip(y_eights) {
            let x = x_raising.split(l, l.load8(x), &mut x_counts, &mut rest);
            let y = y_raising.split(l, l.load8(y), &mut y_counts, &mut rest);
            raising.count_products(l, x, y, &mut counts);
        }
        if let (Some(x), Some(y)) = (x_tail, y_tail) {
            let x = x_raising.split(l, l.load8(&x), &mut x_counts, &mut rest);
            let y = y_raising.split(l, l.load8(&y), &mut y_counts, &mut rest);
            raising.count_products(l, x, y, &mut counts);
        }
    } else {
        for x in x_eights {
            let x = x_raising.split(l, l.load8(x), &mut x_counts, &mut rest);
            raising.count_squares(l, x, &mut counts);
        }
        if let Some(x) = x_tail {
            let x = x_raising.split(l, l.load8(&x), &mut x_counts, &mut rest);
            raising.count_squares(l, x, &mut counts);
        }
    }
    let rows = x.len();
    if !is_zero(l, rest) {
        return None;
    }
    Some(Products {
        x: x_raising.sum(l, x_counts, rows),
        y: y_raising.sum(l, y_counts, rows),
        xy: raising.sum(l, counts, rows),
    })
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

/// What raises numbers to whole ones of `N` units. What is counted of each, the bits of all raised numbers added as integers, stands
/// beside it, so that it stays in registers.
struct Raising<L: Lanes, const N: usize> {
    units: [i32; N],
    starts: [f64; N],
    anchors: [L::V; N],
}

impl<L: Lanes, const N: usize> Raising<L, N> {
    #[inline(always)]
    fn new(l: L, units: [i32; N]) -> Option<Self> {
        let (mut starts, mut anchors) = ([0.0; N], [l.splat(0.0); N]);
        for i in 0..N {
            starts[i] = anchor(units[i])?;
            anchors[i] = l.splat(starts[i]);
        }
        Some(Self { units, starts, anchors })
    }

    /// Counts what of `x` is whole in each unit, and gives the parts; what is left goes into `rest`.
    #[inline(always)]
    fn split(&self, l: L, x: L::V, counts: &mut [L::V; N], rest: &mut L::V) -> [L::V; N] {
        let (mut parts, mut left) = ([x; N], x);
        for i in 0..N {
            let raised = left + self.anchors[i];
            counts[i] = l.add_bits(counts[i], raised);
            parts[i] = raised - self.anchors[i];
            left = left - parts[i];
        }
        *rest = l.or(*rest, left);
        parts
    }

    /// Counts the products of parts, which are whole in the units: no addition rounds.
    #[inline(always)]
    fn count_products<const M: usize>(&self, l: L, x: [L::V; M], y: [L::V; M], counts: &mut [L::V; N]) {
        let mut raised = self.anchors;
        for i in 0..M {
            for j in 0..M {
                raised[i + j] = l.add_exact_product(raised[i + j], x[i], y[j]);
            }
        }
        count(l, counts, raised);
    }

    /// The same of the products of parts with themselves: those of two different ones are twice one.
    #[inline(always)]
    fn count_squares<const M: usize>(&self, l: L, x: [L::V; M], counts: &mut [L::V; N]) {
        let mut raised = self.anchors;
        for i in 0..M {
            raised[2 * i] = l.add_exact_product(raised[2 * i], x[i], x[i]);
            let twice = x[i] + x[i];
            for j in i + 1..M {
                raised[i + j] = l.add_exact_product(raised[i + j], twice, x[j]);
            }
        }
        count(l, counts, raised);
    }

    /// The counts after so many rows.
    #[inline(always)]
    fn sum(&self, l: L, counts: [L::V; N], rows: usize) -> Sum<N> {
        // Out of the registers by a loop of its own, for the same reason.
        let mut lanes = [[0.0; 8]; N];
        for i in 0..N {
            lanes[i] = l.to_array(counts[i]);
        }
        let mut sum = [(0, 0); N];
        for (i, lanes) in lanes.iter().enumerate() {
            let bits = lanes.iter().fold(0u64, |bits, lane| bits.wrapping_add(lane.to_bits()));
            let start = self.starts[i].to_bits().wrapping_mul(8 * rows.div_ceil(8) as u64);
            sum[i] = (bits.wrapping_sub(start) as i64, self.units[i]);
        }
        sum
    }
}

/// Adds the bits of raised numbers to the counts.
#[inline(always)]
fn count<L: Lanes, const N: usize>(l: L, counts: &mut [L::V; N], raised: [L::V; N]) {
    for i in 0..N {
        counts[i] = l.add_bits(counts[i], raised[i]);
    }
}
