//! Points on a grid, whose order along any slope is found without rounding.

use super::places::{parts, place, scaled};
use std::cmp::Ordering;

/// Whole numbers below `2^53`, so that no difference of the doubles is rounded: a slope is a quotient that has been rounded once.
pub(super) struct Grid {
    x: Vec<i64>,
    y: Vec<i64>,
    /// Units of y are so many times as large as those of x, as a power of two.
    ratio: i32,
}

impl Grid {
    /// The grid of points in the order of x, if there is one.
    pub(super) fn of(x: &[f64], y: &[f64]) -> Option<Self> {
        let ((x, x_unit), (y, y_unit)) = (units(x)?, units(y)?);
        Some(Self { x, y, ratio: y_unit - x_unit })
    }

    /// The order by `y − slope · x` for the number between the double at `place` and the one before: slopes below that round to
    /// a double before `place`.
    pub(super) fn cut(&self, place: i64) -> impl Fn(u32, u32) -> Ordering + '_ {
        let ((a, a_exponent), (b, b_exponent)) = (parts(place - 1), parts(place));
        let exponent = a_exponent.min(b_exponent) - 1;
        let middle = (a << (a_exponent - exponent - 1)) + (b << (b_exponent - exponent - 1));
        let shift = self.ratio - exponent;
        // A quotient halfway between two doubles becomes the even one.
        let halfway_is_below = place % 2 != 0;
        move |i, j| {
            let (i, j) = (i as usize, j as usize);
            let (x, y) = (self.x[i] - self.x[j], self.y[i] - self.y[j]);
            let along = i128::from(middle) * i128::from(x);
            compare(y, along, shift).then_with(|| if halfway_is_below { 0.cmp(&x) } else { x.cmp(&0) }).then(i.cmp(&j))
        }
    }
}

/// `y 2^shift` against a number of at most 109 bits, `y` having at most 54.
fn compare(y: i64, other: i128, shift: i32) -> Ordering {
    let bits = |x: u128| (u128::BITS - x.leading_zeros()) as i32;
    if shift >= 0 {
        let too_large = y != 0 && bits(u128::from(y.unsigned_abs())) + shift > 120;
        if too_large { y.cmp(&0) } else { (i128::from(y) << if y == 0 { 0 } else { shift }).cmp(&other) }
    } else {
        let too_large = other != 0 && bits(other.unsigned_abs()) - shift > 120;
        if too_large { 0.cmp(&other) } else { i128::from(y).cmp(&(other << if other == 0 { 0 } else { -shift })) }
    }
}

/// Multiples of the largest power of two that they all are multiples of, from the smallest on, and its exponent.
fn units(values: &[f64]) -> Option<(Vec<i64>, i32)> {
    let of = |&x: &f64| {
        let (whole, exponent) = parts(place(x));
        if whole == 0 { i32::MAX } else { exponent + whole.trailing_zeros() as i32 }
    };
    let unit = values.iter().map(of).min().filter(|&unit| unit < i32::MAX).unwrap_or(0);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let whole = |x: f64| scaled(x - least, -unit);
    // False where it is not a number, too.
    let fits = whole(most) < 9_007_199_254_740_992.0;
    fits.then(|| (values.iter().map(|&x| whole(x) as i64).collect(), unit))
}
