//! Short-time Fourier transform.

use super::{Detrend, Window, hann, nperseg, one};
use crate::{
    segments::{Cut, Segments, check_rate, frequencies},
    threads::{each_piece, zeros},
    transforms::{self, Complex},
};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Series, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Short-time Fourier transform of a column: the spectrum of each of the segments that overlap, as a long table.
///
/// A row for each frequency of each segment, the segments in order and the frequencies rising in each: `time` of the segment's
/// middle, `frequency`, `re` and `im`. The definition is that of `scipy.signal.stft`: half a segment of zeros is put before the
/// first row and after the last, then as many zeros as fill the last segment; a column shorter than `nperseg` is cut into segments
/// of its own length. Rows with a missing value are left out before. A NaN or an infinity spreads over its segments. As `fft` in
/// its errors and bits.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::spectral::Stft;
/// let wave: Vec<f64> = (0..100).map(|i| (i as f64 * 0.25 * std::f64::consts::TAU).cos()).collect();
/// let table = reference(&Stft { nperseg: 20, ..Stft::default() }, &[&wave])?;
/// assert_eq!(table.time.len(), 11 * 11);
/// // Half of the wave's height at a quarter of `fs`, in the middle.
/// let row = (0..11 * 11).find(|&row| (table.time[row], table.frequency[row]) == (50.0, 0.25)).unwrap();
/// assert!((table.re[row].hypot(table.im[row]) - 0.5).abs() < 1e-15);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stft {
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
    #[serde(default = "none")]
    pub detrend: Detrend,
    /// What the sizes are measured in.
    #[serde(default)]
    pub scaling: Sizes,
}

/// What the sizes of a short-time transform are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sizes {
    /// The height of a sine that has the frequency, half of it at each sign.
    #[default]
    Spectrum,
    /// Squared, power per unit of frequency.
    Psd,
}

const fn none() -> Detrend {
    Detrend::None
}

impl Default for Stft {
    fn default() -> Self {
        Self {
            fs: one(),
            window: hann(),
            nperseg: nperseg(),
            noverlap: None,
            detrend: none(),
            scaling: Sizes::Spectrum,
        }
    }
}

/// A short-time transform, a row for each frequency of each segment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TimeSpectrum {
    /// The time of the segment's middle, from 0.
    pub time: Series,
    /// The frequency.
    pub frequency: Series,
    /// The real part.
    pub re: Series,
    /// The imaginary part.
    pub im: Series,
}

impl Stft {
    /// How `rows`, with their zeros around them, are cut, and into how many segments.
    fn cut(&self, rows: u64) -> Result<(Cut, usize)> {
        let cut = Cut::of(Some(rows), self.nperseg, self.noverlap)?;
        let around = (rows as usize).saturating_add(2 * (cut.len / 2));
        let segments = if rows == 0 { 0 } else { (around - cut.len).div_ceil(cut.step) + 1 };
        cut.check(segments, (segments as u64).saturating_mul(cut.len as u64 / 2 + 1))?;
        Ok((cut, segments))
    }
}

impl Kernel for Stft {
    const SPEC: Spec = Spec::new("stft", Category::Spectral).form(Form::Whole);
    type Pass = ();
    type Output = TimeSpectrum;

