//! The gamma function.
//!
//! `Γ(x) = Γ(x + m) / (x (x + 1) … (x + m − 1))` with `x + m ≥ 16`, and from the whole number `n` next to `x + m` on by Stirling's
//! series (DLMF 5.11.1) of both, so that what is left in the exponent is small: `Γ(n + f) = Γ(n) e^D`,
//! `D = f ln n + (f − ½) f/n + (n + f − ½) (ln(1 + f/n) − f/n) + S(n + f) − S(n)`. Products and `f ln n` in two doubles.
//!
//! Error against factorials, half-integers by exact arithmetic and values of 120 digits: ≤ 1.3 units in the last place.

use super::{beta::stirling, exp::exp_of};
use crate::double::Double;
use std::sync::LazyLock;

/// From here on Stirling's series reaches the last place.
const FIRST: usize = 16;

/// From here on `Γ(n)` is infinite.
const LAST: usize = 173;

/// `Γ(n)` is kept so much smaller that none overflows.
const GAMMA_SCALE: f64 = 1.0 / (1u128 << 126) as f64;

/// `Γ(x)`: ±∞ at ±0, NaN at the other poles and at −∞; ≤ 1.3 units in the last place of error.
///
/// ```
/// assert_eq!(echoes_stats::special::gamma(5.0), 24.0);
/// ```
pub fn gamma(x: f64) -> f64 {
    if x.is_nan() || x >= LAST as f64 {
        return if x.is_nan() { x } else { f64::INFINITY };
    }
    if x.abs() < 1e-17 {
        return 1.0 / x;
    }
    if x < 0.0 && x == x.floor() {
        return f64::NAN;
    }
    if x < -190.0 {
        // Smaller than any double; negative between −1 and 0, and at every other step.
        return if (x.floor() * 0.5).fract() == 0.0 { 0.0 } else { -0.0 };
    }
    let steps = ceil(FIRST as f64 - x);
    let (product, scale) = rising(x, steps);
    let lifted = Double::sum(x, f64::from(steps));
    let n = ((lifted.value() + 0.5) as usize).clamp(FIRST, LAST);
    let (growth, start) = growth(n, lifted.minus(Double::from(n as f64)));
    let factor = start.gamma.over(product);
    (growth * factor.value()) * (scale / GAMMA_SCALE)
}

/// The smallest whole number that is neither below `x` nor negative. The library's is a call where the processor may have no
/// instruction for it.
fn ceil(x: f64) -> u32 {
    let whole = x as u32;
    whole + u32::from(f64::from(whole) < x)
}

/// `x (x + 1) … (x + steps − 1)` as a number and a power of two to multiply its reciprocal by.
fn rising(x: f64, steps: u32) -> (Double, f64) {
    const LARGE: f64 = 1e150;
    const DOWN: f64 = 1.0 / (1u128 << 127) as f64;
    let (mut product, mut scale) = (Double::from(1.0), 1.0);
    for i in 0..steps {
        product = product.times(Double::sum(x, f64::from(i)));
        if product.value().abs() > LARGE {
            product = product.times(Double::from(DOWN * DOWN));
            scale *= DOWN * DOWN;
        }
    }
    (product, scale)
}

/// `Γ(n + f) / Γ(n)` for `|f| ≤ ½`, and what is known of `n`.
fn growth(n: usize, f: f64) -> (f64, &'static Start) {
    let start = &STARTS[n - FIRST];
    let whole = n as f64;
    let t = f / whole;
    // ln(1 + t) − t; t is at most 1/32.
    let bend = (2..14).rev().fold(0.0, |sum, power| 1.0 / f64::from(power) - t * sum) * -t * t;
    let rest = (f - 0.5) * t + (whole + f - 0.5) * bend + (stirling(whole + f) - stirling(whole));
    let exponent = start.ln.times(Double::from(f)).add(rest);
    (exp_of(exponent.high(), exponent.low()), start)
}

/// A whole number from which Stirling's series goes on.
struct Start {
    /// `Γ(n)` times [`GAMMA_SCALE`].
    gamma: Double,
    ln: Double,
}

static STARTS: LazyLock<Vec<Start>> = LazyLock::new(|| {
    let (mut gamma, mut ln) = (Double::from(GAMMA_SCALE), Double::from(0.0));
    let mut starts = Vec::new();
    for n in 1..=LAST {
        if n >= FIRST {
            starts.push(Start { gamma, ln });
        }
        gamma = gamma.times(Double::from(n as f64));
        ln = ln.add_double(ln_of_next(n as f64));
    }
    starts
});

