"""PolyBench's statistics and medley: correlation covariance deriche floyd-warshall nussinov; programs and loops."""

from __future__ import annotations

import math

import numpy as np

import tdsl as td
from benchmarks.polybench.kernel import Arrays, Kernel, random

Tensors = tuple[td.Tensor, ...]
REAL = "float64"


# covariance of the columns of N rows


def covariance(m, n) -> Tensors:
    data = td.placeholder("data", (n, m), REAL)
    count = td.cast(n, REAL)
    r, k = td.reduce_axis("r", n), td.reduce_axis("k", n)
    mean = td.compute("mean", (m,), lambda j: td.sum(data[r, j], over=r) / count)
    centred = td.compute("centred", (n, m), lambda i, j: data[i, j] - mean[j])
    return (
        td.recurrence(
            "covariance",
            (m, m),
            lambda cov, i, j: td.where(
                i <= j,
                td.sum(centred[k, i] * centred[k, j], over=k) / (count - 1),
                cov[td.minimum(i, j), td.maximum(i, j)],
            ),
        ),
    )


def covariance_loops(m, n, data, cov, mean):
    for j in range(m):
        mean[j] = 0.0
        for i in range(n):
            mean[j] += data[i, j]
        mean[j] /= n
    for i in range(n):
        for j in range(m):
            data[i, j] -= mean[j]
    for i in range(m):
        for j in range(i, m):
            cov[i, j] = 0.0
            for k in range(n):
                cov[i, j] += data[k, i] * data[k, j]
            cov[i, j] /= n - 1.0
            cov[j, i] = cov[i, j]


# correlation of the columns of N rows


def correlation(m, n) -> Tensors:
    data = td.placeholder("data", (n, m), REAL)
    count = td.cast(n, REAL)
    r, q, k = (td.reduce_axis(name, n) for name in ("r", "q", "k"))
    mean = td.compute("mean", (m,), lambda j: td.sum(data[r, j], over=r) / count)

    def deviation(j):
        spread = td.sqrt(td.sum((data[q, j] - mean[j]) * (data[q, j] - mean[j]), over=q) / count)
        return td.where(spread <= 0.1, 1.0, spread)

    stddev = td.compute("stddev", (m,), deviation)
    scaled = td.compute("scaled", (n, m), lambda i, j: (data[i, j] - mean[j]) / (td.sqrt(count) * stddev[j]))
    return (
        td.recurrence(
            "correlation",
            (m, m),
            lambda corr, i, j: td.where(
                i == j,
                1.0,
                td.where(i < j, td.sum(scaled[k, i] * scaled[k, j], over=k), corr[j, i]),
            ),
        ),
    )


def correlation_loops(m, n, data, corr, mean, stddev):
    for j in range(m):
        mean[j] = 0.0
        for i in range(n):
            mean[j] += data[i, j]
        mean[j] /= n
    for j in range(m):
        stddev[j] = 0.0
        for i in range(n):
            stddev[j] += (data[i, j] - mean[j]) * (data[i, j] - mean[j])
        stddev[j] = math.sqrt(stddev[j] / n)
        if stddev[j] <= 0.1:
            stddev[j] = 1.0
    for i in range(n):
        for j in range(m):
            data[i, j] = (data[i, j] - mean[j]) / (math.sqrt(n) * stddev[j])
    for i in range(m):
        corr[i, i] = 1.0
        for j in range(i + 1, m):
            corr[i, j] = 0.0
            for k in range(n):
                corr[i, j] += data[k, i] * data[k, j]
            corr[j, i] = corr[i, j]


# deriche: recursive filters along rows, then along columns, both ways

STEEP = 0.25
_SCALE = (1 - math.exp(-STEEP)) ** 2 / (1 + 2 * STEEP * math.exp(-STEEP) - math.exp(2 * STEEP))
A1, A2 = _SCALE, _SCALE * math.exp(-STEEP) * (STEEP - 1)
A3, A4 = _SCALE * math.exp(-STEEP) * (STEEP + 1), -_SCALE * math.exp(-2 * STEEP)
B1, B2 = 2**-STEEP, -math.exp(-2 * STEEP)


