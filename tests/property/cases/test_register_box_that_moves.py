"""A stage in registers whose box starts where a loop of the host stands."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    s0 = td.compute("s0", (8, 11), lambda i, j: td.cast(i + j, "float32"))
    s1 = td.compute("s1", (9,), lambda i: s0[td.clamp(i + 1, 0, 7), i])
    s = td.schedule(s1).cache_write("s0", name="w1", scope="register").store_at("s0", "s1", "i")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
