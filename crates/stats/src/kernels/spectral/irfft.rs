//! Inverse of the half of a discrete Fourier transform.

use super::{Norm, fft::two};
use crate::transforms;
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The real numbers whose discrete Fourier transform begins with these complex ones: the inverse of `rfft`.
///
/// The first column has the real parts, the second the imaginary ones; that of the first row, and of row `n/2` for an even `n`, are
/// taken as 0, as in NumPy. Rows beyond `n/2` are cut off, and those that lack are zeros. Rows with a missing value are left out. A
/// NaN or an infinity spreads over all rows. As `fft` in its errors and bits.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Irfft;
/// let x = reference(&Irfft::default(), &[&[0.0, 2.0, 0.0], &[0.0, 0.0, 0.0]])?;
/// assert_eq!(x.0, [1.0, 0.0, -1.0, 0.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Irfft {
    /// Rows of the answer; `2 (m − 1)` of `m` rows if not given. An odd number must be given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 268_435_456))]
    pub n: Option<u64>,
    /// What the transform that this one undoes was divided by.
    #[serde(default)]
    pub norm: Norm,
}

impl Irfft {
    fn check(&self, rows: u64) -> Result<u64> {
        let n = self.n.unwrap_or_else(|| rows.saturating_sub(1).saturating_mul(2));
        if self.n.is_some() && !(1..=transforms::ROWS_MAX).contains(&n) {
            return Err(Reject::Parameter { name: "n", value: n.to_string(), expected: "from 1 to 268435456" });
        }
        transforms::check(n.max(rows))?;
        Ok(n)
    }
}

impl Kernel for Irfft {
    const SPEC: Spec = Spec::new("irfft", Category::Spectral).columns(2).form(Form::Whole);
    type Pass = ();
    type Output = Series;

    fn rows_made(&self, rows: u64) -> u64 {
        self.check(rows).unwrap_or(u64::MAX)
    }

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        self.check(shape.rows.unwrap_or(0)).map(drop)
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Series> for Irfft {
    fn whole(&self, columns: Columns) -> Result<Series> {
        let [re, im] = two(columns)?;
        if re.is_empty() {
            return Err(Reject::Empty);
        }
        let n = self.check(re.len() as u64)? as usize;
        if n == 0 {
            return Err(Reject::Parameter {
                name: "n",
                value: "0".to_owned(),
                expected: "given where there is one row: 1",
            });
        }
        Ok(Series(transforms::to_real((re, im), n, self.norm.inverse(n))))
    }

    fn columns(&self, x: Series) -> Option<NamedColumns> {
        Some(vec![("", x.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::spectral::Rfft;
    use echoes_kernel::reference;

    #[test]
    fn it_undoes_the_transform_with_each_norm() {
        for n in [1usize, 2, 3, 8, 9, 97, 100] {
            let x: Vec<f64> = (0..n).map(|i| (i * i % 31) as f64).collect();
            for norm in [Norm::Backward, Norm::Ortho, Norm::Forward] {
                let there = reference(&Rfft { norm }, &[&x]).unwrap();
                let back = reference(&Irfft { n: Some(n as u64), norm }, &[&there.re, &there.im]).unwrap();
                assert!(back.len() == n && back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-13), "{n} {norm:?}");
            }
        }
    }

    /// `np.fft.irfft([1 + 2j, -3 + 1j, 0.5 - 1j], n)` for n = None, 3, 5 and 7, NumPy 2.4.
    #[test]
    fn lengths_are_numpys() {
        let run = |n| reference(&Irfft { n, norm: Norm::Backward }, &[&[1.0, -3.0, 0.5], &[2.0, 1.0, -1.0]]).unwrap().0;
        let expected: [&[f64]; 4] = [
            &[-1.125, -0.375, 1.875, 0.625],
            &[-1.6666666666666665, 0.7559830641437075, 1.9106836025229588],
            &[-0.8, -0.47793229772599854, 0.6170870846898758, 1.8481604995599772, -0.1873152865238543],
            &[
                -0.5714285714285714,
                -0.36818098366873253,
                -0.1976380809661851,
                0.6568389380145816,
                1.351533350349203,
                0.6073971483477472,
                -0.4785218006480433,
            ],
        ];
        for (n, expected) in [None, Some(3), Some(5), Some(7)].into_iter().zip(expected) {
            let found = run(n);
            assert!(
                found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15),
                "{n:?}"
            );
        }
    }

    #[test]
    fn what_has_no_rows_is_refused() {
        let run = |n, x: &[f64]| reference(&Irfft { n, norm: Norm::Backward }, &[x, x]);
        assert_eq!(run(None, &[]), Err(Reject::Empty));
        assert!(run(None, &[1.0]).is_err());
        assert_eq!(run(Some(1), &[4.0]).unwrap().0, [4.0]);
        assert!(run(Some(0), &[1.0, 2.0]).is_err() && run(Some(u64::MAX), &[1.0, 2.0]).is_err());
    }
}
