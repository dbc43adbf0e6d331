"""A region in many pieces, and a split that starts where it starts: took a minute to build."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=2)
    A = td.placeholder("A", (n, n, 2 * n), "float32")

    def s1_at(i, j):
        k0 = td.reduce_axis("k0", n)
        return td.min(A[td.clamp(2 * j, 0, n - 1), i, 2 * i + 1] + k0.astype("float32"), over=k0)

    s1 = td.compute("s1", (n, n), s1_at)
    s2 = td.compute(
        "s2",
        (n, n, n),
        lambda i, j, l: td.where(
            td.where(j + 1 < n, s1[j + 1, l], 1) == s1[i, n - 1],
            s1[l, i % 3],
            -s1[n - 1 - j, j] * (A[0, 1, l % 3] + s1[n - 1 - i, td.clamp(j + 1, 0, n - 1)]),
        ),
    )
    s = td.schedule(s2).tile("s2", {"j": 16, "l": 16, "i": 2}).reorder("s2", "io", "li").split("s1", "j", 4)
    s = s.store_at("s1", "s2", "ji")
    for sizes in ({"n": 2}, {"n": 3}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
