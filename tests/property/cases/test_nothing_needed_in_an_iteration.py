"""Iterations in which nothing is needed: their loops run over nothing."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", multiple_of=4)
    s1 = td.compute("s1", (n, n), lambda i, j: td.cast(i + j, "float32"))
    s2 = td.compute("s2", (n, n), lambda i, j: s1[j % 3, 1] - td.where(j + 1 < n, s1[i, j + 1], 0.5))
    s = td.schedule(s2).compute_at("s1", "s2", "j").store_at("s1", "s2", "i")
    for sizes in ({"n": 0}, {"n": 4}, {"n": 8}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
