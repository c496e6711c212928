//! How far the answers lie from the truth of the doubles that were given: moments and comoments against exact rational
//! arithmetic, Student's distribution against arithmetic of many digits.
//!
//! `cargo test -p echoes-stats --test accuracy -- --nocapture` prints what was measured.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use echoes_kernel::{BLOCK, Block, Column, Kernel, Next, Number, Partial, Samples, Values, reference};
use echoes_stats::{
    kernels::{
        descriptive::{Kurtosis, Mean, Skewness, Std, Sum, Variance},
        pair::{Corr, Cov},
        test::{TTest, TtestInd},
    },
    partials::{self, Moments},
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

/// A sum of integers without rounding; the small ones are kept apart, because adding them is much faster.
#[derive(Default)]
struct Exact {
    small: i128,
    large: BigInt,
}

impl Exact {
    fn add(&mut self, factors: &[i128]) {
        let product = factors.iter().try_fold(1i128, |product, &factor| product.checked_mul(factor));
        match product.and_then(|product| self.small.checked_add(product)) {
            Some(sum) => self.small = sum,
            None => {
                self.large += std::mem::take(&mut self.small);
                self.large += factors.iter().map(|&factor| BigInt::from(factor)).product::<BigInt>();
            }
        }
    }

    fn value(self) -> BigInt {
        self.large + self.small
    }
}

/// Doubles as integers: `x = integer · 2^exponent`, exactly.
fn scaled(x: &[f64]) -> (Vec<i128>, i32) {
    let parts = |x: f64| {
        let bits = x.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, (bits & ((1 << 52) - 1)) as i128);
        let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
        let zeros = if mantissa == 0 { 0 } else { mantissa.trailing_zeros() };
        let (mantissa, exponent) = (mantissa >> zeros, exponent.max(1) - 1075 + zeros as i32);
        (if x < 0.0 { -mantissa } else { mantissa }, exponent)
    };
    let least = x.iter().map(|&x| parts(x)).filter(|&(m, _)| m != 0).map(|(_, e)| e).min().unwrap_or(0);
    let integer = |&x: &f64| {
        let (mantissa, exponent) = parts(x);
        if mantissa == 0 { 0 } else { mantissa.checked_mul(1 << (exponent - least)).expect("data of one scale") }
    };
    (x.iter().map(integer).collect(), least)
}

fn power_of_two(exponent: i32) -> BigRational {
    let power = BigInt::from(1) << exponent.unsigned_abs();
    if exponent < 0 { BigRational::new(1.into(), power) } else { power.into() }
}

fn rational(x: f64) -> BigRational {
    BigRational::from_float(x).unwrap_or_else(|| panic!("{x} is not finite"))
}

/// The root to about 2^-200 of its size.
fn root(x: &BigRational) -> BigRational {
    let wanted = 400 - (x.numer().bits() as i64 - x.denom().bits() as i64);
    let shift = (wanted / 2) as i32;
    let square = (x * power_of_two(2 * shift)).to_integer();
    BigRational::from(square.sqrt()) * power_of_two(-shift)
}

/// How many units in the last place of `found` lie between it and the truth.
fn ulp(found: f64, truth: &BigRational) -> f64 {
    let unit = rational(found.abs().next_up()) - rational(found.abs());
    ((rational(found) - truth).abs() / unit).to_f64().unwrap()
}

fn relative(found: f64, truth: &BigRational) -> f64 {
    ((rational(found) - truth) / truth).abs().to_f64().unwrap()
}

/// The truth of one column, from sums of powers of its differences to its first value, all integers.
struct Truth {
    mean: BigRational,
    /// With `ddof = 1`.
    variance: BigRational,
    std: BigRational,
    skewness: BigRational,
    kurtosis: BigRational,
}

