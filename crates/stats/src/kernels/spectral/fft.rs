//! Discrete Fourier transform.

use crate::transforms::{self, Half};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Discrete Fourier transform of a column, of any length.
///
/// `X[k] = Σ x[j] exp(−2πi jk/n)` for `k` from 0 to `n − 1`, as `re` and `im`. Rows with a missing value are left out.
///
/// A NaN or an infinity spreads over all of them, though not always to `im` where that is 0 for every column. Up to 4,096 rows the
/// root of the mean square of the errors is 3.5e-16 of that of the numbers, FFTW's 3.8e-16 (both over random lengths); of 2^20 rows it
/// is 3.2e-16, and 5.0e-16 there and back (FFTW's 3.3e-16 and 4.7e-16, of the same noise); of more than 4,096 rows whose number has a
/// prime beyond 97 it is up to 1.6e-15 (SciPy's 7.5e-16). The bits are the same on every processor, but in that last case: unless a
/// convolution does it, a library (`rustfft`) does, which chooses instructions by itself.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::{Fft, Norm};
/// let spectrum = reference(&Fft { norm: Norm::Backward }, &[&[1.0, 0.0, -1.0, 0.0]])?;
/// assert_eq!(spectrum.re.0, [0.0, 2.0, 0.0, 2.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
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

impl Norm {
    /// What a transform of `n` numbers is divided by.
    pub(crate) fn forward(self, n: usize) -> f64 {
        match self {
            Self::Backward => 1.0,
            Self::Ortho => (n as f64).sqrt(),
            Self::Forward => n as f64,
        }
    }

    /// What an inverse of `n` numbers is divided by.
    pub(crate) fn inverse(self, n: usize) -> f64 {
        match self {
            Self::Backward => n as f64,
            Self::Ortho => (n as f64).sqrt(),
            Self::Forward => 1.0,
        }
    }
}

/// Complex numbers as two columns.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Spectrum {
    /// Real parts.
    pub re: Series,
    /// Imaginary parts.
    pub im: Series,
}

impl Spectrum {
    pub(crate) fn of((re, im): transforms::Parts) -> Self {
        Self { re: Series(re), im: Series(im) }
    }

    pub(crate) fn columns(self) -> NamedColumns {
        vec![("re", self.re.0), ("im", self.im.0)]
    }
}

/// The two columns that there are.
pub(super) fn two(columns: Columns) -> Result<[Vec<f64>; 2]> {
    columns.try_into().map_err(|_| Reject::Kernel("it has not two columns"))
}

impl Kernel for Fft {
    const SPEC: Spec = Spec::new("fft", Category::Spectral).form(Form::Whole);
    type Pass = ();
    type Output = Spectrum;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        transforms::check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Spectrum> for Fft {
    fn whole(&self, mut columns: Columns) -> Result<Spectrum> {
        let x = columns.pop().filter(|x| !x.is_empty()).ok_or(Reject::Empty)?;
        transforms::check(x.len() as u64)?;
        let divisor = self.norm.forward(x.len());
        Ok(Spectrum::of(transforms::of_real(x, Half::Both, divisor)))
    }

    fn columns(&self, spectrum: Spectrum) -> Option<NamedColumns> {
        Some(spectrum.columns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn norms_and_nothing() {
        let sum = |norm| reference(&Fft { norm }, &[&[1.0, 1.0, 1.0, 1.0]]).unwrap().re[0];
        assert_eq!([Norm::Backward, Norm::Ortho, Norm::Forward].map(sum), [4.0, 2.0, 1.0]);
        assert_eq!(reference(&Fft { norm: Norm::Ortho }, &[&[]]), Err(Reject::Empty));
    }
}
