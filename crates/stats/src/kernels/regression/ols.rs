//! Ordinary least squares.

use crate::{
    partials::Design,
    regression::{self, Fit, Precision, Progress, Step},
};
use echoes_kernel::{Category, Kernel, Next, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Linear regression by ordinary least squares: `y = b₀ + b₁ x₁ + … + bₖ xₖ`, with standard errors, t-tests, R² and F.
///
/// The first column is y, the others are x₁ … xₖ, 256 columns at most, over the rows in which all are present; `intercept = false` leaves
/// b₀ out, and R², as in R and statsmodels, is then about zero and not about the mean. Two readings: what the coefficients leave of y is
/// measured, in two doubles, not inferred, so that R², F and the errors keep their digits at any offset and however good the fit is.
///
/// Fast, the coefficients come from the products of the columns about their means. These lose the square of the condition number, which
/// is told: of NIST's sets they have twelve digits at least. Columns whose number is above 100 are read once more and computed as
/// certified. That is Householder's QR in two doubles: the double next to every coefficient of NIST's sets, as far as 16 digits tell.
///
/// Null are the coefficients of columns of which some depend on the others, of fewer rows than coefficients, and of a NaN or an infinity:
/// `rank` says how many coefficients can be told apart. A fit without a degree of freedom has no errors; y that is constant has no R².
/// A residual that is the rounding of two doubles is 0.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::regression::Ols;
/// let fit = reference(&Ols::default(), &[&[3.0, 5.0, 7.0, 10.0], &[1.0, 2.0, 3.0, 4.0]])?;
/// assert!((fit.coefficients[1] - 2.3).abs() < 1e-15 && fit.df_resid == 2);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ols {
    /// Fit a constant b₀ too.
    #[serde(default = "yes")]
    pub intercept: bool,
    /// How it is computed.
    #[serde(default)]
    pub precision: Precision,
    /// What earlier readings have found out.
    #[serde(skip)]
    progress: Progress,
}

const fn yes() -> bool {
    true
}

impl Default for Ols {
    fn default() -> Self {
        Self::of(yes(), Precision::default())
    }
}

impl Ols {
    /// With an intercept or without one.
    pub const fn of(intercept: bool, precision: Precision) -> Self {
        Self { intercept, precision, progress: Progress::Begun }
    }
}

impl Kernel for Ols {
    const SPEC: Spec = Spec::new("ols", Category::Regression).at_least(2).rereads().references(&[
        "G. H. Golub, C. F. Van Loan, Matrix Computations, 4th ed., 2013, 5.3",
        "J. Demmel, L. Grigori, M. Hoemmen, J. Langou, Communication-optimal parallel and sequential QR and LU factorizations, SIAM \
         J. Sci. Comput. 34(1), 2012",
    ]);
    type Pass = regression::Pass;
    type Output = Fit;

