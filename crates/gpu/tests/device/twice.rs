//! Numbers of twice the digits of a double, and a Fourier transform of them: the truth that others are held against.

use std::ops::{Add, Mul, Neg, Sub};

/// A number as the sum of two doubles.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Twice(f64, f64);

impl Twice {
    pub(crate) fn of(x: f64) -> Self {
        Self(x, 0.0)
    }

    /// How far a double is off.
    pub(crate) fn error(self, x: f64) -> f64 {
        (x - self.0) - self.1
    }

    fn sum(a: f64, b: f64) -> Self {
        let s = a + b;
        let part = s - a;
        Self(s, (a - (s - part)) + (b - part))
    }
}

impl Add for Twice {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) = (Self::sum(self.0, other.0), Self::sum(self.1, other.1));
        let next = Self::sum(high.0, high.1 + low.0);
        Self::sum(next.0, next.1 + low.1)
    }
}

impl Neg for Twice {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl Sub for Twice {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Twice {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let p = self.0 * other.0;
        Self::sum(p, self.0.mul_add(other.0, -p) + (self.0 * other.1 + self.1 * other.0))
    }
}

/// A complex number.
pub(crate) type Complex = (Twice, Twice);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// `exp(−2πi k/n)`, from the series.
fn factor(k: usize, n: usize) -> Complex {
    let pi = Twice(std::f64::consts::PI, 1.224_646_799_147_353_2e-16);
    let angle = -(pi * Twice::of(2.0 * k as f64 / n as f64));
    let (mut term, mut sums) = (Twice::of(1.0), [Twice::default(); 4]);
    for i in 0..60 {
        sums[i % 4] = sums[i % 4] + term;
        // The reciprocal to twice the digits: one step of Newton's.
        let (size, guess) = (Twice::of((i + 1) as f64), Twice::of(1.0 / (i + 1) as f64));
        term = term * angle * (guess * (Twice::of(2.0) - size * guess));
    }
    (sums[0] - sums[2], sums[1] - sums[3])
}

/// The transform, by halves.
pub(crate) fn transform(x: &[Complex]) -> Vec<Complex> {
    if x.len() == 1 {
        return x.to_vec();
    }
    let half = |from: usize| transform(&x.iter().copied().skip(from).step_by(2).collect::<Vec<_>>());
    let (even, odd) = (half(0), half(1));
    let mut all = vec![Complex::default(); x.len()];
    for k in 0..x.len() / 2 {
        let turned = times(factor(k, x.len()), odd[k]);
        all[k] = (even[k].0 + turned.0, even[k].1 + turned.1);
        all[k + x.len() / 2] = (even[k].0 - turned.0, even[k].1 - turned.1);
    }
    all
}
