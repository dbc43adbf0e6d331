"""Tiles that a skew leaves one wide have no padding: what would run before the start is left out, not padded."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    s0 = td.recurrence("s0", (5,), lambda s0, i: td.cast(1, "float32"), dtype="float32")
    s2 = td.compute("s2", (4,), lambda i: s0[i // 2])
    s = td.schedule(s2).cache_read("s0", "s2", name="c5").compute_at("c5", "s2", "i")
    s = s.split("s2", "i", 3, tail="pad").skew("s2", "io", by="ii", into="w", factor=2)
    check(s, {}, seed=1237, mode="whole", environment=locals())
