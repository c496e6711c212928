//! Ridge regression.

use crate::{
    partials::{Design, Residuals},
    regression::{self, Precision, Progress, Read, Solved},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Ridge regression: the b of `y = b₀ + b₁ x₁ + … + bₖ xₖ` for which `Σ (y − X b)² + α (b₁² + … + bₖ²)` is the least.
///
/// The first column is y, the others are x₁ … xₖ, 256 columns at most; `intercept = false` leaves b₀ out. As in scikit-learn's `Ridge` the
/// intercept costs nothing, and the columns are taken as they are: whoever wants them on one scale brings them there before. The penalty
/// makes columns that depend on each other no trouble, and fewer rows than coefficients neither. Digits and readings are those of `ols`;
/// with `alpha = 0` it is that. Null where even so the columns determine no fit, and with a NaN or an infinity.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::regression::Ridge;
/// let fit = reference(&Ridge::of(2.0), &[&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]])?;
/// assert_eq!(*fit.coefficients, [1.0, 0.5]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ridge {
    /// What the squares of the coefficients cost, not negative.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// Fit a constant b₀ too, which costs nothing.
    #[serde(default = "yes")]
    pub intercept: bool,
    /// How it is computed.
    #[serde(default)]
    pub precision: Precision,
    /// What earlier readings have found out.
    #[serde(skip)]
    progress: Progress,
    /// And of the rows, the penalty aside.
    #[serde(skip)]
    rows: Rows,
}

/// What is known of the rows without the penalty.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Rows {
    /// The sum of the squares of y, about its mean where there is an intercept.
    total: f64,
    /// Coefficients that the penalty leaves.
    freedom: f64,
}

const fn one() -> f64 {
    1.0
}

const fn yes() -> bool {
    true
}

impl Default for Ridge {
    fn default() -> Self {
        Self::of(one())
    }
}

impl Ridge {
    /// With this penalty, and an intercept.
    pub const fn of(alpha: f64) -> Self {
        let rows = Rows { total: 0.0, freedom: 0.0 };
        Self { alpha, intercept: true, precision: Precision::Fast, progress: Progress::Begun, rows }
    }
}

/// A fit that is held back by a penalty.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RidgeFit {
    /// The coefficients, that of the intercept first.
    pub coefficients: Series,
    /// The part of the variance of y that is explained; without an intercept, of the sum of its squares.
    pub rsquared: f64,
    /// The coefficients that the penalty leaves, as it were, without the intercept: the trace of the matrix that turns y into what is fitted.
    pub df_model: f64,
    /// The smallest residual.
    pub residual_min: f64,
    /// The largest residual.
    pub residual_max: f64,
    /// Rows.
    pub nobs: u64,
    /// The largest singular value of the columns with their penalty over the smallest one, as `ols` has it without.
    pub condition_number: f64,
    /// How it was computed.
    pub precision: Precision,
}

impl Kernel for Ridge {
    const SPEC: Spec = Spec::new("ridge", Category::Regression)
        .at_least(2)
        .rereads()
        .references(&["A. E. Hoerl, R. W. Kennard, Ridge regression: biased estimation for nonorthogonal problems, Technometrics 12(1), 1970"]);
    type Pass = regression::Pass;
    type Output = RidgeFit;

    fn pass(&self, shape: &Shape<'_>) -> Result<regression::Setup> {
        if !(0.0..=f64::MAX).contains(&self.alpha) {
            let value = format!("{:?}", self.alpha);
            return Err(Reject::Parameter { name: "alpha", value, expected: "finite and not negative" });
        }
        let read = regression::few_enough(shape.columns, Self::SPEC.name)?;
        let design = Design::Columns { read, intercept: self.intercept };
        Ok(regression::setup(design, self.precision, &self.progress))
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        match (pass, &self.progress) {
            (Either::Second(residuals), Progress::Solved(solved)) => Ok(Next::Done(self.told(solved, residuals))),
            (Either::Second(_), _) => Err(Reject::Kernel("residuals of no fit")),
            (Either::First(first), _) => Ok(match Read::of(first, self.intercept)? {
                None => Next::Again(Self { progress: Progress::Escalated, ..self.clone() }),
                Some(read) => self.solve(read),
            }),
        }
    }
}

impl Ridge {
    /// Looks for the coefficients.
    fn solve(&self, read: Read) -> Next<Self> {
        let (mut data, columns) = (read.upper.clone(), read.design.ones()..read.upper.order() - 1);
        match read.penalised(self.alpha).solve() {
            Ok(solved) => {
                for column in columns.clone() {
                    data.raise(column, solved.upper.exponent(column));
                }
                let total = data.squares(columns.start..data.order());
                let rows = Rows { total, freedom: data.squares_against(&solved.upper, columns) };
                Next::Again(Self { progress: Progress::Solved(Arc::new(solved)), rows, ..self.clone() })
            }
            Err(none) => Next::Done(RidgeFit {
                coefficients: none.coefficients,
                rsquared: f64::NAN,
                df_model: f64::NAN,
                residual_min: f64::NAN,
                residual_max: f64::NAN,
                nobs: none.nobs,
                condition_number: none.condition_number,
                precision: none.precision,
            }),
        }
    }

