"""PolyBench's solvers: cholesky durbin gramschmidt lu ludcmp trisolv; sizes in, programs and plain loops out."""

from __future__ import annotations

import math

import numpy as np

import tdsl as td
from benchmarks.polybench.kernel import Arrays, Kernel, dominant, random

Tensors = tuple[td.Tensor, ...]
REAL = "float64"


# cholesky: A = L L', L in place of the lower triangle


def cholesky(n) -> Tensors:
    A = td.placeholder("A", (n, n), REAL)

    def value(L, i, j):
        k = td.reduce_axis("k", (0, j))
        rest = A[i, j] - td.sum(L[i, k] * L[j, k], over=k)
        return td.where(j <= i, td.where(j < i, rest / L[j, j], td.sqrt(rest)), A[i, j])

    return (td.recurrence("cholesky", (n, n), value, dtype=REAL),)


def cholesky_loops(n, A):
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[j, k]
            A[i, j] /= A[j, j]
        for k in range(i):
            A[i, i] -= A[i, k] * A[i, k]
        A[i, i] = math.sqrt(A[i, i])


# durbin: Toeplitz systems; row k holds beta, alpha and the first k + 1 elements of the solution of order k


def durbin(n) -> Tensors:
    r = td.placeholder("r", (n,), REAL)

    def value(Y, k, c):
        i = td.reduce_axis("i", (0, k))
        first = td.where(c == 0, 1.0, -r[0])
        beta = (1 - Y[k - 1, 1] * Y[k - 1, 1]) * Y[k - 1, 0]
        alpha = -(r[k] + td.sum(r[k - 1 - i] * Y[k - 1, i + 2], over=i)) / Y[k, 0]
        older = Y[k - 1, c] + Y[k, 1] * Y[k - 1, k + 3 - c]
        later = td.where(c == 0, beta, td.where(c == 1, alpha, td.where(c < k + 2, older, Y[k, 1])))
        return td.where(k == 0, first, td.where(c <= k + 2, later, 0.0))

    Y = td.recurrence("Y", (n, n + 2), value, dtype=REAL)
    return (td.compute("durbin", (n,), lambda i: Y[n - 1, i + 2]),)


def durbin_loops(n, r, y, z):
    y[0] = -r[0]
    beta, alpha = 1.0, -r[0]
    for k in range(1, n):
        beta = (1.0 - alpha * alpha) * beta
        total = 0.0
        for i in range(k):
            total += r[k - i - 1] * y[i]
        alpha = -(r[k] + total) / beta
        for i in range(k):
            z[i] = y[i] + alpha * y[k - i - 1]
        for i in range(k):
            y[i] = z[i]
        y[k] = alpha


# gramschmidt: A = Q R by modified Gram-Schmidt, where what divides by a norm waits for the end. Step k + 1 has products of
# column k with those after it in row k, with itself in a column of their own, and below them what is left of A. (M and N
# change places: PolyBench's matrix is wider than high, so its last columns are rounding noise.)


def gramschmidt(m, n) -> Tensors:
    A = td.placeholder("A", (m, n), REAL)

    def value(W, k, r, j):
        i, h = td.reduce_axis("i", m), td.reduce_axis("h", m)
        square = td.sum(W[k - 1, n + i, k - 1] * W[k - 1, n + i, k - 1], over=i)
        product = td.sum(W[k - 1, n + h, k - 1] * W[k - 1, n + h, j], over=h)
        left = W[k - 1, r, j] - W[k - 1, r, k - 1] / W[k, k - 1, n] * W[k, k - 1, j]
        row = td.where(j == n, square, td.where(j >= k, product, 0.0))
        rest = td.where(td.all(r >= n, j >= k, j < n), left, W[k - 1, r, j])
        start = td.where(td.all(r >= n, j < n), A[r - n, j], 0.0)
        return td.where(k == 0, start, td.where(r == k - 1, row, rest))

    W = td.recurrence("W", (n + 1, n + m, n + 1), value, dtype=REAL)

    def upper(k, j):
        return td.where(j > k, W[n, k, j] / td.sqrt(W[n, k, n]), td.where(j == k, td.sqrt(W[n, k, n]), 0.0))

    R = td.compute("R", (n, n), upper)
    Q = td.compute("Q", (m, n), lambda i, k: W[n, n + i, k] / td.sqrt(W[n, k, n]))
    return R, Q


def gramschmidt_loops(m, n, A, R, Q):
    for k in range(n):
        norm = 0.0
        for i in range(m):
            norm += A[i, k] * A[i, k]
        R[k, k] = math.sqrt(norm)
        for i in range(m):
            Q[i, k] = A[i, k] / R[k, k]
        for j in range(k + 1, n):
            R[k, j] = 0.0
            for i in range(m):
                R[k, j] += Q[i, k] * A[i, j]
            for i in range(m):
                A[i, j] -= Q[i, k] * R[k, j]


