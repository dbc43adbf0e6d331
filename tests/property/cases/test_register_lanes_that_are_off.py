"""Lanes under a condition that is false for them index registers past their end."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    A = td.placeholder("A", (5, 8), "float32")
    B = td.placeholder("B", (7, 7), "float32")
    s1 = td.pad(A, 2, mode="edge", name="s1")
    s2 = td.compute(
        "s2",
        (7, 5),
        lambda i, j: td.where(
            td.where(3 * j + 1 < 9, s1[3 * j + 1, 1], -2.5) <= 1, 1, td.where(i + 1 < 7, B[i + 1, 6 - i], 1)
        ),
    )
    s = td.schedule(s2).scope("s1", "register").vectorize("s2", "j")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
