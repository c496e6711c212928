//! The registry: every kernel is one line here and one file in `kernels/`.
//!
//! Categories, and the kernels in each, are sorted by name; `cargo xtask new-kernel` writes the line.

use echoes_kernel::Entry;

/// Declares the module of each kernel and lists it in [`KERNELS`].
///
/// The modules are declared here rather than by `mod` lines, so that a kernel is one line and cannot be half added.
macro_rules! registry {
    ($($(#[$doc:meta])* $category:ident { $($file:ident::$kernel:ident,)+ })+) => {
        /// What callers ask for: a module a category, a file a kernel.
        #[path = "kernels"]
        pub mod kernels {
            $($(#[$doc])* pub mod $category {
                $(mod $file; pub use $file::*;)+
            })+
        }

        /// Every kernel, by category and name.
        pub static KERNELS: &[Entry] = &[$($(Entry::of::<kernels::$category::$kernel>(),)+)+];
    };
}

registry! {
    /// One number, or a few, for a column.
    descriptive {
        argmax::ArgMax,
        argmin::ArgMin,
        count::Count,
        describe::Describe,
        gmean::GMean,
        hmean::HMean,
        iqr::Iqr,
        kurtosis::Kurtosis,
        lmoments::LMoments,
        mad::Mad,
        max::Max,
        mean::Mean,
        min::Min,
        mode::Mode,
        pmean::PMean,
        ptp::Ptp,
        sem::Sem,
        skewness::Skewness,
        std::Std,
        sum::Sum,
        trim_mean::TrimMean,
        variance::Variance,
    }
    /// Probability distributions, and the functions that they are made of.
    distribution {
        gamma::Gamma,
        norm_pdf::NormPdf,
    }
    /// Where the values lie: how many in each bin.
    histogram {
        histogram::Histogram,
        histogram2d::Histogram2d,
        kde::Kde,
    }
    /// Many columns at once.
    matrix {
        corr_matrix::CorrMatrix,
        cov_matrix::CovMatrix,
        partial_corr::PartialCorr,
    }
    /// By rank.
    order {
        ecdf::Ecdf,
        median::Median,
        percentileofscore::PercentileOfScore,
        quantile::Quantile,
        rank::Rank,
        sort::Sort,
        topk::TopK,
    }
    /// Two columns, row by row.
    pair {
        corr::Corr,
        cov::Cov,
        kendalltau::KendallTau,
        linregress::LinRegress,
        pearsonr::PearsonR,
        spearmanr::SpearmanR,
        theilslopes::TheilSlopes,
    }
    /// Lines, planes and polynomials by least squares.
    regression {
        ols::Ols,
        polyfit::PolyFit,
        ridge::Ridge,
        wls::Wls,
    }
    /// A column in, a column out, in the order of the rows.
    series {
        autocorr::AutoCorr,
        clip::Clip,
        cumprod::CumProd,
        cumsum::CumSum,
        diff::Diff,
        ewm_mean::EwmMean,
        ewm_std::EwmStd,
        minmax::MinMax,
        rolling_corr::RollingCorr,
        rolling_cov::RollingCov,
        rolling_kurt::RollingKurt,
        rolling_max::RollingMax,
        rolling_mean::RollingMean,
        rolling_median::RollingMedian,
        rolling_min::RollingMin,
        rolling_quantile::RollingQuantile,
        rolling_skew::RollingSkew,
        rolling_std::RollingStd,
        rolling_sum::RollingSum,
        rolling_var::RollingVar,
        winsorize::Winsorize,
        zscore::ZScore,
    }
    /// Estimates of bounded size.
    sketch {
        distinct::Distinct,
        quantile_sketch::QuantileSketch,
    }
    /// Frequencies.
    spectral {
        convolve::Convolve,
        correlate::Correlate,
        fft::Fft,
        ifft::Ifft,
        irfft::Irfft,
        periodogram::Periodogram,
        rfft::Rfft,
        stft::Stft,
        welch::Welch,
    }
    /// Hypothesis tests.
    test {
        ttest_ind::TtestInd,
    }
}

/// The kernel of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    KERNELS.iter().find(|entry| entry.spec.name == name)
}