def deriche(w, h) -> Tensors:
    img = td.placeholder("img", (w, h), "float32")

    def along(name, source, rows):
        """Forward and backward passes along one axis, added."""
        n = w if rows else h

        def at(tensor, i, j, step):
            place = (i if rows else j) + step
            inside = place >= 0 if step < 0 else place < n
            return td.where(inside, tensor[place, j] if rows else tensor[i, place], 0.0)

        def forward(y, i, j):
            new = A1 * source[i, j] + A2 * at(source, i, j, -1)
            return new + B1 * at(y, i, j, -1) + B2 * at(y, i, j, -2)

        def backward(y, i, j):
            new = A3 * at(source, i, j, 1) + A4 * at(source, i, j, 2)
            return new + B1 * at(y, i, j, 1) + B2 * at(y, i, j, 2)

        first = td.recurrence(f"{name}_forward", (w, h), forward, dtype="float32")
        second = td.recurrence(f"{name}_backward", (w, h), backward, dtype="float32")
        return td.compute(name, (w, h), lambda i, j: first[i, j] + second[i, j])

    return (along("deriche", along("across", img, rows=False), rows=True),)


def deriche_loops(w, h, img, out, y1, y2):
    a = np.float32(0.25)
    e1, e2 = np.exp(-0.25), np.exp(-0.5)
    scale = (1 - e1) ** 2 / (1 + 2 * 0.25 * e1 - np.exp(0.5))
    a1, a2 = np.float32(scale), np.float32(scale * e1 * (a - 1))
    a3, a4 = np.float32(scale * e1 * (a + 1)), np.float32(-scale * e2)
    b1, b2 = np.float32(2**-0.25), np.float32(-e2)
    zero = np.float32(0)
    for i in range(w):
        ym1, ym2, xm1 = zero, zero, zero
        for j in range(h):
            y1[i, j] = a1 * img[i, j] + a2 * xm1 + b1 * ym1 + b2 * ym2
            xm1, ym2, ym1 = img[i, j], ym1, y1[i, j]
    for i in range(w):
        yp1, yp2, xp1, xp2 = zero, zero, zero, zero
        for j in range(h - 1, -1, -1):
            y2[i, j] = a3 * xp1 + a4 * xp2 + b1 * yp1 + b2 * yp2
            xp2, xp1, yp2, yp1 = xp1, img[i, j], yp1, y2[i, j]
    for i in range(w):
        for j in range(h):
            out[i, j] = y1[i, j] + y2[i, j]
    for j in range(h):
        tm1, ym1, ym2 = zero, zero, zero
        for i in range(w):
            y1[i, j] = a1 * out[i, j] + a2 * tm1 + b1 * ym1 + b2 * ym2
            tm1, ym2, ym1 = out[i, j], ym1, y1[i, j]
    for j in range(h):
        tp1, tp2, yp1, yp2 = zero, zero, zero, zero
        for i in range(w - 1, -1, -1):
            y2[i, j] = a3 * tp1 + a4 * tp2 + b1 * yp1 + b2 * yp2
            tp2, tp1, yp2, yp1 = tp1, out[i, j], yp1, y2[i, j]
    for i in range(w):
        for j in range(h):
            out[i, j] = y1[i, j] + y2[i, j]


# floyd-warshall: all shortest paths; step k + 1 may go through the nodes up to k


def floyd_warshall(n) -> Tensors:
    paths = td.placeholder("paths", (n, n), "int32")
    D = td.recurrence(
        "D",
        (n + 1, n, n),
        lambda D, k, i, j: td.where(
            k == 0,
            paths[i, j],
            td.minimum(D[k - 1, i, j], D[k - 1, i, k - 1] + D[k - 1, k - 1, j]),
        ),
    )
    return (td.compute("shortest", (n, n), lambda i, j: D[n, i, j]),)