impl Truth {
    fn of(x: &[f64]) -> Self {
        let (integers, exponent) = scaled(x);
        let mut sums: [Exact; 4] = Default::default();
        for d in integers.iter().map(|i| i - integers[0]) {
            for (power, sum) in sums.iter_mut().enumerate() {
                sum.add(&[d; 4][..=power]);
            }
        }
        let n = BigInt::from(x.len());
        let [s1, s2, s3, s4] = sums.map(Exact::value);
        let mean = BigRational::new(s1.clone(), n.clone()) + BigRational::from(BigInt::from(integers[0]));
        // n m2, n² m3 and n³ m4, where m is the sum of powers of deviations from the mean.
        let m2: BigInt = &n * &s2 - s1.pow(2);
        let m3: BigInt = n.pow(2) * &s3 - 3 * (&n * &s1 * &s2) + 2 * s1.pow(3);
        let m4: BigInt = n.pow(3) * &s4 - 4 * (n.pow(2) * &s1 * &s3) + 6 * (&n * s1.pow(2) * &s2) - 3 * s1.pow(4);
        let variance = BigRational::new(m2.clone(), &n * (&n - 1)) * power_of_two(2 * exponent);
        let (skewness, kurtosis) = if m2.is_zero() {
            Default::default()
        } else {
            // g1 = (m3 / n) / (m2 / n)^1.5, and its sign apart from its root.
            let square = BigRational::new(m3.pow(2), m2.pow(3));
            let kurtosis = BigRational::new(m4, m2.pow(2)) - BigRational::from(BigInt::from(3));
            (root(&square) * BigRational::from(m3.signum()), kurtosis)
        };
        let std = if variance.is_zero() { BigRational::zero() } else { root(&variance) };
        Self { mean: mean * power_of_two(exponent), variance, std, skewness, kurtosis }
    }
}

/// Numbers without a pattern, evenly in [0, 1).
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// `first`, then `low` and `high` in turns.
fn alternating(first: f64, low: f64, high: f64, n: usize) -> Vec<f64> {
    let rest = (1..n).map(|i| if i % 2 == 1 { low } else { high });
    std::iter::once(first).chain(rest).collect()
}

fn around(offset: f64, spread: f64, n: usize) -> Vec<f64> {
    let mut next = noise(n as u64);
    (0..n).map(|_| offset + spread * (2.0 * next() - 1.0)).collect()
}

fn exponential(offset: f64, n: usize) -> Vec<f64> {
    let mut next = noise(n as u64 + 1);
    (0..n).map(|_| offset - (1.0 - next()).ln()).collect()
}

fn lognormal(offset: f64, n: usize) -> Vec<f64> {
    let mut next = noise(n as u64 + 2);
    (0..n).map(|_| offset + (0.8 * ((0..12).map(|_| next()).sum::<f64>() - 6.0)).exp()).collect()
}

/// Velocities of light less 299,000 km/s, as A. A. Michelson measured them, by their frequencies.
fn michelson() -> Vec<f64> {
    let counts = [
        (620, 2),
        (650, 1),
        (720, 5),
        (740, 9),
        (760, 5),
        (780, 5),
        (790, 3),
        (800, 7),
        (810, 10),
        (820, 5),
        (830, 4),
        (840, 6),
        (850, 14),
        (860, 5),
        (870, 4),
        (880, 8),
        (890, 4),
        (900, 3),
        (930, 4),
        (940, 3),
        (950, 4),
        (960, 3),
        (970, 2),
        (980, 4),
        (1000, 2),
        (1070, 1),
    ];
    let value = |&(thousandths, n): &(u32, usize)| vec![299.0 + f64::from(thousandths) / 1000.0; n];
    counts.iter().flat_map(value).collect()
}