/// `ln((n + 1) / n)` = `2 atanh(1 / (2n + 1))`.
fn ln_of_next(n: f64) -> Double {
    let s = Double::from(1.0).over(Double::from(2.0 * n + 1.0));
    let square = s.times(s);
    let (mut power, mut sum) = (s, Double::from(0.0));
    for i in 0..40 {
        sum = sum.add_double(power.over(Double::from(f64::from(2 * i + 1))));
        power = power.times(square);
    }
    sum.add_double(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::oracle::{self, rational, ulp};
    use num_bigint::BigInt;
    use num_rational::BigRational;

    const WORST: f64 = 1.3;

    fn check(x: f64, truth: &BigRational) -> f64 {
        let error = ulp(gamma(x), truth);
        assert!(error <= WORST, "gamma({x}) is {}, {error} units beside", gamma(x));
        error
    }

    #[test]
    fn factorials() {
        let mut factorial = BigInt::from(1);
        for n in 1..=oracle::count(170) {
            check(f64::from(n), &factorial.clone().into());
            factorial *= n;
        }
        assert_eq!(gamma(23.0), 1_124_000_727_777_607_680_000.0);
        assert_eq!([gamma(172.0), gamma(1e10), gamma(171.63)], [f64::INFINITY; 3]);
    }

    #[test]
    fn half_integers() {
        // √π by Machin's formula and an integer root.
        let one: BigInt = BigInt::from(1) << 400;
        let atan = |n: u32| {
            let (mut power, mut sum) = (&one / n, BigInt::from(0));
            for i in 0..180u32 {
                let term = &power / (2 * i + 1);
                sum = if i % 2 == 0 { sum + term } else { sum - term };
                power /= n * n;
            }
            sum
        };
        let pi: BigInt = (atan(5) * 4 - atan(239)) * 4;
        let root = BigInt::sqrt(&(pi * &one));
        let root = BigRational::new(root, one.clone());
        let mut value = root.clone();
        for n in 0..oracle::count(171) {
            let x = f64::from(n) + 0.5;
            check(x, &value);
            value *= rational(x);
        }
        let mut value = root;
        for n in 0..oracle::count(176) {
            let x = -0.5 - f64::from(n);
            value /= rational(x);
            check(x, &value);
        }
    }

    /// mpmath 1.3, 120 digits, rounded to doubles: half a unit more.
    #[test]
    fn published_precision_in_between() {
        let values = [
            (0.1, 9.513_507_698_668_73),
            (0.9, 1.068_628_702_119_319_3),
            (0.001, 999.423_772_484_595_5),
            (1e-10, 9_999_999_999.422_785),
            (3.3, 2.683_437_381_955_768_4),
            (7.77, 3_181.543_530_989_025),
            (10.01, 371_145.802_281_071_4),
            (15.999_9, 1_307_315_982_253.697_5),
            (17.25, 42_249_866_656_927.04),
            (33.3, 7.487_577_596_522_633e35),
            (64.7, 3.637_903_201_368_438_6e88),
            (100.1, 1.478_454_494_651_475e156),
            (120.75, 2.019_572_644_669_385_3e198),
            (150.3, 1.711_296_999_219_576_7e261),
            (170.624, 1.051_558_842_791_641_6e306),
            (171.624_3, 1.796_981_857_495_710_4e308),
            (-0.1, -10.686_287_021_193_193),
            (-2.7, -0.931_082_784_838_964),
            (-5.3, 0.019_241_658_279_893_072),
            (-10.01, -2.692_110_057_183_555_7e-05),
            (-20.9, -2.703_772_949_887_685_3e-19),
            (-33.33, 1.317_096_326_428_917e-37),
            (-60.6, -3.376_172_829_988_596_6e-83),
            (-99.99, 1.122_249_055_780_233_9e-156),
            (-140.2, -1.476_467_728_108_519_5e-241),
            (-170.3, -1.144_927_998_387_812_2e-307),
            (-177.7, 5e-324),
            (1.461_632_144_968_362_2, 0.885_603_194_410_888_7),
            (-0.999_999_9, -10_000_000.428_048_035),
            (-3.000_000_1, 1_666_666.460_041_391_7),
            (38.665_521_566_199_72, 1.544_709_314_966_829_3e44),
            (4.656_947_593_557_078, 14.508_591_235_218_86),
            (102.973_717_399_635_25, 8.512_939_887_626_531e161),
            (-10.759_026_041_161_095, -2.059_254_614_153_822_5e-07),
            (80.354_402_046_695_1, 4.221_582_729_048_473e117),
            (46.894_441_065_014_32, 3.669_495_196_412_684_4e57),
            (-13.597_411_389_292_642, 1.102_916_459_573_679e-10),
            (74.761_865_145_040_02, 1.185_467_043_073_362_3e107),
            (-17.628_353_550_305_775, 1.571_971_944_897_827_6e-15),
            (60.254_741_408_025_055, 3.929_201_837_515_051e80),
            (-11.266_423_725_229_918, 5.511_358_415_735_757e-08),
            (-7.165_821_576_596_13, 0.000_894_965_268_523_296_1),
            (58.460_472_585_418_245, 2.623_152_330_244_372_6e77),
            (137.559_127_710_522_7, 5.723_695_513_107_17e233),
            (-0.660_534_437_979_677_6, -3.979_308_438_661_626_6),
            (18.888_780_441_739_06, 4_629_630_302_720_613.0),
            (98.353_371_524_938_85, 4.855_997_125_547_447e152),
            (161.319_578_087_047_32, 2.390_099_838_759_923e285),
            (88.458_439_698_200_24, 1.639_215_019_049_051e133),
            (52.987_381_316_343_374, 7.672_604_671_815_878e67),
            (166.931_753_759_568_07, 6.350_727_472_858_605e297),
            (-15.841_844_990_549_117, 4.903_964_685_322_176e-13),
        ];
        for (x, wanted) in values {
            check(x, &rational(wanted));
        }
    }

    #[test]
    fn poles_signs_and_ends() {
        for x in [-1.0, -2.0, -170.0, -1e20, f64::NEG_INFINITY, f64::NAN] {
            assert!(gamma(x).is_nan(), "{x}");
        }
        assert_eq!([gamma(0.0), gamma(-0.0)], [f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!([gamma(1e-310), gamma(5e-324), gamma(1e-20)], [f64::INFINITY, f64::INFINITY, 1e20]);
        assert!(gamma(-200.5).to_bits() == (-0.0f64).to_bits() && gamma(-201.5).to_bits() == 0);
        assert!(gamma(-184.5).to_bits() == (-0.0f64).to_bits() && gamma(-185.5).to_bits() == 0);
    }
}
