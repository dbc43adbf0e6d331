"""PolyBench's BLAS routines: gemm gemver gesummv symm syrk syr2k trmm; sizes in, programs and plain loops out."""

from __future__ import annotations

import numpy as np

import tdsl as td
from benchmarks.polybench.kernel import Arrays, Kernel, random

ALPHA, BETA = 1.5, 1.2
Tensors = tuple[td.Tensor, ...]
REAL = "float64"


# gemm: C = beta C + alpha A B


def gemm(ni, nj, nk) -> Tensors:
    C, A, B = (
        td.placeholder(name, shape, REAL)
        for name, shape in (("C", (ni, nj)), ("A", (ni, nk)), ("B", (nk, nj)))
    )
    k = td.reduce_axis("k", nk)
    return (
        td.compute("gemm", (ni, nj), lambda i, j: BETA * C[i, j] + td.sum(ALPHA * A[i, k] * B[k, j], over=k)),
    )


def gemm_loops(ni, nj, nk, C, A, B):
    for i in range(ni):
        for j in range(nj):
            C[i, j] *= 1.2
        for k in range(nk):
            for j in range(nj):
                C[i, j] += 1.5 * A[i, k] * B[k, j]


# gemver: two rank-1 updates, two matrix-vector products


def gemver(n) -> Tensors:
    A = td.placeholder("A", (n, n), REAL)
    u1, v1, u2, v2, x, w, y, z = (
        td.placeholder(name, (n,), REAL) for name in ("u1", "v1", "u2", "v2", "x", "w", "y", "z")
    )
    i, j = td.reduce_axis("i", n), td.reduce_axis("j", n)
    A2 = td.compute("A2", (n, n), lambda r, c: A[r, c] + u1[r] * v1[c] + u2[r] * v2[c])
    x2 = td.compute("x2", (n,), lambda c: x[c] + BETA * td.sum(A2[i, c] * y[i], over=i) + z[c])
    w2 = td.compute("w2", (n,), lambda r: w[r] + ALPHA * td.sum(A2[r, j] * x2[j], over=j))
    return A2, x2, w2


def gemver_loops(n, A, u1, v1, u2, v2, x, w, y, z):
    for i in range(n):
        for j in range(n):
            A[i, j] += u1[i] * v1[j] + u2[i] * v2[j]
    for i in range(n):
        for j in range(n):
            x[i] += 1.2 * A[j, i] * y[j]
    for i in range(n):
        x[i] += z[i]
    for i in range(n):
        for j in range(n):
            w[i] += 1.5 * A[i, j] * x[j]


# gesummv: y = alpha A x + beta B x


def gesummv(n) -> Tensors:
    A, B = (td.placeholder(name, (n, n), REAL) for name in ("A", "B"))
    x = td.placeholder("x", (n,), REAL)
    j = td.reduce_axis("j", n)
    return (
        td.compute(
            "gesummv",
            (n,),
            lambda i: ALPHA * td.sum(A[i, j] * x[j], over=j) + BETA * td.sum(B[i, j] * x[j], over=j),
        ),
    )


def gesummv_loops(n, A, B, x, y):
    for i in range(n):
        first, second = 0.0, 0.0
        for j in range(n):
            first += A[i, j] * x[j]
            second += B[i, j] * x[j]
        y[i] = 1.5 * first + 1.2 * second


# symm: C = beta C + alpha A B, A symmetric and stored below its diagonal


def symm(m, n) -> Tensors:
    C, A, B = (
        td.placeholder(name, shape, REAL) for name, shape in (("C", (m, n)), ("A", (m, m)), ("B", (m, n)))
    )

    def value(i, j):
        k, r = td.reduce_axis("k", (0, i + 1)), td.reduce_axis("r", (i + 1, m))
        return (
            BETA * C[i, j]
            + td.sum(ALPHA * A[i, k] * B[k, j], over=k)
            + td.sum(ALPHA * A[r, i] * B[r, j], over=r)
        )

    return (td.compute("symm", (m, n), value),)


def symm_loops(m, n, C, A, B):
    for i in range(m):
        for j in range(n):
            total = 0.0
            for k in range(i):
                C[k, j] += 1.5 * B[i, j] * A[i, k]
                total += B[k, j] * A[i, k]
            C[i, j] = 1.2 * C[i, j] + 1.5 * B[i, j] * A[i, i] + 1.5 * total


# syrk, syr2k: rank-k updates of the lower triangle; what is above the diagonal stays


