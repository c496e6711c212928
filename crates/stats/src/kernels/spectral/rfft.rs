//! Discrete Fourier transform, the half that says it all.

use super::{Norm, Spectrum};
use crate::transforms::{self, Half};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Discrete Fourier transform of a column, its first half alone: the second is the first one's mirror.
///
/// `X[k] = Σ x[j] exp(−2πi jk/n)` for `k` from 0 to `n/2`, rounded down, as `re` and `im`, of any length: the first rows of `fft`,
/// bit for bit, in half the room. Rows with a missing value are left out. As `fft` in its
/// errors and bits, and in where a NaN or an infinity goes.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Rfft;
/// let spectrum = reference(&Rfft::default(), &[&[1.0, 0.0, -1.0, 0.0]])?;
/// assert_eq!(spectrum.re.0, [0.0, 2.0, 0.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rfft {
    /// What the transform is divided by.
    #[serde(default)]
    pub norm: Norm,
}

impl Kernel for Rfft {
    const SPEC: Spec = Spec::new("rfft", Category::Spectral).form(Form::Whole);
    type Pass = ();
    type Output = Spectrum;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        transforms::check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Spectrum> for Rfft {
    fn whole(&self, mut columns: Columns) -> Result<Spectrum> {
        let x = columns.pop().filter(|x| !x.is_empty()).ok_or(Reject::Empty)?;
        transforms::check(x.len() as u64)?;
        let divisor = self.norm.forward(x.len());
        Ok(Spectrum::of(transforms::of_real(x, Half::First, divisor)))
    }

    fn columns(&self, spectrum: Spectrum) -> Option<NamedColumns> {
        Some(spectrum.columns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::spectral::Fft;
    use echoes_kernel::reference;

    #[test]
    fn it_is_the_first_half_of_the_whole() {
        for n in [1usize, 2, 3, 8, 9, 100] {
            let x: Vec<f64> = (0..n).map(|i| (i * i % 31) as f64).collect();
            for norm in [Norm::Backward, Norm::Ortho, Norm::Forward] {
                let half = reference(&Rfft { norm }, &[&x]).unwrap();
                let whole = reference(&Fft { norm }, &[&x]).unwrap();
                assert_eq!(half.re.len(), n / 2 + 1);
                assert_eq!((&half.re[..], &half.im[..]), (&whole.re[..n / 2 + 1], &whole.im[..n / 2 + 1]), "{n}");
            }
        }
        assert_eq!(reference(&Rfft::default(), &[&[]]), Err(Reject::Empty));
    }
}
