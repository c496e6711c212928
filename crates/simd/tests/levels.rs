//! Every level gives the bits of the portable one, on the awkward values too.

use echoes_simd::{GROUP, Lanes, Level, Operation, run_at, split};

const AWKWARD: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    f64::MAX,
    f64::MIN,
    1e-300,
    0.1,
    3.0,
    -7.25,
];

/// Every operation on every pair, as bits.
struct Everything;

impl Operation for Everything {
    type Output = Vec<u64>;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Vec<u64> {
        let mut bits = Vec::new();
        for &a in &AWKWARD {
            for b in AWKWARD.as_chunks::<8>().0 {
                let (a, b) = (l.splat(a), l.load8(b));
                for v in [a + b, a - b, a * b, a / b, l.min(a, b), l.max(a, b), l.select(l.lt(a, b), a, b)] {
                    // Which NaN comes out is not promised, that one comes out is.
                    bits.extend(l.to_array(v).map(|x| if x.is_nan() { 1 } else { x.to_bits() }));
                }
                // Moved bits are bits, whether or not they look like a NaN.
                for v in [l.and(a, b), l.or(a, b), l.shift_up(b), l.shift_down(b)] {
                    bits.extend(l.to_array(v).map(f64::to_bits));
                }
                bits.extend(l.to_array(l.sqrt(b)).map(|x| if x.is_nan() { 1 } else { x.to_bits() }));
                for mask in [l.lt(a, b), l.le(a, b), l.ordered(a, b), l.lt(a, b) & l.le(b, a), l.lt(a, b) | l.lt(b, a)]
                {
                    bits.push(u64::from(l.bits(mask)));
                }
            }
        }
        bits
    }
}

struct Total<'a>(&'a [f64]);

impl Operation for Total<'_> {
    type Output = u64;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> u64 {
        let mut space = [0.0; GROUP];
        let (groups, tail) = split(self.0, -0.0, &mut space);
        let mut sum = [l.splat(-0.0); 4];
        for group in groups.iter().chain(tail) {
            for (sum, x) in sum.iter_mut().zip(l.load(group)) {
                *sum = *sum + x;
            }
        }
        l.total(sum).to_bits()
    }
}

#[test]
fn operations_agree_bit_for_bit() {
    let portable = run_at(Level::Portable, Everything);
    assert!(portable.len() > 1000);
    for level in Level::available() {
        assert!(run_at(level, Everything) == portable, "{level:?}");
    }
}

/// The operations on bits of one pair, as their definitions say.
struct Bits(f64, f64);

impl Operation for Bits {
    type Output = [u64; 5];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [u64; 5] {
        let (a, b) = (l.splat(self.0), l.splat(self.1));
        let all = [l.and(a, b), l.or(a, b), l.shift_up(a), l.shift_down(a), l.sqrt(a)];
        [0, 1, 2, 3, 4].map(|i| l.to_array(all[i])[7].to_bits())
    }
}

#[test]
fn bits_are_those_of_the_definitions() {
    for (a, b) in AWKWARD.into_iter().zip(AWKWARD.into_iter().rev()).filter(|(a, _)| !(*a < 0.0 || a.is_nan())) {
        let (x, y) = (a.to_bits(), b.to_bits());
        for level in Level::available() {
            let found = run_at(level, Bits(a, b));
            assert_eq!(found, [x & y, x | y, x << 52, x >> 52, a.sqrt().to_bits()], "{level:?} {a} {b}");
        }
    }
}

#[test]
fn sums_agree_bit_for_bit_at_every_length() {
    let x: Vec<f64> = (0..200).map(|i| f64::from(i).sin() * 1e3).collect();
    for len in 0..x.len() {
        let portable = run_at(Level::Portable, Total(&x[..len]));
        for level in Level::available() {
            assert_eq!(run_at(level, Total(&x[..len])), portable, "{level:?} at {len}");
        }
    }
}

#[test]
fn the_sum_is_the_one_of_thirty_two_lanes() {
    let x: Vec<f64> = (0..1000).map(|i| 1.0 / f64::from(i + 1)).collect();
    let mut lanes = [-0.0; 32];
    for (i, x) in x.iter().enumerate() {
        lanes[i % 32] += x;
    }
    let eight: Vec<f64> = (0..8).map(|i| (lanes[i] + lanes[8 + i]) + (lanes[16 + i] + lanes[24 + i])).collect();
    let naive = ((eight[0] + eight[4]) + (eight[2] + eight[6])) + ((eight[1] + eight[5]) + (eight[3] + eight[7]));
    assert_eq!(run_at(Level::Portable, Total(&x)), naive.to_bits());
}

#[test]
fn a_level_that_is_not_there_falls_back() {
    assert!(Level::available().next() == Some(Level::Portable));
    assert_eq!(run_at(Level::Avx512, Total(&[1.0])), 1f64.to_bits());
}
