"""The box of a producer whose readers go up and down: no single constraint says where it starts."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    m = td.size("m")
    s0 = td.compute("s0", (m + 4,), lambda i: td.cast(i, "float32"))
    s1 = td.compute("s1", (m,), lambda i: s0[i] * s0[m + 4 - 1 - i] + 1)
    s = td.schedule(s1).compute_at("s0", "s1", "i")
    for sizes in ({"m": 0}, {"m": 1}, {"m": 6}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
