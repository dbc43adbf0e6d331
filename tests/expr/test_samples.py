"""Sample points: they lie in all ranges, satisfy all facts, and expressions have their values there."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from tdsl.expr import build
from tdsl.expr.knowledge import Allowance, Knowledge
from tdsl.expr.node import INT64, Var, index_const
from tdsl.expr.samples import COUNT, samples

n, i, j = Var("n", INT64, "size"), Var("i", INT64, "local"), Var("j", INT64, "local")
EIGHT = index_const(8)
RANGES = {"i": (0, n), "j": (build.mul(i, EIGHT), build.add(build.mul(i, EIGHT), EIGHT))}


def test_points_lie_in_ranges_and_satisfy_facts():
    found = samples(RANGES, [build.compare("ne", build.mod(n, EIGHT), build.ZERO)])
    at_n, at_i, at_j = (found.value(var)[found.alive] for var in (n, i, j))
    assert len(at_n) >= COUNT // 4
    assert ((0 <= at_i) & (at_i < at_n) & (8 * at_i <= at_j) & (at_j < 8 * at_i + 8) & (at_n % 8 != 0)).all()
    assert len(set(at_n)) > 4 and (at_i == 0).any() and (at_i == at_n - 1).any()


@pytest.mark.parametrize(
    ("op", "meaning"),
    [
        ("add", operator.add),
        ("sub", operator.sub),
        ("mul", operator.mul),
        ("floordiv", lambda a, b: a // b if b else 0),
        ("mod", lambda a, b: a % b if b else 0),
        ("min", min),
        ("max", max),
    ],
)
def test_operators_have_their_meaning(op, meaning):
    found = samples({"i": (-5, n), "j": (-3, 4)}, [])
    values = np.broadcast_to(found.value(build.binary(op, i, j)), COUNT)
    assert any(found.value(j) == 0) and any(found.value(j) < 0)
    for value, a, b in zip(values, found.value(i), found.value(j), strict=True):
        assert value == meaning(int(a), int(b))


def test_conditions_and_selects():
    found = samples({"i": (0, 40)}, [])
    less = build.lt(i, index_const(20))
    either = build.logical_or(less, build.compare("eq", i, index_const(39)))
    node = build.select(build.logical_and(less, build.logical_not(build.compare("eq", i, build.ZERO))), i, n)
    for a, size, got, held in zip(*(found.value(each) for each in (i, n, node, either)), strict=True):
        assert got == (a if 0 < a < 20 else size)
        assert held == (a < 20 or a == 39)


def test_what_is_false_at_a_point_takes_no_step():
    allowance = Allowance()
    known = Knowledge(RANGES, (), allowance)
    hull = build.lt(j, build.mul(n, EIGHT))
    assert not known.prove(build.lt(j, n)) and not known.refute(hull)
    assert not known.nonnegative(build.sub(i, j)) and not known.within(({j: 1}, 0), 8)
    assert allowance.left == Allowance().left
    assert known.prove(hull) and allowance.left < Allowance().left


def test_huge_ranges_and_other_dtypes_say_nothing_wrong():
    wide = Knowledge({"i": (-(2**63), 2**63), "j": (2**62, 2**63)}, ())
    assert not wide.prove(build.ge(i, build.ZERO))
    assert wide.samples().value(Var("x", build.BOOL, "local")) is None
    empty = Knowledge({"i": (0, 0)}, ())
    assert not empty.samples().alive.any()


def test_a_variable_of_the_same_name_is_another():
    outer = Knowledge({"i": (0, 4)}, ())
    condition = build.lt(build.add(i, index_const(1)), EIGHT)
    assert outer.prove(condition)
    assert not outer.inside("i", 10, 20).prove(condition)
    assert outer.inside("i", 10, 20).refute(condition)
