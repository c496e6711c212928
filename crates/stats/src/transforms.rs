//! Discrete Fourier transforms of any length, and their plans.
//!
//! Lengths to [`SHORT`] and longer ones without a large prime are transformed by stages of our own, on vectors of eight, which give
//! the same bits on every processor; threads share the longer ones. Of the others those to [`LARGE`] are `rustfft`'s and
//! `realfft`'s; longer ones are cut into rows and columns, which those transform, and without suitable factors they become a
//! convolution of a length that has them. Which it is depends on the length alone, never on the threads, so that the bits do not
//! either.

mod butterflies;
mod chirp;
mod columns;
mod long;
mod plans;
mod roots;
mod short;
mod stages;
mod tables;
mod twists;

use crate::threads::{each_pair, each_piece, zeros};
use echoes_kernel::{Reject, Result};
use long::Long;
use plans::Plans;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::FftPlanner;
use short::{SHORT, Short, ShortReal, Space};
use std::{cell::RefCell, sync::Arc};
use tables::Table;

pub(crate) use roots::root;
pub(crate) use rustfft::FftDirection as Direction;

/// A complex number.
pub(crate) type Complex = num_complex::Complex<f64>;

/// Rows that one transform may have: 4 GiB of complex numbers.
pub(crate) const ROWS_MAX: u64 = 1 << 28;

/// The longest transform that is done in one piece.
const LARGE: usize = 1 << 17;

/// Numbers that a thread copies, scales or multiplies at a time.
const PIECE: usize = 1 << 14;

/// Numbers that the plans of a kind are kept for: 16 MiB, or twice that.
const KEPT: usize = 1 << 20;

static COMPLEX: Plans<(usize, bool), dyn rustfft::Fft<f64>> = Plans::new(KEPT);
static REAL: Plans<usize, dyn RealToComplex<f64>> = Plans::new(KEPT);
static SHORT_COMPLEX: Plans<usize, Short> = Plans::new(KEPT);
static SHORT_REAL: Plans<usize, ShortReal> = Plans::new(KEPT);
static TO_REAL: Plans<usize, dyn ComplexToReal<f64>> = Plans::new(KEPT);
static LONG: Plans<(usize, bool), Long> = Plans::new(KEPT);
static TABLES: Plans<(usize, usize), Table> = Plans::new(KEPT);

/// Refuses more than [`ROWS_MAX`].
pub(crate) fn check(rows: u64) -> Result<()> {
    if rows > ROWS_MAX {
        return Err(Reject::TooLarge { what: "a Fourier transform", needed: rows, limit: ROWS_MAX });
    }
    Ok(())
}

fn complex_plan(len: usize, direction: Direction) -> Arc<dyn rustfft::Fft<f64>> {
    let make = || FftPlanner::new().plan_fft(len, direction);
    COMPLEX.get((len, direction == Direction::Forward), len, make)
}

fn real_plan(len: usize) -> Arc<dyn RealToComplex<f64>> {
    REAL.get(len, len, || RealFftPlanner::new().plan_fft_forward(len))
}

fn short_real(len: usize) -> Arc<ShortReal> {
    SHORT_REAL.get(len, 8 * len, || Arc::new(ShortReal::new(len)))
}

/// The plan of the transform of so many real numbers, in one piece.
pub(crate) enum RealPlan {
    /// By stages of our own.
    Short(Arc<ShortReal>),
    /// By `realfft`.
    Long(Arc<dyn RealToComplex<f64>>),
}

/// Working memory of a transform.
pub(crate) struct RealSpace {
    short: Option<Space>,
    long: Vec<Complex>,
}

impl RealPlan {
    pub(crate) fn new(len: usize) -> Self {
        if len <= SHORT { Self::Short(short_real(len)) } else { Self::Long(real_plan(len)) }
    }

    pub(crate) fn space(&self) -> RealSpace {
        match self {
            Self::Short(plan) => RealSpace { short: Some(plan.space()), long: Vec::new() },
            Self::Long(plan) => RealSpace { short: None, long: plan.make_scratch_vec() },
        }
    }

    /// The first half of the transform of `x`, which is used up.
    pub(crate) fn run(&self, x: &mut [f64], spectrum: &mut [Complex], space: &mut RealSpace) {
        match (self, &mut space.short) {
            (Self::Short(plan), Some(space)) => plan.forward(x, spectrum, space),
            (Self::Short(plan), None) => plan.forward(x, spectrum, &mut plan.space()),
            (Self::Long(plan), _) => {
                let done = plan.process_with_scratch(x, spectrum, &mut space.long);
                debug_assert!(done.is_ok(), "the lengths are the plan's");
            }
        }
    }
}

