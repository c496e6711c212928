"""CuPy on columns that are on the device already, beside `gpu`: `python3 cupy_times.py`.

Times are medians of calls, from asking until the answer is in the processor's memory; the device is idle before and after each. What
CuPy offers is called as its users would call it: it has no fused kurtosis, so moments are the powers of the deviations.
"""

import statistics
import time

import cupy as cp

CALLS = 15


def moments(x):
    d = x - x.mean()
    d2 = d * d
    m2, m3, m4 = d2.mean(), (d2 * d).mean(), (d2 * d2).mean()
    return float(m4 / (m2 * m2) - 3.0), float(m3)


def extrema(x):
    return float(x.min()), float(x.max())


def histogram(x):
    return cp.asnumpy(cp.histogram(x, bins=64, range=(-0.5, 0.5))[0])


def scores(x):
    return (x - x.mean()) / x.std()


def median(call):
    call()
    times = []
    for _ in range(CALLS):
        cp.cuda.Device().synchronize()
        start = time.perf_counter()
        call()
        cp.cuda.Device().synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def row(name, rows, moved, call):
    seconds = median(call)
    print(f"| {name} | {rows} | {1e3 * seconds:.3f} ms | {1e-9 * moved / seconds:.1f} |", flush=True)


def main():
    properties = cp.cuda.runtime.getDeviceProperties(0)
    print(f"CuPy {cp.__version__}, {properties['name'].decode()}\n")
    print("| operation | rows | call | GB/s |\n|---|--:|--:|--:|")
    random = cp.random.default_rng(1)
    for millions in 1, 10, 50, 200:
        x = random.random(millions * 1_000_000) - 0.5
        rows, moved = f"{millions} million", 8 * x.size
        row("moments", rows, moved, lambda: moments(x))
        row("extrema", rows, moved, lambda: extrema(x))
        row("sum alone", rows, moved, lambda: float(x.sum()))
        row("histogram of 64 bins", rows, moved, lambda: histogram(x))
        row("z-score, left there", rows, moved, lambda: scores(x))
        row("z-score, fetched", rows, moved, lambda: cp.asnumpy(scores(x)))
    for bits in 16, 20, 23:
        x = random.random(1 << bits) - 0.5
        row("real FFT, left there", f"2^{bits}", 16 * x.size, lambda: cp.fft.rfft(x))
        row("real FFT, fetched", f"2^{bits}", 16 * x.size, lambda: cp.asnumpy(cp.fft.rfft(x)))
    x, y = cp.ones(200_000_000), cp.empty(200_000_000)
    row("copy, read and written", "200 million", 16 * x.size, lambda: cp.copyto(y, x))


if __name__ == "__main__":
    main()
