//! What the kernels of regression share: the readings of a fit, and what is told of it.
//!
//! A first reading leaves the products of the columns or, where those would lose too many digits or better ones were asked for, the
//! triangle of the rows; from either come the coefficients. A second reading measures what they leave of y. R², F and the errors follow
//! from sums of squares none of which is a difference of others.

use crate::{
    double::{Double, shifted},
    partials::{Comoments, Design, Fitted, Residuals, Triangle},
    special::{fisher_beyond, student_both},
    upper::{Rows, Upper, exponent_beyond},
};
use echoes_kernel::{Either, Reject, Result, Series};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most columns that a regression takes.
pub(crate) const COLUMNS_MAX: usize = 256;

/// The condition up to which products of columns will do: they lose its square, four of sixteen digits.
const CONDITION_MAX: f64 = 100.0;

/// How a regression is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// From the products of the columns, eleven digits at least; as `certified` where their condition number is above 100, at the price
    /// of another reading.
    #[default]
    Fast,
    /// By orthogonal transformations in two doubles, some four times slower: all digits for condition numbers up to 1e15.
    Certified,
}

/// What a kernel of regression reads: products or a triangle, then what is left of y.
pub(crate) type Pass = Either<Either<Comoments, Triangle>, Residuals>;
/// How it begins to.
pub(crate) type Setup = Either<Either<usize, Design>, Fitted>;

/// Where a fit stands between its readings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Solved {
    /// The triangle whose solution it is.
    pub(crate) upper: Upper,
    pub(crate) fitted: Fitted,
    pub(crate) count: u64,
    pub(crate) precision: Precision,
}

/// A regression's own parameter, how far it has come.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Progress {
    /// Nothing is known.
    #[default]
    Begun,
    /// Products of columns will not do.
    Escalated,
    /// Coefficients are known.
    Solved(Arc<Solved>),
}

/// The setup of a reading of this design; products do for columns without weights.
pub(crate) fn setup(design: Design, precision: Precision, progress: &Progress) -> Setup {
    match (progress, design) {
        (Progress::Solved(solved), _) => Either::Second(solved.fitted.clone()),
        (Progress::Begun, Design::Columns { read, .. }) if precision == Precision::Fast => {
            Either::First(Either::First(read))
        }
        _ => Either::First(Either::Second(design)),
    }
}

/// Refuses more columns than a regression takes.
pub(crate) const fn few_enough(found: usize, kernel: &'static str) -> Result<usize> {
    match found {
        ..=COLUMNS_MAX => Ok(found),
        _ => Err(Reject::TooManyColumns { kernel, limit: COLUMNS_MAX, found }),
    }
}

/// What follows a reading.
pub(crate) enum Step {
    /// Another one.
    Again(Progress),
    /// The answer.
    Done(Box<Fit>),
}

/// What follows a reading of a fit without a penalty.
pub(crate) fn step(pass: &Pass, intercept: bool, progress: &Progress) -> Result<Step> {
    match (pass, progress) {
        (Either::Second(residuals), Progress::Solved(solved)) => Ok(Step::Done(Box::new(Fit::of(solved, residuals)))),
        (Either::Second(_), _) => Err(Reject::Kernel("residuals of no fit")),
        (Either::First(first), _) => Ok(match Read::of(first, intercept)? {
            None => Step::Again(Progress::Escalated),
            Some(read) => match read.solve() {
                Ok(solved) => Step::Again(Progress::Solved(Arc::new(solved))),
                Err(none) => Step::Done(none),
            },
        }),
    }
}

/// What a first reading has found out.
pub(crate) struct Read {
    /// The triangle of the columns.
    pub(crate) upper: Upper,
    pub(crate) design: Design,
    /// The rows that it stands for.
    pub(crate) count: u64,
    /// Half the binary logarithm of the unit of their weights.
    lift: i32,
    precision: Precision,
}

impl Read {
    /// What a first reading has found out; `None` if the products will not do.
    pub(crate) fn of(pass: &Either<Comoments, Triangle>, intercept: bool) -> Result<Option<Self>> {
        match pass {
            Either::First(comoments) if comoments.count() == 0 => Err(Reject::Empty),
            Either::Second(triangle) if triangle.checked()?.count() == 0 => Err(Reject::Empty),
            Either::First(comoments) => {
                let (count, design) = (comoments.count(), Design::Columns { read: comoments.columns(), intercept });
                let of = |upper| Self { upper, design, count, lift: 0, precision: Precision::Fast };
                Ok(Upper::of_products(comoments, intercept, CONDITION_MAX).map(of))
            }
            Either::Second(triangle) => Ok(Some(Self {
                upper: triangle.upper().clone(),
                design: triangle.design(),
                count: triangle.count(),
                lift: triangle.lift(),
                precision: Precision::Certified,
            })),
        }
    }

