"""The operations that are compared: a row each, a peer's way to do it each.

A row names what the program `peers` is asked for (a kernel of the registry unless `kernel` says otherwise), its parameters, how
many columns it takes, and for every peer a function of what hosts.py prepared for it. `fields` picks numbers of an answer that is
an object. `into` writes to a column that is there already, on both sides. Answers must agree within `rtol` of the largest number.
"""

import dataclasses
import math

FRACTIONS = [0.05, 0.25, 0.5, 0.75, 0.95]
# The median is of a window that has a middle.
LOC, SCALE, WINDOW, ODD, BINS = 16.0, 8.0, 100, 101, 64
# Bins that widen from the middle; and points all over the density.
EDGES = [LOC + SCALE * (k / 16) ** 3 for k in range(-32, 33)]
POINTS = [LOC + SCALE * k / 8 for k in range(-32, 32)]
DENSITY = f"exp(-0.5*((x-{LOC})/{SCALE})^2)/({SCALE}*sqrt(2*pi))"


@dataclasses.dataclass
class Op:
    name: str
    peers: dict
    kernel: str = ""
    params: dict = dataclasses.field(default_factory=dict)
    columns: int = 1
    fields: list = dataclasses.field(default_factory=list)
    into: bool = False
    rtol: float = 1e-9


def duckdb(expression):
    """The numbers of one row of the table."""
    return lambda h: h.row(f"SELECT {expression} FROM t")


def window(expression):
    """A column over the table in the order of its rows."""
    return lambda h: h.column(f"SELECT {expression} AS c FROM t")


def theilslopes(h):
    """SciPy keeps the differences of all pairs of rows."""
    if len(h.x) > 10_000:
        raise MemoryError(f"{len(h.x):,} rows")
    return tuple(h.stats.theilslopes(h.y, h.x))


def density(np, x, out=None):
    z = np.subtract(x, LOC, out=out)
    z /= SCALE
    z *= z
    z *= -0.5
    np.exp(z, out=z)
    z /= SCALE * math.sqrt(2 * math.pi)
    return z


def unbias_skewness(value, n):
    """The plain skewness from the one that is adjusted for bias."""
    return value * (n - 2) / math.sqrt(n * (n - 1))


def welch(h):
    test = h.stats.ttest_ind(h.x, h.y, equal_var=False)
    return test.statistic, test.pvalue, test.df


def line(h):
    found = h.stats.linregress(h.x, h.y)
    return found.slope, found.intercept, found.rvalue, found.pvalue, found.stderr, found.intercept_stderr


def partial_correlations(h):
    inverse = h.np.linalg.inv(h.np.corrcoef(h.all))
    lengths = h.np.sqrt(h.np.diag(inverse))
    found = -inverse / h.np.outer(lengths, lengths)
    h.np.fill_diagonal(found, 1.0)
    return found


def plane(np, columns):
    """The first column by the others."""
    return np.linalg.lstsq(np.column_stack([np.ones_like(columns[0]), *columns[1:]]), columns[0], rcond=None)[0]


def weighted_plane(h):
    """The first column by those after the second, whose weights are those."""
    root = h.np.sqrt(h.all[1])
    x = h.np.column_stack([root, *(root * column for column in h.all[2:])])
    return h.np.linalg.lstsq(x, root * h.all[0], rcond=None)[0]


def ridge(np, columns):
    means = [column.mean() for column in columns]
    y, *x = (column - mean for column, mean in zip(columns, means))
    x = np.array(x)
    slopes = np.linalg.solve(x @ x.T + np.eye(len(x)), x @ y)
    return np.append(means[0] - slopes @ means[1:], slopes)


def scipy_describe(h):
    d = h.stats.describe(h.x)
    return d.mean, d.variance, d.skewness, d.kurtosis, *d.minmax


MOMENTS = ["mean", "variance", "skewness", "kurtosis", "min", "max"]
LINE = ["slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr"]
DESCRIBE = ["count", "mean", "std", "min", "q1", "median", "q3", "max"]