    fn told(&self, solved: &Solved, residuals: &Residuals) -> RidgeFit {
        let [residual_min, residual_max] = solved.ends(residuals);
        RidgeFit {
            coefficients: Series(solved.coefficients()),
            rsquared: 1.0 - solved.left(residuals) / self.rows.total,
            df_model: self.rows.freedom,
            residual_min,
            residual_max,
            nobs: solved.count,
            condition_number: solved.upper.condition(solved.fitted.design.ones()),
            precision: solved.precision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::regression::Ols;
    use crate::regression::examples::{ACID, AIR, LOSS, WATER, close};
    use echoes_kernel::reference;

    fn fit(ridge: &Ridge, columns: &[&[f64]]) -> RidgeFit {
        reference(ridge, columns).unwrap()
    }

    /// NumPy 2.4: `solve(X.T @ X + alpha * eye(3), X.T @ y)` of centred columns, scikit-learn's way, and of plain ones.
    #[test]
    fn as_scikit_learn_has_it() {
        let columns: [&[f64]; 4] = [&LOSS, &AIR, &WATER, &ACID];
        for precision in [Precision::Fast, Precision::Certified] {
            let some = fit(&Ridge { precision, ..Ridge::of(1000.0) }, &columns);
            let wanted =
                [-29.300_757_498_923_44, 0.585_684_769_222_033_5, 0.239_848_677_783_816_44, 0.073_857_048_055_408_94];
            close(&some.coefficients, &wanted, 1e-12);
            close(
                &[some.rsquared, some.df_model, some.residual_min, some.residual_max],
                &[0.762_522_267_594_570_9, 1.014_382_019_041_673_2, -8.215_141_275_337_444, 11.396_784_384_064_33],
                1e-12,
            );
            let little = fit(&Ridge { precision, ..Ridge::of(1.0) }, &columns);
            close(&[little.coefficients[0], little.df_model], &[-39.884_042_052_429_905, 2.983_270_059_007_387], 1e-12);
            let plain = fit(&Ridge { precision, intercept: false, ..Ridge::of(1000.0) }, &columns);
            let wanted = [0.518_949_960_549_658_1, 0.198_410_332_241_298_48, -0.205_793_251_024_007_06];
            close(&plain.coefficients, &wanted, 1e-12);
        }
    }

    #[test]
    fn no_penalty_is_ordinary_and_a_great_one_leaves_the_mean() {
        let columns: [&[f64]; 4] = [&LOSS, &AIR, &WATER, &ACID];
        let (none, ordinary) = (fit(&Ridge::of(0.0), &columns), reference(&Ols::default(), &columns).unwrap());
        assert_eq!(none.coefficients, ordinary.coefficients);
        close(&[none.rsquared, none.df_model], &[ordinary.rsquared, 3.0], 1e-14);
        let all = fit(&Ridge::of(f64::MAX), &columns);
        close(&[all.coefficients[0]], &[LOSS.iter().sum::<f64>() / 21.0], 1e-14);
        assert!(all.df_model < 1e-300 && all.rsquared.abs() < 1e-14, "{all:?}");
    }

    #[test]
    fn dependent_columns_share_and_few_rows_do() {
        let twice = fit(&Ridge::of(2.0), &[&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]]);
        close(&twice.coefficients, &[2.0 - 2.0 * 2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], 1e-14);
        let one = fit(&Ridge::default(), &[&[5.0], &[3.0], &[4.0]]);
        assert_eq!(*one.coefficients, [5.0, 0.0, 0.0]);
        assert!(one.df_model < 1e-60, "{one:?}");
        let none = fit(&Ridge::of(0.0), &[&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]]);
        assert!(none.coefficients.iter().all(|x| x.is_nan()) && none.rsquared.is_nan());
    }

    #[test]
    fn values_of_any_size() {
        let plain = fit(&Ridge::of(10.0), &[&LOSS, &AIR, &WATER]);
        for size in [1e150, 1e-150] {
            let by = |x: &[f64]| x.iter().map(|x| x * size).collect::<Vec<f64>>();
            let sized = fit(&Ridge::of(10.0 * size * size), &[&by(&LOSS), &by(&AIR), &by(&WATER)]);
            close(&sized.coefficients[1..], &plain.coefficients[1..], 1e-11);
        }
        assert_eq!(reference(&Ridge::default(), &[&[], &[]]), Err(Reject::Empty));
        assert!(fit(&Ridge::default(), &[&[1.0, f64::NAN], &[1.0, 2.0]]).coefficients[1].is_nan());
        assert!(reference(&Ridge::of(-1.0), &[&[1.0], &[1.0]]).is_err());
        assert!(reference(&Ridge::of(f64::INFINITY), &[&[1.0], &[1.0]]).is_err());
    }
}
