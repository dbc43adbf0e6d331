"""Bounds of a loop that take many cases: took minutes to find and to print."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=2)
    A = td.placeholder("A", (n + 3, n + 3), "float32")
    s1 = td.compute("s1", (n, n), lambda i, j: td.where(3 * j < n + 3, A[3 * j, j], 2) - A[i, j % 2])
    s = td.schedule(s1).vectorize("s1", "i", 4, tail="peel").cache_read("A", "s1", name="c5")
    s = s.split("c5", "d1", 8).compute_at("c5", "s1", "j").tile("c5", {"d1i": 1, "d1o": 16, "d0": 2})
    s = s.compute_at("c5", "s1", "i").reorder("c5", "d1ii", "d0i", "d1io", "d1oi", "d0o", "d1oo")
    for sizes in ({"n": 2}, {"n": 7}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
