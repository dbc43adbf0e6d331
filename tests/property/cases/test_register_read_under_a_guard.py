"""A stage in registers that one iteration of the host reads, under a condition."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    s0 = td.compute("s0", (2,), lambda i: td.cast(i, "float32"))
    s1 = td.compute("s1", (2, 2), lambda i, j: td.where(i + 1 < 2, s0[i + 1], 2.0))
    s = td.schedule(s1).split("s1", "i", 2).compute_at("s0", "s1", "ii").scope("s0", "register")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
