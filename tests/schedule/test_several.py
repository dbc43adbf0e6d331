"""Calls about several stages: the states of one step after the other, judged once where that says the same."""

from __future__ import annotations

import pytest

import tdsl as td
from tdsl.expr.per_stage import per_stage
from tdsl.schedule import legality


def chain(count: int) -> list[td.Tensor]:
    n = td.size("n")
    last, stages = td.placeholder("A", (n + count,), "float32"), []
    for place in range(count):
        last = td.compute(f"s{place}", (n + count - 1 - place,), lambda i, x=last: x[i] + x[i + 1])
        stages.append(last)
    return stages


@pytest.fixture
def judged(monkeypatch):
    """The primitives of the steps that were judged."""
    seen, check = [], legality.check

    def noted(step, state, before):
        seen.append(step.primitive)
        return check(step, state, before)

    monkeypatch.setattr(legality, "check", noted)
    return seen


def test_placing_and_inlining_are_judged_once(judged):
    *before, out = stages = chain(4)
    split = td.schedule(out).split(out, "i", 8)
    judged.clear()
    together = split.store_at(before, out, "io").compute_at(before, out, "ii").vectorize(out, "ii", 4)
    assert judged == ["store_at", "compute_at", "vectorize"]
    one_by_one = split
    for primitive, loop in (("store_at", "io"), ("compute_at", "ii")):
        for stage in reversed(before):
            one_by_one = getattr(one_by_one, primitive)(stage, out, loop)
    one_by_one = one_by_one.vectorize(out, "ii", 4)
    assert together == one_by_one and together.state == one_by_one.state
    judged.clear()
    assert td.schedule(out).inline(before).stages() == ("s3",)
    assert judged == ["inline"]
    assert len(stages) == 4


def test_moving_outward_is_judged_step_by_step(judged):
    *before, out = chain(4)
    inside = td.schedule(out).split(out, "i", 8).compute_at(before, out, "ii")
    for move in (lambda: inside.compute_root(before), lambda: inside.compute_at(before, out, "io")):
        judged.clear()
        with pytest.raises(td.TdslError, match="S205"):
            move()  # the reader s2 goes first, away from s1, although all of them together would be legal
        assert len(judged) == 1


def test_the_step_to_blame_is_named():
    *before, out = chain(3)
    parallel = td.schedule(out).split(out, "i", 8).parallel(out, "io").store_root(before)
    with pytest.raises(td.TdslError) as together:
        parallel.compute_at(before, out, "io")
    with pytest.raises(td.TdslError) as alone:
        parallel.compute_at(before[-1], out, "io")
    strip = [
        line for line in str(together.value).splitlines() if "test_several" not in line and "^" not in line
    ]
    assert strip == [
        line for line in str(alone.value).splitlines() if "test_several" not in line and "^" not in line
    ]


def test_answers_live_as_long_as_their_stages():
    asked = []

    @per_stage
    def extents(stage):
        asked.append(stage.name)
        return len(stage.axes)

    stages = [one.producer for one in chain(3)]
    assert [extents(stage) for stage in stages * 2] == [1] * 6
    assert asked == ["s0", "s1", "s2"]
