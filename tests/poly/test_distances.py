"""What distances rule out is illegal: every skew and order that is left out is refused when it is asked for."""

from itertools import permutations

import pytest

import tdsl as td
from tdsl.schedule.legality import verdict_of
from tdsl.schedule.likely import likely
from tdsl.schedule.primitives import Reorder, Skew, Tile

n, T = td.size("n"), td.size("T")
W = td.placeholder("W", (n, n))
x = td.placeholder("x", (n + 2,))
k, i, j = td.axis("k", n), td.axis("i", n), td.axis("j", n)
t, s = td.axis("t", T), td.axis("s", (1, n + 1))
PATHS = td.update(
    "paths", W, over=(k, i, j), at=(i, j), value=lambda p: td.minimum(p[i, j], p[i, k] + p[k, j])
)
SWEEPS = td.update("sweeps", x, over=(t, s), at=(s,), value=lambda u: u[s - 1] + u[s] + u[s + 1])


@pytest.mark.parametrize(
    ("stage", "order"), [(PATHS, ("i", "j", "k")), (SWEEPS, ("s", "t"))], ids=["paths", "sweeps"]
)
def test_what_is_ruled_out_is_illegal(stage, order):
    schedule, name = td.schedule(stage), stage.name
    found = verdict_of(Reorder(name, order).apply(schedule.state))
    axes = schedule.axes(stage)
    tries = []
    for factor in (-1, 1, 2):
        for by, skewed in permutations(axes, 2):
            skew = Skew(name, skewed, by, "w", factor)
            new = tuple("w" if axis == skewed else axis for axis in axes)
            tries += [((skew, Reorder(name, other)), "") for other in permutations(new)]
            tries.append(((skew, Tile(name, tuple((axis, 4) for axis in new))), ""))
    kept = [steps for steps, _ in likely(schedule.state, name, found, tries)]
    legal = [steps for steps, _ in tries if accepted(schedule, steps)]
    assert all(steps in kept for steps in legal)
    assert 0 < len(legal) <= len(kept) < len(tries) // 2


def accepted(schedule, steps):
    try:
        for step in steps:
            schedule = schedule._then(step)
    except td.TdslError:
        return False
    return True