/// Doubles as complex numbers, two each.
pub(crate) fn pairs(doubles: &mut [f64]) -> &mut [Complex] {
    bytemuck::cast_slice_mut(doubles)
}

/// The real and imaginary parts of a transform.
pub(crate) type Parts = (Vec<f64>, Vec<f64>);

/// How much of the transform of real numbers is wanted: the second half mirrors the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// The first `n/2 + 1`.
    First,
    /// All `n`.
    Both,
}

impl Half {
    const fn len(self, n: usize) -> usize {
        match self {
            Self::First => n / 2 + 1,
            Self::Both => n,
        }
    }
}

/// The transform of real numbers, one at least, each part over `divisor`.
pub(crate) fn of_real(mut x: Vec<f64>, half: Half, divisor: f64) -> Parts {
    let n = x.len();
    if n > SHORT && long::is_for(n) {
        return long_plan(n, true).of_real(&mut x, half, divisor);
    }
    if n <= LARGE {
        return over(small_of_real(x, half), divisor);
    }
    let parts = match tables::factors(n) {
        Some(factors) => table(n, factors).of_real(x, half.len(n)),
        None => chirp::of_real(&x, half.len(n)),
    };
    over(parts, divisor)
}

/// Both parts over `divisor`.
fn over((mut re, mut im): Parts, divisor: f64) -> Parts {
    if divisor != 1.0 {
        each_pair(&mut re, &mut im, PIECE, |_, re, im| re.iter_mut().chain(im).for_each(|x| *x /= divisor));
    }
    (re, im)
}

fn long_plan(n: usize, real: bool) -> Arc<Long> {
    LONG.get((n, real), Long::size(n), || Arc::new(Long::new(n, real)))
}

fn table(n: usize, (rows, columns): (usize, usize)) -> Arc<Table> {
    TABLES.get((rows, columns), 2 * n.isqrt(), || Table::new(rows, columns))
}

fn small_of_real(mut x: Vec<f64>, half: Half) -> Parts {
    let n = x.len();
    let wanted = half.len(n);
    if n <= SHORT {
        let plan = short_real(n);
        let mut spectrum = vec![Complex::default(); n / 2 + 1];
        plan.forward(&x, &mut spectrum, &mut plan.space());
        return unfold(&spectrum, n, wanted);
    }
    let plan = real_plan(n);
    with_space(n / 2 + 1 + plan.get_scratch_len(), |space| {
        let (spectrum, scratch) = space.split_at_mut(n / 2 + 1);
        let done = plan.process_with_scratch(&mut x, spectrum, scratch);
        debug_assert!(done.is_ok(), "the lengths are the plan's");
        unfold(spectrum, n, wanted)
    })
}

thread_local! {
    /// What a thread's transforms in one piece work in, a few MiB: asking the system for new memory takes longer than they do.
    static SPACE: RefCell<Vec<Complex>> = const { RefCell::new(Vec::new()) };
}

fn with_space<T>(len: usize, work: impl FnOnce(&mut [Complex]) -> T) -> T {
    let mut space = SPACE.take();
    if space.len() < len {
        space.resize(len, Complex::default());
    }
    let result = work(&mut space[..len]);
    SPACE.set(space);
    result
}

/// The first `wanted` numbers of a transform of `n` real ones, from its first half.
fn unfold(spectrum: &[Complex], n: usize, wanted: usize) -> Parts {
    let part = |of: fn(&Complex) -> f64, sign: f64| {
        let mut part = Vec::with_capacity(wanted);
        part.extend(spectrum.iter().map(of));
        // The first has no mirror, nor has the last of an even number. A zero is +0, of which the mirror would make −0.
        let mirrored = spectrum[..n.div_ceil(2)].iter().skip(1).rev();
        part.extend(mirrored.map(|x| 0.0 + sign * of(x)).take(wanted - part.len()));
        part
    };
    (part(|x| x.re, 1.0), part(|x| x.im, -1.0))
}

