"""`rfactor` of an update by a loop that has the name of a dim of its array."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=1)
    B, D = td.placeholder("B", (n + 2,), "int64"), td.placeholder("D", (n + 2,), "int64")
    t, x = td.axis("t", (0, 3)), td.axis("x", (0, n + 2))
    s0 = td.update("s0", D, over=(t, x), at=(x,), value=lambda s0: s0[x] * B[x])
    s = td.schedule(s0).rfactor("s0", "x", name="f1")
    check(s, {"n": 2}, seed=126, mode="whole", environment=locals())
