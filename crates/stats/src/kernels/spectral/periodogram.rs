//! Power spectrum of all rows at once.

pub use crate::segments::{Detrend, Scaling, Window};
use crate::{
    segments::{check_rate, frequencies, powers},
    transforms::{self, Complex, Half},
};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Power spectrum of a column by one transform of all its rows, of any number.
///
/// `|X[k]|²` of the rows without their trend, under the window, scaled to a density or to the powers of sines; frequencies other
/// than 0 and half of `fs` count twice, because they stand for the negative ones too. The definition is that of
/// `scipy.signal.periodogram`. Rows with a missing value are left out. A NaN or an infinity spreads over all frequencies. As `fft`
/// in its errors and bits.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Periodogram;
/// let power = reference(&Periodogram::default(), &[&[1.0, 0.0, -1.0, 0.0]])?;
/// assert_eq!(power.frequencies.0, [0.0, 0.25, 0.5]);
/// assert_eq!(power.psd.0, [0.0, 2.0, 0.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Periodogram {
    /// Rows in a unit of time: the rate of sampling.
    #[serde(default = "one")]
    #[schemars(range(min = 1e-300))]
    pub fs: f64,
    /// The window.
    #[serde(default = "boxcar")]
    pub window: Window,
    /// What is taken away first.
    #[serde(default = "constant")]
    pub detrend: Detrend,
    /// What the powers are measured in.
    #[serde(default)]
    pub scaling: Scaling,
}

pub(super) const fn one() -> f64 {
    1.0
}

const fn boxcar() -> Window {
    Window::Boxcar
}

pub(super) const fn constant() -> Detrend {
    Detrend::Constant
}

impl Default for Periodogram {
    fn default() -> Self {
        Self { fs: one(), window: boxcar(), detrend: constant(), scaling: Scaling::Density }
    }
}

/// The powers of frequencies.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Power {
    /// The frequencies, from 0 to half of `fs`.
    pub frequencies: Series,
    /// The power at each.
    pub psd: Series,
}

impl Power {
    pub(super) fn columns(self) -> NamedColumns {
        vec![("frequencies", self.frequencies.0), ("psd", self.psd.0)]
    }
}

impl Kernel for Periodogram {
    const SPEC: Spec = Spec::new("periodogram", Category::Spectral).form(Form::Whole);
    type Pass = ();
    type Output = Power;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        check_rate(self.fs)?;
        transforms::check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Power> for Periodogram {
    fn whole(&self, mut columns: Columns) -> Result<Power> {
        let mut x = columns.pop().filter(|x| !x.is_empty()).ok_or(Reject::Empty)?;
        let n = x.len();
        transforms::check(n as u64)?;
        let window = self.window.values(n);
        self.detrend.apply(&mut x);
        x.iter_mut().zip(&window).for_each(|(x, w)| *x *= w);
        let (re, im) = transforms::of_real(x, Half::First, 1.0);
        let spectrum = re.iter().zip(&im).map(|(&re, &im)| Complex::new(re, im));
        let psd = powers(spectrum, n, self.scaling.factor(&window, self.fs)).collect();
        Ok(Power { frequencies: Series(frequencies(n, self.fs).collect()), psd: Series(psd) })
    }

    fn columns(&self, power: Power) -> Option<NamedColumns> {
        Some(power.columns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn signal(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * i % 31) as f64 - 0.25 * i as f64).collect()
    }

    /// `f, p = scipy.signal.periodogram(x, fs, window, detrend=detrend, scaling=scaling)` of the rows above: the sums of `p` and of
    /// `f*p`, and `p[3]`. SciPy 1.17.
    #[test]
    fn it_is_scipys() {
        use {Detrend as D, Scaling as S, Window as W};
        let cases = [
            (50, 1.0, W::Boxcar, D::Constant, S::Density, [3783.2812500000005, 796.64222899295, 468.07126654715125]),
            (51, 10.0, W::Hann, D::Linear, S::Density, [363.6853828252357, 856.7972289123209, 28.05184688356126]),
            (97, 2.5, W::Blackman, D::None, S::Spectrum, [132.5399575262132, 73.30801194727835, 7.0049220678417665]),
            (64, 1.0, W::Flattop, D::Constant, S::Spectrum, [278.1582636248758, 51.11906035482672, 24.040736968961777]),
            (
                1000,
                100.0,
                W::Tukey,
                D::Constant,
                S::Density,
                [26552.14757524507, 19593.20890853383, 214.56280702330594],
            ),
        ];
        for (n, fs, window, detrend, scaling, expected) in cases {
            let kernel = Periodogram { fs, window, detrend, scaling };
            let power = reference(&kernel, &[&signal(n)]).unwrap();
            let both = || power.frequencies.iter().zip(power.psd.iter());
            let found = [power.psd.iter().sum(), both().map(|(f, p)| f * p).sum(), power.psd[3]];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-12 * expected.abs(),
                    "{n} {kernel:?}: {found} is not {expected}"
                );
            }
            assert_eq!(power.frequencies.len(), n / 2 + 1);
        }
    }

    #[test]
    fn edges() {
        let run = |kernel: &Periodogram, x: &[f64]| reference(kernel, &[x]);
        assert_eq!(run(&Periodogram::default(), &[]), Err(Reject::Empty));
        assert_eq!(run(&Periodogram::default(), &[3.0]).unwrap().psd.0, [0.0]);
        assert!(run(&Periodogram::default(), &[1.0, f64::NAN, 2.0]).unwrap().psd.iter().all(|p| p.is_nan()));
        for fs in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(run(&Periodogram { fs, ..Periodogram::default() }, &[1.0, 2.0]).is_err(), "{fs}");
        }
    }
}
