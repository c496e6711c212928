//! What the points are sorted by to have them in the order along a slope.

use super::{
    grid::Grid,
    places::{parts, place, power, scaled},
};
use crate::sorting::in_order;

/// Differences of keys, relative to their parts, below which rounding may have put two points the wrong way round: four roundings of
/// each key, and three of the slope.
const ROUNDED: f64 = 16.0 * f64::EPSILON;

/// Coordinates from near the middle, both at most 1.
pub(super) struct Keys {
    x: Vec<f64>,
    y: Vec<f64>,
    x_exponent: i32,
    y_exponent: i32,
    grid: Option<Grid>,
    /// No slope is rounded to zero.
    zero_is_level: bool,
}

/// Points in the order along a slope.
pub(super) struct Order {
    pub(super) points: Vec<u32>,
    /// The least and the most that the key of each of them may be; none if the order is exact.
    pub(super) errors: Option<(Vec<f64>, Vec<f64>)>,
}

impl Keys {
    /// Of points in the order of x, if no difference is infinite.
    pub(super) fn of(x: &[f64], y: &[f64]) -> Option<Self> {
        let (x_from, y_from) = (x[x.len() / 2], middle(y));
        let ((x_keys, x_exponent), (y_keys, y_exponent)) = (around(x_from, x)?, around(y_from, y)?);
        let last_digit = |&y: &f64| if y == 0.0 { i32::MAX } else { parts(place(y)).1 };
        let zero_is_level = y.iter().map(last_digit).all(|digit| digit > x_exponent - 1073);
        Some(Self { x: x_keys, y: y_keys, x_exponent, y_exponent, grid: Grid::of(x, y), zero_is_level })
    }

    /// A place near this one, farther from what lies `up` or down of it, that differs from the next such place in so many bits.
    pub(super) fn near(&self, place: i64, bits: u32, up: bool) -> i64 {
        if self.grid.is_some() || self.zero_is_level && (place == 0 || place == 1) {
            return place;
        }
        let below = (place >> bits << bits) - (1 << (bits - 1));
        if up { below + (2 << bits) } else { below }
    }

    /// The order in which each pair of points is the other way round than by x if its slope is below the double at `place`.
    pub(super) fn order(&self, place: i64, x: &[f64], y: &[f64]) -> Order {
        if self.zero_is_level && place == 0 {
            return Order { points: sorted(y), errors: None };
        }
        if self.zero_is_level && place == 1 {
            return Order { points: level_reversed(x, y), errors: None };
        }
        let (keys, errors) = self.along(place);
        let mut points = sorted(&keys);
        if let Some(grid) = &self.grid {
            let cut = grid.cut(place);
            points.sort_by(|&a, &b| cut(a, b));
            return Order { points, errors: None };
        }
        let ends = points.iter().map(|&point| {
            let (key, error) = (keys[point as usize], errors[point as usize]);
            (key - error, key + error)
        });
        let (least, most) = ends.unzip();
        Order { points, errors: Some((least, most)) }
    }

    /// `y − slope · x` for each point, in some unit, and the error.
    fn along(&self, place: i64) -> (Vec<f64>, Vec<f64>) {
        let (whole, exponent) = parts(place);
        // The slope is this number between 1 and 2 times a power of two.
        let bits = (i64::BITS - whole.unsigned_abs().leading_zeros()) as i32 - 1;
        let slope = scaled(whole as f64, -bits);
        let steep = if whole == 0 { -4000 } else { exponent + bits + self.x_exponent - self.y_exponent };
        let (of_x, of_y) = (power(steep.min(0)), power(-steep.max(0)));
        // What a slope that is subnormal has been rounded by, beside its digits.
        let rounded = power(self.x_exponent - self.y_exponent - 1074 - steep.max(0)).min(f64::MAX);
        let key = |(&x, &y): (&f64, &f64)| {
            let (along, up) = (slope * (x * of_x), y * of_y);
            (up - along, ROUNDED * (up.abs() + along.abs()) + rounded * x.abs() + 1e-320)
        };
        self.x.iter().zip(&self.y).map(key).unzip()
    }
}

/// By y, and where that is equal by x falling, but as before where both are.
fn level_reversed(x: &[f64], y: &[f64]) -> Vec<u32> {
    let mut points = sorted(y);
    for level in points.chunk_by_mut(|&a, &b| y[a as usize] == y[b as usize]) {
        level.reverse();
        level.chunk_by_mut(|&a, &b| x[a as usize] == x[b as usize]).for_each(<[u32]>::reverse);
    }
    points
}

fn sorted(keys: &[f64]) -> Vec<u32> {
    let mut points = Vec::with_capacity(keys.len());
    in_order(keys, |_, rows| points.extend(rows.iter().map(|&row| row as u32)));
    points
}

/// A value near the middle of some.
fn middle(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Each value less `from`, over a power of two above all of them.
fn around(from: f64, values: &[f64]) -> Option<(Vec<f64>, i32)> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let far = (most - from).max(from - least);
    if (most - least).is_finite() {
        let (whole, exponent) = parts(place(far));
        let exponent = exponent + (i64::BITS - whole.leading_zeros()) as i32;
        Some((values.iter().map(|&x| scaled(x - from, -exponent)).collect(), exponent))
    } else {
        None
    }
}
