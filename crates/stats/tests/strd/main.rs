//! Regression on NIST's reference datasets: against exact rationals of the doubles that the data are, and against what is certified.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod data;

use data::{Model, Set, sets};
use echoes_kernel::reference;
use echoes_stats::{
    Fit, Precision,
    kernels::regression::{Ols, PolyFit},
};
use num_rational::BigRational;
use num_traits::{FromPrimitive, One, Signed, ToPrimitive, Zero};

/// The columns of X, that of ones among them.
fn design(set: &Set) -> Vec<Vec<BigRational>> {
    let exact = |column: &Vec<f64>| column.iter().map(|&x| BigRational::from_f64(x).unwrap()).collect::<Vec<_>>();
    let ones = vec![BigRational::one(); set.y.len()];
    match set.model {
        Model::Linear { intercept } => intercept.then_some(ones).into_iter().chain(set.x.iter().map(exact)).collect(),
        Model::Polynomial(degree) => {
            let x = exact(&set.x[0]);
            let mut columns = vec![ones];
            for power in 0..degree as usize {
                columns.push(columns[power].iter().zip(&x).map(|(power, x)| power * x).collect());
            }
            columns
        }
    }
}

/// The solution of the normal equations, without rounding.
fn exact(set: &Set) -> Vec<BigRational> {
    let columns = design(set);
    let y: Vec<BigRational> = set.y.iter().map(|&y| BigRational::from_f64(y).unwrap()).collect();
    let dot = |a: &[BigRational], b: &[BigRational]| a.iter().zip(b).map(|(a, b)| a * b).sum::<BigRational>();
    let row = |a: &Vec<BigRational>| columns.iter().chain([&y]).map(|b| dot(a, b)).collect::<Vec<_>>();
    let mut rows: Vec<Vec<BigRational>> = columns.iter().map(row).collect();
    let n = rows.len();
    for pivot in 0..n {
        let own = rows[pivot].clone();
        for (other, row) in rows.iter_mut().enumerate().filter(|(other, _)| *other != pivot) {
            let factor = &row[pivot] / &own[pivot];
            assert!(!own[pivot].is_zero(), "{other}");
            for (value, own) in row.iter_mut().zip(&own).skip(pivot) {
                *value -= &factor * own;
            }
        }
    }
    (0..n).map(|i| &rows[i][n] / &rows[i][i]).collect()
}

/// Digits of the worst coefficient that are those of the exact solution; those of a double are all at 16.
fn digits(found: &[f64], exact: &[BigRational]) -> f64 {
    assert_eq!(found.len(), exact.len());
    let error = |(found, exact): (&f64, &BigRational)| {
        let found = BigRational::from_f64(*found).unwrap();
        ((found - exact) / exact).abs().to_f64().unwrap()
    };
    -found.iter().zip(exact).map(error).fold(1e-16, f64::max).log10()
}

/// The fits that must reach the digits, constant term first.
fn fits(set: &Set, precision: Precision) -> Vec<Fit> {
    let ols = |intercept, x: &[Vec<f64>]| {
        let columns: Vec<&[f64]> = [set.y.as_slice()].into_iter().chain(x.iter().map(Vec::as_slice)).collect();
        reference(&Ols::of(intercept, precision), &columns).unwrap()
    };
    match set.model {
        Model::Linear { intercept } => vec![ols(intercept, &set.x)],
        Model::Polynomial(degree) => {
            let mut fit = reference(&PolyFit::of(degree), &[&set.x[0], &set.y]).unwrap();
            for column in [&mut fit.coefficients, &mut fit.stderr] {
                column.0.reverse();
            }
            // Powers that are doubles are as good in columns of their own.
            let powers: Vec<Vec<f64>> =
                (1..=degree as i32).map(|power| set.x[0].iter().map(|x| x.powi(power)).collect()).collect();
            let whole = set.x[0].iter().all(|x| x.fract() == 0.0);
            std::iter::once(fit).chain(whole.then(|| ols(true, &powers))).collect()
        }
    }
}

#[test]
fn certified_fits_have_every_digit() {
    for set in sets() {
        let exact = exact(&set);
        for fit in fits(&set, Precision::Certified) {
            let digits = digits(&fit.coefficients, &exact);
            assert!(digits > 15.3, "{}: {digits:.1} digits", set.name);
        }
    }
}

#[test]
fn fast_fits_have_eleven_digits_and_more() {
    for set in sets() {
        let exact = exact(&set);
        for fit in fits(&set, Precision::Fast) {
            let digits = digits(&fit.coefficients, &exact);
            assert!(digits > 11.0, "{}: {digits:.1} digits", set.name);
        }
    }
}

#[test]
fn what_nist_certifies() {
    for set in sets() {
        for precision in [Precision::Certified, Precision::Fast] {
            for fit in fits(&set, precision) {
                let least = if fit.precision == Precision::Fast { 1e-11 } else { 1e-12 };
                let close = |what: &str, found: f64, wanted: f64| {
                    // Where nothing is left of decimals, the rounding of them to doubles is left of doubles.
                    let is_close = match wanted {
                        0.0 => found.abs() < 1e-13,
                        f64::INFINITY => found > 1e25,
                        _ => (found - wanted).abs() <= least * wanted.abs(),
                    };
                    assert!(is_close, "{}: {what} {found:e} is not {wanted:e}", set.name);
                };
                for i in 0..set.coefficients.len() {
                    close("coefficient", fit.coefficients[i], set.coefficients[i]);
                    close("error", fit.stderr[i], set.stderr[i]);
                }
                close("residual error", fit.residual_stderr, set.residual_stderr);
                close("R²", fit.rsquared, set.rsquared);
                close("F", fit.fvalue, set.fvalue);
                assert_eq!(fit.df_resid as usize, set.y.len() - set.coefficients.len(), "{}", set.name);
            }
        }
    }
}