    fn rows_made(&self, rows: u64) -> u64 {
        self.cut(rows).map_or(u64::MAX, |(cut, segments)| segments as u64 * (cut.len as u64 / 2 + 1))
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

impl Whole<TimeSpectrum> for Stft {
    fn whole(&self, mut columns: Columns) -> Result<TimeSpectrum> {
        let mut x = columns.pop().filter(|x| !x.is_empty()).ok_or(Reject::Empty)?;
        let (cut, segments) = self.cut(x.len() as u64)?;
        let bins = cut.len / 2 + 1;
        let made = Segments::new(cut.len, self.window, self.detrend);
        let unit = match self.scaling {
            Sizes::Spectrum => made.window.iter().sum::<f64>().abs(),
            Sizes::Psd => (self.fs * made.window.iter().map(|w| w * w).sum::<f64>()).sqrt(),
        };
        x.splice(0..0, std::iter::repeat_n(0.0, cut.len / 2));
        x.resize((segments - 1) * cut.step + cut.len, 0.0);
        let mut table = zeros(2 * segments * bins);
        each_piece(
            transforms::pairs(&mut table),
            bins,
            || made.space(),
            |space, segment, out| {
                let spectrum = made.transform(&x[segment * cut.step..][..cut.len], space);
                out.iter_mut().zip(spectrum).for_each(|(to, from)| *to = from / unit);
            },
        );
        let (re, im) = transforms::parts(bytemuck::cast_slice::<f64, Complex>(&table));
        let times = (0..segments).map(|segment| (segment * cut.step) as f64 / self.fs);
        let frequencies = frequencies(cut.len, self.fs);
        Ok(TimeSpectrum {
            time: Series(times.flat_map(|time| std::iter::repeat_n(time, bins)).collect()),
            frequency: Series((0..segments).flat_map(|_| frequencies.clone()).collect()),
            re: Series(re),
            im: Series(im),
        })
    }

    fn columns(&self, table: TimeSpectrum) -> Option<NamedColumns> {
        let TimeSpectrum { time, frequency, re, im } = table;
        Some(vec![("time", time.0), ("frequency", frequency.0), ("re", re.0), ("im", im.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn signal(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * i % 31) as f64 - 0.25 * i as f64).collect()
    }

    /// `f, t, z = scipy.signal.stft(x, fs, window, nperseg, noverlap, detrend=detrend, scaling=scaling)` of the rows above, `z =
    /// z.T.ravel()`: its length, `z.dot(np.arange(len(z)))/len(z)`, `t.sum()` and `f.sum()`. SciPy 1.17.
    #[test]
    fn it_is_scipys() {
        use {Detrend as D, Sizes as S, Window as W};
        let cases = [
            (
                1000,
                256,
                None,
                1.0,
                W::Hann,
                D::None,
                S::Spectrum,
                1161,
                [-261.20280483476756, 16.056427504619823, 4608.0, 32.25],
            ),
            (
                777,
                50,
                Some(10),
                4.0,
                W::Hamming,
                D::Linear,
                S::Psd,
                546,
                [-44.07616877746526, 5.276365351343831, 2100.0, 26.0],
            ),
            (
                100,
                33,
                Some(32),
                0.5,
                W::Blackman,
                D::Constant,
                S::Spectrum,
                1700,
                [-17.83465799238407, -12.085737384333239, 9900.0, 2.0606060606060606],
            ),
            (
                100,
                256,
                None,
                1.0,
                W::Boxcar,
                D::None,
                S::Spectrum,
                153,
                [1.9274194226393386, -11.847199620863181, 150.0, 12.75],
            ),
            (
                101,
                10,
                None,
                1.0,
                W::Hann,
                D::None,
                S::Spectrum,
                132,
                [-21.695134763242784, -1.7993575190216096, 1155.0, 1.5],
            ),
            (
                101,
                10,
                Some(7),
                1.0,
                W::Hann,
                D::None,
                S::Psd,
                210,
                [-101.25117835360606, 0.1766097244523333, 1785.0, 1.5],
            ),
        ];
        for (n, nperseg, noverlap, fs, window, detrend, scaling, len, expected) in cases {
            let kernel = Stft { fs, window, nperseg, noverlap, detrend, scaling };
            let table = reference(&kernel, &[&signal(n)]).unwrap();
            let dot = |part: &[f64]| part.iter().enumerate().map(|(i, x)| i as f64 * x).sum::<f64>() / len as f64;
            let bins = table.time.iter().take_while(|&&time| time == 0.0).count();
            let found = [
                dot(&table.re),
                dot(&table.im),
                table.time.iter().sum::<f64>() / bins as f64,
                table.frequency[..bins].iter().sum(),
            ];
            assert_eq!(
                (table.re.len(), table.im.len(), table.frequency.len(), table.time.len()),
                (len, len, len, len),
                "{kernel:?}"
            );
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-11 * expected.abs().max(1.0),
                    "{n} {kernel:?}: {found} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn edges() {
        let run = |nperseg, noverlap, x: &[f64]| reference(&Stft { nperseg, noverlap, ..Stft::default() }, &[x]);
        assert_eq!(run(256, None, &[]), Err(Reject::Empty));
        assert_eq!(run(256, None, &[3.0]).unwrap().re.0, [3.0]);
        assert!(
            run(4, Some(4), &[1.0; 9]).is_err() && run(8, Some(5), &[1.0; 4]).is_err() && run(0, None, &[1.0]).is_err()
        );
        let table = run(4, None, &[1.0, 1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0, 1.0]).unwrap();
        assert!(!table.re[0].is_nan() && table.re[3].is_nan() && !table.re[table.re.len() - 1].is_nan());
        let shape = Shape { rows: Some(1 << 28), columns: 1, sample: &[] };
        let tight = Stft { nperseg: 256, noverlap: Some(255), ..Stft::default() };
        assert!(matches!(tight.pass(&shape), Err(Reject::TooLarge { .. })));
    }
}
