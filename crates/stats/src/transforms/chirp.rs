//! Transforms of lengths without suitable factors, as convolutions with a chirp.

use super::{Complex, Direction, PIECE, Parts, long_of_complex, plans::Plans, roots::Roots, smooth};
use crate::threads::{each_pair, zeros};
use std::sync::Arc;

/// What convolutions multiply with, by the length of the transform: 64 MiB.
static RESPONSES: Plans<usize, Parts> = Plans::new(1 << 22);

/// The chirp `exp(−πi j²/n)` (Bluestein, A linear filtering approach to the computation of discrete Fourier transform, IEEE Trans.
/// Audio Electroacoust. 18, 1970): `jk` is half of `j² + k² − (j − k)²`.
struct Chirp {
    n: usize,
    roots: Roots,
}

impl Chirp {
    fn new(n: usize) -> Self {
        Self { n, roots: Roots::new(2 * n as u64) }
    }

    /// Its numbers from `j` on, below `n`.
    fn from(&self, j: usize) -> impl Iterator<Item = Complex> {
        let order = 2 * self.n as u64;
        let mut square = (j * j) as u64 % order;
        (j as u64..self.n as u64).map(move |j| {
            let number = self.roots.reduced(square);
            // The next square is larger by less than the order.
            square += 2 * j + 1;
            square -= if square < order { 0 } else { order };
            number
        })
    }
}

/// The transform of the chirp's conjugate, backwards around the end as forwards, in so many numbers.
fn response(n: usize, len: usize, chirp: &Chirp) -> Arc<Parts> {
    RESPONSES.get(n, len, || {
        let (mut re, mut im) = (zeros(len), zeros(len));
        for (j, number) in chirp.from(0).enumerate() {
            for at in [j, (len - j) % len] {
                (re[at], im[at]) = (number.re, -number.im);
            }
        }
        let mut response = (zeros(len), zeros(len));
        long_of_complex(&mut re, &mut im, [&mut response.0, &mut response.1], Direction::Forward, 1.0);
        Arc::new(response)
    })
}

/// The convolution with the chirp's conjugate of what `read` gives for each of `n` rows, which times the chirp is the transform.
fn convolve(n: usize, read: impl Fn(usize) -> Complex + Send + Sync) -> Parts {
    let (chirp, len) = (Chirp::new(n), smooth(2 * n - 1));
    let (mut re, mut im) = (zeros(len), zeros(len));
    each_pair(&mut re[..n], &mut im[..n], PIECE, |i, re, im| {
        for ((j, number), (re, im)) in (i * PIECE..).zip(chirp.from(i * PIECE)).zip(re.iter_mut().zip(im)) {
            let product = read(j) * number;
            (*re, *im) = (product.re, product.im);
        }
    });
    let (mut to_re, mut to_im) = (zeros(len), zeros(len));
    long_of_complex(&mut re, &mut im, [&mut to_re, &mut to_im], Direction::Forward, 1.0);
    let response = response(n, len, &chirp);
    each_pair(&mut to_re, &mut to_im, PIECE, |i, re, im| {
        let factors = response.0[i * PIECE..].iter().zip(&response.1[i * PIECE..]);
        for ((re, im), (a, b)) in re.iter_mut().zip(im).zip(factors) {
            (*re, *im) = (*re * a - *im * b, *re * b + *im * a);
        }
    });
    long_of_complex(&mut to_re, &mut to_im, [&mut re, &mut im], Direction::Inverse, len as f64);
    re.truncate(n);
    im.truncate(n);
    each_pair(&mut re, &mut im, PIECE, |i, re, im| {
        for (number, (re, im)) in chirp.from(i * PIECE).zip(re.iter_mut().zip(im)) {
            let product = Complex::new(*re, *im) * number;
            (*re, *im) = (product.re, product.im);
        }
    });
    (re, im)
}

/// The first `wanted` numbers of the transform of real ones.
pub(super) fn of_real(x: &[f64], wanted: usize) -> Parts {
    let n = x.len();
    let (mut re, mut im) = convolve(n, |j| Complex::from(x[j]));
    for k in n / 2 + 1..wanted {
        (re[k], im[k]) = (re[n - k], 0.0 - im[n - k]);
    }
    re.truncate(wanted);
    im.truncate(wanted);
    im[0] = 0.0;
    if n.is_multiple_of(2) {
        im[n / 2] = 0.0;
    }
    (re, im)
}

/// The transform of complex numbers.
pub(super) fn of_complex(re: &[f64], im: &[f64], direction: Direction) -> Parts {
    // The inverse is the transform of the numbers with their parts exchanged.
    match direction {
        Direction::Forward => convolve(re.len(), |j| Complex::new(re[j], im[j])),
        Direction::Inverse => {
            let (im, re) = convolve(re.len(), |j| Complex::new(im[j], re[j]));
            (re, im)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chirp_gives_what_one_piece_gives() {
        for n in [1usize, 2, 3, 10, 97, 1021] {
            let z: Vec<f64> = (0..2 * n).map(|i| (i * i % 29) as f64 - 14.0).collect();
            let (re, im) = z.split_at(n);
            for direction in [Direction::Forward, Direction::Inverse] {
                let found = of_complex(re, im, direction);
                let expected = super::super::of_complex(re.to_vec(), im.to_vec(), direction, 1.0);
                let mut pairs = found.0.iter().chain(&found.1).zip(expected.0.iter().chain(&expected.1));
                assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-10), "{n} {direction}");
            }
            let found = of_real(&z[..n], n);
            let expected = super::super::of_real(z[..n].to_vec(), super::super::Half::Both, 1.0);
            let near = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10);
            assert!(near(&found.0, &expected.0) && near(&found.1, &expected.1), "{n}");
        }
    }
}
