"""A loop skewed by one that it shares with another stage: its axis is found from the leader's loop."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n")
    A = td.placeholder("A", (n, 5), "int32")
    c = td.compute("c", (n, 5), lambda i, j: A[i, j] * 2)
    s = td.schedule(c).cache_write("c", name="w1").skew("c", "j", by="i", into="w", factor=-1)
    check(s.compute_with("c", "w1", "i"), {"n": 4}, seed=1, mode="mild", environment=locals())
