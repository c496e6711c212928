"""The same work on the same data by Echoes and by its peers, in one run: `cargo xtask peers` prepares it and calls it.

    python compare.py --ours target/release/peers [--op NAME,…] [--n N,…] [--json] [--without "NAME: why" …]

Ours is the program `peers`: it maps the same columns and times in its own process what it is asked for, so that its calls
take turns with the peers'. Each contender is run once to warm up and to give its answer, then in rounds of a shuffled order; the
median counts. Calls that are too short for a clock are repeated, and a call before them, by the same process, is not counted:
whoever was timed before has filled the caches. Everyone may use as many threads as there are processors.
"""

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA"):
    os.environ[f"{name}_NUM_THREADS"] = str(THREADS)
os.environ["POLARS_MAX_THREADS"] = str(THREADS)
# A pool that spins after its work would take the processor from whoever is timed next: a millisecond, and 2^21 cycles, instead of
# 200 and 2^26.
os.environ["KMP_BLOCKTIME"] = "1"
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "21"

import numpy as np  # noqa: E402
from hosts import HOSTS  # noqa: E402
from ops import OPS  # noqa: E402

SIZES = [10_000, 1_000_000, 10_000_000]
VALUES_MAX = 400_000_000
SAMPLE_S, BUDGET_S, PAUSE_S = 0.003, 1.0, 0.005
ROUNDS_MIN, ROUNDS_MAX = 3, 15
HEAD = """{threads} threads for everyone who uses threads; Echoes at level {level}; medians of interleaved rounds.
Times as fast: the best peer's time divided by ours.

| op | n | Echoes | best peer | times as fast | the others |
|---|---|---|---|---|---|"""