    /// The same with a penalty on the squares of the coefficients but the intercept: a row for each of them.
    pub(crate) fn penalised(mut self, alpha: f64) -> Self {
        let (ones, order) = (self.design.ones(), self.upper.order());
        // The square of the root of the largest double is infinite.
        let root = Double::from(alpha).shifted(-2).sqrt().shifted(1);
        let mut rows = Rows::new(order);
        for column in ones..order - 1 {
            self.upper.raise(column, exponent_beyond(root.high()));
            rows.set(column - ones, column, root.shifted(-self.upper.exponent(column)));
        }
        self.upper.absorb(&mut rows);
        self
    }

    /// The fit of y by the columns; if they determine none, what is told of that.
    pub(crate) fn solve(self) -> std::result::Result<Solved, Box<Fit>> {
        let (terms, rank) = (self.upper.order() - 1, self.upper.rank());
        let coefficients = self.upper.coefficients();
        if rank < terms || !coefficients.iter().all(|x| x.is_finite()) {
            return Err(Box::new(Fit::none(&self, rank)));
        }
        let exponents = (0..self.upper.order()).map(|column| self.upper.exponent(column)).collect();
        let fitted = Fitted { design: self.design, coefficients, exponents, lift: self.lift };
        Ok(Solved { upper: self.upper, fitted, count: self.count, precision: self.precision })
    }
}

/// A fit, and how well it is known.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fit {
    /// The coefficients, that of the intercept first.
    pub coefficients: Series,
    /// Their standard errors.
    pub stderr: Series,
    /// The coefficients over their standard errors.
    pub tvalues: Series,
    /// The probability of one at least as far out, if the coefficient is zero.
    pub pvalues: Series,
    /// The part of the variance of y that is explained; without an intercept, of the sum of its squares.
    pub rsquared: f64,
    /// The same, adjusted for the number of coefficients.
    pub rsquared_adj: f64,
    /// The statistic of the test that all coefficients but the intercept are zero.
    pub fvalue: f64,
    /// The probability of one at least as large, if they are.
    pub f_pvalue: f64,
    /// The residual standard error.
    pub residual_stderr: f64,
    /// The smallest residual.
    pub residual_min: f64,
    /// The largest residual.
    pub residual_max: f64,
    /// Degrees of freedom of the columns.
    pub df_model: u64,
    /// Degrees of freedom that are left for the residuals.
    pub df_resid: u64,
    /// Rows.
    pub nobs: u64,
    /// How many coefficients the rows can tell apart: where fewer than there are, there is no fit.
    pub rank: u64,
    /// The largest singular value of the columns over the smallest one, each column about its mean where there is an intercept, and
    /// scaled to length 1: 1 for columns that have nothing to do with each other.
    pub condition_number: f64,
    /// How it was computed.
    pub precision: Precision,
}

impl Fit {
    /// What is told of columns that determine no fit.
    fn none(read: &Read, rank: usize) -> Self {
        let terms = read.upper.order() - 1;
        let nothing = || Series(vec![f64::NAN; terms]);
        Self {
            coefficients: nothing(),
            stderr: nothing(),
            tvalues: nothing(),
            pvalues: nothing(),
            rsquared: f64::NAN,
            rsquared_adj: f64::NAN,
            fvalue: f64::NAN,
            f_pvalue: f64::NAN,
            residual_stderr: f64::NAN,
            residual_min: f64::NAN,
            residual_max: f64::NAN,
            df_model: rank.saturating_sub(read.design.ones()) as u64,
            df_resid: read.count.saturating_sub(rank as u64),
            nobs: read.count,
            rank: rank as u64,
            condition_number: if rank < terms { f64::INFINITY } else { f64::NAN },
            precision: read.precision,
        }
    }

