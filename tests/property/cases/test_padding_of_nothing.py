"""Tail "pad" of a stage of which nothing is needed: a box of no extent has no padding below 0."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n")
    B = td.placeholder("B", (11, n + 2), "float32")
    s0 = td.compute("s0", (9, n), lambda i, j: td.cast(i + j, "float32"))
    s1 = td.compute(
        "s1",
        (n,),
        lambda i: td.where(
            i < n,
            td.where(3 * i < 11, B[3 * i, n + 1 - i], 1),
            td.where(td.all(i < 9, i + i < n), s0[i, i + i], -1),
        ),
    )
    s = td.schedule(s1).vectorize("s0", "j", 2, tail="pad").compute_at("s0", "s1", "i")
    for sizes in ({"n": 0}, {"n": 3}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
