//! The stages of a short transform: butterflies of one radix over all its numbers, eight at a time.

use super::{
    Complex,
    butterflies::{Butterfly, C, Eight, Five, Four, LANES, Three, Two, add, minus_i, plus_i, subtract, times},
    roots::root,
};
use echoes_simd::{Lanes, Operation};

/// The largest prime that has a stage: the work of one grows as its square.
pub(super) const PRIME_MAX: usize = 97;

/// The real parts and the imaginary ones.
pub(super) type Split = (Vec<f64>, Vec<f64>);

/// A stage by Stockham's way, whose output is in order (Cochran and others, What is the fast Fourier transform?, Proc. IEEE 55, 1967).
///
/// Number `q + stride (p + groups k)` is part `k` of butterfly `(p, q)`, whose results, twisted by the roots of unity `p k`, become
/// the numbers `q + stride (radix p + k)`.
pub(super) struct Stage {
    radix: usize,
    groups: usize,
    stride: usize,
    /// For each butterfly, or each `p` where the stride is a vector or more: those of `k = 1` to `radix − 1`. Where it is less, those
    /// of one `k` lie together.
    twists: Split,
    /// Cosines and sines of the parts of a circle, for radices without a butterfly of their own.
    circle: Split,
}

impl Stage {
    fn new(radix: usize, groups: usize, stride: usize) -> Self {
        let order = (radix * groups) as u64;
        let twist = |p: usize, k: usize| root((p * k) as u64, order);
        let twists: Vec<Complex> = if stride < LANES {
            let rows = |k: usize| (0..groups * stride).map(move |i| twist(i / stride, k));
            (1..radix).flat_map(rows).collect()
        } else {
            (0..groups).flat_map(|p| (1..radix).map(move |k| twist(p, k))).collect()
        };
        let circle: Vec<Complex> = (0..radix as u64).map(|i| root(i, radix as u64).conj()).collect();
        Self { radix, groups, stride, twists: split(&twists), circle: split(&circle) }
    }

    /// The stages of a transform of `n` numbers; none if it has a prime that no stage is for.
    pub(super) fn all(n: usize) -> Option<Vec<Self>> {
        let (mut groups, mut stride) = (n, 1);
        let stages = radices(n)?.into_iter().map(|radix| {
            groups /= radix;
            let stage = Self::new(radix, groups, stride);
            stride *= radix;
            stage
        });
        Some(stages.collect())
    }

    /// Writes to `to` what becomes of the numbers `from`.
    pub(super) fn run(&self, from: &Split, to: &mut Split) {
        let n = self.radix * self.groups * self.stride;
        let from = (&from.0[..n], &from.1[..n]);
        echoes_simd::run(Pass { stage: self, from, to: (&mut to.0[..n], &mut to.1[..n]) });
    }
}

fn split(numbers: &[Complex]) -> Split {
    numbers.iter().map(|number| (number.re, number.im)).unzip()
}

/// The factors of `n`, the large powers of two first: from then on strides are whole vectors. None if it has a prime that no stage is for.
pub(super) fn radices(n: usize) -> Option<Vec<usize>> {
    let mut rest = n;
    let mut radices = Vec::new();
    for radix in [8, 4, 2].into_iter().chain((3..=PRIME_MAX).step_by(2)) {
        // Of 16, two fours are more alike than an eight and a two.
        while rest.is_multiple_of(radix) && !(radix == 8 && rest == 16) {
            radices.push(radix);
            rest /= radix;
        }
    }
    (rest == 1).then_some(radices)
}

struct Pass<'a> {
    stage: &'a Stage,
    from: (&'a [f64], &'a [f64]),
    to: (&'a mut [f64], &'a mut [f64]),
}

impl Operation for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        match self.stage.radix {
            2 => self.with::<L, Two, 2>(l),
            3 => self.with::<L, Three, 3>(l),
            4 => self.with::<L, Four, 4>(l),
            5 => self.with::<L, Five, 5>(l),
            8 => self.with::<L, Eight, 8>(l),
            _ => self.prime(l),
        }
    }
}

