//! Roots of unity.

use super::{Complex, Direction};
use std::f64::consts::FRAC_PI_2;

/// `exp(−2πi index/n)`, within an ULP: the angle is taken to less than an eighth of a turn while it is a whole number.
pub(crate) fn root(index: u64, n: u64) -> Complex {
    let quarters = 4 * (index % n);
    let (quarter, rest) = (quarters / n, quarters % n);
    let angle = |part: u64| FRAC_PI_2 * (part as f64 / n as f64);
    let (sin, cos) = if 2 * rest <= n {
        angle(rest).sin_cos()
    } else {
        let (cos, sin) = angle(n - rest).sin_cos();
        (sin, cos)
    };
    match quarter {
        0 => Complex::new(cos, -sin),
        1 => Complex::new(-sin, -cos),
        2 => Complex::new(-cos, sin),
        _ => Complex::new(sin, cos),
    }
}

/// All roots of unity of one order, from two tables of about the square root of it.
pub(super) struct Roots {
    order: u64,
    shift: u32,
    low: Vec<Complex>,
    high: Vec<Complex>,
}

impl Roots {
    pub(super) fn new(order: u64) -> Self {
        let shift = order.ilog2().div_ceil(2);
        let low = (0..1 << shift).map(|i| root(i, order)).collect();
        let high = (0..=order >> shift).map(|i| root(i << shift, order)).collect();
        Self { order, shift, low, high }
    }

    /// `exp(−2πi index/order)`.
    pub(super) fn get(&self, index: u64) -> Complex {
        let index = index % self.order;
        self.high[(index >> self.shift) as usize] * self.low[(index & ((1 << self.shift) - 1)) as usize]
    }

    /// Multiplies each number by the root of its position times `step`.
    pub(super) fn twist(&self, step: u64, row: &mut [Complex]) {
        const RUN: usize = 64;
        let runs: [Complex; RUN] = std::array::from_fn(|i| self.get(step * i as u64));
        for (i, run) in row.chunks_mut(RUN).enumerate() {
            let start = self.get(step * (i * RUN) as u64);
            run.iter_mut().zip(&runs).for_each(|(x, w)| *x *= start * w);
        }
    }

    /// As [`twist`](Self::twist), the other way round for an inverse.
    pub(super) fn twist_towards(&self, direction: Direction, step: u64, row: &mut [Complex]) {
        match direction {
            Direction::Forward => self.twist(step, row),
            Direction::Inverse => self.twist(self.order - step % self.order, row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_where_they_should_be() {
        for n in [1u64, 2, 3, 4, 8, 12, 97, 1000, 4096] {
            let roots = Roots::new(n);
            for i in 0..2 * n {
                let (sin, cos) = (std::f64::consts::TAU * (i % n) as f64 / n as f64).sin_cos();
                assert!((root(i, n) - Complex::new(cos, -sin)).norm() < 2e-15, "{i} of {n}");
                assert!((root(i, n) - roots.get(i)).norm() < 4e-16, "{i} of {n}");
                assert!((root(i, n).norm() - 1.0).abs() < 3e-16, "{i} of {n}");
            }
        }
        assert_eq!([0, 1, 2, 3].map(|i| root(i, 4).re), [1.0, 0.0, -1.0, 0.0]);
    }

    #[test]
    fn a_row_is_twisted_by_powers() {
        let roots = Roots::new(1000);
        let mut row = vec![Complex::new(0.0, 2.0); 200];
        roots.twist(7, &mut row);
        for (i, x) in row.iter().enumerate() {
            assert!((x - Complex::new(0.0, 2.0) * root(7 * i as u64, 1000)).norm() < 2e-15, "{i}");
        }
    }
}
