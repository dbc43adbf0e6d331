"""The copy that an update starts with, from registers: its loops are written out."""

import pytest

import tdsl as td
from tests.support.compare import check


def updated(rows):
    s0 = td.compute("s0", (rows, 3), lambda i, j: td.cast(i - j, "int32"))
    x, y = td.axis("x", (0, rows)), td.axis("y", (0, 3))
    s1 = td.update("s1", s0, over=(x, y), at=(rows - 1 - x, y), value=lambda s1: s1[x, y] + 1)
    z, t = td.axis("z", (0, 3)), td.axis("t", (0, rows))
    s2 = td.update("s2", s1, over=(z, t), at=(rows - 1 - t, z // 2), value=lambda s2: s0[t, z] * 2)
    return td.schedule(s2)


def test_case() -> None:
    s = updated(7).cache_read("s0", "s1", name="c17", scope="register")
    check(s, {}, seed=0, mode="whole", environment={"s2": s.outputs[0]})


def test_no_constant_extent() -> None:
    s = updated(td.size("n")).cache_read("s0", "s1", name="c17", scope="register")
    with pytest.raises(td.LimitError, match="constant number of iterations"):
        td.build(s)
