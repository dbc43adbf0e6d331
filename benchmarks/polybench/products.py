"""PolyBench's products: 2mm 3mm atax bicg doitgen mvt; sizes in, programs and plain loops out."""

from __future__ import annotations

import numpy as np

import tdsl as td
from benchmarks.polybench.kernel import Kernel, random

ALPHA, BETA = 1.5, 1.2
Tensors = tuple[td.Tensor, ...]
REAL = "float64"


# 2mm: D = beta D + alpha A B C


def mm2(ni, nj, nk, nl) -> Tensors:
    A, B, C, D = (
        td.placeholder(name, shape, REAL)
        for name, shape in (("A", (ni, nk)), ("B", (nk, nj)), ("C", (nj, nl)), ("D", (ni, nl)))
    )
    k, r = td.reduce_axis("k", nk), td.reduce_axis("r", nj)
    tmp = td.compute("tmp", (ni, nj), lambda i, j: td.sum(ALPHA * A[i, k] * B[k, j], over=k))
    return (td.compute("mm2", (ni, nl), lambda i, j: BETA * D[i, j] + td.sum(tmp[i, r] * C[r, j], over=r)),)


def mm2_loops(ni, nj, nk, nl, tmp, A, B, C, D):
    for i in range(ni):
        for j in range(nj):
            tmp[i, j] = 0.0
            for k in range(nk):
                tmp[i, j] += 1.5 * A[i, k] * B[k, j]
    for i in range(ni):
        for j in range(nl):
            D[i, j] *= 1.2
            for k in range(nj):
                D[i, j] += tmp[i, k] * C[k, j]


# 3mm: G = (A B) (C D)


