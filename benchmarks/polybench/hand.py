"""Schedules by hand, for one core: the declared loops in, faster ones out; one function a kernel, named after it.

Vectors of eight doubles or sixteen 32-bit numbers: what AVX-512 holds, two registers of AVX2. Edges of stencils are
peeled, so that the loops between them decide nothing.
"""

from __future__ import annotations

import tdsl as td

DOUBLES, SINGLES = 8, 16


def gemm(s: td.Schedule) -> td.Schedule:
    return _tiled(s, "gemm")


def mm2(s: td.Schedule) -> td.Schedule:
    return _tiled(_tiled(s, "tmp"), "mm2")


def mm3(s: td.Schedule) -> td.Schedule:
    return _tiled(_tiled(_tiled(s, "E"), "F"), "mm3")


def symm(s: td.Schedule) -> td.Schedule:
    return s.vectorize("symm", "j", DOUBLES)


def doitgen(s: td.Schedule) -> td.Schedule:
    return s.vectorize("doitgen", "p", DOUBLES)


def _tiled(s: td.Schedule, stage: str, rows: int = 4, columns: int = 32) -> td.Schedule:
    """Tiles of rows and columns whose sums stay in registers."""
    (k,) = s.reduce_axes(stage)
    s = s.tile(stage, {"i": rows, "j": columns}).reorder(stage, "io", "jo", k, "ii", "ji")
    return s.vectorize(stage, "ji", DOUBLES).unroll(stage, "ii")


def jacobi_1d(s: td.Schedule) -> td.Schedule:
    return s.vectorize("U", "x", DOUBLES).peel("U", "t").peel("U", "x", first=1, last=1)


def jacobi_2d(s: td.Schedule) -> td.Schedule:
    s = s.vectorize("U", "y", DOUBLES).peel("U", "t")
    return s.peel("U", "x", first=1, last=1).peel("U", "y", first=1, last=1).vectorize("jacobi", "y", DOUBLES)


def heat_3d(s: td.Schedule) -> td.Schedule:
    s = s.vectorize("U", "z", DOUBLES).peel("U", "t")
    for axis in "xyz":
        s = s.peel("U", axis, first=1, last=1)
    return s


def seidel_2d(s: td.Schedule) -> td.Schedule:
    """Eight rows at a time, each two places behind the one above: no two of them wait for each other."""
    return (
        s.split("seidel", "i", DOUBLES, into=("io", "ii"))
        .skew("seidel", "j", by="ii", into="w", factor=2)
        .reorder("seidel", "t", "io", "w", "ii")
        .vectorize("seidel", "ii")
    )


def fdtd_2d(s: td.Schedule) -> td.Schedule:
    s = s.vectorize("F", "j", DOUBLES).peel("F", "t").peel("F", "field", first=1, last=1)
    return s.peel("F", "i", first=1, last=1).peel("F", "j", first=1, last=1)


def adi(s: td.Schedule) -> td.Schedule:
    s = s.vectorize("W", "i", DOUBLES).unroll("W", "sweep").peel("W", "t")
    return s.peel("W", "j", first=1, last=1).peel("W", "i", first=1, last=1)


def atax(s: td.Schedule) -> td.Schedule:
    """Reassociates the first product; the second adds row after row."""
    s = s.vectorize("tmp", "j", 4 * DOUBLES).reorder("atax", "i", "c")
    return s.vectorize("atax", "c", DOUBLES)


def covariance(s: td.Schedule) -> td.Schedule:
    return s.reorder("mean", "r", "j").vectorize("mean", "j", DOUBLES).vectorize("covariance", "j", DOUBLES)


def correlation(s: td.Schedule) -> td.Schedule:
    return s.reorder("correlation", "i", "k", "j")


def gramschmidt(s: td.Schedule) -> td.Schedule:
    return s.vectorize("W", "j", DOUBLES).peel("W", "k")


def ludcmp(s: td.Schedule) -> td.Schedule:
    return lu(s)


def lu(s: td.Schedule) -> td.Schedule:
    """Rows of 32 pivots stay in cache while a row below takes them all."""
    return (
        s.split("undivided", "k", 32, into=("ko", "ki"))
        .reorder("undivided", "ko", "i", "ki", "j")
        .vectorize("undivided", "j", DOUBLES)
    )


def cholesky(s: td.Schedule) -> td.Schedule:
    """Reassociates: eight partial sums of each dot product."""
    return s.vectorize("cholesky", "k", DOUBLES)


def floyd_warshall(s: td.Schedule) -> td.Schedule:
    return s.vectorize("D", "j", SINGLES).peel("D", "k").vectorize("shortest", "j", SINGLES)


def nussinov(s: td.Schedule) -> td.Schedule:
    return s.vectorize("nussinov", "j", SINGLES).peel("nussinov", "k", first=1)


def deriche(s: td.Schedule) -> td.Schedule:
    """Columns as lanes in the passes along columns, rows as lanes in those along rows."""
    for name in ("deriche_forward", "deriche_backward", "across", "deriche"):
        s = s.vectorize(name, "j", SINGLES)
    for name in ("across_forward", "across_backward"):
        s = s.split(name, "i", SINGLES).reorder(name, "io", "j", "ii").vectorize(name, "ii")
    return s


def trmm(s: td.Schedule) -> td.Schedule:
    s = s.tile("trmm", {"i": 4, "j": 32}).reorder("trmm", "io", "jo", "k", "ii", "ji")
    return s.vectorize("trmm", "ji", DOUBLES)


def syrk(s: td.Schedule) -> td.Schedule:
    """A transposed copy of A, so that lanes read rows of it."""
    s = s.cache_read("A", "syrk", name="At").layout("At", lambda i, k: (k, i))
    return _tiled(s, "syrk")


def gemver(s: td.Schedule) -> td.Schedule:
    """Reassociates the last product only."""
    s = s.vectorize("A2", "c", DOUBLES).vectorize("w2", "j", 4 * DOUBLES)
    return s.reorder("x2", "i", "c").vectorize("x2", "c", DOUBLES)
