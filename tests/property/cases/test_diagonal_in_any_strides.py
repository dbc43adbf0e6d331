"""Lanes along a diagonal of an array of any strides: each of both strides counts."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    A = td.placeholder("A", (12, 13), "int8")
    s2 = td.compute("s2", (11, 9), lambda i, j: A[j, j + 1])
    s = td.schedule(s2).vectorize("s2", "j", 2)
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
