//! Pieces of a signal made ready for a transform: the trend taken away, a window laid over.

use crate::transforms::{self, Complex, RealPlan, RealSpace};
use echoes_kernel::{Reject, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows that all segments of one run may have together: some seconds of work for each processor.
const WORK_MAX: u64 = 1 << 33;

/// A window, in its periodic form, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Ones: no window.
    Boxcar,
    /// A raised cosine: 0.5, 0.5.
    Hann,
    /// A raised cosine that does not reach zero: 0.54, 0.46.
    Hamming,
    /// Three cosines: 0.42, 0.5, 0.08.
    Blackman,
    /// Four cosines whose highest side lobe is 92 dB below the main one.
    BlackmanHarris,
    /// Four cosines, by Nuttall.
    Nuttall,
    /// Five cosines whose main lobe has a flat top.
    Flattop,
    /// A triangle that reaches zero.
    Bartlett,
    /// Ones that begin and end in halves of a cosine, over a quarter of the rows each (SciPy's `alpha = 0.5`).
    Tukey,
}

impl Window {
    /// Its values for so many rows.
    pub(crate) fn values(self, n: usize) -> Vec<f64> {
        let cosine = |turns: usize, j: usize| transforms::root((turns * j % n) as u64, n as u64).re;
        // SciPy's cosines begin half a turn earlier.
        let sum = |weights: &[f64]| -> Vec<f64> {
            let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
            let term = |j: usize| move |(i, weight): (usize, &f64)| sign(i) * weight * cosine(i, j);
            (0..n).map(|j| weights.iter().enumerate().map(term(j)).sum()).collect()
        };
        if n == 1 {
            return vec![1.0];
        }
        match self {
            Self::Boxcar => vec![1.0; n],
            Self::Hann => sum(&[0.5, 0.5]),
            Self::Hamming => sum(&[0.54, 0.46]),
            Self::Blackman => sum(&[0.42, 0.5, 0.08]),
            Self::BlackmanHarris => sum(&[0.35875, 0.48829, 0.14128, 0.01168]),
            Self::Nuttall => sum(&[0.3635819, 0.4891775, 0.1365995, 0.0106411]),
            Self::Flattop => sum(&[0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368]),
            Self::Bartlett => (0..n).map(|j| 2.0 * j.min(n - j) as f64 / n as f64).collect(),
            Self::Tukey => {
                let rises = |j: usize| j <= n / 4 || j >= n - n / 4;
                (0..n).map(|j| if rises(j) { 0.5 * (1.0 - cosine(2, j)) } else { 1.0 }).collect()
            }
        }
    }
}

/// What is taken away from a segment first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detrend {
    /// Nothing; SciPy's `False`.
    None,
    /// The mean.
    Constant,
    /// The line of least squares.
    Linear,
}

impl Detrend {
    /// Takes it away.
    pub(crate) fn apply(self, x: &mut [f64]) {
        if self == Self::None {
            return;
        }
        let n = x.len() as f64;
        // Twice, because the first mean is as wrong as the sum of large numbers is.
        for _ in 0..2 {
            let mean = x.iter().sum::<f64>() / n;
            x.iter_mut().for_each(|x| *x -= mean);
        }
        if self == Self::Linear && x.len() > 1 {
            let middle = (n - 1.0) / 2.0;
            let along: f64 = x.iter().enumerate().map(|(i, x)| (i as f64 - middle) * x).sum();
            let slope = along / (n * (n * n - 1.0) / 12.0);
            x.iter_mut().enumerate().for_each(|(i, x)| *x -= (i as f64 - middle) * slope);
        }
    }
}

/// What a spectrum of powers is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// Power per unit of frequency.
    #[default]
    Density,
    /// Power of a sine that has the frequency.
    Spectrum,
}

impl Scaling {
    /// What the squares of a transform's sizes are multiplied by.
    pub(crate) fn factor(self, window: &[f64], fs: f64) -> f64 {
        match self {
            Self::Density => 1.0 / (fs * window.iter().map(|w| w * w).sum::<f64>()),
            Self::Spectrum => 1.0 / window.iter().sum::<f64>().powi(2),
        }
    }
}

