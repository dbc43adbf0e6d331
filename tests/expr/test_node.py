"""Interning: one node for the same fields, in every thread, through pickles, and gone when nobody holds it."""

from __future__ import annotations

import gc
import pickle
import threading

from tdsl.dtypes import DTYPES
from tdsl.expr import node as nodes
from tdsl.expr.node import Binary, Cast, Const, Unary, Var, axis_var, const, index_const, size_var


def test_the_same_fields_are_the_same_node():
    i, one = axis_var("i"), index_const(1)
    assert Binary("add", i, one) is Binary(op="add", lhs=axis_var("i"), rhs=const(1, "int64"))
    assert Binary("add", i, one) is not Binary("add", one, i)
    assert axis_var("n") is not size_var("n")


def test_constants_are_kept_apart_by_dtype_and_bits():
    kinds = [
        const(1, "int64"),
        const(True, "bool"),
        const(1.0, "float64"),
        const(1.0, "float32"),
        const(1, "int8"),
    ]
    assert len(set(kinds)) == 5
    assert const(0.0, "float32") is not const(-0.0, "float32")
    assert const(-1, "int8").bits == 255 and const(-1, "int8").value == -1


def test_dtype_of_a_deep_expression_needs_no_recursion():
    deep = Var("p", DTYPES["float32"], "param")
    for _ in range(20_000):
        deep = Unary("neg", deep)
    assert deep.dtype.name == "float32" and Cast(DTYPES["int8"], deep).dtype.name == "int8"


def test_pickles_come_back_as_the_same_node():
    made = Binary("mul", axis_var("i"), index_const(3))
    assert pickle.loads(pickle.dumps(made)) is made


def test_rebuilt_with_the_same_operands_is_itself(expr):
    for text in (
        "-x",
        "x + y",
        "x < y",
        "where(x < y, x, y)",
        "int8(x)",
        "A[x, y]",
        "fma(Z[()], 2.0, Z[()])",
    ):
        made = expr.read(text)
        assert made.rebuilt(made.children) is made
    for text in ("sum(B[k], over=(k))", "x"):
        made = expr.read(text)
        assert made.rebuilt(made.children) is made


def test_nodes_that_nobody_holds_are_forgotten():
    made = Binary("add", axis_var("a name nobody else uses"), index_const(1))
    before = len(nodes._interned)
    del made
    gc.collect()
    assert len(nodes._interned) < before


def test_threads_get_the_same_node():
    found: list[Const | Binary] = []
    gate = threading.Barrier(4)

    def build() -> None:
        gate.wait()
        found.extend(Binary("add", axis_var("t"), index_const(step)) for step in range(200))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(made) for made in found}) == 200
