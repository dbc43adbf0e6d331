"""A tensor that is stored inside of the loop cannot be asked for an iteration ahead: that one has another buffer."""

import pytest

import tdsl as td
from tests.support.compare import check


def scheduled() -> td.Schedule:
    n = td.size("n")
    s0 = td.recurrence("s0", (n + 4,), lambda s0, i: td.cast(i, "float32"), dtype="float32")
    s1 = td.compute("s1", (n + 4,), lambda i: s0[i])
    return td.schedule(s1).prefetch("s1", "s0", "i", 2)


def test_inside() -> None:
    with pytest.raises(td.LimitError, match="stored anew in each iteration") as caught:
        td.build(scheduled().compute_at("s0", "s1", "i"))
    assert caught.value.code == "L113"


def test_outside() -> None:
    s = scheduled().store_root("s0").compute_at("s0", "s1", "i")
    check(s, {"n": 3}, environment={"s1": s.outputs[0], "n": td.size("n")})