/// The transform of complex numbers, one at least, each part over `divisor`.
pub(crate) fn of_complex(mut re: Vec<f64>, mut im: Vec<f64>, direction: Direction, divisor: f64) -> Parts {
    let n = re.len();
    if n <= SHORT {
        return over(short_of_complex(&re, &im, direction), divisor);
    }
    if long::is_for(n) {
        let mut to = (zeros(n), zeros(n));
        long_of_complex(&mut re, &mut im, [&mut to.0, &mut to.1], direction, divisor);
        return to;
    }
    if n > LARGE && tables::factors(n).is_none() {
        return over(chirp::of_complex(&re, &im, direction), divisor);
    }
    let mut doubles = zeros(2 * n);
    let join = |(): &mut (), i: usize, piece: &mut [Complex]| {
        let from = i * PIECE..i * PIECE + piece.len();
        for ((to, &re), &im) in piece.iter_mut().zip(&re[from.clone()]).zip(&im[from]) {
            *to = Complex::new(re, im);
        }
    };
    each_piece(pairs(&mut doubles), PIECE, || (), join);
    in_place(&mut doubles, direction);
    over(parts(bytemuck::cast_slice(&doubles)), divisor)
}

/// The transform of complex numbers without large primes in their number; what was read is used up.
fn long_of_complex(re: &mut [f64], im: &mut [f64], to: [&mut [f64]; 2], direction: Direction, divisor: f64) {
    let plan = long_plan(re.len(), false);
    // The inverse is the transform of the numbers with their parts exchanged.
    let [to_re, to_im] = to;
    match direction {
        Direction::Forward => plan.of_complex(re, im, [to_re, to_im], divisor),
        Direction::Inverse => plan.of_complex(im, re, [to_im, to_re], divisor),
    }
}

fn short_of_complex(re: &[f64], im: &[f64], direction: Direction) -> Parts {
    // The inverse is the transform of the numbers with their parts exchanged.
    if direction == Direction::Inverse {
        let (im, re) = short_of_complex(im, re, Direction::Forward);
        return (re, im);
    }
    let n = re.len();
    let plan = SHORT_COMPLEX.get(n, 8 * n, || Arc::new(Short::new(n)));
    let mut space = plan.space();
    space.re[..n].copy_from_slice(re);
    space.im[..n].copy_from_slice(im);
    plan.run(&mut space);
    space.re.truncate(n);
    space.im.truncate(n);
    (space.re, space.im)
}

/// The real and imaginary parts of complex numbers.
pub(crate) fn parts(z: &[Complex]) -> Parts {
    let (mut re, mut im) = (zeros(z.len()), zeros(z.len()));
    each_pair(&mut re, &mut im, PIECE, |i, re, im| {
        for ((re, im), z) in re.iter_mut().zip(im).zip(&z[i * PIECE..]) {
            (*re, *im) = (z.re, z.im);
        }
    });
    (re, im)
}

/// The transform of complex numbers, two doubles each, written over them; of more than [`LARGE`] where there are factors.
fn in_place(doubles: &mut Vec<f64>, direction: Direction) {
    let n = doubles.len() / 2;
    match tables::factors(n).filter(|_| n > LARGE) {
        Some(factors) => table(n, factors).of_complex(doubles, direction),
        None => complex_plan(n, direction).process(pairs(doubles)),
    }
}

/// The `n` real numbers of which this is the first half of the transform, each over `divisor`.
pub(crate) fn to_real((mut re, mut im): Parts, n: usize, divisor: f64) -> Vec<f64> {
    re.resize(n / 2 + 1, 0.0);
    im.resize(n / 2 + 1, 0.0);
    // Real numbers have none there.
    im[0] = 0.0;
    if n.is_multiple_of(2) {
        im[n / 2] = 0.0;
    }
    let mut x = zeros(n);
    if n > SHORT && long::is_for(n) {
        long_plan(n, true).to_real(&re, &im, &mut x, divisor);
        return x;
    }
    let mut spectrum: Vec<Complex> = re.iter().zip(&im).map(|(&re, &im)| Complex::new(re, im)).collect();
    if n <= SHORT {
        let plan = short_real(n);
        plan.inverse(&spectrum, &mut x, &mut plan.space());
    } else {
        let plan = TO_REAL.get(n, n, || RealFftPlanner::new().plan_fft_inverse(n));
        let done = plan.process(&mut spectrum, &mut x);
        debug_assert!(done.is_ok(), "the lengths are the plan's");
    }
    x.iter_mut().for_each(|x| *x /= divisor);
    x
}

