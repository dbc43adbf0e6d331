"""Eight Python threads of kernels beside NumPy's BLAS, and Numba and PyTorch where they are installed."""

import sys
import threading

import numpy as np

import tdsl as td

n, m, d = td.size("n"), td.size("m"), td.size("d")
A, B = td.placeholder("A", (n, d), "float64"), td.placeholder("B", (d, m), "float64")
k = td.reduce_axis("k", d)
C = td.compute("C", (n, m), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
f = td.build(
    td.schedule(C)
    .tile(C, {"i": 8, "j": 16})
    .reorder(C, "io", "jo", "k", "ii", "ji")
    .vectorize(C, "ji", 8)
    .parallel(C, "io")
)
a, b = np.random.rand(60, 70), np.random.rand(70, 80)
want = f(a, b)
np.testing.assert_allclose(want, a @ b)
jobs = [lambda: a @ b]
try:
    import numba

    @numba.njit(parallel=True)
    def g(u):
        s = 0.0
        for i in numba.prange(u.shape[0]):
            s += u[i].sum()
        return s

    g(a)
    jobs.append(lambda: g(a))
except ImportError:
    print("no numba")
try:
    import torch

    ta, tb = torch.from_numpy(a), torch.from_numpy(b)
    jobs += [lambda: ta @ tb, lambda: torch.equal(torch.from_numpy(f(a, b)), torch.from_numpy(want))]
except ImportError:
    print("no torch")
bad = []


def work(j):
    for t in range(40):
        jobs[(j + t) % len(jobs)]()
        if not np.array_equal(f(a, b), want):
            bad.append((j, t))


lock = threading.Lock()
if "numba" in sys.modules:
    old = jobs[1]

    def one():
        with lock:
            old()

    jobs[1] = one
ts = [threading.Thread(target=work, args=(j,)) for j in range(8)]
[t.start() for t in ts]
[t.join() for t in ts]
assert not bad, bad
print("ok", len(jobs))
