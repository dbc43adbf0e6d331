"""A placed reduction with loops over a region with holes: its terms ask for the holes, too."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    m = td.size("m")

    def s1_at(i, j):
        k0 = td.reduce_axis("k0", (1, m))
        return td.sum(td.cast(k0, "float64"), over=k0)

    s1 = td.compute("s1", (m, m), s1_at)
    s3 = td.compute(
        "s3",
        (m, m),
        lambda i, j: (
            td.where(td.all(j + i < m, j - 1 >= 0), s1[j + i, j - 1], 3)
            * td.where(i + i < m, s1[i // 3, i + i], 1)
        ),
    )
    s = (
        td.schedule(s3)
        .reorder("s1", "i", "k0", "j")
        .tile("s3", {"i": 1, "j": 2})
        .compute_at("s1", "s3", "jo")
    )
    for sizes in ({"m": 0}, {"m": 1}, {"m": 3}, {"m": 6}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