    /// What is told of a fit that leaves these residuals.
    pub(crate) fn of(solved: &Solved, residuals: &Residuals) -> Self {
        let Solved { upper, fitted, .. } = solved;
        let (terms, ones) = (fitted.coefficients.len(), fitted.design.ones());
        let (model, free) = (terms - ones, solved.count.saturating_sub(terms as u64));
        let (explained, left) = (upper.squares(ones..terms), solved.left(residuals));
        let total = explained + left;
        let freedom = if free > 0 { free as f64 } else { f64::NAN };
        let error = (left / freedom).sqrt();
        let length = |row: Vec<Double>| row.into_iter().map(|x| x.value() * x.value()).sum::<f64>().sqrt();
        let errors: Vec<f64> = upper.inverse(0..terms).into_iter().map(|row| error * length(row)).collect();
        let coefficients = fitted.coefficients.iter().map(|x| x.value());
        let tvalues: Vec<f64> = coefficients.zip(&errors).map(|(x, error)| x / error).collect();
        let fvalue = explained / model as f64 / (left / freedom);
        let [residual_min, residual_max] = solved.ends(residuals);
        Self {
            coefficients: Series(solved.coefficients()),
            stderr: Series(errors.iter().enumerate().map(|(column, &x)| solved.in_units(column, x)).collect()),
            pvalues: Series(tvalues.iter().map(|&t| student_both(t, freedom)).collect()),
            tvalues: Series(tvalues),
            rsquared: explained / total,
            rsquared_adj: 1.0 - left / total * (solved.count as f64 - ones as f64) / freedom,
            fvalue,
            f_pvalue: fisher_beyond(fvalue, model as f64, freedom),
            residual_stderr: shifted(error, solved.y_exponent() + fitted.lift),
            residual_min,
            residual_max,
            df_model: model as u64,
            df_resid: free,
            nobs: solved.count,
            rank: terms as u64,
            condition_number: upper.condition(ones),
            precision: solved.precision,
        }
    }

    /// The same with the coefficients in the other order.
    pub(crate) fn reversed(mut self) -> Self {
        for column in [&mut self.coefficients, &mut self.stderr, &mut self.tvalues, &mut self.pvalues] {
            column.0.reverse();
        }
        self
    }
}

impl Solved {
    /// The coefficients.
    pub(crate) fn coefficients(&self) -> Vec<f64> {
        self.fitted.coefficients.iter().map(|x| x.value()).enumerate().map(|(i, x)| self.in_units(i, x)).collect()
    }

    /// A number in units of y over those of a column.
    fn in_units(&self, column: usize, x: f64) -> f64 {
        shifted(x, self.y_exponent() - self.fitted.exponents[column])
    }

    fn y_exponent(&self) -> i32 {
        self.upper.exponent(self.upper.order() - 1)
    }

    /// The sum of the squares of what is left of y, in squares of its unit; 0 where that may be rounding.
    pub(crate) fn left(&self, residuals: &Residuals) -> f64 {
        let left = residuals.squares();
        if self.upper.is_rounding(left.sqrt()) { 0.0 } else { left }
    }

    /// The smallest and the largest residual.
    pub(crate) fn ends(&self, residuals: &Residuals) -> [f64; 2] {
        let exponent = self.y_exponent() + self.fitted.lift;
        residuals.ends().map(|x| if self.upper.is_rounding(x) { 0.0 } else { shifted(x, exponent) })
    }
}

/// What the tests of the kernels share.
#[cfg(test)]
pub(crate) mod examples {
    /// K. A. Brownlee, Statistical Theory and Methodology, 1965: the stack loss data, R's `stackloss`.
    pub(crate) const AIR: [f64; 21] = [
        80.0, 80.0, 75.0, 62.0, 62.0, 62.0, 62.0, 62.0, 58.0, 58.0, 58.0, 58.0, 58.0, 58.0, 50.0, 50.0, 50.0, 50.0,
        50.0, 56.0, 70.0,
    ];
    pub(crate) const WATER: [f64; 21] = [
        27.0, 27.0, 25.0, 24.0, 22.0, 23.0, 24.0, 24.0, 23.0, 18.0, 18.0, 17.0, 18.0, 19.0, 18.0, 18.0, 19.0, 19.0,
        20.0, 20.0, 20.0,
    ];
    pub(crate) const ACID: [f64; 21] = [
        89.0, 88.0, 90.0, 87.0, 87.0, 87.0, 93.0, 93.0, 87.0, 80.0, 89.0, 88.0, 82.0, 93.0, 89.0, 86.0, 72.0, 79.0,
        80.0, 82.0, 91.0,
    ];
    pub(crate) const LOSS: [f64; 21] = [
        42.0, 37.0, 37.0, 28.0, 18.0, 18.0, 19.0, 20.0, 15.0, 14.0, 14.0, 13.0, 11.0, 12.0, 8.0, 7.0, 8.0, 8.0, 9.0,
        15.0, 15.0,
    ];

    pub(crate) fn close(found: &[f64], wanted: &[f64], error: f64) {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!(found == wanted || (found - wanted).abs() <= error * wanted.abs(), "{found:e} is not {wanted:e}");
        }
    }
}