/// The powers of the frequencies of `n` real rows: those that stand for a negative frequency too count twice.
pub(crate) fn powers<'a>(
    spectrum: impl Iterator<Item = Complex> + 'a,
    n: usize,
    factor: f64,
) -> impl Iterator<Item = f64> + 'a {
    spectrum.enumerate().map(move |(k, x)| {
        let times = if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
        times * factor * x.norm_sqr()
    })
}

/// The frequencies of the first half of the transform of `n` rows.
pub(crate) fn frequencies(n: usize, fs: f64) -> impl Iterator<Item = f64> + Clone {
    (0..=n / 2).map(move |k| k as f64 * fs / n as f64)
}

/// Refuses a rate of sampling that is not a positive number.
pub(crate) fn check_rate(fs: f64) -> Result<()> {
    if (1e-300..=f64::MAX).contains(&fs) {
        return Ok(());
    }
    Err(Reject::Parameter { name: "fs", value: fs.to_string(), expected: "finite, from 1e-300 on" })
}

/// How a signal is cut into segments that overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Rows of a segment.
    pub(crate) len: usize,
    /// Rows from the beginning of one to that of the next.
    pub(crate) step: usize,
}

impl Cut {
    /// Segments of `nperseg` rows, or of all `rows` if those are fewer, as in SciPy.
    pub(crate) fn of(rows: Option<u64>, nperseg: u64, noverlap: Option<u64>) -> Result<Self> {
        let refuse = |name, value: u64, expected| Err(Reject::Parameter { name, value: value.to_string(), expected });
        if !(1..=transforms::ROWS_MAX).contains(&nperseg) {
            return refuse("nperseg", nperseg, "from 1 to 268435456");
        }
        let len = rows.map_or(nperseg, |rows| nperseg.min(rows.max(1)));
        match noverlap.unwrap_or(len / 2) {
            noverlap if noverlap >= nperseg => refuse("noverlap", noverlap, "less than `nperseg`"),
            noverlap if noverlap >= len => {
                refuse("noverlap", noverlap, "less than the rows, which are fewer than `nperseg`")
            }
            noverlap => Ok(Self { len: len as usize, step: (len - noverlap) as usize }),
        }
    }

    /// How many there are in so many rows.
    pub(crate) const fn count(&self, rows: usize) -> usize {
        (rows - self.len) / self.step + 1
    }

    /// Refuses more work, or more numbers kept, than one run may have.
    pub(crate) fn check(&self, segments: usize, kept: u64) -> Result<()> {
        let work = (segments as u64).saturating_mul(self.len as u64);
        if work > WORK_MAX {
            return Err(Reject::TooLarge { what: "so much overlap", needed: work, limit: WORK_MAX });
        }
        if kept > transforms::ROWS_MAX {
            let what = "a spectrum for each segment";
            return Err(Reject::TooLarge { what, needed: kept, limit: transforms::ROWS_MAX });
        }
        Ok(())
    }
}

/// What transforms segments of one length; each thread has working memory of its own.
pub(crate) struct Segments {
    plan: RealPlan,
    pub(crate) window: Vec<f64>,
    detrend: Detrend,
}

/// Working memory.
pub(crate) struct Space {
    segment: Vec<f64>,
    scratch: RealSpace,
    spectrum: Vec<Complex>,
}

impl Segments {
    pub(crate) fn new(len: usize, window: Window, detrend: Detrend) -> Self {
        Self { plan: RealPlan::new(len), window: window.values(len), detrend }
    }

    pub(crate) fn space(&self) -> Space {
        Space {
            segment: vec![0.0; self.window.len()],
            scratch: self.plan.space(),
            spectrum: vec![Complex::default(); self.window.len() / 2 + 1],
        }
    }