OPS = [
    Op("sum", dict(
        numpy=lambda h: h.np.sum(h.x), bottleneck=lambda h: h.bn.nansum(h.x), numexpr=lambda h: h.evaluate("sum(x)"),
        numba=lambda h: h.jit.total(h.x), polars=lambda h: h.x.sum(), pandas=lambda h: h.x.sum(),
        duckdb=duckdb("sum(c0)"), mkl=lambda h: h.summary("sum"))),
    Op("mean", dict(
        numpy=lambda h: h.np.mean(h.x), bottleneck=lambda h: h.bn.nanmean(h.x),
        numba=lambda h: h.jit.mean(h.x), polars=lambda h: h.x.mean(), pandas=lambda h: h.x.mean(),
        duckdb=duckdb("avg(c0)"), mkl=lambda h: h.summary("mean"))),
    Op("weighted_mean", dict(numpy=lambda h: h.np.average(h.x, weights=h.y)), kernel="mean", columns=2),
    Op("variance", dict(
        numpy=lambda h: h.np.var(h.x, ddof=1), bottleneck=lambda h: h.bn.nanvar(h.x, ddof=1),
        numba=lambda h: h.jit.variance(h.x), polars=lambda h: h.x.var(), pandas=lambda h: h.x.var(),
        duckdb=duckdb("var_samp(c0)"), mkl=lambda h: h.summary("variance")), params={"ddof": 1}),
    Op("std", dict(
        numpy=lambda h: h.np.std(h.x, ddof=1), bottleneck=lambda h: h.bn.nanstd(h.x, ddof=1),
        numba=lambda h: h.jit.variance(h.x) ** 0.5, polars=lambda h: h.x.std(), pandas=lambda h: h.x.std(),
        duckdb=duckdb("stddev_samp(c0)"), mkl=lambda h: h.summary("variance")[0] ** 0.5), params={"ddof": 1}),
    Op("sem", dict(
        scipy=lambda h: h.stats.sem(h.x), pandas=lambda h: h.x.sem(), duckdb=duckdb("stddev_samp(c0)/sqrt(count(c0))")),
        params={"ddof": 1}),
    Op("min", dict(
        numpy=lambda h: h.np.min(h.x), bottleneck=lambda h: h.bn.nanmin(h.x), numexpr=lambda h: h.evaluate("min(x)"),
        numba=lambda h: h.jit.smallest(h.x), polars=lambda h: h.x.min(), pandas=lambda h: h.x.min(),
        duckdb=duckdb("min(c0)"), mkl=lambda h: h.summary("min")), rtol=0.0),
    Op("max", dict(
        numpy=lambda h: h.np.max(h.x), bottleneck=lambda h: h.bn.nanmax(h.x), numexpr=lambda h: h.evaluate("max(x)"),
        numba=lambda h: h.jit.largest(h.x), polars=lambda h: h.x.max(), pandas=lambda h: h.x.max(),
        duckdb=duckdb("max(c0)"), mkl=lambda h: h.summary("max")), rtol=0.0),
    Op("ptp", dict(
        numpy=lambda h: h.np.ptp(h.x), polars=lambda h: h.x.max() - h.x.min(), duckdb=duckdb("max(c0)-min(c0)"))),
    Op("argmin", dict(
        numpy=lambda h: h.np.argmin(h.x), bottleneck=lambda h: h.bn.nanargmin(h.x), polars=lambda h: h.x.arg_min(),
        pandas=lambda h: h.x.argmin()), rtol=0.0),
    Op("argmax", dict(
        numpy=lambda h: h.np.argmax(h.x), bottleneck=lambda h: h.bn.nanargmax(h.x), polars=lambda h: h.x.arg_max(),
        pandas=lambda h: h.x.argmax()), rtol=0.0),
    Op("skewness", dict(
        scipy=lambda h: h.stats.skew(h.x), polars=lambda h: h.x.skew(),
        pandas=lambda h: unbias_skewness(h.x.skew(), len(h.x)),
        duckdb=lambda h: unbias_skewness(h.row("SELECT skewness(c0) FROM t")[0], h.n),
        mkl=lambda h: h.summary("skewness"))),
    Op("kurtosis", dict(
        scipy=lambda h: h.stats.kurtosis(h.x), polars=lambda h: h.x.kurtosis(), duckdb=duckdb("kurtosis_pop(c0)"),
        mkl=lambda h: h.summary("kurtosis"))),
    Op("moments", dict(
        scipy=scipy_describe,
        polars=lambda h: (h.x.mean(), h.x.var(), h.x.skew(), h.x.kurtosis(), h.x.min(), h.x.max()),
        mkl=lambda h: h.summary(*MOMENTS)), fields=MOMENTS),
    Op("describe", dict(
        polars=lambda h: h.described(h.x.describe(interpolation="linear")), pandas=lambda h: h.x.describe().to_numpy(),
        duckdb=duckdb("count(c0), avg(c0), stddev_samp(c0), min(c0), quantile_cont(c0, 0.25), quantile_cont(c0, 0.5), "
                      "quantile_cont(c0, 0.75), max(c0)")), fields=DESCRIBE),
    Op("median", dict(
        numpy=lambda h: h.np.median(h.x), bottleneck=lambda h: h.bn.median(h.x), polars=lambda h: h.x.median(),
        pandas=lambda h: h.x.median(), duckdb=duckdb("median(c0)"))),
    Op("quantile", dict(
        numpy=lambda h: h.np.quantile(h.x, FRACTIONS),
        polars=lambda h: h.x.quantile(FRACTIONS, interpolation="linear"), pandas=lambda h: h.x.quantile(FRACTIONS),
        duckdb=lambda h: h.row(f"SELECT quantile_cont(c0, {FRACTIONS}) FROM t")[0]), params={"q": FRACTIONS}),
    Op("weighted_quantile", dict(
        numpy=lambda h: h.np.quantile(h.x, FRACTIONS, weights=h.y, method="inverted_cdf")),
        kernel="quantile", params={"q": FRACTIONS, "method": "inverted_cdf"}, columns=2),
    Op("sort", dict(
        numpy=lambda h: h.np.sort(h.x), polars=lambda h: h.x.sort(), pandas=lambda h: h.x.sort_values(),
        duckdb=lambda h: h.column("SELECT c0 AS c FROM t ORDER BY c0")), rtol=0.0),
    Op("rank", dict(
        scipy=lambda h: h.stats.rankdata(h.x), bottleneck=lambda h: h.bn.rankdata(h.x), polars=lambda h: h.x.rank(),
        pandas=lambda h: h.x.rank()), rtol=0.0),
    Op("topk", dict(
        numpy=lambda h: h.np.sort(h.np.partition(h.x, -5)[-5:])[::-1], polars=lambda h: h.x.top_k(5).sort(descending=True),
        pandas=lambda h: h.x.nlargest(5), duckdb=lambda h: h.row("SELECT max(c0, 5) FROM t")[0]),
        params={"k": 5}, fields=["values"], rtol=0.0),
    Op("ecdf", dict(
        numpy=lambda h: h.np.unique(h.x), scipy=lambda h: h.stats.ecdf(h.x).cdf.quantiles), fields=["quantiles"]),
    Op("percentileofscore", dict(
        numpy=lambda h: h.np.count_nonzero(h.x <= LOC) * 100 / h.x.size,
        scipy=lambda h: h.stats.percentileofscore(h.x, LOC, "weak"),
        polars=lambda h: (h.x <= LOC).sum() * 100 / len(h.x)), params={"score": LOC, "kind": "weak"}),
    Op("histogram", dict(
        numpy=lambda h: h.np.histogram(h.x, bins=BINS)[0], numba=lambda h: h.jit.histogram(h.x, BINS),
        polars=lambda h: h.x.hist(bin_count=BINS)["count"]), params={"bins": BINS}, fields=["counts"]),
    Op("weighted_histogram", dict(numpy=lambda h: h.np.histogram(h.x, bins=BINS, weights=h.y)[0]),
       kernel="histogram", params={"bins": BINS}, columns=2, fields=["weights"]),
    Op("histogram_auto", dict(numpy=lambda h: h.np.histogram(h.x, bins="auto")[0]),
       kernel="histogram", params={"bins": "auto"}, fields=["counts"]),
    Op("histogram_edges", dict(
        numpy=lambda h: h.np.histogram(h.x, bins=EDGES)[0], polars=lambda h: h.x.hist(bins=EDGES)["count"]),
        kernel="histogram", params={"edges": EDGES}, fields=["counts"]),
    Op("histogram2d", dict(numpy=lambda h: h.np.histogram2d(h.x, h.y, bins=BINS)[0]),
       params={"bins": [BINS]}, columns=2, fields=["counts"]),
    Op("kde", dict(scipy=lambda h: h.stats.gaussian_kde(h.x)(POINTS)), params={"points": POINTS}, fields=["density"]),
    Op("cov", dict(
        numpy=lambda h: h.np.cov(h.x, h.y)[0, 1], polars=lambda h: h.select(h.pl.cov("c0", "c1")),
        pandas=lambda h: h.x.cov(h.y), duckdb=duckdb("covar_samp(c0, c1)"), mkl=lambda h: h.matrix("cov", 2)[0, 1]),
        params={"ddof": 1}, columns=2),
    Op("corr", dict(
        numpy=lambda h: h.np.corrcoef(h.x, h.y)[0, 1], scipy=lambda h: h.stats.pearsonr(h.x, h.y).statistic,
        polars=lambda h: h.select(h.pl.corr("c0", "c1")), pandas=lambda h: h.x.corr(h.y), duckdb=duckdb("corr(c0, c1)"),
        mkl=lambda h: h.matrix("cor", 2)[0, 1]), columns=2),
    Op("spearmanr", dict(
        scipy=lambda h: h.stats.spearmanr(h.x, h.y).statistic,
        polars=lambda h: h.select(h.pl.corr("c0", "c1", method="spearman")),
        pandas=lambda h: h.x.corr(h.y, method="spearman")), columns=2, fields=["statistic"]),
    Op("kendalltau", dict(scipy=lambda h: tuple(h.stats.kendalltau(h.x, h.y))), columns=2, fields=["statistic", "pvalue"],
       rtol=1e-7),
    Op("theilslopes", dict(scipy=theilslopes), columns=2,
       fields=["slope", "intercept", "low_slope", "high_slope"], rtol=0.0),
    Op("corr_matrix", dict(
        numpy=lambda h: h.np.corrcoef(h.all), polars=lambda h: h.frame.corr().to_numpy(),
        pandas=lambda h: h.frame.corr().to_numpy(), mkl=lambda h: h.matrix("cor", 8)), columns=8),
    Op("corr_matrix_50", dict(
        numpy=lambda h: h.np.corrcoef(h.all), polars=lambda h: h.frame.corr().to_numpy(), mkl=lambda h: h.matrix("cor", 50)),
       kernel="corr_matrix", columns=50),
    Op("corr_matrix_500", dict(
        numpy=lambda h: h.np.corrcoef(h.all), polars=lambda h: h.frame.corr().to_numpy(), mkl=lambda h: h.matrix("cor", 500)),
       kernel="corr_matrix", columns=500),
    Op("cov_matrix", dict(
        numpy=lambda h: h.np.cov(h.all), pandas=lambda h: h.frame.cov().to_numpy(), mkl=lambda h: h.matrix("cov", 8)),
        params={"ddof": 1}, columns=8),
    Op("pearsonr", dict(scipy=lambda h: tuple(h.stats.pearsonr(h.x, h.y))), columns=2, fields=["statistic", "pvalue"], rtol=1e-7),
    Op("linregress", dict(scipy=line), columns=2, fields=LINE, rtol=1e-7),
    Op("partial_corr", dict(numpy=partial_correlations), columns=8, rtol=1e-7),
    Op("ols", dict(numpy=lambda h: plane(h.np, h.all)), columns=4, fields=["coefficients"], rtol=1e-7),
    Op("ols_certified", dict(numpy=lambda h: plane(h.np, h.all)), kernel="ols", params={"precision": "certified"}, columns=4,
       fields=["coefficients"], rtol=1e-7),
    Op("ridge", dict(numpy=lambda h: ridge(h.np, h.all)), columns=4, fields=["coefficients"], rtol=1e-7),
    Op("wls", dict(numpy=weighted_plane), columns=4, fields=["coefficients"], rtol=1e-7),
    Op("polyfit", dict(numpy=lambda h: h.np.polyfit(h.x, h.y, 3)), params={"deg": 3}, columns=2, fields=["coefficients"], rtol=1e-7),
    Op("iqr", dict(scipy=lambda h: h.stats.iqr(h.x))),
    Op("mad", dict(scipy=lambda h: h.stats.median_abs_deviation(h.x))),
    Op("trim_mean", dict(scipy=lambda h: h.stats.trim_mean(h.x, 0.1)), params={"proportiontocut": 0.1}),
    Op("mode", dict(scipy=lambda h: tuple(h.stats.mode(h.x))), fields=["mode", "count"]),
    Op("lmoments", dict(scipy=lambda h: h.stats.lmoment(h.x)), fields=["l1", "l2", "t3", "t4"]),
    Op("winsorize", dict(scipy=lambda h: h.stats.mstats.winsorize(h.x, limits=(0.05, 0.05)).data),
       params={"limits": [0.05, 0.05]}),
    Op("distinct", dict(polars=lambda h: h.x.approx_n_unique(), duckdb=duckdb("approx_count_distinct(c0)")),
       fields=["estimate"], rtol=0.1),
    Op("quantile_sketch", dict(duckdb=lambda h: h.row(f"SELECT approx_quantile(c0, {FRACTIONS}) FROM t")[0]),
       params={"q": FRACTIONS}, fields=["quantiles"], rtol=0.02),
    Op("gmean", dict(scipy=lambda h: h.stats.gmean(h.x))),
    Op("hmean", dict(scipy=lambda h: h.stats.hmean(h.x))),
    Op("pmean", dict(scipy=lambda h: h.stats.pmean(h.x, 3.0)), params={"p": 3.0}),
    Op("diff", dict(
        numpy=lambda h: h.np.diff(h.x, prepend=h.np.nan), polars=lambda h: h.x.diff(), pandas=lambda h: h.x.diff())),
    Op("clip", dict(
        numpy=lambda h: h.np.clip(h.x, LOC - SCALE, LOC + SCALE), polars=lambda h: h.x.clip(LOC - SCALE, LOC + SCALE),
        pandas=lambda h: h.x.clip(LOC - SCALE, LOC + SCALE)), params={"a_min": LOC - SCALE, "a_max": LOC + SCALE}),
    Op("minmax", dict(
        numpy=lambda h: (h.x - h.x.min()) / (h.x.max() - h.x.min()),
        polars=lambda h: (h.x - h.x.min()) / (h.x.max() - h.x.min()))),
    Op("ttest_ind", dict(scipy=welch), columns=2, fields=["statistic", "pvalue", "df"], rtol=1e-7),
    Op("cumsum", dict(
        numpy=lambda h: h.np.cumsum(h.x), numba=lambda h: h.jit.cumsum(h.x, h.np.empty_like(h.x)),
        polars=lambda h: h.x.cum_sum(), pandas=lambda h: h.x.cumsum(),
        duckdb=window("sum(c0) OVER (ORDER BY rowid ROWS UNBOUNDED PRECEDING)"))),
    Op("cumsum_into", dict(
        numpy=lambda h: h.np.cumsum(h.x, out=h.out), numba=lambda h: h.jit.cumsum(h.x, h.out)), kernel="cumsum", into=True),
    Op("rolling_mean", dict(
        bottleneck=lambda h: h.bn.move_mean(h.x, WINDOW), polars=lambda h: h.x.rolling_mean(WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).mean()), params={"window": WINDOW}),
    Op("rolling_sum", dict(
        bottleneck=lambda h: h.bn.move_sum(h.x, WINDOW), polars=lambda h: h.x.rolling_sum(WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).sum()), params={"window": WINDOW}),
    Op("rolling_var", dict(
        bottleneck=lambda h: h.bn.move_var(h.x, WINDOW, ddof=1), polars=lambda h: h.x.rolling_var(WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).var()), params={"window": WINDOW}),
    Op("rolling_std", dict(
        bottleneck=lambda h: h.bn.move_std(h.x, WINDOW, ddof=1), polars=lambda h: h.x.rolling_std(WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).std()), params={"window": WINDOW}),
    Op("rolling_min", dict(
        bottleneck=lambda h: h.bn.move_min(h.x, WINDOW), polars=lambda h: h.x.rolling_min(WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).min()), params={"window": WINDOW}, rtol=0.0),
    Op("rolling_max", dict(
        bottleneck=lambda h: h.bn.move_max(h.x, WINDOW), polars=lambda h: h.x.rolling_max(WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).max()), params={"window": WINDOW}, rtol=0.0),
    Op("rolling_median", dict(
        bottleneck=lambda h: h.bn.move_median(h.x, ODD), polars=lambda h: h.x.rolling_median(ODD),
        pandas=lambda h: h.x.rolling(ODD).median()), params={"window": ODD}),
    Op("rolling_quantile", dict(
        polars=lambda h: h.x.rolling_quantile(0.9, interpolation="linear", window_size=WINDOW),
        pandas=lambda h: h.x.rolling(WINDOW).quantile(0.9)), params={"window": WINDOW, "q": 0.9}),
    Op("rolling_skew", dict(
        polars=lambda h: h.x.rolling_skew(WINDOW, bias=False), pandas=lambda h: h.x.rolling(WINDOW).skew()),
        params={"window": WINDOW}, rtol=1e-7),
    Op("rolling_kurt", dict(
        polars=lambda h: h.x.rolling_kurtosis(WINDOW, bias=False), pandas=lambda h: h.x.rolling(WINDOW).kurt()),
        params={"window": WINDOW}, rtol=1e-7),
    Op("rolling_cov", dict(pandas=lambda h: h.x.rolling(WINDOW).cov(h.y)), params={"window": WINDOW}, columns=2),
    Op("rolling_corr", dict(pandas=lambda h: h.x.rolling(WINDOW).corr(h.y)), params={"window": WINDOW}, columns=2),
    Op("ewm_mean", dict(
        polars=lambda h: h.x.ewm_mean(span=WINDOW), pandas=lambda h: h.x.ewm(span=WINDOW).mean()),
        params={"span": WINDOW}),
    Op("ewm_std", dict(
        polars=lambda h: h.x.ewm_std(span=WINDOW, bias=True), pandas=lambda h: h.x.ewm(span=WINDOW).std(bias=True)),
        params={"span": WINDOW, "bias": True}),
    Op("autocorr", dict(
        numpy=lambda h: h.np.corrcoef(h.x[:-1], h.x[1:])[0, 1], pandas=lambda h: h.x.autocorr()), rtol=1e-6),
    Op("zscore", dict(
        numpy=lambda h: (h.x - h.np.mean(h.x)) / h.np.std(h.x), scipy=lambda h: h.stats.zscore(h.x),
        numba=lambda h: h.jit.zscore(h.x, h.np.empty_like(h.x)), polars=lambda h: (h.x - h.x.mean()) / h.x.std(ddof=0),
        pandas=lambda h: (h.x - h.x.mean()) / h.x.std(ddof=0))),
    Op("zscore_into", dict(numba=lambda h: h.jit.zscore(h.x, h.out)), kernel="zscore", into=True),
    Op("norm_pdf", dict(
        numpy=lambda h: density(h.np, h.x), scipy=lambda h: h.stats.norm.pdf(h.x, LOC, SCALE),
        numexpr=lambda h: h.evaluate(h.density), numba=lambda h: h.jit.density(h.x, LOC, SCALE, h.np.empty_like(h.x))),
        params={"loc": LOC, "scale": SCALE}),
    Op("norm_pdf_into", dict(
        numpy=lambda h: density(h.np, h.x, h.out), numexpr=lambda h: h.evaluate(h.density, out=h.out),
        numba=lambda h: h.jit.density(h.x, LOC, SCALE, h.out)),
        kernel="norm_pdf", params={"loc": LOC, "scale": SCALE}, into=True),
    Op("map", dict(
        numpy=lambda h: density(h.np, h.x), numexpr=lambda h: h.evaluate(h.density),
        numba=lambda h: h.jit.density(h.x, LOC, SCALE, h.np.empty_like(h.x))), params={"expr": DENSITY}),
    Op("gamma", dict(scipy=lambda h: h.special.gamma(h.x))),
    Op("fft", dict(
        numpy=lambda h: h.np.fft.fft(h.x), scipy=lambda h: h.fft.fft(h.x, workers=h.threads),
        pyfftw=lambda h: h.fft.fft(h.x, threads=h.threads), mkl_fft=lambda h: h.fft.fft(h.x)), fields=["re", "im"]),
    Op("ifft", dict(
        numpy=lambda h: h.np.fft.ifft(h.z), scipy=lambda h: h.fft.ifft(h.z, workers=h.threads),
        pyfftw=lambda h: h.fft.ifft(h.z, threads=h.threads), mkl_fft=lambda h: h.fft.ifft(h.z)),
        columns=2, fields=["re", "im"]),
    Op("rfft", dict(
        numpy=lambda h: h.np.fft.rfft(h.x), scipy=lambda h: h.fft.rfft(h.x, workers=h.threads),
        pyfftw=lambda h: h.fft.rfft(h.x, threads=h.threads), mkl_fft=lambda h: h.fft.rfft(h.x)), fields=["re", "im"]),
    Op("irfft", dict(
        numpy=lambda h: h.np.fft.irfft(h.z), scipy=lambda h: h.fft.irfft(h.z, workers=h.threads),
        pyfftw=lambda h: h.fft.irfft(h.z, threads=h.threads), mkl_fft=lambda h: h.fft.irfft(h.z)), columns=2),
    Op("periodogram", dict(scipy=lambda h: h.signal.periodogram(h.x)), fields=["frequencies", "psd"]),
    Op("welch", dict(scipy=lambda h: h.signal.welch(h.x)), fields=["frequencies", "psd"]),
    Op("stft", dict(scipy=lambda h: h.signal.stft(h.x)[2].T.ravel()), fields=["re", "im"]),
    Op("convolve", dict(scipy=lambda h: h.signal.convolve(h.x, h.y)), columns=2),
    Op("correlate", dict(scipy=lambda h: h.signal.correlate(h.x, h.y)), columns=2),
]
