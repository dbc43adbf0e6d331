"""Unrolled accumulators whose terms start later than their initialisation."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    def s1_at(i):
        k0 = td.reduce_axis("k0", 5)
        k1 = td.reduce_axis("k1", i)
        return td.min(td.cast(k0 + k1, "float32"), over=(k0, k1))

    s1 = td.compute("s1", (10,), s1_at)
    s = td.schedule(s1).unroll("s1", "i").reorder("s1", "k0", "i")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
