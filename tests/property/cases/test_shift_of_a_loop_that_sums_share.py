"""The last tile of a copy moved back to the edge, in a loop that adds up terms of another stage (seed 278: added twice)."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    s0l = td.placeholder("s0l", (4, 7), "int8")
    s0r = td.placeholder("s0r", (7, 4), "int8")

    def s0_at(i, j):
        k0 = td.reduce_axis("k0", 7)
        return td.sum(td.cast(s0l[i, k0], "int32") * td.cast(s0r[k0, j], "int32"), over=k0)

    s0 = td.compute("s0", (4, 4), s0_at)
    s = td.schedule(s0)
    s = s.cache_read("s0r", "s0", name="c7")
    s = s.split("c7", "k0", (2, 2), tail="shift")
    s = s.compute_with("s0", "c7", "k01")
    check(s, {}, seed=278, mode="mild", environment=locals())
