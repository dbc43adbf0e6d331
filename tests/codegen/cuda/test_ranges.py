"""Intervals and divisors hold for every value, tried by enumeration; they decide widths and vectors."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdsl.codegen.cuda.ranges import NARROW, Ranges, inside
from tdsl.expr import build
from tdsl.expr.node import INT64, Var, index_const
from tdsl.poly.evaluate import value_at

A, B = Var("a", INT64, "local"), Var("b", INT64, "local")
SPANS = {"a": (-3, 5), "b": (0, 4)}
RANGES = Ranges(dict(SPANS), {"a": 1, "b": 1})

leaves = st.sampled_from([A, B, *map(index_const, (-2, 0, 1, 3, 8))])
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            lambda make, x, y: make(x, y),
            st.sampled_from([build.add, build.sub, build.mul, build.minimum, build.maximum]),
            inner,
            inner,
        )
        | st.builds(
            lambda make, x, n: make(x, index_const(n)),
            st.sampled_from([build.floordiv, build.mod]),
            inner,
            st.integers(1, 5),
        )
    ),
    max_leaves=6,
)


def values(node):
    spans = (range(low, high + 1) for low, high in SPANS.values())
    return [value_at(node, {A: a, B: b}) for a, b in product(*spans)]


@given(trees)
def test_every_value_lies_inside_and_is_divided(node):
    low, high = RANGES.interval(node)
    divisor = RANGES.divisor(node)
    for value in values(node):
        assert low <= value <= high
        assert value == 0 if divisor == 0 else value % divisor == 0


@pytest.mark.parametrize(
    ("node", "factor"),
    [
        (build.mul(A, index_const(8)), 8),
        (build.add(build.mul(A, index_const(8)), index_const(4)), 4),
        (build.mul(build.mod(build.mul(A, index_const(4)), index_const(12)), index_const(2)), 8),
        (build.minimum(build.mul(A, index_const(6)), build.mul(B, index_const(9))), 3),
    ],
)
def test_divisors_that_vectors_ask_for(node, factor):
    assert RANGES.divides(node, factor)
    assert not RANGES.divides(node, 5 * factor)


def test_widths():
    size = Ranges({"n": (0, 1 << 30)})
    n = Var("n", INT64, "size")
    assert inside(size.interval(n), NARROW)
    assert not inside(size.interval(build.mul(n, index_const(4))), NARROW)
    assert not inside(size.interval(Var("unknown", INT64, "local")), NARROW)
