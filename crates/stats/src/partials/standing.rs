//! How many values are below a score, and how many are equal to it.

use echoes_kernel::{Block, Partial};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// Counts of values against a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    score: f64,
    count: u64,
    below: u64,
    equal: u64,
    nans: u64,
}

impl Standing {
    /// Values, NaN among them.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Values below the score.
    pub const fn below(&self) -> u64 {
        self.below
    }

    /// Values equal to the score.
    pub const fn equal(&self) -> u64 {
        self.equal
    }

    /// How many values are NaN.
    pub const fn nans(&self) -> u64 {
        self.nans
    }
}

struct Absorb<'a>(&'a mut Standing, &'a [f64]);

impl Operation for Absorb<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(standing, x) = self;
        let score = l.splat(standing.score);
        let (vectors, rest) = x.as_chunks::<8>();
        let (mut below, mut up_to, mut nans) = (0, 0, 0);
        for vector in vectors {
            let values = l.load8(vector);
            below += u64::from(l.bits(l.lt(values, score)).count_ones());
            up_to += u64::from(l.bits(l.le(values, score)).count_ones());
            nans += 8 - u64::from(l.bits(l.ordered(values, values)).count_ones());
        }
        for &value in rest {
            below += u64::from(value < standing.score);
            up_to += u64::from(value <= standing.score);
            nans += u64::from(value.is_nan());
        }
        standing.count += x.len() as u64;
        standing.below += below;
        standing.equal += up_to - below;
        standing.nans += nans;
    }
}

impl Partial for Standing {
    type Setup = f64;
    const NAME: &'static str = "standing/1";

    fn begin(score: &f64) -> Self {
        Self { score: *score, count: 0, below: 0, equal: 0, nans: 0 }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Absorb(self, block.values(0)));
    }

    fn merge(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        self.below = self.below.saturating_add(later.below);
        self.equal = self.equal.saturating_add(later.equal);
        self.nans = self.nans.saturating_add(later.nans);
    }

    fn is_sound(&self) -> bool {
        let parts = self.below.checked_add(self.equal).and_then(|up_to| up_to.checked_add(self.nans));
        parts.is_some_and(|parts| parts <= self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::Column;

    #[test]
    fn it_counts_as_a_loop_does() {
        let x: Vec<f64> = (0..301).map(|i| if i % 97 == 5 { f64::NAN } else { f64::from(i % 7) - 3.0 }).collect();
        for score in [-3.0, 0.0, -0.0, 0.5, 3.0, f64::INFINITY] {
            let mut standing = Standing::begin(&score);
            Partial::absorb(&mut standing, &Block::new(&[Column::of(&x)], 0));
            let count = |is: fn(f64, f64) -> bool| x.iter().filter(|&&x| is(x, score)).count() as u64;
            assert_eq!(standing.below(), count(|x, score| x < score));
            assert_eq!(standing.equal(), count(|x, score| x == score));
            assert_eq!((standing.nans(), standing.count()), (count(|x, _| x.is_nan()), 301));
        }
    }
}
