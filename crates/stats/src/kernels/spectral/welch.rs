//! Power spectrum by Welch's method.

use super::{Detrend, Power, Scaling, Window, constant, one};
use crate::{
    segments::{Cut, Segments, check_rate, frequencies, powers},
    threads::{each_piece, zeros},
};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sums of segments that are added up side by side: enough for any number of threads to have work, whatever they are.
const SUMS: usize = 64;

/// Power spectrum of a column by Welch's method: the mean, or median, of the spectra of segments that overlap.
///
/// Each segment has its trend taken away and the window laid over it. The definition is that of `scipy.signal.welch`: rows that
/// fill no segment are left out, a column shorter than `nperseg` is one segment, and the median is divided by its bias (Allen and
/// others). Rows with a missing value are left out before. A NaN or an infinity spreads over all frequencies. As `fft` in its
/// errors and bits.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Welch;
/// let wave: Vec<f64> = (0..1000).map(|i| (i as f64 * 0.25 * std::f64::consts::TAU).sin()).collect();
/// let power = reference(&Welch { nperseg: 64, ..Welch::default() }, &[&wave])?;
/// assert_eq!(power.psd.len(), 33);
/// assert!(power.psd.iter().all(|&psd| psd <= power.psd[16]));
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Welch {
    /// Rows in a unit of time: the rate of sampling.
    #[serde(default = "one")]
    #[schemars(range(min = 1e-300))]
    pub fs: f64,
    /// The window.
    #[serde(default = "hann")]
    pub window: Window,
    /// Rows of a segment; all rows if those are fewer.
    #[serde(default = "nperseg")]
    #[schemars(range(min = 1, max = 268_435_456))]
    pub nperseg: u64,
    /// Rows that a segment has in common with the next one, fewer than `nperseg`; half of it if not given.
    #[serde(default)]
    pub noverlap: Option<u64>,
    /// What is taken away from each segment first.
    #[serde(default = "constant")]
    pub detrend: Detrend,
    /// What the powers are measured in.
    #[serde(default)]
    pub scaling: Scaling,
    /// What is made of the segments' powers.
    #[serde(default)]
    pub average: Average,
}

/// What is made of the powers of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Average {
    /// The mean.
    #[default]
    Mean,
    /// The median over its bias: a few wild segments do not touch it.
    Median,
}

pub(super) const fn hann() -> Window {
    Window::Hann
}

pub(super) const fn nperseg() -> u64 {
    256
}

impl Default for Welch {
    fn default() -> Self {
        Self {
            fs: one(),
            window: hann(),
            nperseg: nperseg(),
            noverlap: None,
            detrend: constant(),
            scaling: Scaling::Density,
            average: Average::Mean,
        }
    }
}

impl Welch {
    /// How `rows` are cut, and into how many segments.
    fn cut(&self, rows: u64) -> Result<(Cut, usize)> {
        let cut = Cut::of(Some(rows), self.nperseg, self.noverlap)?;
        let segments = if rows == 0 { 0 } else { cut.count(rows as usize) };
        cut.check(segments, self.kept(cut, segments))?;
        Ok((cut, segments))
    }

    /// Powers that are kept until they are averaged.
    fn kept(&self, cut: Cut, segments: usize) -> u64 {
        let spectra = match self.average {
            Average::Mean => segments.min(SUMS),
            Average::Median => segments,
        };
        (spectra as u64).saturating_mul(cut.len as u64 / 2 + 1)
    }
}

impl Kernel for Welch {
    const SPEC: Spec = Spec::new("welch", Category::Spectral).form(Form::Whole).references(&[
        "P. D. Welch, The use of fast Fourier transform for the estimation of power spectra, IEEE Trans. Audio Electroacoust. 15, 1967",
        "B. Allen, W. G. Anderson, P. R. Brady, D. A. Brown, J. D. E. Creighton, FINDCHIRP, Physical Review D 85, 2012",
    ]);
    type Pass = ();
    type Output = Power;

