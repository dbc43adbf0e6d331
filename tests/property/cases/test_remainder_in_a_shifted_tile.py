"""A remainder by the width of an overlapping last tile: it depends on where that tile starts."""

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
