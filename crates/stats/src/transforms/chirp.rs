//! Transforms of lengths without suitable factors, as convolutions with a chirp.

use super::{Complex, Direction, PIECE, Parts, in_place, pairs, plans::Plans, roots::Roots, smooth, zeros};
use crate::threads::{each_pair, each_piece};
use std::sync::Arc;

/// What convolutions multiply with, by the length of the transform: 64 MiB.
static RESPONSES: Plans<usize, Vec<f64>> = Plans::new(1 << 22);

/// The chirp `exp(−πi j²/n)` (Bluestein, A linear filtering approach to the computation of discrete Fourier transform, IEEE Trans.
/// Audio Electroacoust. 18, 1970): `jk` is half of `j² + k² − (j − k)²`.
struct Chirp(Roots);

impl Chirp {
    fn new(n: usize) -> Self {
        Self(Roots::new(2 * n as u64))
    }

    fn at(&self, j: usize) -> Complex {
        self.0.get((j * j) as u64)
    }
}

/// The transform of the chirp's conjugate, backwards around the end as forwards, in so many numbers.
fn response(n: usize, len: usize, chirp: &Chirp) -> Arc<Vec<f64>> {
    RESPONSES.get(n, len, || {
        let mut response = zeros(2 * len);
        each_piece(
            pairs(&mut response),
            PIECE,
            || (),
            |(), i, piece| {
                for (j, out) in (i * PIECE..).zip(piece) {
                    let j = j.min(len - j);
                    if j < n {
                        *out = chirp.at(j).conj();
                    }
                }
            },
        );
        in_place(&mut response, Direction::Forward);
        Arc::new(response)
    })
}

/// The convolution with the chirp's conjugate of what `read` gives for each of `n` rows, which times the chirp is the transform.
fn convolve(n: usize, chirp: &Chirp, read: impl Fn(usize) -> Complex + Send + Sync) -> Vec<f64> {
    let len = smooth(2 * n - 1);
    let mut x = zeros(2 * len);
    each_piece(
        pairs(&mut x),
        PIECE,
        || (),
        |(), i, piece| {
            for (j, x) in (i * PIECE..n).zip(piece) {
                *x = read(j) * chirp.at(j);
            }
        },
    );
    in_place(&mut x, Direction::Forward);
    let response = response(n, len, chirp);
    let response: &[Complex] = bytemuck::cast_slice(&response);
    each_piece(
        pairs(&mut x),
        PIECE,
        || (),
        |(), i, piece| {
            for (x, response) in piece.iter_mut().zip(&response[i * PIECE..]) {
                *x *= response;
            }
        },
    );
    in_place(&mut x, Direction::Inverse);
    each_piece(
        &mut pairs(&mut x)[..n],
        PIECE,
        || (),
        |(), i, piece| {
            for (k, x) in (i * PIECE..).zip(piece) {
                *x = *x * chirp.at(k) / len as f64;
            }
        },
    );
    x.truncate(2 * n);
    x
}

/// The first `wanted` numbers of the transform of real ones.
pub(super) fn of_real(x: Vec<f64>, wanted: usize) -> Parts {
    let n = x.len();
    let transform = convolve(n, &Chirp::new(n), |j| Complex::from(x[j]));
    let transform: &[Complex] = bytemuck::cast_slice(&transform);
    let (mut re, mut im) = (zeros(wanted), zeros(wanted));
    each_pair(&mut re, &mut im, PIECE, |i, re, im| {
        for (k, (re, im)) in (i * PIECE..).zip(re.iter_mut().zip(im)) {
            let number = if 2 * k <= n { transform[k] } else { transform[n - k].conj() };
            (*re, *im) = (number.re, number.im);
        }
    });
    im[0] = 0.0;
    (re, im)
}

/// The transform of complex numbers, two doubles each, written over them.
pub(super) fn of_complex(doubles: &mut Vec<f64>, direction: Direction) {
    let z: &[Complex] = bytemuck::cast_slice(doubles);
    // The inverse is the transform of the conjugate's conjugate.
    let turned = |z: Complex| if direction == Direction::Forward { z } else { z.conj() };
    let mut transform = convolve(z.len(), &Chirp::new(z.len()), |j| turned(z[j]));
    each_piece(pairs(&mut transform), PIECE, || (), |(), _, piece| piece.iter_mut().for_each(|z| *z = turned(*z)));
    *doubles = transform;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chirp_gives_what_one_piece_gives() {
        for n in [1usize, 2, 3, 10, 97, 1021] {
            let z: Vec<f64> = (0..2 * n).map(|i| (i * i % 29) as f64 - 14.0).collect();
            for direction in [Direction::Forward, Direction::Inverse] {
                let (mut found, mut expected) = (z.clone(), z.clone());
                of_complex(&mut found, direction);
                in_place(&mut expected, direction);
                assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-10), "{n} {direction}");
            }
            let found = of_real(z[..n].to_vec(), n);
            let expected = super::super::of_real(z[..n].to_vec(), super::super::Half::Both, 1.0);
            let near = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10);
            assert!(near(&found.0, &expected.0) && near(&found.1, &expected.1), "{n}");
        }
    }
}