/// The least length from `n` on whose only factors are 2, 3 and 5.
pub(crate) fn smooth(n: usize) -> usize {
    let powers = |base: usize, below: usize| {
        std::iter::successors(Some(1), move |x| Some(x * base)).take_while(move |x| *x < below)
    };
    let best = n.next_power_of_two();
    let odd = powers(5, best).flat_map(|five| powers(3, best.div_ceil(five)).map(move |three| five * three));
    odd.map(|odd| odd * n.div_ceil(odd).next_power_of_two()).min().map_or(best, |odd| odd.min(best))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double::Double;

    /// The sum that defines it, in the direction.
    fn naive(x: &[Complex], direction: Direction) -> Vec<Complex> {
        let n = x.len();
        let turned = |root: Complex| if direction == Direction::Forward { root } else { root.conj() };
        let roots: Vec<Complex> = (0..n as u64).map(|i| turned(root(i, n as u64))).collect();
        (0..n).map(|k| x.iter().enumerate().map(|(j, x)| x * roots[j * k % n]).sum()).collect()
    }

    fn noise(n: usize) -> Vec<f64> {
        (0..n as u64)
            .map(|i| ((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as f64 * 2f64.powi(-43) - 1.0)
            .collect()
    }

    /// What the sums that define it may be wrong by, with the roots above.
    fn tolerance(n: usize) -> f64 {
        4e-16 * (n as f64).sqrt().max(2.0)
    }

    fn error(found: &Parts, expected: &[Complex]) -> f64 {
        let found = found.0.iter().zip(&found.1).map(|(&re, &im)| Complex::new(re, im));
        let wrong: f64 = found.zip(expected).map(|(a, b)| (a - b).norm_sqr()).sum();
        (wrong / expected.iter().map(|x| x.norm_sqr()).sum::<f64>()).sqrt()
    }

    #[test]
    fn it_is_the_sum_that_defines_it() {
        let mut lengths = vec![1usize, 2, 3, 4, 5, 7, 8, 9, 15, 16, 24, 60, 97, 101, 128, 206];
        lengths.extend(
            (!cfg!(miri))
                .then_some([343, 1000, 1021, 2 * 1021, SHORT, SHORT + 4, SHORT + 5, 4375, 4800])
                .into_iter()
                .flatten(),
        );
        for n in lengths {
            let (re, im) = (noise(n), noise(2 * n).split_off(n));
            let z: Vec<Complex> = re.iter().zip(&im).map(|(&re, &im)| Complex::new(re, im)).collect();
            for direction in [Direction::Forward, Direction::Inverse] {
                let found = of_complex(re.clone(), im.clone(), direction, 1.0);
                assert!(error(&found, &naive(&z, direction)) < tolerance(n), "{n} {direction}");
            }
            let real: Vec<Complex> = re.iter().map(|&re| Complex::from(re)).collect();
            let expected = naive(&real, Direction::Forward);
            assert!(error(&of_real(re.clone(), Half::Both, 1.0), &expected) < tolerance(n), "{n}");
            let (first, last) = of_real(re.clone(), Half::First, 1.0);
            assert!(error(&(first, last), &expected[..n / 2 + 1]) < tolerance(n), "{n}");
            let expected = expected.iter().map(|x| (x.re, x.im)).unzip();
            let back = to_real(expected, n, n as f64);
            assert!(back.iter().zip(&re).all(|(a, b)| (a - b).abs() < 2.0 * tolerance(n)), "{n}");
        }
    }

    /// What some numbers of a transform are wrong by, against sums carried in two doubles, over what they are in the mean.
    fn relative_error(x: &[f64], found: &Parts, ks: impl Iterator<Item = usize>) -> f64 {
        let n = x.len();
        let roots: Vec<Complex> = (0..n as u64).map(|i| root(i, n as u64)).collect();
        let wrong = ks.map(|k| {
            let (mut re, mut im) = (Double::default(), Double::default());
            for (j, &x) in x.iter().enumerate() {
                let root = roots[j * k % n];
                re = re.add_double(Double::product(x, root.re));
                im = im.add_double(Double::product(x, root.im));
            }
            Complex::new(re.add(-found.0[k]).value(), im.add(-found.1[k]).value()).norm_sqr()
        });
        let wrong: Vec<f64> = wrong.collect();
        (wrong.iter().sum::<f64>() / wrong.len() as f64 / x.iter().map(|x| x * x).sum::<f64>()).sqrt()
    }

    fn root_mean_square(x: &[f64]) -> f64 {
        (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64).sqrt()
    }

    /// Of FFTW (pyFFTW 0.15.1, AVX-512) over 310 lengths to 4,096: 3.76e-16 there, and 5.48e-16 there and back.
    #[test]
    fn errors_are_no_larger_than_fftws() {
        let lengths = if cfg!(miri) { 4 } else { 60 };
        let (mut there, mut back) = (Vec::new(), Vec::new());
        for length in 0..lengths {
            let n = 1 + (length * length * 7919 + 37 * length) % if cfg!(miri) { 64 } else { SHORT };
            let x = noise(n);
            let transform = of_real(x.clone(), Half::First, 1.0);
            let error = relative_error(&x, &transform, (0..32).map(|i| (i * 2_654_435 + length) % (n / 2 + 1)));
            assert!(error <= 3e-16 * (n as f64).log2().max(1.0).sqrt(), "{n}: {error}");
            there.push(error);
            let again = to_real(transform, n, n as f64);
            let wrong: Vec<f64> = again.iter().zip(&x).map(|(again, x)| again - x).collect();
            back.push(root_mean_square(&wrong) / root_mean_square(&x));
        }
        assert!(root_mean_square(&there) < 3.76e-16 && root_mean_square(&back) < 5.48e-16, "{there:?} {back:?}");
    }

    /// White noise: what `noise` gives has but a few frequencies, whose errors are those of a few paths.
    fn white(n: usize) -> Vec<f64> {
        let mut noise = crate::special::oracle::noise(0);
        // Of 44 bits.
        (0..n).map(|_| (noise() * 2f64.powi(44)).floor() * 2f64.powi(-43) - 1.0).collect()
    }

    /// Of FFTW (pyFFTW 0.15.1, AVX-512) of the same numbers: there, of which a sample knows the error to a third, and there and back.
    #[test]
    fn errors_of_long_lengths_are_fftws() {
        let cases: &[(usize, f64, f64)] = &[
            (8192, 2.50e-16, 3.64e-16),
            (65_536, 2.79e-16, 4.08e-16),
            (1 << 20, 3.25e-16, 4.73e-16),
            (1_000_000, 3.59e-16, 4.94e-16),
        ];
        for &(n, there, back) in if cfg!(miri) { &[] } else { cases } {
            let x = white(n);
            let transform = of_real(x.clone(), Half::First, 1.0);
            let error = relative_error(&x, &transform, (0..16).map(|i| (i * 2_654_435 + 7) % (n / 2 + 1)));
            let again = to_real(transform, n, n as f64);
            let wrong: Vec<f64> = again.iter().zip(&x).map(|(again, x)| again - x).collect();
            let round = root_mean_square(&wrong) / root_mean_square(&x);
            assert!(error < 1.33 * there && round < 1.06 * back, "{n}: {error} and {round}");
        }
    }

    /// Long lengths, those of one piece, of a table and of a convolution, as a pool of any size has them.
    #[test]
    fn threads_change_no_bit() {
        let lengths: &[usize] =
            if cfg!(miri) { &[] } else { &[5000, 5003, LARGE + 2, 101 * 1300, LARGE + 29, 1 << 18, 300_000] };
        for &n in lengths {
            let x = noise(n);
            let alone = of_real(x.clone(), Half::Both, 1.0);
            for threads in [1, 2, 3, 4] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                assert!(pool.install(|| of_real(x.clone(), Half::Both, 1.0)) == alone, "{n}, {threads} threads");
                let both =
                    || (to_real(alone.clone(), n, 1.0), of_complex(x.clone(), x.clone(), Direction::Inverse, 1.0));
                assert!(pool.install(both) == both(), "{n}, {threads} threads");
            }
            let ks = (0..8).map(|i| i * i * 2311 % n);
            assert!(relative_error(&x, &alone, ks) < 2e-15, "{n}");
            let back = of_complex(alone.0.clone(), alone.1.clone(), Direction::Inverse, n as f64);
            assert!(back.0.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-13), "{n}");
            assert!(back.1.iter().all(|im| im.abs() < 1e-13), "{n}");
        }
    }

    #[test]
    fn smooth_lengths_are_the_least() {
        let is_smooth = |mut n: usize| {
            for base in [2, 3, 5] {
                while n.is_multiple_of(base) {
                    n /= base;
                }
            }
            n == 1
        };
        for n in 1..3000 {
            assert_eq!(Some(smooth(n)), (n..).find(|&m| is_smooth(m)), "{n}");
        }
    }
}
