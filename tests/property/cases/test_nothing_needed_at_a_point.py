"""Guarded reads of two places: no point outside of the producer is made."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n")
    B = td.placeholder("B", (n, n), "float32")
    s1 = td.compute("s1", (n, n), lambda i, j: B[j, j])
    s2 = td.compute(
        "s2",
        (n, n),
        lambda i, j: (
            td.where(td.all(j + i < n, 3 * i < n), s1[j + i, 3 * i], 0.5)
            + td.where(i + 1 < n, s1[i % 2, i + 1], 0.1)
        ),
    )
    s = td.schedule(s2).compute_at("s1", "s2", "j")
    for sizes in ({"n": 0}, {"n": 1}, {"n": 2}, {"n": 5}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