/// Data on which textbook formulae lose every digit, or on which rounding errors all go one way.
fn sets() -> Vec<(String, Vec<f64>)> {
    let mut sets = vec![
        ("NumAcc1".to_owned(), vec![10_000_001.0, 10_000_003.0, 10_000_002.0]),
        ("NumAcc2".to_owned(), alternating(1.2, 1.1, 1.3, 1001)),
        ("NumAcc3".to_owned(), alternating(1_000_000.2, 1_000_000.1, 1_000_000.3, 1001)),
        ("NumAcc4".to_owned(), alternating(10_000_000.2, 10_000_000.1, 10_000_000.3, 1001)),
        ("velocities of light".to_owned(), michelson()),
    ];
    for n in [1001, 5000, 300_000] {
        sets.push((format!("1e7 + 0.2 -+ 0.1, {n}"), alternating(1e7 + 0.2, 1e7 + 0.1, 1e7 + 0.3, n)));
        sets.push((format!("1e7 + noise of 0.1, {n}"), around(1e7, 0.1, n)));
        sets.push((format!("1e9 + noise of 1e-4, {n}"), around(1e9, 1e-4, n)));
        sets.push((format!("ramp from 1e7, {n}"), (0..n).map(|i| 1e7 + i as f64 * 0.001).collect()));
        sets.push((format!("falling ramp across 0, {n}"), (0..n).map(|i| 0.1 * (1000.0 - i as f64)).collect()));
    }
    let mut next = noise(7);
    let level = |row: usize| [1e8, 1e8 + 1000.0, 1e8 - 3e5, 1e8][row / 4096 % 4];
    sets.push(("levels that shift".to_owned(), (0..300_000).map(|i| level(i) + next()).collect()));
    let constant = |row: usize| [0.1, 0.3, 0.1 + 1e-9, 0.2][row / 2048 % 4];
    sets.push(("constant blocks".to_owned(), (0..300_000).map(constant).collect()));
    sets.push(("all the same".to_owned(), vec![0.1; 300_000]));
    sets.push(("the same but for the last".to_owned(), {
        let mut x = vec![1e8 + 0.1; 200_000];
        x[199_999] = 1e8 + 0.2;
        x
    }));
    for at in [0, 2047, 2048, 150_000, 199_999] {
        let mut x = around(1.0, 0.5, 200_000);
        x[at] = 1e15;
        // Multiples of 2^-20 keep the exact sums small.
        x.iter_mut().for_each(|x| *x = (*x * 1_048_576.0).round() / 1_048_576.0);
        sets.push((format!("a spike of 1e15 at {at}"), x));
    }
    sets
}

#[test]
fn means_and_deviations() {
    println!("{:32} {:>9} {:>9} {:>9}", "units in the last place of", "mean", "variance", "std");
    for (name, x) in sets() {
        let truth = Truth::of(&x);
        let mean = ulp(reference(&Mean::default(), &[&x]).unwrap(), &truth.mean);
        let variance = ulp(reference(&Variance::of(1), &[&x]).unwrap(), &truth.variance);
        let std = ulp(reference(&Std::of(1), &[&x]).unwrap(), &truth.std);
        println!("{name:32} {mean:9.3} {variance:9.3} {std:9.3}");
        assert!(mean <= 2.0, "{name}: the mean is {mean} units off");
        assert!(std <= 2.0, "{name}: the standard deviation is {std} units off");
        assert!(variance <= 4.0, "{name}: the variance is {variance} units off");
    }
}

#[test]
fn skewness_and_kurtosis_at_an_offset() {
    println!("{:32} {:>9} {:>9}", "relative error of", "skewness", "kurtosis");
    for n in [1000, 10_000, 300_000] {
        for (name, x) in [
            ("1e8 + exponential", exponential(1e8, n)),
            ("1e8 + lognormal", lognormal(1e8, n)),
            ("-1e8 - exponential", exponential(1e8, n).iter().map(|x| -x).collect()),
            ("exponential", exponential(0.0, n).iter().map(|x| (x * 1e9).round() / 1_073_741_824.0).collect()),
        ] {
            let truth = Truth::of(&x);
            let skewness = relative(reference(&Skewness { bias: true }, &[&x]).unwrap(), &truth.skewness);
            let kurtosis = relative(reference(&Kurtosis { fisher: true, bias: true }, &[&x]).unwrap(), &truth.kurtosis);
            println!("{:32} {skewness:9.1e} {kurtosis:9.1e}", format!("{name}, {n}"));
            assert!(skewness <= 1e-14 && kurtosis <= 1e-14, "{name}, {n}: {skewness:e} and {kurtosis:e}");
        }
    }
}

