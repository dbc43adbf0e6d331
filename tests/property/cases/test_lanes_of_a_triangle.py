"""Lanes over a data axis that bounds one of two reductions: their accumulators stay where they were."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    def s2_at(i):
        k0 = td.reduce_axis("k0", 1)
        k1 = td.reduce_axis("k1", i + 1)
        k2 = td.reduce_axis("k2", 4)
        return td.sum(td.cast(k1 + 1, "int64"), over=(k0, k1)) + td.prod(td.cast(i + k2, "int64"), over=k2)

    s2 = td.compute("s2", (4,), s2_at)
    s = td.schedule(s2).vectorize("s2", "i")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
