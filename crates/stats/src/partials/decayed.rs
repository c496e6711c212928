//! Rows whose weights decay with those that follow them: their mean, and the sum of their squared deviations.
//!
//! What a value does to what was before it, and with what weight it comes in, depends on nothing but the rows since the
//! value before it. So the first value of a part, whose weight must wait for what comes before, stands apart, and parts
//! merge.

use crate::double::Double;
use echoes_kernel::{Block, Partial};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How weights decay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Decay {
    /// Of a weight, a row later so much is left.
    left: f64,
    /// The smoothing factor: 1 less that.
    alpha: f64,
    /// Every value comes in with a weight of 1; else with `alpha`, the weights before it making up 1 together.
    adjust: bool,
    /// Rows without a value do not count.
    ignore_na: bool,
}

impl Decay {
    /// A row later, `left` of a weight is left, a number from 0 to 1.
    pub(crate) const fn new(left: f64, alpha: f64, adjust: bool, ignore_na: bool) -> Self {
        Self { left, alpha, adjust, ignore_na }
    }

    /// What a value that comes `rows` after another leaves of the weights before it, and its own weight.
    fn step(&self, rows: u64) -> [f64; 2] {
        let left = if self.ignore_na || rows <= 1 { self.left } else { power(self.left, rows) };
        if self.adjust {
            return [left, 1.0];
        }
        let all = left + self.alpha;
        [left / all, self.alpha / all]
    }
}

/// By repeated squaring, the same everywhere.
fn power(mut x: f64, mut n: u64) -> f64 {
    let mut power = 1.0;
    while n > 0 {
        if n % 2 == 1 {
            power *= x;
        }
        x *= x;
        n /= 2;
    }
    power
}

/// What weighted values come to.
pub trait Weighted: Copy + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Name and version of the partial made of it.
    const NAME: &'static str;
    /// One value.
    fn of(x: f64, weight: f64) -> Self;
    /// All weights times `factor`.
    fn scaled(self, factor: f64) -> Self;
    /// With others.
    fn and(self, other: Self) -> Self;
    /// What a kernel says of them; `bias` is for those that can be adjusted for it.
    fn answer(&self, bias: bool) -> f64;
}

/// The mean of weighted values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeightedMean {
    weight: f64,
    mean: f64,
}

impl Weighted for WeightedMean {
    const NAME: &'static str = "decayed mean/1";

    #[inline]
    fn of(x: f64, weight: f64) -> Self {
        Self { weight, mean: x }
    }

    #[inline]
    fn scaled(self, factor: f64) -> Self {
        Self { weight: self.weight * factor, ..self }
    }

    #[inline]
    fn and(self, other: Self) -> Self {
        if self.weight == 0.0 {
            return other;
        }
        let weight = self.weight + other.weight;
        let (share, distance) = (other.weight / weight, other.mean - self.mean);
        // The distance from an infinite mean is infinite, or none.
        let mean = if distance.is_finite() {
            self.mean + distance * share
        } else {
            self.mean * (1.0 - share) + other.mean * share
        };
        Self { weight, mean }
    }

    #[inline]
    fn answer(&self, _: bool) -> f64 {
        self.mean
    }
}

/// The mean of weighted values, and the sum of the squared deviations from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeightedSquares {
    weight: f64,
    /// The sum of the squares of the weights.
    weights_squared: f64,
    mean: Double,
    squares: f64,
}

impl Weighted for WeightedSquares {
    const NAME: &'static str = "decayed squares/1";

    #[inline]
    fn of(x: f64, weight: f64) -> Self {
        // From an infinite mean there is no deviation.
        let squares = if x.is_finite() { 0.0 } else { f64::NAN };
        Self { weight, weights_squared: weight * weight, mean: x.into(), squares }
    }

    #[inline]
    fn scaled(self, factor: f64) -> Self {
        Self {
            weight: self.weight * factor,
            weights_squared: self.weights_squared * (factor * factor),
            squares: self.squares * factor,
            ..self
        }
    }

