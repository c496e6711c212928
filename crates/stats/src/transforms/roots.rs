//! Roots of unity.

use super::{Complex, Direction};
use crate::double::Double;

/// A quarter of a turn, and what the double lacks of it.
const QUARTER: (f64, f64) = (std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17);

/// `exp(−2πi index/n)`, each part within an ULP: the angle is taken to less than an eighth of a turn while it is a whole number, and
/// is known to twice the digits.
pub(crate) fn root(index: u64, n: u64) -> Complex {
    let quarters = 4 * (index % n);
    let (quarter, rest) = (quarters / n, quarters % n);
    let (sin, cos) = if 2 * rest <= n {
        sin_cos(rest, n)
    } else {
        let (cos, sin) = sin_cos(n - rest, n);
        (sin, cos)
    };
    match quarter {
        0 => Complex::new(cos, -sin),
        1 => Complex::new(-sin, -cos),
        2 => Complex::new(-cos, sin),
        _ => Complex::new(sin, cos),
    }
}

/// Sine and cosine of `part/n` quarters of a turn, half a quarter at most, by the polynomials of FreeBSD's `k_sin.c` and `k_cos.c`:
/// those of the platform differ from one to the other.
fn sin_cos(part: u64, n: u64) -> (f64, f64) {
    const SIN: [f64; 6] = [
        -1.666_666_666_666_663_2e-1,
        8.333_333_333_322_49e-3,
        -1.984_126_982_985_795e-4,
        2.755_731_370_707_006_8e-6,
        -2.505_076_025_340_686_3e-8,
        1.589_690_995_211_55e-10,
    ];
    const COS: [f64; 6] = [
        4.166_666_666_666_66e-2,
        -1.388_888_888_887_411e-3,
        2.480_158_728_947_673e-5,
        -2.755_731_435_139_066_3e-7,
        2.087_572_321_298_175e-9,
        -1.135_964_755_778_819_5e-11,
    ];
    let part = part as f64;
    let angle = Double::product(QUARTER.0, part).add(QUARTER.1 * part).over(Double::from(n as f64));
    let (x, tail) = (angle.high(), angle.low());
    let z = x * x;
    let cube = z * x;
    let high = SIN[1] + z * (SIN[2] + z * (SIN[3] + z * (SIN[4] + z * SIN[5])));
    let sin = x - ((z * (0.5 * tail - cube * high) - tail) - cube * SIN[0]);
    let high = z * (COS[0] + z * (COS[1] + z * COS[2])) + z * z * (z * z) * (COS[3] + z * (COS[4] + z * COS[5]));
    let most = 1.0 - 0.5 * z;
    let cos = most + (((1.0 - most) - 0.5 * z) + (z * high - x * tail));
    (sin, cos)
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
        self.reduced(index % self.order)
    }

    /// As [`get`](Self::get), of an index below the order.
    pub(super) fn reduced(&self, index: u64) -> Complex {
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
