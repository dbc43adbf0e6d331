"""Regions as exact as asked for: against enumeration, and what a schedule that needs them looks like from outside."""

from itertools import product

import numpy as np
import pytest

import tdsl as td
from tdsl.poly.copies import Copies
from tdsl.poly.isl import IN, OUT
from tdsl.poly.settle import exact_regions, with_regions
from tdsl.schedule.legality import arranged_of
from tests.poly.oracle import Oracle

D = td.placeholder("D", (8,), "int8")
A = td.placeholder("A", (9, 9), "float32")
x = td.axis("x", 8)
U = td.update("U", D, over=x, at=(x // 2,), value=lambda U: U[x // 2] + D[x % 4] + U[x])
FROM_HALVES = td.compute("R", (6,), lambda i: U[7 - i])
P = td.compute("P", (9, 9), lambda i, j: A[i, j] * 2)
CORNERS = td.compute("R", (6,), lambda i: P[i, i + 2] + P[i, 0] + P[i + 2, i] + P[i // 2, 7 - i] + P[8, i])
N = td.size("n")
B = td.placeholder("B", (N + 8, N + 8), "float32")
Q = td.compute("Q", (N + 8, N + 8), lambda i, j: B[i, j] * 2)
CROSSES = td.compute(
    "R", (N,), lambda i: Q[i, i] + Q[i + 1, i + 5] + Q[i + 2, i + 2] + Q[i + 4, i + 6] + Q[i + 7, i + 3]
)


def placed(stage: td.Tensor, host: td.Tensor) -> td.Schedule:
    return td.schedule(host).compute_at(stage, host, "i")


def made(schedule: td.Schedule, stage: str, region: str) -> set[tuple[int, ...]]:
    """(host's iteration, what the stage makes there), as poly says."""
    need = Copies(with_regions(arranged_of(schedule.state), {stage: region})).need(stage)
    found: set[tuple[int, ...]] = set()
    for point in product(range(6), *(range(9) for _ in range(need.dim(OUT)))):
        one = need.fix_val(IN, 0, point[0])
        for place, value in enumerate(point[1:]):
            one = one.fix_val(OUT, place, value)
        if not one.is_empty():
            found.add(point)
    return found


@pytest.mark.parametrize(("stage", "host"), [(U, FROM_HALVES), (P, CORNERS)])
def test_the_exact_region_is_what_enumeration_finds(stage, host):
    schedule, name = placed(stage, host), stage.name
    wanted = {dims[:1] + axes for dims, axes in Oracle(arranged_of(schedule.state), {}).copies[name]}
    usual, whole = made(schedule, name, "usual"), made(schedule, name, "whole")
    assert made(schedule, name, "exact") == wanted < usual <= whole


@pytest.mark.parametrize(
    ("stage", "host", "dim"),
    [(U, FROM_HALVES, "d0"), (P, CORNERS, "i"), (Q, CROSSES, "i"), (Q, CROSSES, "j")],
)
def test_what_is_made_in_vain_makes_no_fold_illegal(stage, host, dim):
    """A length is accepted exactly where no two elements that are read in one iteration would share a cell."""
    schedule = placed(stage, host)
    assert exact_regions(arranged_of(schedule.state)) == {stage.name: "exact"}
    place = schedule.dims(stage).index(dim)
    oracle = Oracle(arranged_of(schedule.state), {"n": 3})
    (first, *_) = oracle.tree.of_stage[stage.name]  # of an update the copy of what it starts from
    elements = {dims[:1] + axes for dims, axes in oracle.copies[first.name]}
    accepted: list[int] = []
    for length in range(1, 9):
        cells = {(*one[: place + 1], one[place + 1] % length, *one[place + 2 :]) for one in elements}
        try:
            folded = schedule.fold(stage, dim, length)
        except td.IllegalSchedule as error:
            assert error.code == "S203"
            assert len(cells) < len(elements)
        else:
            assert len(cells) == len(elements)
            accepted.append(length)
    assert schedule.min_fold(stage, dim) == accepted[0]
    assert folded.without(len(folded.steps) - 1) == schedule


def test_the_region_stays_with_what_needs_it():
    schedule = placed(Q, CROSSES)
    folded = schedule.fold(Q, "i", 1)
    assert (schedule.state.stage("Q").region, folded.state.stage("Q").region) == ("usual", "exact")
    later = folded.vectorize(Q, "j", 4).reverse(CROSSES, "i")
    assert later.state.stage("Q").region == "exact"
    assert later.replace(1, factor=8).state.stage("Q").region == "usual", (
        "a fold that the usual region allows"
    )
    again = td.Schedule.from_json(later.to_json(), CROSSES)
    assert again == later and again.state == later.state
    given = np.arange(121, dtype=np.float32).reshape(11, 11)
    assert np.array_equal(later(given), td.schedule(CROSSES)(given))


def test_in_parallel_where_the_exact_regions_are_apart():
    """P is stored outside the loop; what iterations read of it lies apart, and what lies between does not."""
    far = td.compute(
        "far", (4,), lambda i: P[i, 0] + P[8 - i, 3] + P[i, i + 2] + P[8 - i, 8] + P[i + 2, 7 - i]
    )
    schedule = td.schedule(far).store_root(P).compute_at(P, far, "i")
    names = schedule.parallel_axes(far)
    for axis in schedule.axes(far):
        if axis in names:
            schedule.parallel(far, axis)
        else:
            with pytest.raises(td.IllegalSchedule):
                schedule.parallel(far, axis)
    assert names == ("i",)