def mm3(ni, nj, nk, nl, nm) -> Tensors:
    A, B, C, D = (
        td.placeholder(name, shape, REAL)
        for name, shape in (("A", (ni, nk)), ("B", (nk, nj)), ("C", (nj, nm)), ("D", (nm, nl)))
    )
    k, q, r = td.reduce_axis("k", nk), td.reduce_axis("q", nm), td.reduce_axis("r", nj)
    E = td.compute("E", (ni, nj), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    F = td.compute("F", (nj, nl), lambda i, j: td.sum(C[i, q] * D[q, j], over=q))
    return (td.compute("mm3", (ni, nl), lambda i, j: td.sum(E[i, r] * F[r, j], over=r)),)


def mm3_loops(ni, nj, nk, nl, nm, E, A, B, F, C, D, G):
    for i in range(ni):
        for j in range(nj):
            E[i, j] = 0.0
            for k in range(nk):
                E[i, j] += A[i, k] * B[k, j]
    for i in range(nj):
        for j in range(nl):
            F[i, j] = 0.0
            for k in range(nm):
                F[i, j] += C[i, k] * D[k, j]
    for i in range(ni):
        for j in range(nl):
            G[i, j] = 0.0
            for k in range(nj):
                G[i, j] += E[i, k] * F[k, j]


# atax: y = A' (A x)


def atax(m, n) -> Tensors:
    A, x = td.placeholder("A", (m, n), REAL), td.placeholder("x", (n,), REAL)
    i, j = td.reduce_axis("i", m), td.reduce_axis("j", n)
    tmp = td.compute("tmp", (m,), lambda r: td.sum(A[r, j] * x[j], over=j))
    return (td.compute("atax", (n,), lambda c: td.sum(A[i, c] * tmp[i], over=i)),)


def atax_loops(m, n, A, x, y, tmp):
    for i in range(n):
        y[i] = 0.0
    for i in range(m):
        tmp[i] = 0.0
        for j in range(n):
            tmp[i] += A[i, j] * x[j]
        for j in range(n):
            y[j] += A[i, j] * tmp[i]


# bicg: s = A' r, q = A p


def bicg(m, n) -> Tensors:
    A = td.placeholder("A", (n, m), REAL)
    p, r = td.placeholder("p", (m,), REAL), td.placeholder("r", (n,), REAL)
    i, j = td.reduce_axis("i", n), td.reduce_axis("j", m)
    s = td.compute("bicg_s", (m,), lambda c: td.sum(r[i] * A[i, c], over=i))
    q = td.compute("bicg_q", (n,), lambda row: td.sum(A[row, j] * p[j], over=j))
    return s, q


def bicg_loops(m, n, A, s, q, p, r):
    for i in range(m):
        s[i] = 0.0
    for i in range(n):
        q[i] = 0.0
        for j in range(m):
            s[j] += r[i] * A[i, j]
            q[i] += A[i, j] * p[j]


# doitgen: a product along the last dimension of a 3-D array


def doitgen(nq, nr, np_) -> Tensors:
    A, C4 = td.placeholder("A", (nr, nq, np_), REAL), td.placeholder("C4", (np_, np_), REAL)
    s = td.reduce_axis("s", np_)
    return (td.compute("doitgen", (nr, nq, np_), lambda r, q, p: td.sum(A[r, q, s] * C4[s, p], over=s)),)


def doitgen_loops(nq, nr, np_, A, C4, total):
    for r in range(nr):
        for q in range(nq):
            for p in range(np_):
                total[p] = 0.0
                for s in range(np_):
                    total[p] += A[r, q, s] * C4[s, p]
            for p in range(np_):
                A[r, q, p] = total[p]


# mvt: x1 += A y1, x2 += A' y2


def mvt(n) -> Tensors:
    A = td.placeholder("A", (n, n), REAL)
    x1, x2, y1, y2 = (td.placeholder(name, (n,), REAL) for name in ("x1", "x2", "y1", "y2"))
    i, j = td.reduce_axis("i", n), td.reduce_axis("j", n)
    first = td.compute("mvt_1", (n,), lambda r: x1[r] + td.sum(A[r, j] * y1[j], over=j))
    second = td.compute("mvt_2", (n,), lambda c: x2[c] + td.sum(A[i, c] * y2[i], over=i))
    return first, second


def mvt_loops(n, x1, x2, y1, y2, A):
    for i in range(n):
        for j in range(n):
            x1[i] += A[i, j] * y1[j]
    for i in range(n):
        for j in range(n):
            x2[i] += A[j, i] * y2[j]


FOUR = {
    "NI": (16, 40, 180, 800), "NJ": (18, 50, 190, 900), "NK": (22, 70, 210, 1100), "NL": (24, 80, 220, 1200),
}  # fmt: skip
FIVE = {
    "NI": (16, 40, 180, 800), "NJ": (18, 50, 190, 900), "NK": (20, 60, 200, 1000),
    "NL": (22, 70, 210, 1100), "NM": (24, 80, 220, 1200),
}  # fmt: skip
VECTOR = {"M": (38, 116, 390, 1900), "N": (42, 124, 410, 2100)}


def _mm3_arrays(ni: int, nj: int, nk: int, nl: int, nm: int) -> dict[str, np.ndarray]:
    return {
        "E": np.zeros((ni, nj)), "A": random(ni, nk), "B": random(nk, nj, seed=1), "F": np.zeros((nj, nl)),
        "C": random(nj, nm, seed=2), "D": random(nm, nl, seed=3), "G": np.zeros((ni, nl)),
    }  # fmt: skip


KERNELS = (
    Kernel(
        "2mm", FOUR,
        lambda ni, nj, nk, nl: {
            "tmp": np.zeros((ni, nj)), "A": random(ni, nk), "B": random(nk, nj, seed=1),
            "C": random(nj, nl, seed=2), "D": random(ni, nl, seed=3),
        },
        ("A", "B", "C", "D"), ("D",), mm2, mm2_loops, lambda ni, nj, nk, nl: 2.0 * ni * nj * (nk + nl),
    ),
    Kernel(
        "3mm", FIVE, _mm3_arrays, ("A", "B", "C", "D"), ("G",), mm3, mm3_loops,
        lambda ni, nj, nk, nl, nm: 2.0 * (ni * nj * nk + nj * nl * nm + ni * nl * nj),
    ),
    Kernel(
        "atax", VECTOR,
        lambda m, n: {"A": random(m, n), "x": random(n), "y": np.zeros(n), "tmp": np.zeros(m)},
        ("A", "x"), ("y",), atax, atax_loops, lambda m, n: 4.0 * m * n,
    ),
    Kernel(
        "bicg", VECTOR,
        lambda m, n: {
            "A": random(n, m), "s": np.zeros(m), "q": np.zeros(n), "p": random(m), "r": random(n, seed=1),
        },
        ("A", "p", "r"), ("s", "q"), bicg, bicg_loops, lambda m, n: 4.0 * m * n,
    ),
    Kernel(
        "doitgen", {"NQ": (8, 20, 40, 140), "NR": (10, 25, 50, 150), "NP": (12, 30, 60, 160)},
        lambda nq, nr, np_: {"A": random(nr, nq, np_), "C4": random(np_, np_, seed=1), "total": np.zeros(np_)},
        ("A", "C4"), ("A",), doitgen, doitgen_loops, lambda nq, nr, np_: 2.0 * nq * nr * np_ * np_,
    ),
    Kernel(
        "mvt", {"N": (40, 120, 400, 2000)},
        lambda n: {
            "x1": random(n), "x2": random(n, seed=1), "y1": random(n, seed=2), "y2": random(n, seed=3),
            "A": random(n, n),
        },
        ("A", "x1", "x2", "y1", "y2"), ("x1", "x2"), mvt, mvt_loops, lambda n: 4.0 * n * n,
    ),
)  # fmt: skip