    fn pass(&self, shape: &Shape<'_>) -> Result<regression::Setup> {
        let read = regression::few_enough(shape.columns, Self::SPEC.name)?;
        let design = Design::Columns { read, intercept: self.intercept };
        Ok(regression::setup(design, self.precision, &self.progress))
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        Ok(match regression::step(pass, self.intercept, &self.progress)? {
            Step::Again(progress) => Next::Again(Self { progress, ..*self }),
            Step::Done(fit) => Next::Done(*fit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::examples::{ACID, AIR, LOSS, WATER, close};
    use echoes_kernel::{Reject, reference};

    const BOTH: [Precision; 2] = [Precision::Fast, Precision::Certified];

    fn fit(columns: &[&[f64]], precision: Precision) -> Fit {
        reference(&Ols::of(true, precision), columns).unwrap()
    }

    /// NumPy 2.4's `lstsq` with SciPy 1.17's `t.sf` and `f.sf`; R's `summary(lm(stack.loss ~ ., stackloss))` prints their first digits.
    #[test]
    fn stack_loss() {
        for precision in BOTH {
            let fit = fit(&[&LOSS, &AIR, &WATER, &ACID], precision);
            close(
                &fit.coefficients,
                &[-39.919_674_420_124_025, 0.715_640_200_485_283_9, 1.295_286_124_388_572, -0.152_122_519_148_652_57],
                1e-12,
            );
            close(
                &fit.stderr,
                &[11.895_996_850_643_96, 0.134_858_185_355_371_36, 0.368_024_265_272_701_93, 0.156_294_043_248_617_68],
                1e-12,
            );
            close(
                &fit.pvalues,
                &[
                    0.003_750_306_832_259_534,
                    5.799_024_724_252_323_4e-5,
                    0.002_630_054_396_488_863_6,
                    0.344_046_096_696_425_8,
                ],
                1e-11,
            );
            close(&fit.tvalues[1..2], &[5.306_613_006_837_261], 1e-12);
            close(
                &[fit.rsquared, fit.rsquared_adj, fit.fvalue, fit.f_pvalue, fit.residual_stderr],
                &[
                    0.913_576_904_460_681_8,
                    0.898_325_769_953_743_4,
                    59.902_225_899_656_9,
                    3.016_327_243_421_154e-9,
                    3.243_363_918_185_222_5,
                ],
                1e-11,
            );
            close(&[fit.residual_min, fit.residual_max], &[-7.237_712_859_089_903, 5.697_774_170_643_47], 1e-12);
            close(&[fit.condition_number], &[3.209_229_408_228_622], 1e-13);
            assert_eq!((fit.df_model, fit.df_resid, fit.nobs, fit.rank, fit.precision), (3, 17, 21, 4, precision));
        }
    }

    #[test]
    fn without_an_intercept() {
        for precision in BOTH {
            let fit = reference(&Ols::of(false, precision), &[&LOSS, &AIR, &WATER, &ACID]).unwrap();
            close(
                &fit.coefficients,
                &[0.796_765_202_294_422_4, 1.111_422_459_076_098, -0.624_993_260_003_191_2],
                1e-12,
            );
            close(&fit.stderr, &[0.166_242_176_458_537_8, 0.456_001_044_996_583_7, 0.084_714_217_063_057_4], 1e-12);
            close(
                &[fit.rsquared, fit.rsquared_adj, fit.fvalue, fit.f_pvalue],
                &[0.965_098_877_504_479_9, 0.959_282_023_755_226_5, 165.914_241_462_295_5, 2.664_724_883_754_281e-13],
                1e-11,
            );
            assert_eq!((fit.df_model, fit.df_resid), (3, 18));
        }
    }

    /// A fit that explains all but 1e-11 of the variance, 2^27 away from zero: the errors keep their digits.
    #[test]
    fn nothing_cancels_at_an_offset() {
        let rows = if cfg!(miri) { 300 } else { 3000 };
        let x: Vec<f64> = (0..rows).map(|i| i as f64).collect();
        let noise = |i: usize| f64::from((i * i % 7) as u8) - 3.0;
        let y = |offset: f64| (0..rows).map(|i| offset + 1024.0 * x[i] + noise(i)).collect::<Vec<f64>>();
        let far: Vec<f64> = x.iter().map(|x| x + 2f64.powi(27)).collect();
        let plain = fit(&[&y(0.0), &x], Precision::Certified);
        for precision in BOTH {
            let far = fit(&[&y(2f64.powi(40)), &far], precision);
            let least = if precision == Precision::Fast { 1e-8 } else { 1e-14 };
            close(&far.coefficients[1..], &plain.coefficients[1..], 1e-14);
            close(&far.stderr[1..], &plain.stderr[1..], least);
            close(&[far.residual_stderr], &[plain.residual_stderr], least);
            close(&[far.fvalue], &[plain.fvalue], least);
            close(&[far.residual_min, far.residual_max], &[plain.residual_min, plain.residual_max], least);
        }
    }

    #[test]
    fn values_of_any_size() {
        let plain = fit(&[&LOSS, &AIR, &WATER], Precision::Certified);
        for (y_size, x_size) in [(1e300, 1e-300), (1e-300, 1e300), (1e300, 1e300), (1e-300, 1e-300), (1e305, 1.0)] {
            let by = |x: &[f64], size: f64| x.iter().map(|x| x * size).collect::<Vec<f64>>();
            let (y, air, water) = (by(&LOSS, y_size), by(&AIR, x_size), by(&WATER, x_size));
            for precision in BOTH {
                let sized = fit(&[&y, &air, &water], precision);
                close(&[sized.coefficients[0]], &[plain.coefficients[0] * y_size], 1e-11);
                close(&[sized.coefficients[1]], &[plain.coefficients[1] * (y_size / x_size)], 1e-11);
                close(&sized.tvalues, &plain.tvalues, 1e-11);
                close(&[sized.rsquared, sized.fvalue], &[plain.rsquared, plain.fvalue], 1e-11);
                close(&[sized.residual_stderr], &[plain.residual_stderr * y_size], 1e-11);
            }
        }
    }

    #[test]
    fn dependent_columns_are_told() {
        let one: Vec<f64> = AIR.iter().zip(WATER).map(|(air, water)| air - 2.0 * water).collect();
        for precision in BOTH {
            let twice = fit(&[&LOSS, &AIR, &AIR], precision);
            assert!(twice.coefficients.len() == 3 && twice.coefficients.iter().all(|x| x.is_nan()));
            assert_eq!((twice.rank, twice.df_model, twice.precision), (2, 1, Precision::Certified));
            assert_eq!(twice.condition_number, f64::INFINITY);
            assert_eq!(fit(&[&LOSS, &AIR, &WATER, &one], precision).rank, 3);
            assert_eq!(fit(&[&LOSS, &[0.1; 21]], precision).rank, 1);
            assert_eq!(fit(&[&LOSS, &[0.0; 21], &AIR], precision).rank, 2);
            let few = fit(&[&[1.0, 2.0], &[1.0, 3.0], &[5.0, 2.0]], precision);
            assert!((few.rank, few.nobs) == (2, 2) && few.rsquared.is_nan());
        }
    }

    #[test]
    fn ends() {
        for precision in BOTH {
            assert_eq!(reference(&Ols::of(true, precision), &[&[], &[]]), Err(Reject::Empty));
            let line = fit(&[&[3.0, 5.0], &[1.0, 2.0]], precision);
            close(&line.coefficients, &[1.0, 2.0], 1e-15);
            assert!((line.df_resid, line.rsquared) == (0, 1.0) && line.stderr[0].is_nan() && line.fvalue.is_nan());
            let exact = fit(&[&[3.0, 5.0, 7.0], &[1.0, 2.0, 3.0]], precision);
            assert_eq!(
                (exact.residual_stderr, exact.stderr[1], exact.pvalues[1], exact.f_pvalue),
                (0.0, 0.0, 0.0, 0.0)
            );
            let level = fit(&[&[0.1; 5], &[1.0, 2.0, 4.0, 8.0, 16.0]], precision);
            assert_eq!((level.coefficients[1], level.residual_stderr, level.residual_max), (0.0, 0.0, 0.0));
            close(&level.coefficients[..1], &[0.1], 1e-15);
            assert!(level.rsquared.is_nan() && level.fvalue.is_nan() && level.pvalues[1].is_nan());
            let one = fit(&[&[1.0], &[2.0]], precision);
            assert_eq!((one.rank, one.nobs, one.df_resid), (1, 1, 0));
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                for columns in [[[1.0, 2.0, value], [1.0, 2.0, 4.0]], [[1.0, 2.0, 4.0], [1.0, value, 4.0]]] {
                    let none = fit(&[&columns[0], &columns[1]], precision);
                    assert!(none.coefficients[0].is_nan() && none.rsquared.is_nan() && none.condition_number.is_nan());
                }
            }
        }
        let columns = vec![&[1.0, 2.0][..]; 257];
        assert!(matches!(
            reference(&Ols::default(), &columns),
            Err(Reject::TooManyColumns { limit: 256, found: 257, .. })
        ));
    }
}
