//! Short transforms, on instructions and roots of unity of our own: nearer the truth than FFTW's, the same bits on every processor.

use super::{
    Complex,
    roots::root,
    stages::{Split, Stage},
};
use crate::nans::make_alike;
use echoes_simd::{Lanes, Operation};

/// The longest: beyond it a transform in two sweeps is faster, and without suitable factors `rustfft`, up to twice.
pub(super) const SHORT: usize = 4096;

/// The plan of the transform of `n` complex numbers.
pub(super) struct Short {
    n: usize,
    stages: Vec<Stage>,
    chirp: Option<Chirp>,
}

/// Of lengths with large primes: a convolution (Bluestein, A linear filtering approach to the computation of discrete Fourier
/// transform, IEEE Trans. Audio Electroacoust. 18, 1970), the stages being those of its length.
struct Chirp {
    /// `exp(−πi j²/n)`.
    chirp: Vec<Complex>,
    /// The transform of the conjugate of that, over the length.
    response: Vec<Complex>,
}

/// Working memory. The numbers are transformed where they are.
pub(crate) struct Space {
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
    other: Split,
}

impl Short {
    pub(super) fn new(n: usize) -> Self {
        if let Some(stages) = Stage::all(n) {
            return Self { n, stages, chirp: None };
        }
        let len = (2 * n - 1).next_power_of_two();
        let plan = Self { n: len, stages: Stage::all(len).unwrap_or_default(), chirp: None };
        let chirp: Vec<Complex> = (0..n as u64).map(|j| root(j * j, 2 * n as u64)).collect();
        let mut space = plan.space();
        for (j, number) in chirp.iter().enumerate() {
            for at in [j, (len - j) % len] {
                (space.re[at], space.im[at]) = (number.re, -number.im);
            }
        }
        plan.run_stages(&mut space);
        let part = |(re, im): (&f64, &f64)| Complex::new(*re, *im) / len as f64;
        let response = space.re.iter().zip(&space.im).map(part).collect();
        Self { n, stages: plan.stages, chirp: Some(Chirp { chirp, response }) }
    }

    /// Working memory, all zeros.
    pub(super) fn space(&self) -> Space {
        let len = self.chirp.as_ref().map_or(self.n, |chirp| chirp.response.len());
        let zeros = || vec![0.0; len];
        Space { re: zeros(), im: zeros(), other: (zeros(), zeros()) }
    }

    /// Transforms the first `n` numbers of the memory.
    pub(super) fn run(&self, space: &mut Space) {
        match &self.chirp {
            Some(chirp) => self.convolve(space, chirp),
            None => self.run_stages(space),
        }
        echoes_simd::run(Alike(space, self.n));
    }

    fn convolve(&self, space: &mut Space, Chirp { chirp, response }: &Chirp) {
        multiply(space, chirp);
        space.re[self.n..].fill(0.0);
        space.im[self.n..].fill(0.0);
        self.run_stages(space);
        multiply(space, response);
        // The inverse is the transform of the numbers with their parts exchanged.
        std::mem::swap(&mut space.re, &mut space.im);
        self.run_stages(space);
        std::mem::swap(&mut space.re, &mut space.im);
        multiply(space, chirp);
    }

    fn run_stages(&self, space: &mut Space) {
        let mut numbers = (std::mem::take(&mut space.re), std::mem::take(&mut space.im));
        for stage in &self.stages {
            stage.run(&numbers, &mut space.other);
            std::mem::swap(&mut numbers, &mut space.other);
        }
        (space.re, space.im) = numbers;
    }
}

fn multiply(space: &mut Space, factors: &[Complex]) {
    for ((re, im), factor) in space.re.iter_mut().zip(&mut space.im).zip(factors) {
        let product = Complex::new(*re, *im) * factor;
        (*re, *im) = (product.re, product.im);
    }
}

/// The plan of the transform of `n` real numbers: where that is even, one of half as many complex ones.
pub(crate) struct ShortReal {
    n: usize,
    complex: Short,
    /// Those of the first half of the circle.
    roots: Vec<Complex>,
}

impl ShortReal {
    pub(super) fn new(n: usize) -> Self {
        if n.is_multiple_of(2) {
            let roots = (0..=n as u64 / 2).map(|k| root(k, n as u64)).collect();
            Self { n, complex: Short::new(n / 2), roots }
        } else {
            Self { n, complex: Short::new(n), roots: Vec::new() }
        }
    }

    pub(super) fn space(&self) -> Space {
        self.complex.space()
    }

    /// The first half of the transform.
    pub(super) fn forward(&self, x: &[f64], spectrum: &mut [Complex], space: &mut Space) {
        if !self.n.is_multiple_of(2) {
            space.re[..self.n].copy_from_slice(x);
            space.im[..self.n].fill(0.0);
            self.complex.run(space);
            for (to, (&re, &im)) in spectrum.iter_mut().zip(space.re.iter().zip(&space.im)) {
                *to = Complex::new(re, im);
            }
            spectrum[0].im = 0.0;
            return;
        }
        for ((pair, re), im) in x.chunks_exact(2).zip(&mut space.re).zip(&mut space.im) {
            (*re, *im) = (pair[0], pair[1]);
        }
        self.complex.run(space);
        let m = self.n / 2;
        let at = |k: usize| Complex::new(space.re[k], space.im[k]);
        for (k, (to, root)) in spectrum.iter_mut().zip(&self.roots).enumerate() {
            let (a, b) = (at(if k < m { k } else { 0 }), mirrored(at(if k > 0 { m - k } else { 0 })));
            let (even, odd) = (0.5 * (a + b), 0.5 * (a - b));
            *to = even + Complex::new(odd.im, -odd.re) * root;
        }
    }

    /// The numbers of which this is the first half of the transform, times their number.
    pub(super) fn inverse(&self, spectrum: &[Complex], x: &mut [f64], space: &mut Space) {
        // Parts are exchanged on the way in and out: so the transform is the inverse.
        if !self.n.is_multiple_of(2) {
            for (k, number) in spectrum.iter().enumerate() {
                (space.im[k], space.re[k]) = (number.re, number.im);
                if k > 0 {
                    (space.im[self.n - k], space.re[self.n - k]) = (number.re, 0.0 - number.im);
                }
            }
            self.complex.run(space);
            x.copy_from_slice(&space.im[..self.n]);
            return;
        }
        let m = self.n / 2;
        for (k, root) in self.roots[..m].iter().enumerate() {
            let (a, b) = (spectrum[k], mirrored(spectrum[m - k]));
            let odd = (a - b) * root.conj();
            let number = a + b + Complex::new(-odd.im, odd.re);
            (space.im[k], space.re[k]) = (number.re, number.im);
        }
        self.complex.run(space);
        for ((pair, im), re) in x.chunks_exact_mut(2).zip(&space.re).zip(&space.im) {
            (pair[0], pair[1]) = (*re, *im);
        }
    }
}

/// Makes every NaN among the first numbers the same.
struct Alike<'a>(&'a mut Space, usize);

impl Operation for Alike<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(Space { re, im, .. }, n) = self;
        make_alike(l, &mut re[..n]);
        make_alike(l, &mut im[..n]);
    }
}

/// The conjugate. A change of sign would make a −0 of 0.
fn mirrored(number: Complex) -> Complex {
    Complex::new(number.re, 0.0 - number.im)
}
