//! Bins of one width, and which of them a value is in.

use crate::special::{SIZE, WHOLE};
use echoes_simd::Lanes;
use serde::{Deserialize, Serialize};

/// Bins that a histogram may have.
pub const BINS_MAX: u32 = 1 << 16;

/// Bins of one width: each holds its lower edge and not its upper one, the last holds both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edges {
    low: f64,
    high: f64,
    count: u32,
}

impl Edges {
    /// `count` bins between two values; `None` unless both are finite and so far apart that no two edges could be taken for one
    /// another, or for no bin or more than 65,536.
    pub fn new(low: f64, high: f64, count: u32) -> Option<Self> {
        let edges = Self { low, high, count };
        let apart = 4.0 * f64::EPSILON * low.abs().max(high.abs());
        let fits = (1..=BINS_MAX).contains(&count) && edges.per_unit().is_finite();
        (fits && edges.width().is_finite() && edges.width() > apart).then_some(edges)
    }

    /// Where the first bin begins.
    pub const fn low(&self) -> f64 {
        self.low
    }

    /// Where the last bin ends.
    pub const fn high(&self) -> f64 {
        self.high
    }

    /// How many bins there are.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The width of a bin.
    pub fn width(&self) -> f64 {
        (self.high - self.low) / f64::from(self.count)
    }

    /// Bins in a unit.
    pub fn per_unit(&self) -> f64 {
        f64::from(self.count) / (self.high - self.low)
    }

    /// Where each bin begins, and where the last ends.
    pub fn all(&self) -> Vec<f64> {
        (0..self.count).map(|k| self.edge(k)).chain([self.high]).collect()
    }

    /// Where bin `k` begins; for the number of bins, where the last but for its upper edge ends.
    pub(super) fn edge(&self, k: u32) -> f64 {
        self.low + f64::from(k) * self.width()
    }

    /// Whether a value is in one of the bins.
    pub(super) fn hold(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Whether they could have been [made](Edges::new), for bins that come over the wire.
    pub(super) fn are_sound(&self) -> bool {
        Self::new(self.low, self.high, self.count).is_some()
    }

    /// The bin of a value between the outer edges: a guess, at most one off, and the edges beside it.
    pub(super) fn bin(&self, x: f64) -> u32 {
        let last = self.count - 1;
        let guess = ((x - self.low) * self.per_unit()).min(f64::from(last)) as u32;
        if x < self.edge(guess) && guess > 0 {
            guess - 1
        } else if self.edge(guess + 1) <= x && guess < last {
            guess + 1
        } else {
            guess
        }
    }
}

/// The edges in every lane.
pub(super) struct Ruler<L: Lanes> {
    low: L::V,
    high: L::V,
    width: L::V,
    per_unit: L::V,
    last: L::V,
    /// The place of values outside.
    outside: L::V,
    /// The middle of the first bin.
    first: L::V,
    /// The middle of all bins, in bins from the first one's, and how far they reach to either side.
    middle: L::V,
    reach: L::V,
    /// How far from its middle a bin is certain.
    certain: L::V,
    /// All bits of the number of bins.
    bits: u64,
}

impl<L: Lanes> Ruler<L> {
    #[inline(always)]
    pub(super) fn new(l: L, edges: Edges) -> Self {
        let Edges { low, high, count } = edges;
        let (width, count) = (edges.width(), f64::from(count));
        // Of edges and of where a value lies among them no more than 9 ε of the larger end is lost to rounding.
        let doubt = 16.0 * f64::EPSILON * low.abs().max(high.abs()) / width;
        Self {
            low: l.splat(low),
            high: l.splat(high),
            width: l.splat(width),
            per_unit: l.splat(edges.per_unit()),
            last: l.splat(count - 1.0),
            outside: l.splat(count),
            first: l.splat(low + width / 2.0),
            middle: l.splat((count - 1.0) / 2.0),
            reach: l.splat(count / 2.0),
            certain: l.splat(0.5 - doubt),
            bits: (u64::from(edges.count) + 1).next_power_of_two() - 1,
        }
    }

    /// The bins of 64 values, each in the lowest bits of its lane; outside all bins their number or more, below the next power of two.
    #[inline(always)]
    pub(super) fn few_places(&self, l: L, x: &[[f64; 8]; 8]) -> [L::V; 8] {
        let (size, whole) = (l.splat(SIZE), l.splat(WHOLE));
        let mut places = [whole; 8];
        let mut beside = l.splat(0.0);
        let mut bits = l.splat(0.0);
        for i in 0..8 {
            let at = (l.load8(&x[i]) - self.first) * self.per_unit;
            places[i] = at + whole;
            beside = l.max(l.and(at - (places[i] - whole), size), beside);
            bits = l.or(bits, l.xor(places[i], whole));
        }
        // Whatever is far outside, or NaN, has more bits. Both are known before either is asked, so that one branch is guessed.
        let bits = l.to_array(bits).iter().fold(0, |all, lane| all | lane.to_bits());
        if (bits > self.bits) | (l.bits(l.le(beside, self.certain)) != u8::MAX) {
            for i in 0..8 {
                places[i] = self.certain_places(l, l.load8(&x[i]));
            }
        }
        places
    }

    /// The bins of eight values, each in the lowest bits of its lane; outside all bins their number.
    #[inline(always)]
    pub(super) fn places(&self, l: L, x: L::V) -> [f64; 8] {
        let (size, whole) = (l.splat(SIZE), l.splat(WHOLE));
        let at = (x - self.first) * self.per_unit;
        let place = at + whole;
        let beside = l.and(at - (place - whole), size);
        let away = l.and(at - self.middle, size);
        // NaN is neither.
        if l.bits(l.le(beside, self.certain) & l.le(away, self.reach)) == u8::MAX {
            l.to_array(place)
        } else {
            l.to_array(self.certain_places(l, x))
        }
    }

    /// The same for any values, as [`Edges::bin`] finds them: a guess, at most one off, and the edges beside it.
    #[inline(always)]
    fn certain_places(&self, l: L, x: L::V) -> L::V {
        let (zero, one, whole) = (l.splat(0.0), l.splat(1.0), l.splat(WHOLE));
        // Rounded, not cut off: at most one off either way.
        let guess = l.max(l.min((x - self.low) * self.per_unit - l.splat(0.5), self.last), zero);
        let guess = (guess + whole) - whole;
        let too_high = l.lt(x, self.low + guess * self.width);
        let too_low = l.le(self.low + (guess + one) * self.width, x);
        let bin = guess + l.select(too_low, one, l.select(too_high, l.splat(-1.0), zero));
        let inside = l.le(self.low, x) & l.le(x, self.high);
        l.select(inside, l.min(bin, self.last), self.outside) + whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_that_cannot_be_told_apart_are_refused() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (low, high, count) in [
            (0.0, 1.0, 0),
            (0.0, 1.0, 65_537),
            (1.0, 1.0, 1),
            (2.0, 1.0, 3),
            (0.0, inf, 3),
            (-inf, 0.0, 3),
            (nan, 1.0, 3),
            (0.0, nan, 3),
            (-f64::MAX, f64::MAX, 3),
            (1e16, 1e16 + 8.0, 100),
            (0.0, 5e-324, 1),
        ] {
            assert_eq!(Edges::new(low, high, count), None, "{low} {high} {count}");
        }
        assert!(Edges::new(0.0, 1.0, 65_536).is_some());
        let sound = Edges::new(-1.0, 1.0, 8).unwrap();
        assert!(sound.are_sound());
        assert!(!Edges { count: 0, ..sound }.are_sound() && !Edges { low: 2.0, ..sound }.are_sound());
    }
}
