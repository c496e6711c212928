//! Every level gives the bits of the portable one, on the awkward values too.

use echoes_simd::{Counters, Divisor, GROUP, Lanes, Level, Operation, run_at, split};

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
                for v in [
                    a + b,
                    a - b,
                    a * b,
                    a / b,
                    l.min(a, b),
                    l.max(a, b),
                    l.select(l.lt(a, b), a, b),
                    l.add_product(b, a, b),
                ] {
                    // Which NaN comes out is not promised, that one comes out is.
                    bits.extend(l.to_array(v).map(|x| if x.is_nan() { 1 } else { x.to_bits() }));
                }
                // Moved bits are bits, whether or not they look like a NaN.
                for v in [l.and(a, b), l.or(a, b), l.xor(a, b), l.add_bits(a, b), l.shift_up(b), l.shift_down(b)] {
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
    type Output = [u64; 6];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [u64; 6] {
        let (a, b) = (l.splat(self.0), l.splat(self.1));
        let all = [l.and(a, b), l.or(a, b), l.xor(a, b), l.shift_up(a), l.shift_down(a), l.sqrt(a)];
        [0, 1, 2, 3, 4, 5].map(|i| l.to_array(all[i])[7].to_bits())
    }
}

#[test]
fn bits_are_those_of_the_definitions() {
    for (a, b) in AWKWARD.into_iter().zip(AWKWARD.into_iter().rev()).filter(|(a, _)| !(*a < 0.0 || a.is_nan())) {
        let (x, y) = (a.to_bits(), b.to_bits());
        for level in Level::available() {
            let found = run_at(level, Bits(a, b));
            assert_eq!(found, [x & y, x | y, x ^ y, x << 52, x >> 52, a.sqrt().to_bits()], "{level:?} {a} {b}");
        }
    }
}

/// Counts numbers, some bits above them, 64 at a time.
struct Tally<'a>(&'a [[u64; 64]], usize);

impl Operation for Tally<'_> {
    type Output = Vec<u32>;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Vec<u32> {
        let mut counters = Counters::ZERO;
        for numbers in self.0 {
            let (eights, _) = numbers.as_chunks::<8>();
            let mut vectors = [l.splat(0.0); 8];
            for i in 0..8 {
                vectors[i] = l.load8(&eights[i].map(f64::from_bits));
            }
            l.tally(vectors, self.1, &mut counters);
        }
        counters.0[..=self.1].iter().map(|counters| counters.iter().sum()).collect()
    }
}

#[test]
fn numbers_are_counted_by_their_lowest_bits() {
    let mut state = 7u64;
    for most in [0, 1, 2, 9, 62, 63, 64, 99, 126, 127, 128, 129, 200, 255] {
        let mut numbers = [[0; 64]; 9];
        for (i, number) in numbers.as_flattened_mut().iter_mut().enumerate() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // All the same first, then any, and as many as there may be.
            let lowest = if i < 64 { most } else { (state >> 40) as usize % (2 * most + 2) };
            *number = state >> 20 << 9 | lowest as u64;
        }
        let mut expected = vec![0; most + 1];
        for number in numbers.as_flattened() {
            if let Some(count) = expected.get_mut((number & 511) as usize) {
                *count += 1;
            }
        }
        for level in Level::available() {
            assert_eq!(run_at(level, Tally(&numbers, most)), expected, "{level:?}, {most}");
        }
    }
}

/// Every stretch of eight out of sixteen.
struct Shifted([f64; 16]);

impl Operation for Shifted {
    type Output = [[f64; 8]; 8];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [[f64; 8]; 8] {
        let (eights, _) = self.0.as_chunks();
        let (a, b) = (l.load8(&eights[0]), l.load8(&eights[1]));
        [
            l.to_array(l.shifted::<0>(a, b)),
            l.to_array(l.shifted::<1>(a, b)),
            l.to_array(l.shifted::<2>(a, b)),
            l.to_array(l.shifted::<3>(a, b)),
            l.to_array(l.shifted::<4>(a, b)),
            l.to_array(l.shifted::<5>(a, b)),
            l.to_array(l.shifted::<6>(a, b)),
            l.to_array(l.shifted::<7>(a, b)),
        ]
    }
}

#[test]
fn shifted_lanes_are_those_that_follow() {
    let sixteen: [f64; 16] = std::array::from_fn(|i| i as f64);
    for level in Level::available() {
        for (from, found) in run_at(level, Shifted(sixteen)).iter().enumerate() {
            assert_eq!(found, &sixteen[from..from + 8], "{level:?}");
        }
    }
}

