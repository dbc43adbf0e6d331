"""A stage in one cell, made in lanes and read outside of them: the cell was held in a register that has no lane there."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    p = td.compute("p", (n,), lambda i: x[i] * 2)
    c = td.compute("c", (n,), lambda i: p[td.clamp(i, 0, n - 1)] + 1)
    s = (
        td.schedule(c)
        .split(c, "i", 4)
        .compute_at(p, c, "ii")
        .store_root(p)
        .fold(p, "i", 1)
        .vectorize(p, "i", 2)
    )
    check(s, {"n": 9}, seed=0, mode="whole", environment=locals())
