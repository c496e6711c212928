//! Sums of a Gaussian about each value, at given points.
//!
//! Within a block each of 32 lanes adds its terms, and the lanes are added as one fixed tree; blocks are added in their order. All
//! terms are positive, so that nothing cancels: the error of a sum is that of its terms, some 1e-16, and `z²/2` times that of `z`.

use crate::special::exp_in_range;
use echoes_kernel::{Block, Partial};
use echoes_simd::{GROUP, Lanes, Operation, run, split};
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_1_SQRT_2;

/// Where the sums are taken, and how wide the Gaussian is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kernels {
    /// Points.
    pub points: Vec<f64>,
    /// The standard deviation of the Gaussian.
    pub bandwidth: f64,
}

/// `Σ exp(−z²/2)` with `z = (x − point) / bandwidth`, for each point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelSums {
    kernels: Kernels,
    count: u64,
    sums: Vec<f64>,
}

impl KernelSums {
    /// Where the sums were taken.
    pub const fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    /// Values seen.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sums.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }
}

/// Here a term is zero, and the exponential still [in range](exp_in_range).
const FAR: f64 = 746.0;

struct Absorb<'a> {
    into: &'a mut KernelSums,
    x: &'a [f64],
}

impl Operation for Absorb<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let KernelSums { kernels, sums, .. } = self.into;
        let scale = l.splat(FRAC_1_SQRT_2 / kernels.bandwidth);
        // A value at infinity adds nothing.
        let mut space = [0.0; GROUP];
        let (groups, tail) = split(self.x, f64::INFINITY, &mut space);
        for (sum, &point) in sums.iter_mut().zip(&kernels.points) {
            let point = l.splat(point);
            let mut lanes = [l.splat(0.0); 4];
            for group in groups {
                add(l, &mut lanes, group, point, scale);
            }
            if let Some(group) = tail {
                add(l, &mut lanes, group, point, scale);
            }
            *sum += l.total(lanes);
        }
    }
}

#[inline(always)]
fn add<L: Lanes>(l: L, lanes: &mut [L::V; 4], group: &[f64; GROUP], point: L::V, scale: L::V) {
    let x = l.load(group);
    for i in 0..4 {
        let z = (x[i] - point) * scale;
        let exponent = l.max(l.splat(-FAR), l.splat(0.0) - z * z);
        lanes[i] = lanes[i] + exp_in_range(l, exponent, l.splat(0.0));
    }
}

impl Partial for KernelSums {
    type Setup = Kernels;
    const NAME: &'static str = "kernel_sums/1";

    fn begin(kernels: &Kernels) -> Self {
        Self { kernels: kernels.clone(), count: 0, sums: vec![0.0; kernels.points.len()] }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        self.count += block.len() as u64;
        run(Absorb { into: self, x: block.values(0) });
    }

    fn merge(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        for (mine, more) in self.sums.iter_mut().zip(&later.sums) {
            *mine += more;
        }
    }

    fn is_sound(&self) -> bool {
        self.sums.len() == self.kernels.points.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational};
    use echoes_kernel::{Column, wire};
    use num_rational::BigRational;
    use num_traits::ToPrimitive;

    fn read(kernels: &Kernels, x: &[f64]) -> KernelSums {
        let (mut whole, mut later) = (KernelSums::begin(kernels), KernelSums::begin(kernels));
        let (left, right) = x.split_at(x.len() / 3);
        Partial::absorb(&mut whole, &Block::new(&[Column::of(left)], 0));
        Partial::absorb(&mut later, &Block::new(&[Column::of(right)], left.len() as u64));
        Partial::merge(&mut whole, &later);
        whole
    }

    #[test]
    fn error_against_exact_arithmetic() {
        let mut noise = oracle::noise(7);
        let x: Vec<f64> = (0..oracle::count(160)).map(|_| 1e4 + noise()).collect();
        let kernels = Kernels { points: vec![1e4 - 8.0, 1e4 - 1.0, 1e4 + 0.5, 1e4 + 3.0], bandwidth: 0.25 };
        let found = read(&kernels, &x);
        for (&point, &found) in kernels.points.iter().zip(found.sums()) {
            let mut truth = rational(0.0);
            for &x in &x {
                let z = (rational(x) - rational(point)) / rational(0.25);
                let exponent: BigRational = &z * &z * rational(-0.5);
                let high = exponent.to_f64().unwrap();
                truth += oracle::exp_sum(high, (exponent - rational(high)).to_f64().unwrap());
            }
            let error = ((rational(found) - &truth) / truth).to_f64().unwrap().abs();
            assert!(error < 2e-13, "at {point}: {error:e}");
            if (point - 1e4).abs() < 2.0 {
                assert!(error < 5e-15, "at {point}: {error:e}");
            }
        }
    }

    #[test]
    fn far_away_is_nothing_and_parts_hold_together() {
        let kernels = Kernels { points: vec![-1e300, 0.0, 1e300], bandwidth: 1e-3 };
        let sound = read(&kernels, &[0.0, f64::MAX, f64::MIN, 1.0]);
        assert_eq!((sound.sums(), sound.count()), (&[0.0, 1.0, 0.0][..], 4));
        assert_eq!(wire::decode::<KernelSums>(&wire::encode(&sound).unwrap()).as_ref(), Ok(&sound));
        let fewer = KernelSums { sums: vec![0.0], ..sound };
        assert!(wire::decode::<KernelSums>(&wire::encode(&fewer).unwrap()).is_err());
    }
}