/// `Σ (x − x̄)(y − ȳ) / (n − 1)` and its ratio to the roots of both variances.
fn comoments(x: &[f64], y: &[f64]) -> (BigRational, BigRational) {
    let ((xs, ex), (ys, ey)) = (scaled(x), scaled(y));
    let mut sums: [Exact; 5] = Default::default();
    for (d, e) in xs.iter().map(|i| i - xs[0]).zip(ys.iter().map(|i| i - ys[0])) {
        for (sum, factors) in sums.iter_mut().zip([&[d] as &[_], &[e], &[d, d], &[e, e], &[d, e]]) {
            sum.add(factors);
        }
    }
    let n = BigInt::from(x.len());
    let [sx, sy, sxx, syy, sxy] = sums.map(Exact::value);
    let product = |sum: &BigInt, a: &BigInt, b: &BigInt| -> BigInt { &n * sum - a * b };
    let (xy, xx, yy) = (product(&sxy, &sx, &sy), product(&sxx, &sx, &sx), product(&syy, &sy, &sy));
    let cov = BigRational::new(xy.clone(), &n * (&n - 1)) * power_of_two(ex + ey);
    (cov, root(&BigRational::new(xy.pow(2), xx * yy)) * BigRational::from(xy.signum()))
}

#[test]
fn covariance_and_correlation_at_an_offset() {
    println!("{:32} {:>9} {:>9}", "relative error of", "cov", "corr");
    for n in [1000, 5000, 300_000] {
        let x = around(1e8, 1.0, n);
        let other = exponential(0.0, n);
        let mixed =
            |a: f64, b: f64| x.iter().zip(&other).map(|(x, y)| a * (x - 1e8) + b * y + 1e8).collect::<Vec<f64>>();
        for (name, y) in [("half", mixed(0.5, 0.3)), ("against", mixed(-2.0, 0.1)), ("nearly all", mixed(1.0, 1e-5))] {
            let (cov, corr) = comoments(&x, &y);
            let cov = relative(reference(&Cov::of(1), &[&x, &y]).unwrap(), &cov);
            let corr = relative(reference(&Corr {}, &[&x, &y]).unwrap(), &corr);
            println!("{:32} {cov:9.1e} {corr:9.1e}", format!("{name}, {n}"));
            assert!(cov <= 1e-14 && corr <= 1e-14, "{name}, {n}: {cov:e} and {corr:e}");
        }
    }
}

/// The sum of a column as it is stored, block by block.
fn stored_sum<'a, T>(x: &'a [T]) -> Number
where
    Values<'a>: From<&'a [T]>,
{
    let mut sum = partials::Sum::begin(&());
    let mut doubles = vec![0.0; BLOCK];
    for (i, part) in x.chunks(BLOCK).enumerate() {
        let stored = Values::from(part);
        stored.to_f64(&mut doubles[..part.len()]);
        let column = [Column { values: &doubles[..part.len()], stored }];
        let mut block = partials::Sum::begin(&());
        Partial::absorb(&mut block, &Block::new(&column, (i * BLOCK) as u64));
        Partial::merge(&mut sum, &block);
    }
    sum.value()
}

#[test]
fn sums_of_integers_have_no_error() {
    let mut next = noise(3);
    macro_rules! check {
        ($($type:ident)*) => {$({
            let mut x: Vec<$type> = (0..10_000).map(|_| (next() * 1.9e19) as u64 as $type).collect();
            x.extend([$type::MIN; 5000]);
            let sum = |x: &[$type]| x.iter().map(|&x| BigInt::from(x)).sum::<BigInt>();
            for x in [&x[..], &[$type::MAX; 9000], &[$type::MIN; 9000], &[]] {
                assert_eq!(Number::Int(sum(x).to_i128().unwrap()), stored_sum(x), stringify!($type));
            }
        })*};
    }
    check!(i8 i16 i32 i64 u8 u16 u32 u64);
}

