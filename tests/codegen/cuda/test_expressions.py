"""Index arithmetic as C: floor division of what may be negative stays 32 bits wide and floors, tried by enumeration."""

import pytest

import tdsl as td
from tdsl.codegen.cuda.context import Context, Facts
from tdsl.codegen.cuda.expressions import expression
from tdsl.expr import build
from tdsl.expr.node import INT64, Var, index_const

X = Var("x", INT64, "local")


def written(node, low, high):
    ctx = Context(Facts(False, True, 1 << 30))
    ctx.declare("x", (low, high))
    return expression(ctx, node)


def c_value(text, x):
    """The value in C, whose division cuts towards zero; here no dividend is negative, so that both agree."""
    for part in text.split("/")[:-1] + text.split("%")[:-1]:
        opened = part.rstrip()
        start = opened.rfind("(") + 1 if opened.endswith(")") else opened.rfind(" ") + 1
        assert eval(opened[start:].rstrip(")"), {"x": x}) >= 0, text
    return eval(text.replace("/", "//"), {"x": x})


@pytest.mark.parametrize("make", [build.floordiv, build.mod])
@pytest.mark.parametrize("factor", [1, 2, 3, 7, 32])
@pytest.mark.parametrize(("low", "high"), [(-40, 50), (-1, 0), (-32, -1), (-33, 200), (0, 64), (5, 9)])
def test_division_floors(make, factor, low, high):
    found = written(make(X, index_const(factor)), low, high)
    assert not found.wide
    assert "tdsl_" not in found.text
    for x in range(low, high + 1):
        wanted = x // factor if make is build.floordiv else x % factor
        assert c_value(found.text, x) == wanted, (found.text, x)


def test_what_may_be_anything_is_divided_by_a_function():
    found = written(build.floordiv(X, index_const(3)), -(1 << 31), (1 << 31) - 1)
    assert found.text.startswith("tdsl_div_i64(")
    assert found.wide


@pytest.mark.needs_compiler
def test_loops_over_what_is_left_of_a_tile():
    """Bounds such as (n - i + 31) // 32 of a thread behind the end: no iteration, and no 64-bit division."""
    import numpy as np

    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    y = td.compute("y", (n,), lambda i: x[i] * 3)
    s = td.schedule(y).split(y, "i", 40, into=("ib", "it")).split(y, "it", 12, into=("iw", "iu"))
    s = s.reorder(y, "ib", "iu", "iw").bind(y, {"ib": "block.x", "iu": "thread.x"})
    f = td.build(s, target="cuda:sm_80", run="emulate")
    assert "tdsl_div_i64" not in f.source("cuda")
    for size in (0, 1, 39, 40, 53, 121):
        values = np.arange(size, dtype=np.int32)
        assert not f.hazards(values)
        np.testing.assert_array_equal(f(values), values * 3)
