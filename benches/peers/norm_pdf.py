"""The density of the normal distribution against numexpr, Numba and NumPy, in one run, interleaved, medians.

    cargo build --release -p echoes-benches
    python3 -m venv target/peers && target/peers/bin/pip install -r benches/peers/requirements.txt
    target/peers/bin/python benches/peers/norm_pdf.py [MILLIONS] [ROUNDS]

Ours is the program `norm_pdf`: the kernel on as many doubles, on as many threads. `fresh` makes the column of the answers,
`into` writes to one that is there already; each peer does both.
"""

import math
import os
import re
import statistics
import subprocess
import sys
import time

THREADS = os.cpu_count()
os.environ["NUMEXPR_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(THREADS)

import numba  # noqa: E402
import numexpr  # noqa: E402
import numpy  # noqa: E402

MILLIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5

x = 8 * numpy.random.default_rng(1).random(MILLIONS * 1_000_000) - 4
out = numpy.ones_like(x)
loc, scale, pi = 0.1, 1.5, math.pi


def with_numpy(out=None):
    z = numpy.subtract(x, loc, out=out)
    z /= scale
    z *= z
    z *= -0.5
    numpy.exp(z, out=z)
    z /= scale * math.sqrt(2 * pi)
    return z


def with_numexpr(out=None):
    return numexpr.evaluate("exp(-0.5 * ((x - loc) / scale) ** 2) / (scale * sqrt(2 * pi))", out=out)


@numba.njit(parallel=True, fastmath=True)
def with_numba(x, loc, scale, out):
    for i in numba.prange(x.size):
        z = (x[i] - loc) / scale
        out[i] = math.exp(-0.5 * z * z) / (scale * math.sqrt(2 * math.pi))
    return out


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ours():
    command = ["target/release/norm_pdf", str(MILLIONS), "3"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [1e-3 * float(re.search(rf"{name} ([\d.]+) ms", text)[1]) for name in ("fresh", "into")]


peers = {
    "numpy": lambda: [seconds(with_numpy), seconds(lambda: with_numpy(out))],
    "numexpr": lambda: [seconds(with_numexpr), seconds(lambda: with_numexpr(out))],
    "numba": lambda: [
        seconds(lambda: with_numba(x, loc, scale, numpy.empty_like(x))),
        seconds(lambda: with_numba(x, loc, scale, out)),
    ],
    "ours": ours,
}
with_numba(x[:1000], loc, scale, out[:1000])
times = {name: [] for name in peers}
for _ in range(ROUNDS):
    for name, measure in peers.items():
        times[name].append(measure())

base = [statistics.median(column) for column in zip(*times["ours"])]
print(f"{MILLIONS} million doubles, {THREADS} threads, median of {ROUNDS}: fresh, into")
for name, measured in times.items():
    fresh, into = (statistics.median(column) for column in zip(*measured))
    print(f"{name:<10} {1e3 * fresh:8.1f} ms {fresh / base[0]:5.1f} x ours {1e3 * into:8.1f} ms {into / base[1]:5.1f} x ours")
