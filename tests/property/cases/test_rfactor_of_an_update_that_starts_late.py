"""Partial results of an update whose axes start later than 0, or are halved in its target."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    A = td.placeholder("A", (9, 10), "int64")
    x, t, y = td.axis("x", (0, 9)), td.axis("t", (2, 6)), td.axis("y", (1, 10))
    u = td.update("u", A, over=(x, t, y), at=(x // 2, y), value=lambda u: u[x // 2, y] + t * y)
    for s in (
        td.schedule(u).rfactor("u", "t", name="f"),
        td.schedule(u).split("u", "t", 2).rfactor("u", "to", name="f").parallel("f", "to"),
    ):
        check(s, {}, mode="whole", environment={"u": u})