#[test]
fn sums_of_doubles() {
    println!("{:32} {:>9} {:>9}", "error of a sum", "/ sum |x|", "units");
    let mut mixed = noise(5);
    let mut sets = sets();
    sets.push(("noise of both signs".to_owned(), (0..100_000).map(|_| mixed() - 0.5).collect()));
    sets.push(("ten powers of ten".to_owned(), (0..9999).map(|i| mixed() * 10f64.powi(i % 11 - 5)).collect()));
    for (name, x) in sets {
        let (integers, exponent) = scaled(&x);
        let (mut sum, mut size) = (Exact::default(), Exact::default());
        integers.iter().for_each(|&i| {
            sum.add(&[i]);
            size.add(&[i.abs()]);
        });
        let [sum, size] = [sum, size].map(|sum| BigRational::from(sum.value()) * power_of_two(exponent));
        let found = f64::from(reference(&Sum::default(), &[&x]).unwrap());
        let error = ((rational(found) - &sum).abs() / size).to_f64().unwrap();
        println!("{name:32} {error:9.1e} {:9.3}", ulp(found, &sum));
        assert!(error <= 12.0 * 2f64.powi(-53), "{name}: {error:e}");
    }
}

/// Welch's test whose statistic is exactly `t` with `df` degrees of freedom: the first sample has `df + 1` values and
/// mean 0, and its mean a standard error of 1; the second has the mean `−t` and no spread.
fn ttest(df: u32, t: f64) -> TTest {
    let moments = |count: u32, sum: f64, m2: f64| -> Moments {
        let double = |high: f64| serde_json::json!({ "high": high, "low": 0.0 });
        let fields = serde_json::json!({
            "order": "Second", "count": count, "total": double(sum), "mean": double(sum / f64::from(count)), "m2": double(m2), "m3": 0.0,
            "m4": 0.0, "unit": 0, "anchor": null
        });
        serde_json::from_value(fields).unwrap()
    };
    let n = f64::from(df) + 1.0;
    let samples = Samples([moments(df + 1, 0.0, n * f64::from(df)), moments(2, -2.0 * t, 0.0)]);
    match TtestInd::default().finish(&samples) {
        Ok(Next::Done(test)) => test,
        _ => panic!("no answer for {df} and {t}"),
    }
}

/// The statistics of the columns below.
const T: [f64; 8] = [1e-8, 0.1, 1.0, 1.96, 5.0, 20.0, 37.0, 50.0];

