"""The least and greatest value in sizes holds every value; polynomials are divided by products of sizes exactly."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

import tdsl as td
from tdsl.expr.node import axis_var, size_var
from tdsl.expr.printer import text
from tdsl.expr.tensor import Axis, Size
from tdsl.poly.evaluate import value_at
from tdsl.poly.extremes import divided
from tdsl.poly.lift import Lifting

N, M = size_var("n"), size_var("m")
n, m = td.size("n"), td.size("m")
i, j = td.axis("i", n), td.axis("j", (1, m + 1))


def affine(depth=3):
    leaf = st.one_of(st.sampled_from([i, j, n]), st.integers(-3, 3).map(lambda value: n * 0 + value))
    if not depth:
        return leaf
    inner = affine(depth - 1)
    return st.one_of(
        leaf,
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, c: a * c, inner, st.integers(-3, 3)),
        st.builds(lambda a, c: a // c, inner, st.integers(1, 4)),
        st.builds(lambda a, c: a % c, inner, st.integers(1, 4)),
        st.builds(td.minimum, inner, inner),
        st.builds(td.maximum, inner, inner),
        st.builds(lambda a, b, c: td.where(a < b, b, c), inner, inner, inner),
        inner.map(lambda a: -a),
    )


@given(affine(), st.integers(1, 6), st.integers(1, 6), st.data())
def test_no_value_lies_outside(expression, size, other, data):
    lifting = Lifting([axis.origin.axis for axis in (i, j)], [Size("n"), Size("m")])
    lifted = lifting.lift(expression.node)
    found = lifting.extremes(lifted)
    assert found is not None
    sizes = {N: size, M: other}
    at = {
        **sizes,
        axis_var("i"): data.draw(st.integers(0, size - 1)),
        axis_var("j"): data.draw(st.integers(1, other)),
    }
    low, high = (value_at(side, sizes) for side in found)
    assert low <= value_at(lifted, at) <= high


@pytest.mark.parametrize(
    ("form", "divisor", "quotient"),
    [
        (n * m - 1, (M,), ("n", -1)),
        (n * m + m * 3 + 2, (M,), ("n + 3", 2)),
        (n * m * m, (M, M), ("n", 0)),
        (n + m, (M,), None),
        (n * m * 4 - n * 2, (N,), ("m * 4 - 2", 0)),
        (n // 2, (N,), None),
    ],
)
def test_divided(form, divisor, quotient):
    found = divided(form.node, divisor)
    if quotient is None:
        assert found is None
        return
    assert found is not None and found[1] == quotient[1]
    for size in (1, 2, 5):
        for other in (1, 3):
            at = {N: size, M: other}
            product = value_at(found[0], at)
            for var in divisor:
                product *= at[var]
            assert product + found[1] == value_at(form.node, at), text(found[0])


def test_quotients_by_sizes_have_ranges():
    x = td.axis("x", n)
    whole = Axis("x", x.origin.axis.lower, (n * m).node)
    lifting = Lifting([whole], [Size("n"), Size("m")])
    for expression, low, high in ((x // m, "0", "n"), (x % m, "0", "m"), ((x + 3 * m) // m, "3", "n + 3")):
        lifting.lift(expression.node)
        opaque = lifting.opaque[expression.node]
        assert opaque.reason == "quotient"
        at = {N: 4, M: 7}
        assert (value_at(opaque.lower, at), value_at(opaque.upper, at)) == (
            int(low),
            eval(high, {"n": 4, "m": 7}),
        )
