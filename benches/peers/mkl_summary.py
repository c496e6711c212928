"""The summary statistics of MKL, whose wheel has no Python interface: oneMKL's Summary Statistics, through ctypes."""

import ctypes
import functools
import glob
import operator
import os
import sys
from types import SimpleNamespace

import numpy as np

STORAGE_ROWS, METHOD_FAST, FULL = 0x0001_0000, 1, 0
DIMENSION, OBSERVATIONS, DATA, STORAGE = 1, 2, 3, 4
COV, COV_STORAGE, COR, COR_STORAGE = 19, 20, 21, 22

# Where the moments go: the mean, the raw ones, the central ones. Those of a higher order need the lower ones' places too.
MEAN, RAW, CENTRAL = 7, [8, 9, 10], [11, 12, 13]

# What is asked for: where its answer goes, its bit, and whose places it needs.
WANTED = {
    "sum": (67, 0x200_0000, []),
    "mean": (MEAN, 0x1, []),
    "variance": (CENTRAL[0], 0x10, [MEAN, *RAW[:1]]),
    "skewness": (15, 0x100, [MEAN, *RAW[:2], *CENTRAL[:2]]),
    "kurtosis": (14, 0x80, [MEAN, *RAW, *CENTRAL]),
    "min": (16, 0x400, []),
    "max": (17, 0x800, []),
}


def load():
    places = [os.path.join(sys.prefix, "lib", "libmkl_rt.so*"), os.path.join(sys.prefix, "Library", "bin", "mkl_rt*.dll")]
    found = [path for place in places for path in glob.glob(place)]
    if not found:
        raise ImportError("libmkl_rt is not in the environment")
    library = ctypes.CDLL(found[0])
    pointer = ctypes.c_void_p
    library.vsldSSNewTask.argtypes = [ctypes.POINTER(pointer), pointer, pointer, pointer, pointer, pointer, pointer]
    library.vsldSSEditTask.argtypes = [pointer, ctypes.c_int, pointer]
    library.vsliSSEditTask.argtypes = [pointer, ctypes.c_int, pointer]
    library.vsldSSCompute.argtypes = [pointer, ctypes.c_uint64, ctypes.c_int]
    library.vslSSDeleteTask.argtypes = [ctypes.POINTER(pointer)]
    return library


def check(status):
    if status:
        raise RuntimeError(f"MKL answers {status}")


class Task:
    """A task on the first columns of a matrix that has a column a row."""

    def __init__(self, library, matrix, columns):
        self.library, self.task = library, ctypes.c_void_p()
        self.kept = [ctypes.c_int(columns), ctypes.c_int(matrix.shape[1]), ctypes.c_int(STORAGE_ROWS)]
        p, n, storage = (ctypes.addressof(value) for value in self.kept)
        check(library.vsldSSNewTask(ctypes.byref(self.task), p, n, storage, matrix.ctypes.data, None, None))

    def put(self, entry, array):
        edit = self.library.vsliSSEditTask if array.dtype == np.int32 else self.library.vsldSSEditTask
        check(edit(self.task, entry, array.ctypes.data))

    def compute(self, bits):
        check(self.library.vsldSSCompute(self.task, bits, METHOD_FAST))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.vslSSDeleteTask(ctypes.byref(self.task))


def host(columns, threads):
    library, n = load(), columns.shape[1]
    library.MKL_Set_Dynamic(0)
    library.MKL_Set_Num_Threads(threads)

    def summary(*names):
        # The extrema are read before they are written: they begin as a value of the data.
        values = {at: np.full(1, columns[0, 0]) for name in names for at in (WANTED[name][0], *WANTED[name][2])}
        with Task(library, columns, 1) as task:
            for at, array in values.items():
                task.put(at, array)
            task.compute(functools.reduce(operator.or_, (WANTED[name][1] for name in names)))
        answers = {name: values[WANTED[name][0]][0] for name in names}
        # MKL divides its second central moment by n − 1, and the others by that.
        share = (n - 1) / n
        if "skewness" in answers:
            answers["skewness"] *= share**-1.5
        if "kurtosis" in answers:
            answers["kurtosis"] = (answers["kurtosis"] + 3) * share**-2 - 3
        return [answers[name] for name in names]

    def matrix(which, width):
        out, mean = np.zeros((width, width)), np.zeros(width)
        entry, storage, bit = (COV, COV_STORAGE, 0x1000) if which == "cov" else (COR, COR_STORAGE, 0x2000)
        full = np.array([FULL], dtype=np.int32)
        with Task(library, columns, width) as task:
            for at, array in ((MEAN, mean), (entry, out), (storage, full)):
                task.put(at, array)
            task.compute(bit)
        if which == "cor":
            np.fill_diagonal(out, 1.0)
        return out

    return SimpleNamespace(summary=summary, matrix=matrix)