impl Pass<'_> {
    #[inline(always)]
    fn with<L: Lanes, B: Butterfly<R>, const R: usize>(mut self, l: L) {
        if self.stage.stride < LANES { self.scattered::<L, B, R>(l) } else { self.contiguous::<L, B, R>(l) }
    }

    /// Butterflies of one `p` in each vector: one twist for all of them.
    #[inline(always)]
    fn contiguous<L: Lanes, B: Butterfly<R>, const R: usize>(&mut self, l: L) {
        let (groups, stride) = (self.stage.groups, self.stage.stride);
        let (twist_re, twist_im) = (&self.stage.twists.0, &self.stage.twists.1);
        let mut p = 0;
        while p < groups {
            let mut twists = [(l.splat(1.0), l.splat(0.0)); R];
            let mut k = 1;
            while k < R {
                let at = p * (R - 1) + k - 1;
                twists[k] = (l.splat(twist_re[at]), l.splat(twist_im[at]));
                k += 1;
            }
            let mut q = 0;
            loop {
                let mut x = [(l.splat(0.0), l.splat(0.0)); R];
                let mut k = 0;
                while k < R {
                    let at = q + stride * (p + groups * k);
                    x[k] = (load(l, self.from.0, at), load(l, self.from.1, at));
                    k += 1;
                }
                let y = B::of(l, x);
                let mut k = 0;
                while k < R {
                    let (re, im) = if k == 0 { y[0] } else { times::<L>(y[k], twists[k]) };
                    let at = q + stride * (R * p + k);
                    store(self.to.0, at, l.to_array(re));
                    store(self.to.1, at, l.to_array(im));
                    k += 1;
                }
                if q + LANES == stride {
                    break;
                }
                // The last vector may have some of the one before it again, with the same results.
                q = if q + 2 * LANES > stride { stride - LANES } else { q + LANES };
            }
            p += 1;
        }
    }

    /// Butterflies of several `p` in each vector, whose results are put one by one where they belong.
    #[inline(always)]
    fn scattered<L: Lanes, B: Butterfly<R>, const R: usize>(&mut self, l: L) {
        let stride = self.stage.stride;
        let count = self.stage.groups * stride;
        let mut i = 0;
        while i < count {
            let have = if count - i < LANES { count - i } else { LANES };
            let mut x = [(l.splat(0.0), l.splat(0.0)); R];
            let mut k = 0;
            while k < R {
                x[k] = (part(l, self.from.0, i + count * k, have), part(l, self.from.1, i + count * k, have));
                k += 1;
            }
            let y = B::of(l, x);
            let (mut re, mut im) = ([[0.0; LANES]; R], [[0.0; LANES]; R]);
            let mut k = 0;
            while k < R {
                let number = if k == 0 { y[0] } else { times::<L>(y[k], self.twist(l, i, k, have)) };
                re[k] = l.to_array(number.0);
                im[k] = l.to_array(number.1);
                k += 1;
            }
            let mut j = 0;
            while j < have {
                let first = (i + j) % stride + stride * R * ((i + j) / stride);
                let mut k = 0;
                while k < R {
                    self.to.0[first + stride * k] = re[k][j];
                    self.to.1[first + stride * k] = im[k][j];
                    k += 1;
                }
                j += 1;
            }
            i += LANES;
        }
    }

    /// The twists of result `k` of the butterflies from number `i` on.
    #[inline(always)]
    fn twist<L: Lanes>(&self, l: L, i: usize, k: usize, have: usize) -> C<L> {
        let at = i + self.stage.groups * self.stage.stride * (k - 1);
        (part(l, &self.stage.twists.0, at, have), part(l, &self.stage.twists.1, at, have))
    }

    /// The sums that define a transform, of the radix's length: pairs that mirror each other share their products.
    #[inline(always)]
    fn prime<L: Lanes>(self, l: L) {
        let Stage { radix, groups, stride, ref twists, ref circle } = *self.stage;
        let (count, half) = (groups * stride, radix / 2);
        let zero = (l.splat(0.0), l.splat(0.0));
        let (mut sums, mut differences) = ([zero; PRIME_MAX / 2 + 1], [zero; PRIME_MAX / 2 + 1]);
        let mut i = 0;
        while i < count {
            let have = if count - i < LANES { count - i } else { LANES };
            let first = (part(l, self.from.0, i, have), part(l, self.from.1, i, have));
            let mut total = first;
            let mut j = 1;
            while j <= half {
                let (at, mirror) = (i + count * j, i + count * (radix - j));
                let a = (part(l, self.from.0, at, have), part(l, self.from.1, at, have));
                let b = (part(l, self.from.0, mirror, have), part(l, self.from.1, mirror, have));
                (sums[j], differences[j]) = (add::<L>(a, b), subtract::<L>(a, b));
                total = add::<L>(total, sums[j]);
                j += 1;
            }
            let mut k = 0;
            while k < radix {
                // Result `radix − k` has the same products as result `k`.
                let row = if k <= half { k } else { radix - k };
                let (mut even, mut odd) = (first, zero);
                let (mut at, mut j) = (0, 1);
                while row > 0 && j <= half {
                    at = if at + row < radix { at + row } else { at + row - radix };
                    let (cos, sin) = (l.splat(circle.0[at]), l.splat(circle.1[at]));
                    even = (even.0 + cos * sums[j].0, even.1 + cos * sums[j].1);
                    odd = (odd.0 + sin * differences[j].0, odd.1 + sin * differences[j].1);
                    j += 1;
                }
                let number = if k == 0 {
                    total
                } else if k <= half {
                    minus_i::<L>(even, odd)
                } else {
                    plus_i::<L>(even, odd)
                };
                let (re, im) = (l.to_array(number.0), l.to_array(number.1));
                let mut j = 0;
                while j < have {
                    let (p, q) = ((i + j) / stride, (i + j) % stride);
                    let mut twist = (1.0, 0.0);
                    if k > 0 {
                        let at = if stride < LANES { i + j + count * (k - 1) } else { p * (radix - 1) + k - 1 };
                        twist = (twists.0[at], twists.1[at]);
                    }
                    let at = q + stride * (radix * p + k);
                    self.to.0[at] = re[j] * twist.0 - im[j] * twist.1;
                    self.to.1[at] = re[j] * twist.1 + im[j] * twist.0;
                    j += 1;
                }
                k += 1;
            }
            i += LANES;
        }
    }
}

#[inline(always)]
fn load<L: Lanes>(l: L, x: &[f64], at: usize) -> L::V {
    let mut eight = [0.0; LANES];
    eight.copy_from_slice(&x[at..at + LANES]);
    l.load8(&eight)
}

#[inline(always)]
fn store(x: &mut [f64], at: usize, eight: [f64; LANES]) {
    x[at..at + LANES].copy_from_slice(&eight);
}

/// So many numbers, and zeros after them.
#[inline(always)]
fn part<L: Lanes>(l: L, x: &[f64], at: usize, have: usize) -> L::V {
    if have == LANES {
        return load(l, x, at);
    }
    let mut some = [0.0; LANES];
    some[..have].copy_from_slice(&x[at..at + have]);
    l.load8(&some)
}
