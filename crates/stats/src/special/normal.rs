//! The tail of the normal distribution.
//!
//! Near the middle by the series of the error function without alternating signs (DLMF 7.6.2), beyond by Laplace's continued
//! fraction (DLMF 7.9.1). Relative error against SciPy: ≤ 2e-13 down to 1e-300, where the error of an exponential is that of its
//! exponent, ≤ 1e-14 down to 1e-20.

use super::exp::exp_of;

/// `1 / √(2π)`.
const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;

/// From here on the fraction needs no more than [`STEPS`].
const FAR: f64 = 1.5;
const STEPS: u32 = 200;

/// The probability of a standard normal variable beyond `z`.
pub(crate) fn normal_beyond(z: f64) -> f64 {
    let size = z.abs();
    let density = DENSITY_AT_ZERO * exp_of(-0.5 * size * size, 0.0);
    let tail = if size < FAR {
        0.5 - density * series(size)
    } else if size.is_infinite() {
        0.0
    } else {
        density / (1..=STEPS).rev().fold(size, |fraction, step| size + f64::from(step) / fraction)
    };
    if z < 0.0 { 1.0 - tail } else { tail }
}

/// `z + z³/3 + z⁵/(3·5) + …`.
fn series(z: f64) -> f64 {
    let (mut sum, mut term, mut odd) = (0.0, z, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= z * z / odd;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17: `norm.sf`.
    #[test]
    fn tails() {
        for (z, wanted, error) in [
            (0.0, 0.5, 0.0),
            (0.5, 0.308_537_538_725_986_9, 1e-15),
            (1.4, 0.080_756_659_233_771_07, 2e-15),
            (1.6, 0.054_799_291_699_557_974, 2e-15),
            (3.0, 0.001_349_898_031_630_093_3, 4e-15),
            (10.0, 7.619_853_024_160_47e-24, 2e-14),
            (37.0, 5.725_571_222_523_926_6e-300, 2e-13),
        ] {
            let found = normal_beyond(z);
            assert!((found / wanted - 1.0).abs() <= error, "{z}: {found:e} is not {wanted:e}");
            assert_eq!(normal_beyond(-z), 1.0 - found);
        }
        assert_eq!(
            (normal_beyond(f64::INFINITY), normal_beyond(f64::NEG_INFINITY), normal_beyond(40.0)),
            (0.0, 1.0, 0.0)
        );
        assert!(normal_beyond(f64::NAN).is_nan());
    }

    #[test]
    fn both_ways_meet() {
        let (near, far) = (normal_beyond(FAR - 1e-15), normal_beyond(FAR));
        assert!((near / far - 1.0).abs() < 1e-14, "{near} {far}");
    }
}
