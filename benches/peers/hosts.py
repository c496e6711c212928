"""The peers, each with the columns in the form that it works on.

A host is made once for a number of rows and kept for every operation. One that cannot be imported is left out, with the reason.
"""

import math
from types import SimpleNamespace


def joined(columns):
    """Complex numbers, of two columns if there are two."""
    return columns[0] + 1j * (columns[-1] if len(columns) < 2 else columns[1])


def numpy(columns, threads):
    import numpy as np

    return SimpleNamespace(np=np, z=joined(columns), x=columns[0], y=columns[-1] if len(columns) < 2 else columns[1], all=columns,
                           out=np.zeros_like(columns[0]))


def scipy(columns, threads):
    import scipy.fft
    import scipy.signal
    import scipy.special
    import scipy.stats

    return SimpleNamespace(stats=scipy.stats, special=scipy.special, fft=scipy.fft, signal=scipy.signal, threads=threads,
                           z=joined(columns), x=columns[0],
                           y=columns[-1] if len(columns) < 2 else columns[1])


def bottleneck(columns, threads):
    import bottleneck as bn

    return SimpleNamespace(bn=bn, x=columns[0])


def numexpr(columns, threads):
    import numexpr as ne
    import numpy as np
    from ops import DENSITY

    ne.set_num_threads(threads)
    names = {"x": columns[0]}
    density = DENSITY.replace("^", "**").replace("pi", repr(math.pi))
    return SimpleNamespace(density=density, out=np.zeros_like(columns[0]),
                           evaluate=lambda text, out=None: ne.evaluate(text, local_dict=names, out=out))


def numba(columns, threads):
    import numba as nb
    import numpy as np

    nb.set_num_threads(threads)
    return SimpleNamespace(jit=compiled(nb, np), np=np, x=columns[0], out=np.zeros_like(columns[0]))


def compiled(nb, np):
    """Loops that a user of Numba would write."""
    fast = nb.njit(parallel=True, fastmath=True)

    @fast
    def total(x):
        sum = 0.0
        for i in nb.prange(x.size):
            sum += x[i]
        return sum

    @fast
    def mean(x):
        sum = 0.0
        for i in nb.prange(x.size):
            sum += x[i]
        return sum / x.size

    @fast
    def variance(x):
        sum = 0.0
        for i in nb.prange(x.size):
            sum += x[i]
        mean = sum / x.size
        squares = 0.0
        for i in nb.prange(x.size):
            squares += (x[i] - mean) ** 2
        return squares / (x.size - 1)

    @fast
    def smallest(x):
        least = math.inf
        for i in nb.prange(x.size):
            least = min(least, x[i])
        return least

    @fast
    def largest(x):
        most = -math.inf
        for i in nb.prange(x.size):
            most = max(most, x[i])
        return most

    @nb.njit
    def histogram(x, bins):
        return np.histogram(x, bins)[0]

    @nb.njit
    def cumsum(x, out):
        sum = 0.0
        for i in range(x.size):
            sum += x[i]
            out[i] = sum
        return out

    @fast
    def zscore(x, out):
        sum = 0.0
        for i in nb.prange(x.size):
            sum += x[i]
        mean = sum / x.size
        squares = 0.0
        for i in nb.prange(x.size):
            squares += (x[i] - mean) ** 2
        scale = 1 / math.sqrt(squares / x.size)
        for i in nb.prange(x.size):
            out[i] = (x[i] - mean) * scale
        return out

    @fast
    def density(x, loc, scale, out):
        for i in nb.prange(x.size):
            z = (x[i] - loc) / scale
            out[i] = math.exp(-0.5 * z * z) / (scale * math.sqrt(2 * math.pi))
        return out

    return SimpleNamespace(total=total, mean=mean, variance=variance, smallest=smallest, largest=largest, cumsum=cumsum,
                           histogram=histogram, zscore=zscore, density=density)


def polars(columns, threads):
    import polars as pl

    frame = pl.DataFrame({f"c{i}": column for i, column in enumerate(columns)})
    wanted = ["count", "mean", "std", "min", "25%", "50%", "75%", "max"]

    def described(table):
        values = dict(table.iter_rows())
        return [float(values[name]) for name in wanted]

    return SimpleNamespace(pl=pl, frame=frame, x=frame["c0"], described=described,
                           select=lambda expression: frame.select(expression).item())


def pandas(columns, threads):
    import pandas as pd

    frame = pd.DataFrame({f"c{i}": column for i, column in enumerate(columns)})
    return SimpleNamespace(frame=frame, x=frame["c0"], y=frame[frame.columns[min(1, len(columns) - 1)]])


def duckdb(columns, threads):
    import duckdb as db

    connection = db.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute("SET enable_progress_bar = false")
    given = {f"c{i}": column for i, column in enumerate(columns)}  # noqa: F841, DuckDB finds it by its name
    connection.execute("CREATE TABLE t AS SELECT * FROM given")
    return SimpleNamespace(n=len(columns[0]), row=lambda sql: connection.execute(sql).fetchone(),
                           column=lambda sql: connection.execute(sql).fetchnumpy()["c"])


def pyfftw(columns, threads):
    import pyfftw as fftw

    fftw.interfaces.cache.enable()
    return SimpleNamespace(fft=fftw.interfaces.numpy_fft, z=joined(columns), x=columns[0], threads=threads)


def mkl_fft(columns, threads):
    import mkl_fft as fft

    return SimpleNamespace(fft=fft, z=joined(columns), x=columns[0])


def mkl(columns, threads):
    import mkl_summary

    return mkl_summary.host(columns, threads)


HOSTS = dict(numpy=numpy, scipy=scipy, bottleneck=bottleneck, numexpr=numexpr, numba=numba, polars=polars, pandas=pandas,
             duckdb=duckdb, pyfftw=pyfftw, mkl_fft=mkl_fft, mkl=mkl)
