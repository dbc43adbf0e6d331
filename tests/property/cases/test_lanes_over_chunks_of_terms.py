"""Lanes of which a byte array's last subscript holds none: only its first one moves with them."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", multiple_of=4)

    def s1_at(i, j):
        k0 = td.reduce_axis("k0", 8)
        return td.max(td.cast(1, "int8"), over=k0)

    s1 = td.compute("s1", (n, n), s1_at)
    s = td.schedule(s1).split("s1", "k0", 3, into=("k0x", "k0y")).rfactor("s1", "k0x", name="f2")
    s = s.vectorize("f2", "k0x", 4).tile("f2", {"k0x": 2, "k0y": 2})
    check(s, {"n": 4}, seed=0, mode="mild", environment=locals())
