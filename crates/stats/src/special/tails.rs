//! What is left of a distribution beyond a point: Student's t by the incomplete beta function, and the point of the
//! normal one that leaves so much.

use super::{incomplete_beta, ln::ln_of};

/// The probability of a `t` at least as far from zero, of `df` degrees of freedom; NaN if there are none.
pub(crate) fn student_both(t: f64, df: f64) -> f64 {
    let square = t * t;
    let (x, y) = if square.is_infinite() { (0.0, 1.0) } else { (df / (df + square), square / (df + square)) };
    if df > 0.0 { incomplete_beta(df / 2.0, 0.5, x, y) } else { f64::NAN }
}

/// Where the normal distribution has `p` below it; M. J. Wichura, Algorithm AS 241, Applied Statistics 37(3), 1988: 16 digits.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    const MIDDLE: Fraction = Fraction {
        above: [
            3.387_132_872_796_366_6,
            1.331_416_678_917_843_8e2,
            1.971_590_950_306_551_3e3,
            1.373_169_376_550_946e4,
            4.592_195_393_154_987e4,
            6.726_577_092_700_87e4,
            3.343_057_558_358_813e4,
            2.509_080_928_730_122_7e3,
        ],
        below: [
            1.0,
            4.231_333_070_160_091e1,
            6.871_870_074_920_579e2,
            5.394_196_021_424_751e3,
            2.121_379_430_158_659_7e4,
            3.930_789_580_009_271e4,
            2.872_908_573_572_194_3e4,
            5.226_495_278_852_854e3,
        ],
    };
    const ASIDE: Fraction = Fraction {
        above: [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            2.417_807_251_774_506e-1,
            2.272_384_498_926_918_4e-2,
            7.745_450_142_783_414e-4,
        ],
        below: [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            6.897_673_349_851e-1,
            1.481_039_764_274_800_8e-1,
            1.519_866_656_361_645_7e-2,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    };
    const FAR: Fraction = Fraction {
        above: [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            2.965_605_718_285_048_7e-1,
            2.653_218_952_657_612_4e-2,
            1.242_660_947_388_078_4e-3,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        below: [
            1.0,
            5.998_322_065_558_88e-1,
            1.369_298_809_227_358e-1,
            1.487_536_129_085_061_5e-2,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * MIDDLE.at(0.180_625 - q * q);
    }
    let far = (-ln_of(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let size = match far {
        ..=5.0 => ASIDE.at(far - 1.6),
        f64::INFINITY => far,
        _ => FAR.at(far - 5.0),
    };
    if q < 0.0 { -size } else { size }
}

/// A rational function of degree 7.
struct Fraction {
    above: [f64; 8],
    below: [f64; 8],
}

impl Fraction {
    fn at(&self, x: f64) -> f64 {
        let horner = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
        horner(&self.above) / horner(&self.below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17: `norm.ppf`.
    #[test]
    fn normal_quantiles() {
        for (p, wanted) in [
            (0.5, 0.0),
            (0.6, 0.253_347_103_135_799_7),
            (0.95, 1.644_853_626_951_472_2),
            (0.99, 2.326_347_874_040_840_8),
            (0.9999, 3.719_016_485_455_709),
            (1.0 - 1e-10, 6.361_340_889_697_422),
        ] {
            let found = normal_quantile(p);
            assert!((found - wanted).abs() <= 1e-15 * wanted, "{p}: {found} is not {wanted}");
        }
        assert_eq!(normal_quantile(0.25), -normal_quantile(0.75));
        assert!((normal_quantile(1e-300) + 37.047_096_299_361_2).abs() < 1e-13);
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    /// SciPy 1.17: `2 * t.sf`.
    #[test]
    fn tails() {
        for (found, wanted) in
            [(student_both(2.0, 10.0), 0.073_388_034_770_740_37), (student_both(-30.0, 3.5), 2.393_613_199_562_261e-5)]
        {
            assert!((found / wanted - 1.0).abs() < 1e-12, "{found:e} is not {wanted:e}");
        }
        assert_eq!(student_both(f64::INFINITY, 2.0), 0.0);
        assert!(student_both(1.0, 0.0).is_nan() && student_both(f64::NAN, 1.0).is_nan());
    }
}
