"""A producer inside loops of its host that run over more than the host computes, with a guard inside."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    def s1_at(i, j):
        k0 = td.reduce_axis("k0", 8)
        return td.sum(td.cast(k0 + i, "float32"), over=k0)

    s1 = td.compute("s1", (8, 8), s1_at)
    s2 = td.compute(
        "s2",
        (8, 8),
        lambda i, j: td.maximum(
            s1[j, j], td.where(i + 1 < 8, s1[i + 1, 1], 2) + td.where(i - 1 >= 0, s1[i - 1, i], -1)
        ),
    )
    s = td.schedule(s2).tile("s1", {"i": 2, "k0": 2, "j": 2}).compute_at("s1", "s2", "i")
    s = s.tile("s2", {"j": 4, "i": 2}).reorder("s2", "ji", "ii", "jo", "io")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