# lu: A = L U in place, L unit lower triangular; a multiplier is divided by its pivot where it is used, stored at the end


def lu(n) -> Tensors:
    return (_lu(td.placeholder("A", (n, n), REAL), n, "lu"),)


def _lu(A: td.Tensor, n, name: str) -> td.Tensor:
    k = td.axis("k", n)
    i = td.axis("i", (k + 1, n))
    j = td.axis("j", (k + 1, n))
    undivided = td.update(
        "undivided", A, over=(k, i, j), at=(i, j),
        value=lambda U: U[i, j] - U[i, k] / U[k, k] * U[k, j],
    )  # fmt: skip
    return td.compute(
        name, (n, n), lambda i, j: td.where(j < i, undivided[i, j] / undivided[j, j], undivided[i, j])
    )


def lu_loops(n, A):
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, n):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]


# ludcmp: A x = b by LU, forward and backward substitution


def ludcmp(n) -> Tensors:
    A, b = td.placeholder("A", (n, n), REAL), td.placeholder("b", (n,), REAL)
    LU = _lu(A, n, "LU")

    def forward(y, i):
        j = td.reduce_axis("j", (0, i))
        return b[i] - td.sum(LU[i, j] * y[j], over=j)

    y = td.recurrence("y", (n,), forward)

    def backward(x, i):
        j = td.reduce_axis("j", (i + 1, n))
        return (y[i] - td.sum(LU[i, j] * x[j], over=j)) / LU[i, i]

    return (td.recurrence("ludcmp", (n,), backward),)


def ludcmp_loops(n, A, b, x, y):
    for i in range(n):
        for j in range(i):
            w = A[i, j]
            for k in range(j):
                w -= A[i, k] * A[k, j]
            A[i, j] = w / A[j, j]
        for j in range(i, n):
            w = A[i, j]
            for k in range(i):
                w -= A[i, k] * A[k, j]
            A[i, j] = w
    for i in range(n):
        w = b[i]
        for j in range(i):
            w -= A[i, j] * y[j]
        y[i] = w
    for i in range(n - 1, -1, -1):
        w = y[i]
        for j in range(i + 1, n):
            w -= A[i, j] * x[j]
        x[i] = w / A[i, i]


# trisolv: L x = b


def trisolv(n) -> Tensors:
    L, b = td.placeholder("L", (n, n), REAL), td.placeholder("b", (n,), REAL)

    def value(x, i):
        j = td.reduce_axis("j", (0, i))
        return (b[i] - td.sum(L[i, j] * x[j], over=j)) / L[i, i]

    return (td.recurrence("trisolv", (n,), value),)


def trisolv_loops(n, L, x, b):
    for i in range(n):
        x[i] = b[i]
        for j in range(i):
            x[i] -= L[i, j] * x[j]
        x[i] = x[i] / L[i, i]


def _gramschmidt_arrays(m: int, n: int) -> Arrays:
    return {"A": random(m, n) + 4 * np.eye(m, n), "R": np.zeros((n, n)), "Q": np.zeros((m, n))}


SQUARE = {"N": (40, 120, 400, 2000)}

KERNELS = (
    Kernel(
        "cholesky", SQUARE, lambda n: {"A": dominant(n)}, ("A",), ("A",), cholesky, cholesky_loops,
        lambda n: n**3 / 3,
    ),
    Kernel(
        "durbin", SQUARE,
        lambda n: {"r": (random(n) - 1) / n, "y": np.zeros(n), "z": np.zeros(n)},
        ("r",), ("y",), durbin, durbin_loops, lambda n: 2.0 * n * n, time=(("Y", "k"),),
    ),
    Kernel(
        "gramschmidt", {"M": (30, 80, 240, 1200), "N": (20, 60, 200, 1000)}, _gramschmidt_arrays,
        ("A",), ("R", "Q"), gramschmidt, gramschmidt_loops, lambda m, n: 2.0 * m * n * n,
        time=(("W", "k"),), tolerance=1e-8,
    ),
    Kernel("lu", SQUARE, lambda n: {"A": dominant(n)}, ("A",), ("A",), lu, lu_loops, lambda n: 2 * n**3 / 3),
    Kernel(
        "ludcmp", SQUARE,
        lambda n: {"A": dominant(n), "b": random(n), "x": np.zeros(n), "y": np.zeros(n)},
        ("A", "b"), ("x",), ludcmp, ludcmp_loops, lambda n: 2 * n**3 / 3,
    ),
    Kernel(
        "trisolv", SQUARE,
        lambda n: {"L": dominant(n), "x": np.zeros(n), "b": random(n)},
        ("L", "b"), ("x",), trisolv, trisolv_loops, lambda n: 1.0 * n * n,
    ),
)  # fmt: skip