struct Crossed([f64; 8]);

impl Operation for Crossed {
    type Output = [[f64; 8]; 8];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [[f64; 8]; 8] {
        let v = l.load8(&self.0);
        [
            l.to_array(l.crossed::<0>(v)),
            l.to_array(l.crossed::<1>(v)),
            l.to_array(l.crossed::<2>(v)),
            l.to_array(l.crossed::<3>(v)),
            l.to_array(l.crossed::<4>(v)),
            l.to_array(l.crossed::<5>(v)),
            l.to_array(l.crossed::<6>(v)),
            l.to_array(l.crossed::<7>(v)),
        ]
    }
}

#[test]
fn crossed_lanes_are_those_that_differ_by_the_bits() {
    for level in Level::available() {
        for (by, found) in run_at(level, Crossed(std::array::from_fn(|i| i as f64))).iter().enumerate() {
            assert_eq!(found, &std::array::from_fn::<f64, 8, _>(|i| (i ^ by) as f64), "{level:?}");
        }
    }
}

struct Transposed([[f64; 8]; 8]);

impl Operation for Transposed {
    type Output = [[f64; 8]; 8];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [[f64; 8]; 8] {
        let mut rows = [l.splat(0.0); 8];
        for (row, x) in rows.iter_mut().zip(&self.0) {
            *row = l.load8(x);
        }
        let mut columns = [[0.0; 8]; 8];
        for (to, column) in columns.iter_mut().zip(l.transposed(rows)) {
            *to = l.to_array(column);
        }
        columns
    }
}

#[test]
fn rows_become_columns() {
    let table: [[f64; 8]; 8] = std::array::from_fn(|i| std::array::from_fn(|j| (8 * i + j) as f64));
    let expected: [[f64; 8]; 8] = std::array::from_fn(|i| std::array::from_fn(|j| (8 * j + i) as f64));
    for level in Level::available() {
        assert_eq!(run_at(level, Transposed(table)), expected, "{level:?}");
    }
}

struct Otherwise([f64; 8], f64);

impl Operation for Otherwise {
    type Output = [u8; 2];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [u8; 2] {
        let mask = l.lt(l.load8(&self.0), l.splat(self.1));
        [l.bits(mask), l.bits(!mask)]
    }
}

