"""Ill-typed nodes, one of each kind, and well-typed ones that `build` makes."""

from __future__ import annotations

import pytest

from tdsl.dtypes import DTYPES
from tdsl.expr.node import (
    Binary,
    Bitcast,
    Call,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Read,
    Reduce,
    Select,
    Unary,
    Var,
    const,
    index_const,
)  # fmt: skip
from tdsl.expr.reducers import SUM
from tdsl.expr.typecheck import violation

F, I, BOOL = DTYPES["float32"], DTYPES["int64"], DTYPES["bool"]
f, i, b = Var("f", F, "param"), Var("i", I, "axis"), Var("b", BOOL, "local")


@pytest.mark.parametrize(
    ("node", "complaint"),
    [
        (Const(DTYPES["int8"], 300), "a constant wider than int8"),
        (Var("n", DTYPES["int32"], "size"), "size n is int32, not int64"),
        (Binary("add", f, i), "add of float32 and int64"),
        (Binary("div", i, i), "div of int64"),
        (Binary("floordiv", f, f), "floordiv of float32"),
        (Binary("add", b, b), "add of bool"),
        (Unary("sqrt", i), "sqrt of int64"),
        (Unary("neg", b), "neg of bool"),
        (Unary("not", f), "not of float32"),
        (Compare("lt", b, b), "bools have no order"),
        (Compare("eq", i, f), "eq of int64 and float32"),
        (Select(i, f, f), "a condition of int64"),
        (Select(b, f, i), "where of float32 and int64"),
        (Fma(i, i, i, False), "fma of int64"),
        (Fma(f, const(1.0, "float64"), f, False), "fma of float32 and float64"),
        (Load("t", F, (f,)), "a subscript of float32"),
        (Reduce(SUM, (), (f,), 0, False), "a reduction over nothing"),
        (Bitcast(DTYPES["int64"], f), "the bits of float32 as int64"),
        (Unary("clz", f), "clz of float32"),
        (Call("exp", (index_const(1),)), "exp of int64"),
        (Call("pow", (f, const(1.0, "float64"))), "pow of float32 and float64"),
        (
            Binary("add", Var("q", DTYPES["tfloat32"], "param"), Var("q", DTYPES["tfloat32"], "param")),
            "add of tfloat32",
        ),
    ],
)
def test_violations(node, complaint):
    found = violation(node)
    assert found is not None and found.startswith(complaint)
    inside = Cast(F, node)
    assert violation(inside) == found


def test_a_wrong_rank(expr):
    found = violation(Read(expr.tensors["A"], (index_const(0),)))
    assert found is not None and found.startswith("1 subscripts for rank 2")


def test_what_is_well_typed(expr):
    for text in (
        "A[i, 0] * 2.0 + 1.0",
        "where(x < y and x != 3, B[x], 5)",
        "int8(x) << 3",
        "True and x < y",
        "not (x < y)",
    ):
        assert violation(expr.read(text)) is None