class Ours:
    """The program `peers`, which answers a line of JSON with a line of JSON."""

    def __init__(self, program):
        self.program = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.program.stdin.write(json.dumps(request) + "\n")
        self.program.stdin.flush()
        answer = json.loads(self.program.stdout.readline() or '{"error": "the program has ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


class Rows:
    """The data of one size, with the hosts that have been made for it."""

    def __init__(self, n, width, ours, folder, skipped):
        rng = np.random.default_rng(1)
        self.n, self.ours, self.folder, self.skipped, self.hosts = n, ours, folder, skipped, {}
        path = os.path.join(folder, f"columns-{n}")
        self.columns = np.memmap(path, dtype=float, mode="w+", shape=(width, n))
        for i, column in enumerate(self.columns):
            column[:] = 4 * rng.standard_gamma(4, n)
            if i:
                column *= 0.5
                column += 0.5 * self.columns[0]
        self.columns.flush()
        # Both sides map the file: the same memory, in nobody's cache more than in another's.
        self.columns = np.asarray(self.columns)
        self.level = ours.ask(load=path, columns=width, threads=THREADS)["level"]

    def host(self, name):
        if name not in self.hosts and name not in self.skipped:
            try:
                self.hosts[name] = HOSTS[name](self.columns, THREADS)
            except Exception as error:
                skip(self.skipped, name, f"{type(error).__name__}: {error}")
        return self.hosts.get(name)


def skip(skipped, name, why):
    skipped[name] = why
    print(f"skipped: {name}: {' '.join(str(why).split())}", file=sys.stderr)


def clock(work):
    def seconds(repeats):
        work()
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        return (time.perf_counter() - start) / repeats

    return seconds


def flat(answer):
    """An answer as numbers in a row; complex ones as their real parts, then their imaginary parts."""
    array = np.asarray(answer.to_numpy() if hasattr(answer, "to_numpy") else answer)
    if np.iscomplexobj(array):
        array = np.concatenate([array.real, array.imag])
    return np.ma.filled(np.ma.asarray(array), np.nan).astype(float).ravel()


def agree(ours, theirs, rtol):
    if ours.shape != theirs.shape:
        return False
    if ours.size == 0 or rtol == 0:
        return bool(np.array_equal(ours, theirs, equal_nan=True))
    finite = np.isfinite(ours)
    if not np.array_equal(finite, np.isfinite(theirs)):
        return False
    # A few numbers are measures of different things; a column is one thing, measured by its largest.
    scale = np.abs(ours[finite]).max(initial=0) if ours.size > 64 else np.abs(ours[finite])
    return bool(np.all(np.abs(ours[finite] - theirs[finite]) <= rtol * scale))


def contenders(op, rows):
    """Everyone's way to be timed, and everyone's answer; ours first."""
    path = os.path.join(rows.folder, "answer")
    request = dict(op=op.kernel or op.name, params=op.params, columns=op.columns, into=op.into)
    rows.ours.ask(**request, repeats=1, fields=op.fields, answer=path)
    timers, answers = {"ours": lambda repeats: rows.ours.ask(**request, repeats=repeats)["seconds"]}, {"ours": np.fromfile(path)}
    os.remove(path)
    for name, work in op.peers.items():
        host = rows.host(name)
        if host is None:
            continue
        try:
            answers[name] = flat(work(host))
            timers[name] = clock(lambda work=work, host=host: work(host))
        except Exception as error:
            print(f"skipped: {op.name} by {name}: {type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
    return timers, answers


def measure(timers, rng):
    """The median seconds of each contender."""
    once = {name: timer(1) for name, timer in timers.items()}
    repeats = {name: max(1, round(SAMPLE_S / max(seconds, 1e-7))) for name, seconds in once.items()}
    cost = sum(seconds + max(seconds, SAMPLE_S) + PAUSE_S for seconds in once.values())
    rounds = int(min(ROUNDS_MAX, max(ROUNDS_MIN, BUDGET_S / cost)))
    times = {name: [] for name in timers}
    for _ in range(rounds):
        for name in rng.sample(list(timers), len(timers)):
            time.sleep(PAUSE_S)
            times[name].append(timers[name](repeats[name]))
    return {name: statistics.median(values) for name, values in times.items()}


def compare(op, rows, rng):
    """A line for each peer, the quickest first."""
    timers, answers = contenders(op, rows)
    if len(timers) < 2:
        return []
    medians = measure(timers, rng)
    ours = medians.pop("ours")
    lines = [{"op": op.name, "n": rows.n, "ours_s": ours, "peer": name, "peer_s": seconds, "ratio": seconds / ours,
              "agree": agree(answers["ours"], answers[name], op.rtol)} for name, seconds in medians.items()]
    return sorted(lines, key=lambda line: line["peer_s"])


def shown(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            break
    value = seconds * factor
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def table_row(lines):
    def peer(line):
        return f"{line['peer']} {shown(line['peer_s'])}" + ("" if line["agree"] else " (another answer)")

    best = lines[0]
    others = ", ".join(peer(line) for line in lines[1:])
    return f"| {best['op']} | {best['n']:,} | {shown(best['ours_s'])} | {peer(best)} | {best['ratio']:.2f} | {others} |"


def listed(text):
    return [word for word in text.split(",") if word]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--op", type=listed, default=[])
    parser.add_argument("--n", type=listed, default=[])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--without", action="append", default=[])
    given = parser.parse_args()
    names = {op.name for op in OPS}
    unknown = [name for name in given.op if name not in names]
    if unknown:
        parser.error(f"no operation is called `{unknown[0]}`; there are {', '.join(sorted(names))}")
    try:
        given.n = [int(float(n)) for n in given.n] or SIZES
    except ValueError:
        parser.error("--n takes whole numbers")
    if any(not 4 <= n <= 200_000_000 for n in given.n):
        parser.error("--n takes numbers from 4 to 200,000,000")
    return given


def main():
    given = arguments()
    chosen = sorted((op for op in OPS if not given.op or op.name in given.op), key=lambda op: op.columns)
    skipped = {}
    for line in given.without:
        skip(skipped, *line.split(": ", 1))
    ours, rng = Ours(given.ours), random.Random(1)
    different, head = [], not given.json
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for n in given.n:
            for columns, ops in itertools.groupby(chosen, lambda op: op.columns):
                if columns * n > VALUES_MAX:
                    continue
                rows = Rows(n, columns, ours, folder, skipped)
                if head:
                    print(HEAD.format(threads=THREADS, level=rows.level))
                    head = False
                for op in ops:
                    lines = compare(op, rows, rng)
                    different += [f"{line['op']} of {n} by {line['peer']}" for line in lines if not line["agree"]]
                    if given.json:
                        for line in lines:
                            print(json.dumps(line), flush=True)
                    elif lines:
                        print(table_row(lines), flush=True)
    if different:
        print(f"answers that differ: {'; '.join(different)}", file=sys.stderr)


if __name__ == "__main__":
    main()
