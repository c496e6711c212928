//! A straight line through two columns.

use crate::{kernels::test::Alternative, partials::Comoments, special::beyond};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Straight line through two columns by least squares: `y = intercept + slope x`, with Pearson's r, a t-test of the slope, and standard
/// errors.
///
/// The first column is x, the second y; the names are those of SciPy's `linregress`. Null are the slope and what follows from it where
/// x is constant (SciPy raises an error), the p-value too where y is, and the standard errors of fewer than three rows, whose p-value is 1
/// because every two points are on a line (SciPy has 0 for all three). Relative error of slope and r ≤ 1e-14 at an offset of 1e8, for
/// values of any size. What is left beside a line that explains all but 1e-9 of the variance keeps 7 digits, and so do the standard
/// errors: `ols` keeps all of them.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::LinRegress;
/// let line = reference(&LinRegress::default(), &[&[1.0, 2.0, 3.0], &[3.0, 5.0, 7.0]])?;
/// assert_eq!((line.slope, line.intercept, line.rvalue), (2.0, 1.0, 1.0));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinRegress {
    /// What the slope is held to be, against none.
    #[serde(default)]
    pub alternative: Alternative,
}

/// A line, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Line {
    /// How much y rises with x.
    pub slope: f64,
    /// The y at x = 0.
    pub intercept: f64,
    /// Pearson's correlation.
    pub rvalue: f64,
    /// The probability of a slope at least as far out, if there is none.
    pub pvalue: f64,
    /// The standard error of the slope.
    pub stderr: f64,
    /// The standard error of the intercept.
    pub intercept_stderr: f64,
}

impl Kernel for LinRegress {
    const SPEC: Spec = Spec::new("linregress", Category::Pair).columns(2);
    type Pass = Comoments;
    type Output = Line;

    fn pass(&self, shape: &Shape<'_>) -> Result<usize> {
        Ok(shape.columns)
    }

    fn finish(&self, comoments: &Comoments) -> Result<Next<Self>> {
        if comoments.count() == 0 {
            return Err(Reject::Empty);
        }
        let (x, y) = (0, 1);
        let [xx, xy, yy] = [(x, x), (x, y), (y, y)].map(|(i, j)| comoments.measured(i, j));
        let (n, rvalue) = (comoments.count() as f64, comoments.correlation(x, y));
        let (mean, unit) = (comoments.measured_mean(x), comoments.unit_of(y));
        let slope = xy.over(xx);
        let rise = unit.over(comoments.unit_of(x));
        // The left over part of the variance, from its ratio where there is one, is exactly 0 for points on a line.
        let left = if yy.high() > 0.0 { comoments.unexplained(x, y) * yy.value() } else { 0.0 };
        let error = if n > 2.0 { (left / (n - 2.0)).sqrt() } else { f64::NAN };
        let (xx, at_zero) = (xx.value(), mean.value() * mean.value());
        Ok(Next::Done(Line {
            slope: rise.times(1, slope.value()),
            intercept: unit.times(1, comoments.measured_mean(y).minus(slope.times(mean))),
            rvalue,
            pvalue: pvalue(comoments, self.alternative),
            stderr: rise.times(1, error / xx.sqrt()),
            intercept_stderr: unit.times(1, error * (1.0 / n + at_zero / xx).sqrt()),
        }))
    }
}

/// The probability of a correlation of the first two columns at least as far out, if there is none.
pub(super) fn pvalue(comoments: &Comoments, alternative: Alternative) -> f64 {
    let (r, left) = (comoments.correlation(0, 1), comoments.unexplained(0, 1));
    let both = match comoments.count() {
        // Two points are on a line, whatever they are.
        2 if !r.is_nan() => 1.0,
        n => beyond(n as f64 - 2.0, 1.0, left, r * r),
    };
    alternative.side(both, r)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// F. J. Anscombe, The American Statistician 27 (1973): the first of the four sets.
    pub(crate) const X: [f64; 11] = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
    pub(crate) const Y: [f64; 11] = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];

    pub(crate) fn close(found: f64, wanted: f64, error: f64) {
        assert!(found == wanted || (found - wanted).abs() <= error * wanted.abs(), "{found:e} is not {wanted:e}");
    }

    fn line(x: &[f64], y: &[f64]) -> Line {
        reference(&LinRegress::default(), &[x, y]).unwrap()
    }

    /// SciPy 1.17: `linregress(x, y, alternative=…)`.
    #[test]
    fn as_scipy_has_it() {
        let found = line(&X, &Y);
        close(found.slope, 0.500_090_909_090_909_1, 1e-15);
        close(found.intercept, 3.000_090_909_090_91, 1e-15);
        close(found.rvalue, 0.816_420_516_344_839_9, 1e-15);
        close(found.pvalue, 0.002_169_628_873_078_790_5, 1e-13);
        close(found.stderr, 0.117_905_500_595_634_08, 1e-14);
        close(found.intercept_stderr, 1.124_746_790_808_643_7, 1e-14);
        for (alternative, wanted) in
            [(Alternative::Less, 0.998_915_185_563_460_6), (Alternative::Greater, 0.001_084_814_436_539_395_3)]
        {
            close(reference(&LinRegress { alternative }, &[&X, &Y]).unwrap().pvalue, wanted, 1e-13);
        }
    }

    /// Moved by 2^27, where NumPy loses half of its digits, the values are the same to the last one.
    #[test]
    fn offset_and_size_change_nothing() {
        let (plain, offset) = (line(&X, &Y), 2f64.powi(27));
        let moved = line(&X.map(|x| x + offset), &Y);
        close(moved.slope, plain.slope, 1e-15);
        close(moved.stderr, plain.stderr, 1e-14);
        close(moved.intercept, plain.intercept - plain.slope * offset, 1e-15);
        for (x_size, y_size) in [(1e300, 1e-300), (1e-300, 1e300), (1e300, 1e300), (1e-305, 1e-305)] {
            let sized = line(&X.map(|x| x * x_size), &Y.map(|y| y * y_size));
            close(sized.rvalue, plain.rvalue, 1e-15);
            close(sized.pvalue, plain.pvalue, 1e-13);
            close(sized.intercept, plain.intercept * y_size, 1e-14);
            close(sized.intercept_stderr, plain.intercept_stderr * y_size, 1e-14);
            close(sized.slope, plain.slope * y_size / x_size, 1e-14);
        }
    }

    #[test]
    fn what_says_nothing() {
        assert_eq!(reference(&LinRegress::default(), &[&[], &[]]), Err(Reject::Empty));
        let two = line(&[1.0, 2.0], &[3.0, 5.0]);
        assert_eq!((two.slope, two.intercept, two.rvalue, two.pvalue), (2.0, 1.0, 1.0, 1.0));
        assert!(two.stderr.is_nan() && two.intercept_stderr.is_nan());
        let level = line(&[1.0, 2.0, 4.0], &[3.0; 3]);
        assert_eq!((level.slope, level.intercept, level.stderr, level.intercept_stderr), (0.0, 3.0, 0.0, 0.0));
        assert!(level.rvalue.is_nan() && level.pvalue.is_nan());
        for nothing in [
            line(&[1.0], &[1.0]),
            line(&[2.0; 4], &[1.0, 2.0, 3.0, 4.0]),
            line(&[1.0, f64::NAN, 2.0, 3.0], &Y[..4]),
            line(&[1.0, f64::INFINITY, 2.0, 3.0], &Y[..4]),
        ] {
            assert!(nothing.slope.is_nan() && nothing.pvalue.is_nan() && nothing.stderr.is_nan(), "{nothing:?}");
        }
    }
}
