"""Remainders and quotients by the width of an overlapping last tile: they depend on where that tile starts."""

import pytest

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    m = td.size("m", min=2)
    B = td.placeholder("B", (9, m + 4, 13), "int32")
    s0 = td.compute("s0", (9, m, 9), lambda i, j, l: B[l % 2, m + 4 - 1 - j, 13 - 1 - i])
    s = td.schedule(s0).vectorize("s0", "l", 2, tail="shift")
    check(s, {"m": 2}, seed=0, mode="whole", environment=locals())


def test_folded_producer() -> None:
    A = td.placeholder("A", (16,), "int32")
    p = td.compute("p", (11, 16), lambda t, x: A[x] + t)
    c = td.compute("c", (7, 11), lambda x, t: p[t, x] + x, dtype="int32")
    s = td.schedule(c).reorder("c", "t", "x").store_root("p").compute_at("p", "c", "t").fold("p", "t", 2)
    s = s.split("c", "x", 2, tail="shift")
    check(s, {}, seed=0, mode="whole", environment=locals())


@pytest.mark.parametrize("count", [9, 10, 11])
def test_quotients(count: int) -> None:
    """`i // 4 * 4` was where the tile of 4 starts, which is no multiple of 4 in the last one."""
    n = td.size("n", min=1)
    A = td.placeholder("A", (n + 4,))
    y = td.compute("y", (n,), lambda i: A[i // 4 * 4])
    z = td.compute("z", (n,), lambda i: td.where(i // 4 * 4 == i, A[i], y[i]))
    s = td.schedule(z)
    for stage in ("y", "z"):
        s = s.split(stage, "i", 4, into=("io", "ii"), tail="shift").vectorize(stage, "ii")
    check(s, {"n": count}, seed=0, mode="whole")


def test_elements_that_are_made() -> None:
    """Which elements of the copy are made was decided by the lane, in whole steps of the tile."""
    D = td.placeholder("D", (8, 12))
    y = td.compute("y", (8,), lambda i: D[i, i % 3])
    s = td.schedule(y).vectorize("y", "i", 4).cache_read("D", "y", name="c").compute_at("c", "y", "i")
    check(s.vectorize("c", "i", 3, tail="shift"), {}, seed=0, mode="whole")