    /// The first half of the transform of a segment.
    pub(crate) fn transform<'a>(&self, segment: &[f64], space: &'a mut Space) -> &'a [Complex] {
        space.segment.copy_from_slice(segment);
        self.detrend.apply(&mut space.segment);
        space.segment.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
        self.plan.run(&mut space.segment, &mut space.spectrum, &mut space.scratch);
        &space.spectrum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Window; 9] = [
        Window::Boxcar,
        Window::Hann,
        Window::Hamming,
        Window::Blackman,
        Window::BlackmanHarris,
        Window::Nuttall,
        Window::Flattop,
        Window::Bartlett,
        Window::Tukey,
    ];

    /// `[scipy.signal.get_window(name, n).dot(np.arange(1, n + 1)) for n in (2, 5, 8)]`, and with squares, SciPy 1.17.
    const EXPECTED: [[[f64; 2]; 3]; 9] = [
        [[3.0, 5.0], [15.0, 55.0], [36.0, 204.0]],
        [[2.0, 4.0], [8.75, 32.63196601125011], [20.0, 108.34314575050762]],
        [[2.08, 4.08], [9.250000000000002, 34.4214087303501], [21.28, 115.99569409046703]],
        [[1.9999999999999998, 3.9999999999999996], [7.35, 27.05308057305012], [16.8, 89.4631457505076]],
        [[2.00006, 4.00006], [6.2779750000000005, 22.833230957382657], [14.34976, 75.27109339229888]],
        [[2.0003628, 4.0003628], [6.36177625, 23.16175756219949], [14.5418248, 76.38114866424644]],
        [[1.999578955, 3.999578961], [3.7736842525, 13.207669453195154], [8.624842204, 43.09257173941865]],
        [[2.0, 4.0], [8.4, 31.599999999999998], [20.0, 110.0]],
        [[2.0, 4.0], [13.331559480312315, 51.23074641843673], [30.0, 169.0]],
    ];

    #[test]
    fn windows_are_scipys() {
        for (window, expected) in ALL.into_iter().zip(EXPECTED) {
            for (n, expected) in [(1, [1.0, 1.0]), (2, expected[0]), (5, expected[1]), (8, expected[2])] {
                let values = window.values(n);
                let moment =
                    |power: i32| values.iter().enumerate().map(|(j, w)| w * (j as f64 + 1.0).powi(power)).sum::<f64>();
                for (power, expected) in [(1, expected[0]), (2, expected[1])] {
                    let found = moment(power);
                    assert!(
                        (found - expected).abs() < 1e-13 * expected.abs().max(1.0),
                        "{window:?} {n}: {found}, {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_leaves_nothing() {
        for n in [1usize, 2, 3, 10, 1000] {
            let line = || (0..n).map(|i| 1e6 + 3.0 * i as f64).collect::<Vec<f64>>();
            let mut x = line();
            Detrend::Linear.apply(&mut x);
            assert!(x.iter().all(|x| x.abs() < 1e-9), "{n}: {x:?}");
            let mut x = line();
            Detrend::Constant.apply(&mut x);
            assert!(x.iter().sum::<f64>().abs() < 1e-9 && (n == 1 || x[0] < -1.0), "{n}");
            let mut x = line();
            Detrend::None.apply(&mut x);
            assert_eq!(x, line());
        }
    }

    #[test]
    fn segments_are_cut_as_scipy_cuts_them() {
        assert_eq!(Cut::of(Some(1000), 256, None), Ok(Cut { len: 256, step: 128 }));
        assert_eq!(Cut::of(Some(100), 256, None), Ok(Cut { len: 100, step: 50 }));
        assert_eq!(Cut::of(None, 7, Some(6)), Ok(Cut { len: 7, step: 1 }));
        assert_eq!(Cut { len: 256, step: 128 }.count(1000), 6);
        for (rows, nperseg, noverlap) in
            [(9, 0, None), (9, u64::MAX, None), (9, 4, Some(4)), (3, 8, Some(3)), (9, 4, Some(u64::MAX))]
        {
            assert!(Cut::of(Some(rows), nperseg, noverlap).is_err(), "{rows} {nperseg} {noverlap:?}");
        }
        let tight = Cut { len: 1 << 20, step: 1 };
        assert!(tight.check(1 << 20, 1).is_err() && tight.check(8, 1).is_ok() && tight.check(8, 1 << 29).is_err());
    }
}
