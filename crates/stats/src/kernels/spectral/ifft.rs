//! Inverse discrete Fourier transform.

use super::{Norm, Spectrum, fft::two};
use crate::transforms::{self, Direction};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Inverse discrete Fourier transform of complex numbers, their real parts in the first column and the imaginary ones in the second.
///
/// `x[j] = Σ X[k] exp(2πi jk/n) / n`, as `re` and `im`, of any length. Rows with a missing value are left out. A NaN or an infinity
/// spreads over all rows. As `fft` in its errors and bits.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Ifft;
/// let x = reference(&Ifft::default(), &[&[0.0, 2.0, 0.0, 2.0], &[0.0, 0.0, 0.0, 0.0]])?;
/// assert_eq!(x.re.0, [1.0, 0.0, -1.0, 0.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ifft {
    /// What the transform that this one undoes was divided by.
    #[serde(default)]
    pub norm: Norm,
}

impl Kernel for Ifft {
    const SPEC: Spec = Spec::new("ifft", Category::Spectral).columns(2).form(Form::Whole);
    type Pass = ();
    type Output = Spectrum;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        transforms::check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Spectrum> for Ifft {
    fn whole(&self, columns: Columns) -> Result<Spectrum> {
        let [re, im] = two(columns)?;
        if re.is_empty() {
            return Err(Reject::Empty);
        }
        transforms::check(re.len() as u64)?;
        let divisor = self.norm.inverse(re.len());
        Ok(Spectrum::of(transforms::of_complex(re, im, Direction::Inverse, divisor)))
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
    fn it_undoes_the_transform_with_each_norm() {
        for n in [1usize, 2, 5, 16, 97] {
            let x: Vec<f64> = (0..n).map(|i| (i * i % 31) as f64).collect();
            for norm in [Norm::Backward, Norm::Ortho, Norm::Forward] {
                let there = reference(&Fft { norm }, &[&x]).unwrap();
                let back = reference(&Ifft { norm }, &[&there.re, &there.im]).unwrap();
                assert!(back.re.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-13), "{n} {norm:?}");
                assert!(back.im.iter().all(|im| im.abs() < 1e-13), "{n} {norm:?}");
            }
        }
    }

    /// `np.fft.ifft([1 + 2j, -3, 0.5 - 1j])`, NumPy 2.4.
    #[test]
    fn it_is_numpys() {
        let found = reference(&Ifft::default(), &[&[1.0, -3.0, 0.5], &[2.0, 0.0, -1.0]]).unwrap();
        let expected = [
            -0.5,
            0.46132486540518713,
            1.0386751345948126,
            0.3333333333333333,
            -0.17702963774851171,
            1.8436963044151782,
        ];
        for (found, expected) in found.re.iter().chain(found.im.iter()).zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
        }
        assert_eq!(reference(&Ifft::default(), &[&[], &[]]), Err(Reject::Empty));
    }
}