def syrk(m, n) -> Tensors:
    C, A = (td.placeholder(name, shape, REAL) for name, shape in (("C", (n, n)), ("A", (n, m))))
    k = td.reduce_axis("k", m)
    return (
        td.compute(
            "syrk",
            (n, n),
            lambda i, j: td.where(
                j <= i, BETA * C[i, j] + td.sum(ALPHA * A[i, k] * A[j, k], over=k), C[i, j]
            ),
        ),
    )


def syrk_loops(m, n, C, A):
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= 1.2
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += 1.5 * A[i, k] * A[j, k]


def syr2k(m, n) -> Tensors:
    C, A, B = (
        td.placeholder(name, shape, REAL) for name, shape in (("C", (n, n)), ("A", (n, m)), ("B", (n, m)))
    )
    k = td.reduce_axis("k", m)

    def value(i, j):
        term = A[j, k] * ALPHA * B[i, k] + B[j, k] * ALPHA * A[i, k]
        return td.where(j <= i, BETA * C[i, j] + td.sum(term, over=k), C[i, j])

    return (td.compute("syr2k", (n, n), value),)


def syr2k_loops(m, n, C, A, B):
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= 1.2
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += A[j, k] * 1.5 * B[i, k] + B[j, k] * 1.5 * A[i, k]


# trmm: B = alpha A' B, A unit lower triangular


def trmm(m, n) -> Tensors:
    A, B = (td.placeholder(name, shape, REAL) for name, shape in (("A", (m, m)), ("B", (m, n))))

    def value(i, j):
        k = td.reduce_axis("k", (i + 1, m))
        return ALPHA * (B[i, j] + td.sum(A[k, i] * B[k, j], over=k))

    return (td.compute("trmm", (m, n), value),)


def trmm_loops(m, n, A, B):
    for i in range(m):
        for j in range(n):
            for k in range(i + 1, m):
                B[i, j] += A[k, i] * B[k, j]
            B[i, j] *= 1.5


def _three(**shapes: tuple[int, int]) -> Arrays:
    return {name: random(*shape, seed=place) for place, (name, shape) in enumerate(shapes.items())}


def _gemver_arrays(n: int) -> Arrays:
    vectors = ("u1", "v1", "u2", "v2", "x", "w", "y", "z")
    return {"A": random(n, n)} | {name: random(n, seed=place) for place, name in enumerate(vectors)}


MATRIX = {"M": (20, 60, 200, 1000), "N": (30, 80, 240, 1200)}

KERNELS = (
    Kernel(
        "gemm",
        {"NI": (20, 60, 200, 1000), "NJ": (25, 70, 220, 1100), "NK": (30, 80, 240, 1200)},
        lambda ni, nj, nk: _three(C=(ni, nj), A=(ni, nk), B=(nk, nj)),
        ("C", "A", "B"), ("C",), gemm, gemm_loops, lambda ni, nj, nk: 2.0 * ni * nj * nk,
    ),
    Kernel(
        "gemver", {"N": (40, 120, 400, 2000)}, _gemver_arrays,
        ("A", "u1", "v1", "u2", "v2", "x", "w", "y", "z"), ("A", "x", "w"), gemver, gemver_loops,
        lambda n: 8.0 * n * n,
    ),
    Kernel(
        "gesummv", {"N": (30, 90, 250, 1300)},
        lambda n: _three(A=(n, n), B=(n, n)) | {"x": random(n), "y": np.zeros(n)},
        ("A", "B", "x"), ("y",), gesummv, gesummv_loops, lambda n: 4.0 * n * n,
    ),
    Kernel(
        "symm", MATRIX, lambda m, n: _three(C=(m, n), A=(m, m), B=(m, n)),
        ("C", "A", "B"), ("C",), symm, symm_loops, lambda m, n: 2.0 * m * m * n,
    ),
    Kernel(
        "syrk", MATRIX, lambda m, n: _three(C=(n, n), A=(n, m)),
        ("C", "A"), ("C",), syrk, syrk_loops, lambda m, n: 1.0 * n * n * m,
    ),
    Kernel(
        "syr2k", MATRIX, lambda m, n: _three(C=(n, n), A=(n, m), B=(n, m)),
        ("C", "A", "B"), ("C",), syr2k, syr2k_loops, lambda m, n: 2.0 * n * n * m,
    ),
    Kernel(
        "trmm", MATRIX, lambda m, n: _three(A=(m, m), B=(m, n)),
        ("A", "B"), ("B",), trmm, trmm_loops, lambda m, n: 1.0 * m * m * n,
    ),
)  # fmt: skip
