"""Values of affine nodes at points."""

import pytest

import tdsl as td
from tdsl.expr.node import axis_var, size_var
from tdsl.poly.evaluate import value_at


@pytest.mark.parametrize("i", [-5, 0, 7])
@pytest.mark.parametrize("n", [0, 4])
def test_values(i, n):
    axis, size = td.axis("i", 9), td.size("n")
    at = {axis_var("i"): i, size_var("n"): n}

    def value(e):
        return value_at(e.node, at)

    assert value(axis // 3 + size % 5 - 2 * axis) == i // 3 + n % 5 - 2 * i
    assert value(td.minimum(axis, size)) == min(i, n) and value(td.maximum(axis, -size)) == max(i, -n)
    assert value(td.where(td.any(axis > 3, td.logical_not(size == 4)), axis, abs(axis))) == (
        i if i > 3 or n != 4 else abs(i)
    )
    assert value(axis != size) == (i != n) and value((axis < size) ^ (axis >= 0)) == ((i < n) ^ (i >= 0))


def test_integers_have_no_width():
    assert value_at((td.size("n") * 2**40).node, {size_var("n"): 2**40}) == 2**80


def test_other_nodes_are_refused():
    x = td.placeholder("x", (3,))
    with pytest.raises(TypeError):
        value_at(x[0].node, {})
