//! Discrete Fourier transform.

use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use rustfft::{FftPlanner, num_complex::Complex};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows that one transform may hold: 4 GiB of complex numbers.
const ROWS_MAX: u64 = 1 << 28;

/// Discrete Fourier transform of a column, of any length.
///
/// `X[k] = Σ x[j] exp(−2πi jk/n)` for `k` from 0 to `n − 1`, as `re` and `im`. Rows with a missing value are left out.
///
/// The one kernel whose last bits depend on the processor: the library under it (`rustfft`) chooses instructions by itself.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::{Fft, Norm};
/// let spectrum = reference(&Fft { norm: Norm::Backward }, &[&[1.0, 0.0, -1.0, 0.0]])?;
/// assert_eq!(spectrum.re.0, [0.0, 2.0, 0.0, 2.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fft {
    /// What the transform is divided by.
    #[serde(default)]
    pub norm: Norm,
}

/// What a transform is divided by, by NumPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Nothing; the inverse divides by `n`.
    #[default]
    Backward,
    /// `√n`, the inverse too.
    Ortho,
    /// `n`; the inverse divides by nothing.
    Forward,
}

/// Complex numbers as two columns.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Spectrum {
    /// Real parts.
    pub re: Series,
    /// Imaginary parts.
    pub im: Series,
}

impl Kernel for Fft {
    const SPEC: Spec = Spec::new("fft", Category::Spectral).form(Form::Whole);
    type Pass = ();
    type Output = Spectrum;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

fn check(rows: u64) -> Result<()> {
    if rows > ROWS_MAX {
        return Err(Reject::TooLarge { what: "a Fourier transform", needed: rows, limit: ROWS_MAX });
    }
    Ok(())
}

impl Whole<Spectrum> for Fft {
    fn whole(&self, columns: Columns) -> Result<Spectrum> {
        let column = columns.into_iter().next().filter(|c| !c.is_empty()).ok_or(Reject::Empty)?;
        check(column.len() as u64)?;
        let size = column.len() as f64;
        let mut x: Vec<Complex<f64>> = column.into_iter().map(Complex::from).collect();
        FftPlanner::new().plan_fft_forward(x.len()).process(&mut x);
        let divisor = match self.norm {
            Norm::Backward => 1.0,
            Norm::Ortho => size.sqrt(),
            Norm::Forward => size,
        };
        Ok(Spectrum {
            re: Series(x.iter().map(|x| x.re / divisor).collect()),
            im: Series(x.iter().map(|x| x.im / divisor).collect()),
        })
    }

    fn columns(&self, spectrum: Spectrum) -> Option<NamedColumns> {
        Some(vec![("re", spectrum.re.0), ("im", spectrum.im.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn it_is_the_sum_that_defines_it() {
        for n in [1usize, 2, 7, 60, 97] {
            let x: Vec<f64> = (0..n).map(|j| (j as f64 * 0.7).sin() + 0.1 * j as f64).collect();
            let found = reference(&Fft { norm: Norm::Backward }, &[&x]).unwrap();
            for k in 0..n {
                let term = |j: usize| Complex::from_polar(x[j], -std::f64::consts::TAU * (j * k % n) as f64 / n as f64);
                let sum: Complex<f64> = (0..n).map(term).sum();
                assert!((sum - Complex::new(found.re[k], found.im[k])).norm() < 1e-11, "n={n} k={k}");
            }
        }
    }

    #[test]
    fn norms_and_nothing() {
        let sum = |norm| reference(&Fft { norm }, &[&[1.0, 1.0, 1.0, 1.0]]).unwrap().re[0];
        assert_eq!([Norm::Backward, Norm::Ortho, Norm::Forward].map(sum), [4.0, 2.0, 1.0]);
        assert_eq!(reference(&Fft { norm: Norm::Ortho }, &[&[]]), Err(Reject::Empty));
    }
}
