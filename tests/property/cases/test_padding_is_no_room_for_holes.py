"""Tail "pad" where the region has holes: only what lies past the end has room."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=2)
    s0 = td.compute("s0", (n + 2, n), lambda i, j: td.cast(i * j, "int32"))
    s1 = td.compute("s1", (n + 2, n + 2), lambda i, j: td.cast(td.where(j < n, s0[i, j], -1), "float32"))

    def s2_at(i, j):
        k0 = td.reduce_axis("k0", n)
        near = td.where(
            td.all(k0 + k0 - 1 >= 0, k0 + k0 - 1 < n + 2), s1[k0 + k0 - 1, td.clamp(2 * k0, 0, n + 1)], 2
        )
        return td.maximum(td.prod(near, over=k0), s1[i, j])

    s2 = td.compute("s2", (n, n), s2_at)
    s = td.schedule(s2).split("s1", "i", 2).split("s2", "i", 2).vectorize("s0", "j", 2, tail="pad")
    s = s.store_at("s1", "s2", "ii").compute_at("s0", "s1", "io")
    for sizes in ({"n": 2}, {"n": 3}, {"n": 4}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
