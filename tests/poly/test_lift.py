"""Lifting: affine parts stay, the rest becomes one variable each, and machine arithmetic never lies."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

import tdsl as td
from tdsl.expr.node import axis_var
from tdsl.expr.printer import text
from tdsl.poly.evaluate import value_at
from tdsl.poly.lift import SIZE_LIMIT, Lifting, opaque_term


def setup(dtype="int64", values=None):
    n = td.size("n", min=1)
    x = td.placeholder("x", (n,), dtype, range=values)
    i = td.axis("i", n)
    return Lifting([i.origin.axis], [n.size]), x, i, n


def test_affine_nodes_stay_what_they_are():
    lifting, _, i, n = setup()
    for e in (i + 1, 2 * i - n // 3, td.minimum(i, n - 1) % 4, td.where(i < n - 2, i + 2, 0), -i):
        assert lifting.lift(e.node) is e.node
    assert not lifting.opaque and not lifting.wide
    assert lifting.lift((n * n).node) is (n * n).node and not lifting.opaque


def test_one_node_is_one_variable():
    lifting, x, i, _ = setup()
    assert text(lifting.lift((x[i] + x[i] * 2).node)) == "?0 + ?0 * 2"
    assert text(lifting.lift((x[i] < x[i + 1]).node)) == "?0 < ?1"
    assert [opaque.reason for opaque in lifting.opaque.values()] == ["range", "range"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (lambda x, i, n: i * i, "product"),
        (lambda x, i, n: i // n, "quotient"),
        (lambda x, i, n: i // (n + 1), "division"),
        (lambda x, i, n: i ^ 1, "division"),
        (lambda x, i, n: td.cast(x[i], "int64"), "data"),
        (lambda x, i, n: td.cast(x[i] + 1, "int64"), "wraps"),
        (lambda x, i, n: td.cast(i, "int8"), "wraps"),
        (lambda x, i, n: td.cast(td.cast(i, "float64"), "int64"), "range"),
        (lambda x, i, n: td.sum(i, over=td.reduce_axis("k", n)), "reduction"),
    ],
)
def test_reasons(expression, reason):
    lifting, x, i, n = setup("int8", (0, 128))
    lifted = lifting.lift(expression(x, i, n).node)
    assert text(lifted).startswith("?") and list(lifting.opaque.values())[-1].reason == reason


def test_ranges_decide_whether_narrow_arithmetic_is_exact():
    lifting, x, i, _ = setup("uint8", (1, 100))
    assert text(lifting.lift((x[i] - 1).node)) == "?0 - 1"
    assert text(lifting.lift((x[i] * 2 + 55).node)) == "?0 * 2 + 55"
    assert text(lifting.lift((x[i] - 2).node)) == "?1"  # 1 - 2 wraps to 255
    assert text(lifting.lift((x[i] * 2 + 58).node)) == "?2"
    assert lifting.range(lifting.lift((x[i] * 2 + 55).node)) == (57, 253)


def test_int64_that_may_wrap_is_kept_for_a_proof():
    lifting, _, i, _ = setup()
    assert lifting.lift((i * 4).node) is (i * 4).node and not lifting.wide
    lifting.lift((i * 2**20).node)
    assert [text(node) for node in lifting.wide] == [f"i * {2**20}"]
    assert lifting.range((i * 4).node) == (0, 4 * (SIZE_LIMIT - 2))


def test_bits_that_are_divisions():
    lifting, _, i, _ = setup()
    assert text(lifting.lift((i >> 3).node)) == "i // 8"
    assert text(lifting.lift((i << 3).node)) == "i * 8"
    assert text(lifting.lift((i & 7).node)) == "i % 8"
    assert text(lifting.lift((i // -3).node)) == "-i // 3"


def test_opaque_conditions_are_bits():
    lifting, _, i, n = setup()
    f = td.placeholder("f", (n,))
    assert text(lifting.lift(td.all(f[i] > 0, i > 2).node)) == "?0 == 1 and i > 2"
    assert text(lifting.lift(td.logical_not(f[i] > 0).node)) == "?0 != 1"


def test_opaque_term():
    _, x, i, n = setup()
    assert opaque_term((i + 2 * n // 3).node) is None
    assert text(opaque_term((i + x[i]).node)) == "x[i]"
    assert (
        text(opaque_term((n * n + 1).node)) == "n * n"
        and opaque_term((n * n + 1).node, products=True) is None
    )
    assert text(opaque_term((n // n).node, products=True)) == "n // n"


AXIS = td.axis("i", (-3, 6))


def arithmetic(depth=3):
    leaf = st.one_of(st.just(AXIS), st.integers(-4, 4).map(lambda c: AXIS * c))
    if not depth:
        return leaf
    inner = arithmetic(depth - 1)
    return st.one_of(
        leaf,
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, c: a // c, inner, st.sampled_from([-3, 2, 5])),
        st.builds(lambda a, c: a % c, inner, st.sampled_from([-3, 2, 50])),
        st.builds(lambda a, c: a * c, inner, st.integers(-3, 3)),
        st.builds(td.minimum, inner, inner),
        st.builds(td.maximum, inner, inner),
        st.builds(lambda a, b: td.where(a < b, b, a), inner, inner),
        st.builds(lambda a: abs(-a), inner),
    )


@given(arithmetic())
def test_ranges_hold_every_value(expression):
    lifting = Lifting([AXIS.origin.axis], ())
    lifted = lifting.lift(expression.node)
    low, high = lifting.range(lifted)
    for i in range(-3, 6):
        at = {axis_var("i"): i}
        value = value_at(lifted, at)
        assert low <= value <= high and value == value_at(expression.node, at)


def test_a_tower_of_divisions_is_known_by_its_interval():
    """More divisions than isl is told of are one variable, as wide as intervals make it."""
    lifting, _, i, _ = setup()
    bits = sum((i // 2**bit % 2) * 2 ** (6 - bit) for bit in range(7))
    lifted = lifting.lift(bits.node)
    assert list(lifting.opaque.values())[-1].reason == "tower"
    assert lifting.range(lifted) == (0, 127)