    fn rows_made(&self, rows: u64) -> u64 {
        self.cut(rows).map_or(u64::MAX, |(cut, segments)| self.kept(cut, segments))
    }

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        check_rate(self.fs)?;
        match shape.rows {
            Some(rows) => self.cut(rows).map(drop),
            None => Cut::of(None, self.nperseg, self.noverlap).map(drop),
        }
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

impl Whole<Power> for Welch {
    fn whole(&self, mut columns: Columns) -> Result<Power> {
        let x = columns.pop().filter(|x| !x.is_empty()).ok_or(Reject::Empty)?;
        let (cut, segments) = self.cut(x.len() as u64)?;
        let made = Segments::new(cut.len, self.window, self.detrend);
        let factor = self.scaling.factor(&made.window, self.fs);
        let bins = cut.len / 2 + 1;
        // The segments of each sum lie together; which they are depends on their number alone.
        let together = match self.average {
            Average::Mean => segments.div_ceil(SUMS),
            Average::Median => 1,
        };
        let mut sums = zeros(segments.div_ceil(together) * bins);
        each_piece(
            &mut sums,
            bins,
            || made.space(),
            |space, i, sum| {
                for segment in i * together..segments.min((i + 1) * together) {
                    let rows = &x[segment * cut.step..][..cut.len];
                    let spectrum = made.transform(rows, space).iter().copied();
                    sum.iter_mut().zip(powers(spectrum, cut.len, factor)).for_each(|(sum, power)| *sum += power);
                }
            },
        );
        let psd = match self.average {
            Average::Mean => mean(&sums, bins, segments),
            Average::Median => medians(&sums, bins),
        };
        Ok(Power { frequencies: Series(frequencies(cut.len, self.fs).collect()), psd: Series(psd) })
    }