#[test]
fn a_mask_is_turned_round() {
    for level in Level::available() {
        for below in 0..=8 {
            let [mask, not] = run_at(level, Otherwise(std::array::from_fn(|i| i as f64), f64::from(below)));
            assert_eq!((u32::from(mask), not), ((1 << below) - 1, !mask), "{level:?}");
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

/// The lanes below a bound, packed.
struct Packed([f64; 8], [f64; 8]);

impl Operation for Packed {
    type Output = [f64; 8];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [f64; 8] {
        let (x, below) = (l.load8(&self.0), l.load8(&self.1));
        l.pack(x, l.lt(x, below))
    }
}

#[test]
fn the_chosen_lanes_are_packed_in_their_order() {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    for chosen in 0..=u8::MAX {
        let lanes = (0..8).filter(|lane| chosen >> lane & 1 == 1);
        let wanted: Vec<f64> = lanes.clone().map(|lane| x[lane]).collect();
        let mut below = [-1.0; 8];
        lanes.for_each(|lane| below[lane] = 8.0);
        for level in Level::available() {
            assert_eq!(run_at(level, Packed(x, below))[..wanted.len()], wanted, "{level:?} {chosen:#b}");
        }
    }
}

/// Eight numbers divided by one.
struct Quotients([f64; 8], f64);

impl Operation for Quotients {
    type Output = [f64; 8];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [f64; 8] {
        l.to_array(l.quotient(l.load8(&self.0), Divisor::new(self.1)))
    }
}

/// That eight quotients are those of division, at every level.
fn divides(x: [f64; 8], by: f64) {
    for level in Level::available() {
        for (x, found) in x.into_iter().zip(run_at(level, Quotients(x, by))) {
            let wanted = x / by;
            let same = found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan());
            assert!(same, "{x:e} / {by:e} is {wanted:e}, at {level:?} {found:e}");
        }
    }
}

#[test]
fn a_quotient_is_that_of_division() {
    for &by in &AWKWARD {
        for &x in &AWKWARD {
            // Alone, and beside numbers of everyday size.
            divides([x; 8], by);
            divides([1.0, -2.0, x, 0.7, 3e10, -4e-5, 1.0 / 3.0, 9.0], by);
        }
    }
}

/// splitmix64 (G. L. Steele and others, OOPSLA 2014).
fn noise(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A number and a divisor whose quotient lies `offset / divisor` of half a last place beside the middle between two doubles, all
/// of 53 bits, if there is one: nearer no quotient can be. With `(2q + 1) b ≡ offset (mod 2^53)`, `x` is what that leaves out.
fn beside_the_middle(by: u64, offset: i64) -> Option<f64> {
    const BITS: u64 = 1 << 53;
    // Newton's iteration for the inverse of an odd number; it doubles the bits each time, from three.
    let inverse = (0..5).fold(by, |inverse, _| inverse.wrapping_mul(2u64.wrapping_sub(by.wrapping_mul(inverse))));
    let middle = BITS + (offset as u64).wrapping_mul(inverse) % BITS;
    let x = (i128::from(middle) * i128::from(by) - i128::from(offset)) >> 53;
    (x < i128::from(BITS)).then_some(x as f64)
}

#[test]
fn a_quotient_beside_the_middle_of_two_doubles_is_rounded_as_division_rounds_it() {
    let mut bits = noise(1);
    let mut tried = 0;
    while tried < 100_000 {
        let by = (1 << 52) | (bits() >> 12) | 1;
        let found = [-5, -3, -1, 1, 3, 5, 7, 9].map(|offset| beside_the_middle(by, offset));
        let x = found.map(|x| x.unwrap_or(1.0));
        tried += found.iter().flatten().count();
        divides(x, by as f64);
        divides(x.map(|x| x * -1e-30), by as f64);
    }
}

/// Where quotients begin and cease to be found with the reciprocal, to either side.
#[test]
fn a_quotient_at_the_ends_of_its_range_is_that_of_division() {
    let around = |x: f64| [x.next_down(), x, x.next_up(), -x];
    for x in [-401, -400, -399, 399, 400, 401].map(|k| around(2f64.powi(k))).as_flattened() {
        for by in [-501, -500, -499, 0, 499, 500, 501].map(|k| around(2f64.powi(k))).as_flattened() {
            divides([*x; 8], *by);
        }
    }
}

#[test]
fn a_quotient_of_any_size_is_that_of_division() {
    let mut bits = noise(2);
    for exponent in 0..2046u64 {
        let x = f64::from_bits((exponent << 52) | (bits() >> 12));
        for by in [3.0, 1e-160, 1e-140, 1e140, 1e160, 7e-309, 1.7e308, f64::from_bits(bits() >> 1)] {
            divides([x, -x, x, x * 1.1, x, x, x, x], by);
        }
    }
}

struct Added {
    sum: f64,
    a: [f64; 8],
    b: f64,
}

impl Operation for Added {
    /// Rounded once, and as an exact product is.
    type Output = [[f64; 8]; 2];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [[f64; 8]; 2] {
        let (sum, a, b) = (l.splat(self.sum), l.load8(&self.a), l.splat(self.b));
        [l.add_product(sum, a, b), l.add_exact_product(sum, a, b)].map(|v| l.to_array(v))
    }
}

#[test]
fn a_product_is_added_and_rounded_once() {
    let mut bits = noise(10);
    let mut rounded_twice = 0;
    for _ in 0..1000 {
        let mut any = || f64::from_bits((bits() >> 2) + (1 << 61));
        let (a, b): ([f64; 8], f64) = (std::array::from_fn(|_| any()), any());
        let sum = -a[0] * b;
        for level in Level::available() {
            let [found, _] = run_at(level, Added { sum, a, b });
            assert_eq!(found.map(f64::to_bits), a.map(|a| a.mul_add(b, sum).to_bits()), "{level:?}");
        }
        rounded_twice += usize::from(a[0].mul_add(b, sum) != sum + a[0] * b);
    }
    assert!(rounded_twice > 900, "{rounded_twice}");
}

#[test]
fn an_exact_product_is_added_to_the_same_bits() {
    let mut bits = noise(9);
    // Products of 52 bits of whole numbers, and between powers of two at both ends of the doubles.
    let scales = [0, -200, 200, -537, 485].map(|exponent| 2f64.powi(exponent));
    for i in 0..1000 {
        let mut whole = || ((bits() >> 38) as f64 - 33_554_432.0) * scales[i % scales.len()];
        let (a, b, sum) = (std::array::from_fn(|_| whole()), whole(), whole() / 3.0);
        for level in Level::available() {
            let [_, found] = run_at(level, Added { sum, a, b });
            assert_eq!(found.map(f64::to_bits), a.map(|a| (sum + a * b).to_bits()), "{level:?}");
        }
    }
}
