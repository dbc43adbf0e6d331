"""E12: outside `where=` the array holds `fill=`, is readable, and is stored; reductions run inside alone."""

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

n = td.size("n")
x = td.placeholder("x", (n,))
A = td.placeholder("A", (n, n))


def test_fill_is_stored_and_readable():
    T = td.compute("T", (n, n), lambda i, j: x[i - j], where=lambda i, j: j <= i, fill=-1.0)
    read = td.compute("read", (n,), lambda i: T[0, i])
    t, first = td.build(td.schedule(T, read))(np.float32([5, 6, 7]))
    assert np.array_equal(t, [[5, -1, -1], [6, 5, -1], [7, 6, 5]]) and np.array_equal(first, [5, -1, -1])
    for schedule in (
        td.schedule(T),
        td.schedule(T).vectorize(T, "j", 4),
        td.schedule(read).compute_at(T, read, "i"),
    ):
        for size in (0, 1, 5, 9):
            check(schedule, {"n": size})


def test_reductions_and_several_values():
    k = td.reduce_axis("k", n)
    y, z = td.compute(
        ("y", "z"),
        (n, n),
        lambda i, j: (td.sum(A[i, k] * A[k, j], over=k), td.max(A[i, k], over=k)),
        where=lambda i, j: td.all(i <= j, i % 2 == 0),
        fill=td.param("outside"),
    )
    s = td.schedule(y, z)
    for schedule in (s, s.reorder(y, "i", "k", "j"), s.parallel(y, "i"), s.split(y, "j", 4)):
        check(schedule, {"n": 6}, mode="mild")


def test_a_triangular_sum_inside_a_triangle():
    def body(i, j):
        k = td.reduce_axis("k", (j, i + 1))
        return td.sum(A[i, k] * A[k, j], over=k)

    L = td.compute("L", (n, n), body, where=lambda i, j: j <= i)
    a = np.tril(np.random.default_rng(0).integers(-3, 4, (5, 5))).astype(np.float32)
    assert np.array_equal(td.build(td.schedule(L))(a), a @ a)
    for schedule in (td.schedule(L), td.schedule(L).split(L, "j", 4), td.schedule(L).vectorize(L, "k", 4)):
        check(schedule, {"n": 7}, mode="whole")


def test_the_domain_decides_proofs():
    td.compute("y", (n,), lambda i: x[i - 2], where=lambda i: i >= 2)
    with pytest.raises(td.BoundsError):
        td.compute("y", (n,), lambda i: x[i - 2], where=lambda i: i >= 1)


def test_wrong_domains():
    for call, code in (
        (lambda: td.compute("y", (n,), lambda i: x[i], where=lambda i: x[i] > 0), "E117"),
        (lambda: td.compute("y", (n,), lambda i: x[i], where=lambda i, j: i > j), "E107"),
        (lambda: td.compute("y", (n,), lambda i: x[i], where=lambda i: i), "E111"),
        (lambda: td.compute("y", (n,), lambda i: x[i], where=3), "E115"),
        (lambda: td.compute("y", (n,), lambda i: x[i], fill=1.0), "E115"),
        (lambda: td.compute("y", (n,), lambda i: x[i], where=lambda i: i > 2, fill=x[0]), "E115"),
        (lambda: td.compute("y", (n,), lambda i: x[i], where=lambda i: i > 2, fill=1e39), "E204"),
    ):
        with pytest.raises(td.TdslError, match=code):
            call()