    #[inline]
    fn and(self, other: Self) -> Self {
        if self.weight == 0.0 {
            return other;
        }
        let weight = self.weight + other.weight;
        let (share, distance) = (other.weight / weight, other.mean.minus(self.mean));
        Self {
            weight,
            weights_squared: self.weights_squared + other.weights_squared,
            mean: self.mean.toward(other.mean, distance, share),
            squares: (self.squares + other.squares) + distance * distance * (self.weight * share),
        }
    }

    /// The standard deviation; NaN of one value unless `bias`.
    #[inline]
    fn answer(&self, bias: bool) -> f64 {
        let plain = self.squares / self.weight;
        if bias {
            return plain.sqrt();
        }
        let square = self.weight * self.weight;
        let rest = square - self.weights_squared;
        if rest > 0.0 { (square / rest * plain).sqrt() } else { f64::NAN }
    }
}

/// What rows come to whose weights decay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(bound = "W: Weighted")]
pub struct Decayed<W> {
    decay: Decay,
    values: u64,
    first: First,
    /// All values but the first.
    rest: W,
    /// The row of the last.
    last: u64,
}

/// The first value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct First {
    row: u64,
    x: f64,
    /// What is left of its weight.
    left: f64,
}

impl<W: Weighted> Decayed<W> {
    /// What they come to; nothing that has a weight if there are none.
    pub(crate) fn total(&self) -> W {
        W::of(self.first.x, self.first.left).and(self.rest)
    }

    /// Takes in the value of a row after those before.
    #[inline]
    fn add(&mut self, row: u64, x: f64) {
        if self.values == 0 {
            self.first = First { row, x, left: 1.0 };
        } else {
            let [left, weight] = self.decay.step(row.saturating_sub(self.last));
            self.first.left *= left;
            self.rest = self.rest.scaled(left).and(W::of(x, weight));
        }
        (self.values, self.last) = (self.values.saturating_add(1), row);
    }

    /// What row after row comes to, from these on.
    pub(crate) fn running(&self) -> Running<W> {
        Running { decay: self.decay, values: self.values, total: self.total(), last: self.last }
    }
}

/// What the rows up to one come to.
pub(crate) struct Running<W> {
    decay: Decay,
    pub(crate) values: u64,
    pub(crate) total: W,
    last: u64,
}

impl<W: Weighted> Running<W> {
    /// Takes in the next row; NaN is no value.
    #[inline]
    pub(crate) fn add(&mut self, row: u64, x: f64) {
        if x.is_nan() {
            return;
        }
        if self.values == 0 {
            self.total = W::of(x, 1.0);
        } else {
            let [left, weight] = self.decay.step(row.saturating_sub(self.last));
            self.total = self.total.scaled(left).and(W::of(x, weight));
        }
        (self.values, self.last) = (self.values + 1, row);
    }
}

impl<W: Weighted> Partial for Decayed<W> {
    type Setup = Decay;
    const NAME: &'static str = W::NAME;

    fn begin(&decay: &Decay) -> Self {
        let first = First { row: 0, x: 0.0, left: 0.0 };
        Self { decay, values: 0, first, rest: W::of(0.0, 0.0), last: 0 }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        for (i, &x) in block.values(0).iter().enumerate() {
            if !x.is_nan() {
                self.add(block.row(i), x);
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        if later.values == 0 {
            return;
        }
        if self.values == 0 {
            *self = *later;
            return;
        }
        let [left, weight] = self.decay.step(later.first.row.saturating_sub(self.last));
        let first = later.first.left;
        self.first.left *= left * first;
        self.rest = self.rest.scaled(left * first).and(W::of(later.first.x, weight * first)).and(later.rest);
        self.values = self.values.saturating_add(later.values);
        self.last = later.last;
    }
}