def floyd_warshall_loops(n, paths):
    for k in range(n):
        for i in range(n):
            for j in range(n):
                through = paths[i, k] + paths[k, j]
                if through < paths[i, j]:
                    paths[i, j] = through


# nussinov: the best folding of a sequence of four bases; a pair fits where the bases add up to 3. Rows from the last one
# up; in a row first what the row below offers, then every place k to cut in two (k = j - 1 is the left neighbour)


def nussinov(n) -> Tensors:
    seq = td.placeholder("seq", (n,), "int32")
    empty = td.compute("empty", (n, n), lambda i, j: td.cast(0, "int32"))
    r = td.axis("r", n)
    i = n - 1 - r
    k = td.axis("k", (i, n))
    j = td.axis("j", (k + 1, n))

    def value(best):
        pair = td.where(i < j - 1, td.where(seq[i] + seq[j] == 3, 1, 0), 0)
        below = td.maximum(best[i + 1, j], best[i + 1, j - 1] + pair)
        return td.where(k == i, below, td.maximum(best[i, j], best[i, k] + best[k + 1, j]))

    return (td.update("nussinov", empty, over=(r, k, j), at=(i, j), value=value),)


def nussinov_loops(n, seq, table):
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            best = max(table[i, j - 1], table[i + 1, j])
            if i < j - 1:
                best = max(best, table[i + 1, j - 1] + (1 if seq[i] + seq[j] == 3 else 0))
            else:
                best = max(best, table[i + 1, j - 1])
            for k in range(i + 1, j):
                best = max(best, table[i, k] + table[k + 1, j])
            table[i, j] = best


def _statistics(m: int, n: int, *more: str) -> Arrays:
    return {"data": random(n, m) * 3, "result": np.zeros((m, m))} | {name: np.zeros(m) for name in more}


def _deriche_arrays(w: int, h: int) -> Arrays:
    rest = {name: np.zeros((w, h), "float32") for name in ("out", "y1", "y2")}
    return {"img": random(w, h, dtype="float32")} | rest


def _lengths(n: int) -> np.ndarray:
    return np.random.default_rng(5).integers(1, 1000, (n, n)).astype("int32")


STATISTICS = {"M": (28, 80, 240, 1200), "N": (32, 100, 260, 1400)}

KERNELS = (
    Kernel(
        "correlation", STATISTICS, lambda m, n: _statistics(m, n, "mean", "stddev"), ("data",), ("result",),
        correlation, correlation_loops, lambda m, n: 1.0 * m * m * n,
    ),
    Kernel(
        "covariance", STATISTICS, lambda m, n: _statistics(m, n, "mean"), ("data",), ("result",),
        covariance, covariance_loops, lambda m, n: 1.0 * m * m * n,
    ),
    Kernel(
        "deriche", {"W": (64, 192, 720, 4096), "H": (64, 128, 480, 2160)}, _deriche_arrays, ("img",), ("out",),
        deriche, deriche_loops, lambda w, h: 32.0 * w * h, tolerance=1e-4,
    ),
    Kernel(
        "floyd-warshall", {"N": (60, 180, 500, 2800)}, lambda n: {"paths": _lengths(n)}, ("paths",), ("paths",),
        floyd_warshall, floyd_warshall_loops, lambda n: 2.0 * n**3, tolerance=0.0, time=(("D", "k"),),
    ),
    Kernel(
        "nussinov", {"N": (60, 180, 500, 2500)},
        lambda n: {
            "seq": np.random.default_rng(6).integers(0, 4, n).astype("int32"),
            "table": np.zeros((n, n), "int32"),
        },
        ("seq",), ("table",), nussinov, nussinov_loops, lambda n: n**3 / 3, tolerance=0.0,
    ),
)  # fmt: skip
