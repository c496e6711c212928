//! Convolution of two samples: of short ones term by term, of long ones by their transforms.

use crate::{
    nans::make_alike,
    threads::{each_pair, each_piece, zeros},
    transforms::{self, Half},
};
use echoes_kernel::{Reject, Result, Shape};
use echoes_simd::{Lanes, Operation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Products that are added term by term, at most: some seconds of work for each processor.
const PRODUCTS_MAX: u64 = 1 << 36;

/// Sums that a thread makes at a time, in the first cache.
const PIECE: usize = 2048;

/// Which part of the convolution is wanted, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All of it: a row less than the samples have together.
    #[default]
    Full,
    /// The middle of it, as long as the first sample.
    Same,
    /// Where the shorter sample lies wholly within the longer one.
    Valid,
}

impl Mode {
    /// The rows of the whole that are wanted, of samples of `n` and `m` rows.
    fn rows(self, n: usize, m: usize) -> Range<usize> {
        match self {
            Self::Full => 0..n + m - 1,
            Self::Same => (m - 1) / 2..(m - 1) / 2 + n,
            Self::Valid => n.min(m) - 1..n.max(m),
        }
    }
}

/// How it is computed, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The quicker one, which the lengths alone decide.
    #[default]
    Auto,
    /// Term by term: a NaN or an infinity touches the sums that it is in, and no others.
    Direct,
    /// By Fourier transforms: errors are those of the largest sum, and a NaN or an infinity spreads over all.
    Fft,
}

/// Refuses samples of which too much would be asked.
pub(crate) fn check(way: Way, n: u64, m: u64) -> Result<()> {
    transforms::check(n.saturating_add(m).saturating_sub(1))?;
    if way == Way::Direct && n.saturating_mul(m) > PRODUCTS_MAX {
        let what = "a convolution term by term (`fft` is another method)";
        return Err(Reject::TooLarge { what, needed: n.saturating_mul(m), limit: PRODUCTS_MAX });
    }
    Ok(())
}

/// As [`check`], before the rows of any sample but the longest are known.
pub(crate) fn check_shape(shape: &Shape<'_>) -> Result<()> {
    transforms::check(shape.rows.unwrap_or(0))
}

/// The convolution of two samples.
pub(crate) fn convolve(x: &[f64], y: &[f64], mode: Mode, way: Way) -> Result<Vec<f64>> {
    if x.is_empty() || y.is_empty() {
        return Err(Reject::Empty);
    }
    check(way, x.len() as u64, y.len() as u64)?;
    let wanted = mode.rows(x.len(), y.len());
    let (long, short) = if x.len() < y.len() { (y, x) } else { (x, y) };
    let is_direct = match way {
        Way::Auto => short.len() <= 4 * (long.len() + short.len()).ilog2() as usize,
        Way::Direct => true,
        Way::Fft => false,
    };
    Ok(if is_direct { direct(long, short, wanted) } else { transformed(long, short, wanted) })
}

fn direct(long: &[f64], short: &[f64], wanted: Range<usize>) -> Vec<f64> {
    let mut sums = zeros(wanted.len());
    each_piece(
        &mut sums,
        PIECE,
        || (),
        |(), i, sums| {
            echoes_simd::run(Products { long, short, first: wanted.start + i * PIECE, sums });
        },
    );
    sums
}

/// The sums from number `first` on, the terms of each in the order of the shorter sample.
struct Products<'a> {
    long: &'a [f64],
    short: &'a [f64],
    first: usize,
    sums: &'a mut [f64],
}

impl Operation for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (first, end) = (self.first, self.first + self.sums.len());
        let mut j = 0;
        while j < self.short.len() {
            let factor = self.short[j];
            // Sum `i` has term `long[i - j]`, where there is one.
            let (from, to) = (first.max(j), end.min(j + self.long.len()));
            if from < to {
                let sums = &mut self.sums[from - first..to - first];
                let terms = &self.long[from - j..to - j];
                let mut i = 0;
                while i < sums.len() && i < terms.len() {
                    sums[i] += factor * terms[i];
                    i += 1;
                }
            }
            j += 1;
        }
        make_alike(l, self.sums);
    }
}

fn transformed(long: &[f64], short: &[f64], wanted: Range<usize>) -> Vec<f64> {
    let len = transforms::smooth(long.len() + short.len() - 1);
    let transform = |x: &[f64]| {
        let mut padded = zeros(len);
        padded[..x.len()].copy_from_slice(x);
        transforms::of_real(padded, Half::First, 1.0)
    };
    let ((mut a, mut b), (c, d)) = (transform(long), transform(short));
    each_pair(&mut a, &mut b, PIECE, |i, a, b| {
        let other = c[i * PIECE..].iter().zip(&d[i * PIECE..]);
        for ((a, b), (c, d)) in a.iter_mut().zip(b).zip(other) {
            (*a, *b) = (*a * c - *b * d, *a * d + *b * c);
        }
    });
    let mut sums = transforms::to_real((a, b), len, len as f64);
    sums.truncate(wanted.end);
    sums.drain(..wanted.start);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(x: &[f64], y: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; x.len() + y.len() - 1];
        for (i, x) in x.iter().enumerate() {
            for (j, y) in y.iter().enumerate() {
                sums[i + j] += x * y;
            }
        }
        sums
    }

    /// Small whole numbers, of which all sums are exact.
    fn whole(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i + seed) * (i + seed) % 31) as f64 - 15.0).collect()
    }

    #[test]
    fn both_ways_are_the_sums_that_define_it() {
        let long = if cfg!(miri) { 70 } else { 2 * PIECE + 5 };
        for (n, m) in [(1, 1), (2, 1), (5, 3), (3, 5), (64, 64), (long, 9), (9, long)] {
            let (x, y) = (whole(n, 3), whole(m, 8));
            let expected = naive(&x, &y);
            for mode in [Mode::Full, Mode::Same, Mode::Valid] {
                let rows = mode.rows(n, m);
                assert_eq!(
                    convolve(&x, &y, mode, Way::Direct),
                    Ok(expected[rows.clone()].to_vec()),
                    "{n} {m} {mode:?}"
                );
                for way in [Way::Fft, Way::Auto] {
                    let found = convolve(&x, &y, mode, way).unwrap();
                    let near = found.iter().zip(&expected[rows.clone()]).all(|(a, b)| (a - b).abs() < 1e-10);
                    assert!(found.len() == rows.len() && near, "{n} {m} {mode:?} {way:?}");
                }
            }
        }
    }

    #[test]
    fn too_much_is_refused() {
        assert!(check(Way::Direct, 1 << 20, 1 << 20).is_err() && check(Way::Auto, 1 << 20, 1 << 20).is_ok());
        assert!(check(Way::Fft, 1 << 28, 2).is_err() && check(Way::Auto, u64::MAX, u64::MAX).is_err());
        assert_eq!(convolve(&[], &[1.0], Mode::Full, Way::Auto), Err(Reject::Empty));
    }
}
