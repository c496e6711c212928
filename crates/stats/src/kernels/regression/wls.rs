//! Weighted least squares.

use crate::{
    partials::Design,
    regression::{self, Fit, Precision, Progress, Step},
};
use echoes_kernel::{Category, Kernel, Next, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Linear regression by weighted least squares: the b of `y = b₀ + b₁ x₁ + … + bₖ xₖ` for which `Σ w (y − X b)²` is the least.
///
/// The first column is y, the second the weights w, the others are x₁ … xₖ, 256 columns at most in all; `intercept = false` leaves b₀ out.
/// A weight is what the variance of its row is divided by: all of them times a number change nothing but the residual standard error.
/// Rows of weight 0 are left out and not counted, as in R (statsmodels counts them); a weight that is below zero, infinite or NaN is
/// refused. The residuals are those times `√w`, of which the errors are made. Otherwise as `ols` computes it certified: by
/// Householder's QR in two doubles, 15 digits for condition numbers up to 1e15.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::regression::Wls;
/// let (y, w, x) = ([3.0, 5.0, 7.0, 100.0], [1.0, 2.0, 1.0, 0.0], [1.0, 2.0, 3.0, 4.0]);
/// let fit = reference(&Wls::default(), &[&y, &w, &x])?;
/// assert_eq!((fit.coefficients[1], fit.rsquared, fit.nobs), (2.0, 1.0, 3));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wls {
    /// Fit a constant b₀ too.
    #[serde(default = "yes")]
    pub intercept: bool,
    /// What earlier readings have found out.
    #[serde(skip)]
    progress: Progress,
}

const fn yes() -> bool {
    true
}

impl Default for Wls {
    fn default() -> Self {
        Self::of(yes())
    }
}

impl Wls {
    /// With an intercept or without one.
    pub const fn of(intercept: bool) -> Self {
        Self { intercept, progress: Progress::Begun }
    }
}

impl Kernel for Wls {
    const SPEC: Spec = Spec::new("wls", Category::Regression).at_least(3).rereads().references(&[
        "A. C. Aitken, On least squares and linear combination of observations, Proc. R. Soc. Edinburgh 55, 1936",
    ]);
    type Pass = regression::Pass;
    type Output = Fit;

    fn pass(&self, shape: &Shape<'_>) -> Result<regression::Setup> {
        let read = regression::few_enough(shape.columns, Self::SPEC.name)?;
        let design = Design::Weighted { read, intercept: self.intercept };
        Ok(regression::setup(design, Precision::Certified, &self.progress))
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
    use crate::{
        kernels::regression::Ols,
        regression::examples::{ACID, AIR, LOSS, WATER, close},
    };
    use echoes_kernel::reference;

    fn weights() -> Vec<f64> {
        (0..21).map(|i| f64::from(1 + i % 3)).collect()
    }

    fn fit(columns: &[&[f64]]) -> Fit {
        reference(&Wls::default(), columns).unwrap()
    }

    /// NumPy 2.4's `lstsq` of the rows times the roots of the weights, with SciPy 1.17's `t.sf` and `f.sf`.
    #[test]
    fn as_numpy_has_it() {
        let found = fit(&[&LOSS, &weights(), &AIR, &WATER, &ACID]);
        close(
            &found.coefficients,
            &[-40.179_088_731_755_22, 0.690_993_976_522_500_9, 1.249_615_246_266_627_5, -0.123_819_300_389_533_25],
            1e-12,
        );
        close(
            &found.stderr,
            &[13.384_645_713_429_453, 0.143_759_054_383_785_86, 0.386_869_761_253_325_45, 0.172_468_269_129_212_68],
            1e-12,
        );
        close(
            &[found.rsquared, found.rsquared_adj, found.fvalue, found.f_pvalue, found.residual_stderr],
            &[
                0.893_219_863_582_999_8,
                0.874_376_310_097_646_7,
                47.401_880_132_497_09,
                1.802_860_055_708_287e-8,
                4.870_824_483_609_54,
            ],
            1e-11,
        );
        close(&[found.residual_min, found.residual_max], &[-11.977_543_934_310_734, 9.106_943_655_434_655], 1e-12);
    }

    #[test]
    fn weights_are_rows_said_so_often() {
        let often = |x: &[f64]| -> Vec<f64> {
            x.iter().zip(weights()).flat_map(|(&x, w)| std::iter::repeat_n(x, w as usize)).collect()
        };
        let rows = reference(&Ols::default(), &[&often(&LOSS), &often(&AIR), &often(&WATER)]).unwrap();
        let weighted = fit(&[&LOSS, &weights(), &AIR, &WATER]);
        close(&weighted.coefficients, &rows.coefficients, 1e-13);
        close(&[weighted.rsquared], &[rows.rsquared], 1e-13);
        assert_eq!((weighted.nobs, rows.nobs), (21, 42));
    }

    #[test]
    fn only_ratios_of_weights_matter() {
        let plain = fit(&[&LOSS, &weights(), &AIR, &WATER]);
        for size in [1e300, 1e-300, 3.0] {
            let sized = fit(&[&LOSS, &weights().iter().map(|w| w * size).collect::<Vec<_>>(), &AIR, &WATER]);
            close(&sized.coefficients, &plain.coefficients, 1e-14);
            close(&sized.stderr, &plain.stderr, 1e-14);
            close(&[sized.residual_stderr], &[plain.residual_stderr * size.sqrt()], 1e-14);
        }
        let ordinary = reference(&Ols::of(true, Precision::Certified), &[&LOSS, &AIR, &WATER]).unwrap();
        close(&fit(&[&LOSS, &[1.0; 21], &AIR, &WATER]).coefficients, &ordinary.coefficients, 1e-15);
    }

    #[test]
    fn rows_without_weight_are_left_out_whatever_they_hold() {
        let (mut loss, mut weights) = (LOSS, weights());
        (loss[20], weights[20]) = (f64::NAN, 0.0);
        let (without, left_out) = (fit(&[&LOSS[..20], &weights[..20], &AIR[..20]]), fit(&[&loss, &weights, &AIR]));
        assert_eq!((&without.coefficients, without.residual_max), (&left_out.coefficients, left_out.residual_max));
        assert_eq!((left_out.nobs, left_out.df_resid), (20, 18));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            weights[3] = bad;
            let refused = reference(&Wls::default(), &[&LOSS, &weights, &AIR]);
            assert_eq!(refused, Err(echoes_kernel::Reject::Weight { row: 3 }), "{bad}");
        }
        let nothing = reference(&Wls::default(), &[&LOSS, &[0.0; 21], &AIR]);
        assert_eq!(nothing, Err(echoes_kernel::Reject::Empty));
    }
}
