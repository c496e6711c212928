//! The points, in the order of x.

use super::{
    keys::{Keys, Order},
    places::place,
};
use crate::sorting::in_order;

/// Points in the order of x, and where that is equal of y; a point is called by its place in it.
pub(super) struct Points {
    x: Vec<f64>,
    y: Vec<f64>,
    /// How many pairs have a slope, be it NaN.
    pub(super) pairs: u64,
    /// None if there are no pairs, or if a difference is beyond the doubles.
    pub(super) keys: Option<Keys>,
}

impl Points {
    /// None of the numbers may be NaN.
    pub(super) fn of(x: &[f64], y: &[f64]) -> Self {
        let count = |t: usize| (t as u64) * (t as u64).saturating_sub(1) / 2;
        let (mut by_x, mut by_y) = (Vec::with_capacity(x.len()), Vec::with_capacity(y.len()));
        let mut pairs = count(x.len());
        in_order(x, |before, rows| {
            by_x.extend(rows.iter().map(|&row| x[row as usize]));
            by_y.extend(rows.iter().map(|&row| y[row as usize]));
            by_y[before..].sort_unstable_by(f64::total_cmp);
            pairs -= count(rows.len());
        });
        let keys = if pairs > 0 { Keys::of(&by_x, &by_y) } else { None };
        Self { x: by_x, y: by_y, pairs, keys }
    }

    pub(super) const fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether two points have no slope.
    pub(super) fn upright(&self, a: u32, b: u32) -> bool {
        self.x[a as usize] == self.x[b as usize]
    }

    /// Whether a difference of two points is beyond the doubles.
    pub(super) const fn overflow(&self) -> bool {
        self.pairs > 0 && self.keys.is_none()
    }

    /// The order along slopes below the double at `place`, if there are keys.
    pub(super) fn order(&self, place: i64) -> Option<Order> {
        Some(self.keys.as_ref()?.order(place, &self.x, &self.y))
    }

    /// The slope of two points, the later one in the order of x given first or last.
    #[inline(always)]
    pub(super) fn slope(&self, a: u32, b: u32) -> f64 {
        let (i, j) = (a.min(b) as usize, a.max(b) as usize);
        (self.y[j] - self.y[i]) / (self.x[j] - self.x[i])
    }

    /// Where that slope stands among the doubles.
    #[inline(always)]
    pub(super) fn place(&self, a: u32, b: u32) -> i64 {
        place(self.slope(a, b))
    }

    /// The points in the order of x, all those of one x the other way round than pairs that have a slope: by x falling, then y rising.
    pub(super) fn reversed(&self) -> Vec<u32> {
        let groups: Vec<usize> = self.x.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
        let mut end = self.len();
        let mut reversed = Vec::with_capacity(end);
        for size in groups.into_iter().rev() {
            reversed.extend((end - size..end).map(|point| point as u32));
            end -= size;
        }
        reversed
    }
}
