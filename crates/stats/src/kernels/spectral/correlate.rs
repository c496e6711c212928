//! Cross-correlation of two samples.

use super::{Mode, Way};
use crate::convolution::{check_shape, convolve};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cross-correlation of two samples: `c[k] = Σ x[j] y[j − k + m − 1]`, `m` the rows of the second.
///
/// Row `k` of the whole is for the lag `k − (m − 1)`. It is the convolution with the second sample from its end, with the same
/// `mode`s, methods and errors as `convolve`; `scipy.signal.correlate` has the same definition. The samples may differ in length;
/// missing values of one do not touch the other.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Correlate;
/// let sums = reference(&Correlate::default(), &[&[1.0, 2.0, 3.0], &[1.0, 10.0]])?;
/// assert_eq!(sums.0, [10.0, 21.0, 32.0, 3.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correlate {
    /// Which part of it is wanted.
    #[serde(default)]
    pub mode: Mode,
    /// How it is computed.
    #[serde(default)]
    pub method: Way,
}

impl Kernel for Correlate {
    const SPEC: Spec = Spec::new("correlate", Category::Spectral).samples(2).form(Form::Whole);
    type Pass = ();
    type Output = Series;

    fn rows_made(&self, rows: u64) -> u64 {
        // Of two samples, neither longer than that.
        rows.saturating_mul(2)
    }

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        check_shape(shape)
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Series> for Correlate {
    fn whole(&self, mut samples: Columns) -> Result<Series> {
        let [x, y] = &mut samples[..] else { return Err(Reject::Kernel("it has not two samples")) };
        y.reverse();
        convolve(x, y, self.mode, self.method).map(Series)
    }

    fn columns(&self, sums: Series) -> Option<NamedColumns> {
        Some(vec![("", sums.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    /// `scipy.signal.correlate(x, y, mode, method)` of `x = np.arange(1, 5)**2`, `y = [1, -2, 3, 5, 7, 11]`, and of both the other way
    /// round, SciPy 1.17.
    #[test]
    fn it_is_scipys() {
        let (x, y) = ([1.0, 4.0, 9.0, 16.0], [1.0, -2.0, 3.0, 5.0, 7.0, 11.0]);
        let cases: [(Mode, &[f64], &[f64]); 3] = [
            (
                Mode::Full,
                &[11.0, 51.0, 132.0, 262.0, 167.0, 100.0, 34.0, -23.0, 16.0],
                &[16.0, -23.0, 34.0, 100.0, 167.0, 262.0, 132.0, 51.0, 11.0],
            ),
            (Mode::Same, &[132.0, 262.0, 167.0, 100.0], &[-23.0, 34.0, 100.0, 167.0, 262.0, 132.0]),
            (Mode::Valid, &[262.0, 167.0, 100.0], &[100.0, 167.0, 262.0]),
        ];
        for (mode, expected, turned) in cases {
            for method in [Way::Auto, Way::Direct, Way::Fft] {
                let run = |x: &[f64], y: &[f64]| reference(&Correlate { mode, method }, &[x, y]).unwrap().0;
                for (found, expected) in [(run(&x, &y), expected), (run(&y, &x), turned)] {
                    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
                    assert!(
                        found.len() == expected.len() && near,
                        "{mode:?} {method:?}: {found:?} is not {expected:?}"
                    );
                }
            }
        }
        assert_eq!(reference(&Correlate::default(), &[&[], &[1.0]]), Err(Reject::Empty));
    }
}
