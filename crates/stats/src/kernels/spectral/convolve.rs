//! Convolution of two samples.

pub use crate::convolution::{Mode, Way};
use crate::convolution::{check_shape, convolve};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Convolution of two samples: `c[k] = Σ x[j] y[k − j]`.
///
/// The samples may differ in length; missing values of one do not touch the other. `mode` and `method` are those of
/// `scipy.signal.convolve`: `valid` takes the shorter sample as the one that moves, whichever it is. Term by term (`direct`) each
/// sum has its own rounding, and the sums are the same bits on every processor. By transforms (`fft`, and `auto` where that is
/// quicker) the error is that of the largest sum, and a NaN or an infinity spreads over all; these are the same bits on every
/// processor too.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Convolve;
/// let sums = reference(&Convolve::default(), &[&[1.0, 2.0, 3.0], &[1.0, 10.0]])?;
/// assert_eq!(sums.0, [1.0, 12.0, 23.0, 30.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Convolve {
    /// Which part of it is wanted.
    #[serde(default)]
    pub mode: Mode,
    /// How it is computed.
    #[serde(default)]
    pub method: Way,
}

impl Kernel for Convolve {
    const SPEC: Spec = Spec::new("convolve", Category::Spectral).samples(2).form(Form::Whole);
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

impl Whole<Series> for Convolve {
    fn whole(&self, samples: Columns) -> Result<Series> {
        let [x, y] = &samples[..] else { return Err(Reject::Kernel("it has not two samples")) };
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

    /// `scipy.signal.convolve(x, y, mode, method)` of `x = np.arange(1, 5)**2`, `y = [1, -2, 3, 5, 7, 11]`, and of both the other way
    /// round, SciPy 1.17.
    #[test]
    fn it_is_scipys() {
        let (x, y) = ([1.0, 4.0, 9.0, 16.0], [1.0, -2.0, 3.0, 5.0, 7.0, 11.0]);
        let cases: [(Mode, &[f64], &[f64]); 3] = [
            (
                Mode::Full,
                &[1.0, 2.0, 4.0, 15.0, 22.0, 132.0, 187.0, 211.0, 176.0],
                &[1.0, 2.0, 4.0, 15.0, 22.0, 132.0, 187.0, 211.0, 176.0],
            ),
            (Mode::Same, &[4.0, 15.0, 22.0, 132.0], &[2.0, 4.0, 15.0, 22.0, 132.0, 187.0]),
            (Mode::Valid, &[15.0, 22.0, 132.0], &[15.0, 22.0, 132.0]),
        ];
        for (mode, expected, turned) in cases {
            for method in [Way::Auto, Way::Direct, Way::Fft] {
                let run = |x: &[f64], y: &[f64]| reference(&Convolve { mode, method }, &[x, y]).unwrap().0;
                for (found, expected) in [(run(&x, &y), expected), (run(&y, &x), turned)] {
                    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
                    assert!(
                        found.len() == expected.len() && near,
                        "{mode:?} {method:?}: {found:?} is not {expected:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_nan_touches_its_own_sums() {
        let kernel = Convolve { mode: Mode::Full, method: Way::Direct };
        let sums = reference(&kernel, &[&[1.0, f64::NAN, 1.0, 1.0, 1.0], &[1.0, 1.0]]).unwrap();
        assert_eq!(sums.iter().map(|x| x.is_nan()).collect::<Vec<_>>(), [false, true, true, false, false, false]);
        assert_eq!(reference(&kernel, &[&[1.0], &[]]), Err(Reject::Empty));
    }
}