/// Two-sided p-values by degrees of freedom: mpmath 1.4, `betainc(df/2, 1/2, 0, df/(df + t*t), regularized=True)` and, for
/// small t, one less `betainc(1/2, df/2, 0, t*t/(df + t*t), regularized=True)`, of the doubles in [`T`], with 60 digits and
/// more.
#[rustfmt::skip]
const PVALUES: [(u32, [&str; 8]); 11] = [
    (1, ["0.999999993633802276324186648254", "0.936548965138892857471085717183", "0.500000000000000000000000000000", "0.300342891776033149361465592077", "0.125665916378002367627494504870", "0.0318045025123527503632593858720", "0.0172017522108663081447153776528", "0.0127306982019455933585958609347"]),
    (2, ["0.999999992928932188134524784823", "0.929465438414140169223648947327", "0.422649730810374235490851219498", "0.189057309601732269582025307611", "0.0377495513506237258180853658301", "0.00249066389236709697717718893276", "7.29660804925063594286187465347e-4", "3.99760159888080580907896677675e-4"]),
    (3, ["0.999999992648948061042772682736", "0.926652348800805824855354403134", "0.391002218955770641911003417510", "0.144852208564853655220025216367", "0.0153924380733023009866251762865", "2.73203250247311720234269367079e-4", "4.34234881249791255315799389391e-5", "1.76171520412719741559683101944e-5"]),
    (5, ["0.999999992407866203550111369244", "0.924230141154660370279968500752", "0.363217467649122625600148519998", "0.107287952505294172912902738612", "0.00410471598005332242050687875464", "5.77551637322417209228147607658e-6", "2.71582819254680372526906567319e-7", "6.04775762660122523162880571838e-8"]),
    (10, ["0.999999992217832320679378967509", "0.922320718564408315181941452436", "0.340893132302059872674700310231", "0.0784362402476997129322316147462", "5.37333602756452617087655866439e-4", "2.14606231720425181143923422357e-9", "4.94989096539711306118502113340e-12", "2.47431032930267997468288087388e-13"]),
    (30, ["0.999999992087356302118044810195", "0.921009611790271151710077196101", "0.325308615426029891233774016206", "0.0593423128960504763147557859670", "2.32966854670077951328751180115e-5", "6.74908366577128640123210826393e-19", "1.36058062914198638182153242568e-26", "1.87154176592227125963540562259e-30"]),
    (100, ["0.999999992041076261282123817641", "0.920544531095851232162122273310", "0.319724155784123360400329472676", "0.0527789013662296660432423295616", "2.45017341350380042298621070910e-6", "9.99426786133695593340929892009e-37", "3.67082140353890431306904221635e-60", "1.44721636797613887520731287858e-72"]),
    (1000, ["0.999999992023148853722836866162", "0.920364369023604126714051693978", "0.317552418084672307082408274310", "0.0502731849557487184348983024093", "6.76725636464863038185554477022e-7", "4.06228849952477131371005039444e-75", "1.73007888099130613176294332434e-189", "2.75867241232516496246251816770e-274"]),
    (16384, ["0.999999992021276138564510826519", "0.920345548953611203595546986913", "0.317325276358537963933568741884", "0.0500127150530587360033036689640", "5.79225879553270538099024204307e-7", "6.15896610267929329531548915034e-88", "6.99491649448586420191918066982e-288", "9.99514623428239571185426434824e-508"]),
    (100000, ["0.999999992021174339060432274681", "0.920344525906726217540465466503", "0.317312927564110016067963469992", "0.0499985631943016380342008175528", "5.74270167864167285328569350616e-7", "8.22349391065436215144427700932e-89", "1.19746282434246600722832394214e-297", "1.03487471142956139553560589181e-538"]),
    (1000000, ["0.999999992021156386682499075171", "0.920344345492043157369066594987", "0.317310749833578129281672809476", "0.0499960675852697906856521029034", "5.73399787089074156897708139469e-7", "5.73308704739037183460982226076e-89", "1.82997308618022630610427673435e-299", "1.02965678390115876369954163016e-544"]),
];

#[test]
fn students_distribution() {
    println!("{:>9}  relative error of the p-value of t = {T:?}", "df");
    for (df, pvalues) in PVALUES {
        let errors = T.iter().zip(pvalues).map(|(&t, pvalue)| {
            let test = ttest(df, t);
            assert_eq!(test.statistic, t);
            assert!((test.df / f64::from(df) - 1.0).abs() <= f64::EPSILON, "{}", test.df);
            assert_eq!(ttest(df, -t).pvalue, test.pvalue);
            let truth: f64 = pvalue.parse().unwrap();
            if truth == 0.0 { test.pvalue } else { (test.pvalue - truth).abs() / truth }
        });
        let errors: Vec<f64> = errors.collect();
        println!("{df:9}  {}", errors.iter().map(|error| format!("{error:8.1e}")).collect::<String>());
        for ((error, pvalue), t) in errors.iter().zip(pvalues).zip(T) {
            let bound = if pvalue.parse::<f64>().unwrap() > 1e-100 { 5e-14 } else { 2e-13 };
            assert!(*error <= bound, "p of {t} with {df} degrees of freedom: {error:e}");
        }
    }
}
