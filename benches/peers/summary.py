"""The summary statistics of a column against SciPy, Polars and NumPy, in one run, interleaved, medians.

    cargo build --release -p echoes-benches
    python3 -m venv target/peers && target/peers/bin/pip install -r benches/peers/requirements.txt
    target/peers/bin/python benches/peers/summary.py [MILLIONS] [ROUNDS]

Ours is the program `bandwidth`: moments to the fourth and extrema of as many doubles, on as many threads.
"""

import os
import re
import statistics
import subprocess
import sys
import time

THREADS = str(os.cpu_count())
os.environ["POLARS_MAX_THREADS"] = THREADS

import numpy  # noqa: E402
import polars  # noqa: E402
import scipy.stats  # noqa: E402

MILLIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5

x = numpy.random.default_rng(1).random(MILLIONS * 1_000_000) - 0.5
series = polars.Series("x", x)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ours():
    command = ["target/release/bandwidth", str(MILLIONS), "3"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return 1e-3 * float(re.search(r"moments and extrema\s+([\d.]+) ms", text)[1])


peers = {
    "Polars skew and kurtosis": lambda: seconds(lambda: (series.skew(), series.kurtosis())),
    "scipy.stats.describe": lambda: seconds(lambda: scipy.stats.describe(x)),
    "ours": ours,
}
times = {name: [] for name in peers}
for _ in range(ROUNDS):
    for name, measure in peers.items():
        times[name].append(measure())

base = statistics.median(times["ours"])
print(f"{MILLIONS} million doubles, {THREADS} threads, median of {ROUNDS}")
for name, measured in times.items():
    median = statistics.median(measured)
    print(f"{name:<26} {1e3 * median:9.1f} ms  {median / base:7.1f} x ours")

small = x[:10_000]
small_series = polars.Series("x", small)
for name, work in {"numpy.mean": small.mean, "Polars mean": small_series.mean}.items():
    best = min(seconds(lambda: [work() for _ in range(1000)]) for _ in range(50)) / 1000
    print(f"{name:<26} {1e6 * best:9.2f} us for 10,000 doubles")
