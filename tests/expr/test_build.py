"""Node constructors: what they fold, what they leave alone, and that folding never changes a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES
from tdsl.errors import InternalError
from tdsl.expr import build
from tdsl.expr.node import Binary, Compare, Const, Fma, Select, Unary, Var, axis_var, const, index_const
from tdsl.expr.reducers import SUM
from tdsl.expr.tensor import Axis

FOLDED = [
    ("add", "x", "0", "x"),
    ("add", "3", "x", "x + 3"),
    ("add", "x + 3", "-5", "x - 2"),
    ("sub", "x - 3", "-3", "x"),
    ("sub", "x", "x", "0"),
    ("sub", "0", "x", "-x"),
    ("mul", "x", "1", "x"),
    ("mul", "0", "x", "0"),
    ("mul", "3", "x", "x * 3"),
    ("floordiv", "x", "1", "x"),
    ("floordiv", "x", "0", "0"),
    ("mod", "x", "1", "0"),
    ("mod", "x", "0", "0"),
    ("min", "x", "x", "x"),
    ("shl", "x", "0", "x"),
    ("xor", "x", "x", "0"),
    ("and", "x", "0", "0"),
    ("or", "x", "0", "x"),
    ("add", "7", "5", "12"),
    ("floordiv", "-7", "2", "-4"),
]


@pytest.mark.parametrize(("op", "a", "b", "text"), FOLDED)
def test_integers(expr, op, a, b, text):
    assert str(build.binary(op, expr.read(a), expr.read(b))) == text


def test_unsigned_constants_wrap(expr):
    p = expr.variables["p_uint8"]
    assert str(build.sub(p, const(1, "uint8"))) == "p_uint8 - 1"
    assert build.add(build.sub(p, const(1, "uint8")), const(1, "uint8")) is p
    assert build.absolute(build.neg(p)) is build.neg(p)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
@given(data=st.data())
def test_what_is_folded_of_floats_is_exact(expr, name, data):
    """Every operator with special constants on either side, on every value of the other."""
    p = expr.variables[f"p_{name}"]
    op = data.draw(st.sampled_from(["add", "sub", "mul", "div", "min", "max"]))
    constant = const(data.draw(st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0]) | expr.values(name)), name)
    a, b = data.draw(st.sampled_from([(p, constant), (constant, p), (p, p)]))
    env = {p: data.draw(expr.values(name))}
    folded, raw = build.binary(op, a, b), Binary(op, a, b)
    assert expr.same(expr.value(folded, env), expr.value(raw, env)), f"{raw} -> {folded}"


def test_float_sums_keep_what_could_differ(expr):
    p = expr.variables["p_float32"]
    zero, minus = const(0.0, "float32"), const(-0.0, "float32")
    assert isinstance(build.add(p, zero), Binary) and build.add(p, minus) is p and build.sub(p, zero) is p
    assert isinstance(build.mul(p, zero), Binary) and isinstance(build.sub(p, p), Binary)
    assert isinstance(build.div(p, p), Binary) and build.mul(const(1.0, "float32"), p) is p


def test_conditions(expr):
    x, y = expr.variables["x"], expr.variables["y"]
    assert build.logical_and() is build.TRUE and build.logical_or() is build.FALSE
    less = build.lt(x, y)
    assert build.logical_and(build.TRUE, less) is less and build.logical_and(less, build.FALSE) is build.FALSE
    assert build.logical_or(less, less) is less
    assert build.logical_not(less) is build.ge(x, y)
    assert build.le(x, x) is build.TRUE and build.lt(x, x) is build.FALSE
    p = expr.variables["p_float32"]
    assert isinstance(build.eq(p, p), Compare), "NaN is not equal to itself"
    assert isinstance(build.logical_not(build.lt(p, p)), Unary), "NaN makes both false"
    assert build.select(less, x, x) is x and build.select(build.TRUE, x, y) is x
    assert isinstance(build.select(less, x, y), Select)


def test_contracted_constants_are_folded_only_where_two_roundings_agree():
    a = const(1 + 2**-12, "float32")
    minus = const(-1.0, "float32")
    assert isinstance(build.fma(a, a, minus), Const)
    assert isinstance(build.fma(a, a, minus, contracted=True), Fma)
    assert isinstance(build.fma(const(2.0, "float32"), a, minus, contracted=True), Const)


def test_extent():
    axis = Axis("k", index_const(2), axis_var("i"))
    assert str(build.extent(axis)) == "i - 2"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p, q: build.add(p, q),
        lambda p, q: build.div(q, q),
        lambda p, q: build.floordiv(p, p),
        lambda p, q: build.select(q, p, p),
        lambda p, q: build.fma(p, p, q),
        lambda p, q: build.unary("sqrt", q),
        lambda p, q: build.neg(build.TRUE),
        lambda p, q: build.reduction(SUM, (), (p,)),
    ],
)
def test_ill_typed_operands_are_a_bug_of_the_caller(wrong):
    p, q = Var("p", DTYPES["float32"], "param"), Var("q", DTYPES["int32"], "param")
    with pytest.raises(InternalError, match=r"expr\.build"):
        wrong(p, q)
