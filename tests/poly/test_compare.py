"""Comparisons taken apart at min and max hold at the same points."""

import hypothesis.strategies as st
from hypothesis import given

import tdsl as td
from tdsl.expr.build import FALSE, TRUE, ZERO
from tdsl.expr.node import axis_var
from tdsl.expr.printer import text
from tdsl.poly.compare import is_below, is_not_below
from tdsl.poly.evaluate import value_at

I, J = axis_var("i"), axis_var("j")
LEAVES = (td.axis("i", 9), td.axis("j", 9))


def nested(depth=3):
    leaf = st.builds(lambda leaf, shift: leaf + shift, st.sampled_from(LEAVES), st.integers(-2, 2))
    if not depth:
        return leaf
    inner = nested(depth - 1)
    return st.one_of(leaf, st.builds(td.minimum, inner, inner), st.builds(td.maximum, inner, inner))


@given(nested(), nested(1), st.integers(-3, 3), st.integers(-3, 3))
def test_same_points(a, b, i, j):
    at = {I: i, J: j}
    left, right = value_at(a.node, at), value_at(b.node, at)
    assert value_at(is_below(a.node, b.node), at) == (left < right)
    assert value_at(is_not_below(a.node, b.node), at) == (left >= right)


def test_a_clamp_costs_nothing():
    n = td.size("n")
    clamped = td.clamp(LEAVES[0] - 1, 0, n - 1)
    assert is_below(clamped.node, n.node) is TRUE
    assert text(is_not_below(clamped.node, ZERO)) == "n - 1 >= 0"
    assert is_below((n + 1).node, n.node) is FALSE
