//! A polynomial through two columns.

use crate::{
    partials::Design,
    regression::{self, Fit, Precision, Progress, Step},
};
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The highest degree.
const DEG_MAX: u32 = 32;

/// Polynomial through two columns by least squares: `y = Σ cⱼ xʲ`, with standard errors, t-tests, R² and F.
///
/// The first column is x, the second y, and the coefficients are those of NumPy's `polyfit`, that of the highest power first. Powers and
/// all that follows are computed in two doubles, as `ols` does it certified, and x of any size neither overflows nor vanishes. The
/// coefficients of the polynomial of degree 10 of NIST's Filip data, of which NumPy's have no digit, are the doubles next to those of
/// exact rationals, as far as 16 digits tell, and so are those of Pontius and Wampler 1 to 5. Null where there are fewer different x than coefficients, as `rank` says, and where a NaN or
/// an infinity is among the values (NumPy warns of the one and raises an error for the other).
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::regression::PolyFit;
/// let fit = reference(&PolyFit::of(2), &[&[-1.0, 0.0, 1.0, 2.0], &[6.0, 1.0, 2.0, 9.0]])?;
/// assert_eq!(*fit.coefficients, [3.0, -2.0, 1.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolyFit {
    /// The degree of the polynomial, 32 at most.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = DEG_MAX))]
    pub deg: u32,
    /// What earlier readings have found out.
    #[serde(skip)]
    progress: Progress,
}

const fn one() -> u32 {
    1
}

impl Default for PolyFit {
    fn default() -> Self {
        Self::of(one())
    }
}

impl PolyFit {
    /// Of this degree.
    pub const fn of(deg: u32) -> Self {
        Self { deg, progress: Progress::Begun }
    }
}

impl Kernel for PolyFit {
    const SPEC: Spec = Spec::new("polyfit", Category::Regression).columns(2).rereads().references(&[
        "NIST Statistical Reference Datasets, Linear Regression, https://www.itl.nist.gov/div898/strd/lls/lls.shtml",
    ]);
    type Pass = regression::Pass;
    type Output = Fit;

    fn pass(&self, _: &Shape<'_>) -> Result<regression::Setup> {
        if self.deg > DEG_MAX {
            return Err(Reject::Parameter { name: "deg", value: self.deg.to_string(), expected: "from 0 to 32" });
        }
        Ok(regression::setup(Design::Powers(self.deg as usize), Precision::Certified, &self.progress))
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        Ok(match regression::step(pass, true, &self.progress)? {
            Step::Again(progress) => Next::Again(Self { progress, ..*self }),
            Step::Done(fit) => Next::Done(fit.reversed()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::examples::{AIR, LOSS, close};
    use echoes_kernel::{CHUNK, reference};

    fn fit(deg: u32, x: &[f64], y: &[f64]) -> Fit {
        reference(&PolyFit::of(deg), &[x, y]).unwrap()
    }

    /// NumPy 2.4: `polyfit(air, loss, 2)`, and with 3.
    #[test]
    fn as_numpy_has_it() {
        let second = [0.011_738_336_569_318_47, -0.490_099_798_607_48, 3.336_280_913_250_001_3];
        close(&fit(2, &AIR, &LOSS).coefficients, &second, 1e-10);
        let third =
            [0.001_180_240_511_873_114_6, -0.213_585_562_773_543_5, 13.615_868_688_836_51, -286.534_440_323_791_56];
        close(&fit(3, &AIR, &LOSS).coefficients, &third, 1e-9);
    }

    #[test]
    fn degree_zero_is_the_mean_and_one_a_line() {
        let mean = fit(0, &AIR, &LOSS);
        close(&mean.coefficients, &[LOSS.iter().sum::<f64>() / 21.0], 1e-15);
        assert!(mean.fvalue.is_nan() && (mean.df_model, mean.df_resid) == (0, 20));
        let (first, line) =
            (fit(1, &AIR, &LOSS), reference(&crate::kernels::pair::LinRegress::default(), &[&AIR, &LOSS]).unwrap());
        close(&first.coefficients, &[line.slope, line.intercept], 1e-13);
        close(&first.stderr, &[line.stderr, line.intercept_stderr], 1e-13);
        close(&first.pvalues[..1], &[line.pvalue], 1e-11);
    }

    #[test]
    fn values_of_any_size() {
        let plain = fit(3, &AIR, &LOSS);
        // Powers of two, which move no digit.
        for exponent in [300, -300, 900, -900] {
            let x = AIR.map(|x| x * 2f64.powi(exponent));
            let sized = fit(3, &x, &LOSS);
            assert_eq!(sized.coefficients[3], plain.coefficients[3], "{exponent}");
            assert_eq!(sized.tvalues, plain.tvalues);
            if exponent.abs() == 300 {
                assert_eq!(sized.coefficients[0], plain.coefficients[0] * 2f64.powi(-3 * exponent));
            }
        }
    }

    #[test]
    fn too_few_places() {
        let few = fit(3, &[1.0, 2.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!(few.rank == 3 && few.coefficients.len() == 4 && few.coefficients.iter().all(|x| x.is_nan()));
        let through = fit(2, &[1.0, 2.0, 3.0], &[1.0, 4.0, 9.0]);
        close(&through.coefficients[..1], &[1.0], 1e-15);
        assert!(through.coefficients[1].abs() < 1e-15 && through.df_resid == 0);
        assert!(fit(1, &[1.0, f64::NAN, 2.0], &[1.0; 3]).coefficients[0].is_nan());
        assert!(reference(&PolyFit::of(33), &[&[1.0], &[1.0]]).is_err());
        // Seven different x.
        assert_eq!(fit(32, &AIR, &LOSS).rank, 7);
    }

    /// More than a chunk of rows: triangles are merged. The y are those of a polynomial of degree 3 exactly.
    #[test]
    fn chunks_come_together() {
        let x: Vec<f64> = (0..CHUNK + 77).map(|i| (i % 1013) as f64 - 500.0).collect();
        let y: Vec<f64> = x.iter().map(|x| ((3.0 * x - 2.0) * x + 7.0) * x - 11.0).collect();
        close(&fit(3, &x, &y).coefficients, &[3.0, -2.0, 7.0, -11.0], 1e-15);
    }
}