    fn columns(&self, power: Power) -> Option<NamedColumns> {
        Some(power.columns())
    }
}

fn mean(sums: &[f64], bins: usize, segments: usize) -> Vec<f64> {
    let mut mean = vec![0.0; bins];
    for sum in sums.chunks_exact(bins) {
        mean.iter_mut().zip(sum).for_each(|(mean, sum)| *mean += sum);
    }
    mean.iter_mut().for_each(|mean| *mean /= segments as f64);
    mean
}

/// The median of each frequency over its bias.
fn medians(powers: &[f64], bins: usize) -> Vec<f64> {
    let segments = powers.len() / bins;
    let bias = 1.0 + (1..=(segments - 1) / 2).map(|i| 2.0 * i as f64).map(|i| 1.0 / (i + 1.0) - 1.0 / i).sum::<f64>();
    let mut medians = vec![0.0; bins];
    each_piece(
        &mut medians,
        16,
        || vec![0.0; segments],
        |of_one, i, medians| {
            for (bin, median) in (16 * i..).zip(medians) {
                of_one.iter_mut().zip(powers[bin..].iter().step_by(bins)).for_each(|(to, power)| *to = *power);
                *median = median_of(of_one) / bias;
            }
        },
    );
    medians
}

/// The median; NaN if there is one.
fn median_of(x: &mut [f64]) -> f64 {
    if x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let (is_odd, middle) = (x.len() % 2 == 1, x.len() / 2);
    let (below, &mut upper, _) = x.select_nth_unstable_by(middle, f64::total_cmp);
    if is_odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower / 2.0 + upper / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn signal(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * i % 31) as f64 - 0.25 * i as f64).collect()
    }

    /// `f, p = scipy.signal.welch(x, fs, window, nperseg, noverlap, detrend=detrend, scaling=scaling, average=average)` of the rows
    /// above: the sums of `p` and of `f*p`, and `p[3]`. SciPy 1.17.
    #[test]
    fn it_is_scipys() {
        use {Average as A, Detrend as D, Scaling as S, Window as W};
        let cases = [
            (
                1000,
                256,
                None,
                1.0,
                W::Hann,
                D::Constant,
                S::Density,
                A::Mean,
                [38395.323644287535, 4401.490360343792, 61.55934306919397],
            ),
            (
                1000,
                256,
                None,
                1.0,
                W::Hann,
                D::Constant,
                S::Density,
                A::Median,
                [49015.041905548715, 5618.895868032141, 78.75474803845734],
            ),
            (
                777,
                50,
                Some(10),
                4.0,
                W::Hamming,
                D::Linear,
                S::Spectrum,
                A::Mean,
                [95.52218767148743, 92.04101742900431, 6.970257207948919],
            ),
            (
                777,
                33,
                Some(32),
                4.0,
                W::Blackman,
                D::None,
                S::Density,
                A::Median,
                [84693.8502908855, 5286.117740722093, 40.382267770191994],
            ),
            (
                100,
                256,
                None,
                1.0,
                W::Bartlett,
                D::Constant,
                S::Spectrum,
                A::Mean,
                [111.32692061999998, 22.67435238665032, 6.985869068304249],
            ),
        ];
        for (n, nperseg, noverlap, fs, window, detrend, scaling, average, expected) in cases {
            let kernel = Welch { fs, window, nperseg, noverlap, detrend, scaling, average };
            let power = reference(&kernel, &[&signal(n)]).unwrap();
            let both = || power.frequencies.iter().zip(power.psd.iter());
            let found = [power.psd.iter().sum(), both().map(|(f, p)| f * p).sum(), power.psd[3]];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-12 * expected.abs(),
                    "{n} {kernel:?}: {found} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn one_segment_is_a_periodogram() {
        use crate::kernels::spectral::Periodogram;
        let welch = Welch { window: Window::Boxcar, nperseg: 77, ..Welch::default() };
        let found = reference(&welch, &[&signal(77)]).unwrap();
        let expected = reference(&Periodogram::default(), &[&signal(77)]).unwrap();
        for (found, expected) in found.psd.iter().zip(expected.psd.iter()) {
            assert!((found - expected).abs() <= 1e-13 * expected, "{found} is not {expected}");
        }
    }

    #[test]
    fn a_wild_segment_does_not_touch_the_median() {
        let mut x = signal(400);
        let kernel = |average| Welch { nperseg: 16, average, ..Welch::default() };
        let before = reference(&kernel(Average::Median), &[&x]).unwrap().psd[3];
        x[100] = 1e9;
        let after = |x: &[f64], average| reference(&kernel(average), &[x]).unwrap().psd[3] / before;
        assert!(after(&x, Average::Median) < 2.0 && after(&x, Average::Mean) > 1e9);
        x[100] = f64::NAN;
        assert!(after(&x, Average::Median).is_nan() && after(&x, Average::Mean).is_nan());
    }

    #[test]
    fn edges() {
        let run = |nperseg, noverlap, x: &[f64]| reference(&Welch { nperseg, noverlap, ..Welch::default() }, &[x]);
        assert_eq!(run(256, None, &[]), Err(Reject::Empty));
        assert_eq!(run(256, None, &[1.0]).unwrap().psd.0, [0.0]);
        assert_eq!(run(1, None, &[1.0, 2.0]).unwrap().psd.0, [0.0]);
        assert!(run(4, Some(4), &[1.0; 9]).is_err() && run(8, Some(5), &[1.0; 4]).is_err());
        assert!(run(0, None, &[1.0]).is_err() && run(u64::MAX, Some(u64::MAX), &[1.0]).is_err());
        let shape = Shape { rows: Some(1 << 28), columns: 1, sample: &[] };
        let tight = Welch { nperseg: 1 << 20, noverlap: Some((1 << 20) - 1), ..Welch::default() };
        assert!(matches!(tight.pass(&shape), Err(Reject::TooLarge { .. })));
    }
}
