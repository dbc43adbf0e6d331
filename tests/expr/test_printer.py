"""Text of expressions: what it looks like, and that it parses back to the very same node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES
from tdsl.errors import FormatError
from tdsl.expr.node import (
    Binary,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    Var,
    const,
)
from tdsl.expr.parser import Names, parse
from tdsl.expr.printer import LIMIT, shape_text, text
from tdsl.expr.reducers import MAX, SUM

TEXTS = [
    "(A[i, k] + 1.0) * A[j, k]",
    "bitcast.int32(A[i, k]) >> 23",
    "bitcast.float64(4607182418800017408)",
    "popcount(i) + clz(-3) * ctz(j)",
    "exp(A[i, k] - 1.0)",
    "pow(A[i, k], 2.5)",
    "i - (j - k)",
    "i - j - k",
    "-(3)",
    "-3",
    "x * -3",
    "-3 // x",
    "-x // y",
    "-(x // y)",
    "not x < y and (i < 5 or j < 6)",
    "(x < y) == (y < x)",
    "x & y | i ^ j",
    "x << 3 >> (y & 1)",
    "where(x < y, A[i, 0], 0.5)",
    "B[x] + 7 == B[y]",
    "int32(5) + 6",
    "float32(int64(5))",
    "float32(x)",
    "p_float32 * 0.1",
    "p_float64 * 0.1",
    "float32('inf')",
    "float64('nan')",
    "-p_float32 * 2.0",
    "min(max(x, 0), n - 1)",
    "fma(A[i, 0], 2.0, A[i, 1])",
    "contracted(A[i, 0], A[i, 1], 0.0)",
    "Z[()] / 3.0",
    "sum(A[i, 0] * A[j, 0], over=(k), fused=True)",
    "max(B[x], over=(ky, kx))",
    "True",
    "~x % 8",
    "sqrt(abs(p_float32))",
    "p_uint8 + 200",
]


@pytest.mark.parametrize("written", TEXTS)
def test_text_is_read_back_as_written(expr, written):
    node = expr.read(written)
    assert text(node) == written
    assert expr.read(text(node)) is node


def nodes(expr) -> st.SearchStrategy[Node]:
    integers = expr.integer_expressions(
        st.sampled_from([expr.variables[name] for name in "ijxyn"])
        | st.integers(-(2**63), 2**63 - 1).map(lambda number: const(number, "int64"))
    )
    narrow = expr.integer_expressions(
        st.just(expr.variables["p_uint8"]) | st.integers(0, 255).map(lambda number: const(number, "uint8"))
    )
    floats = st.sampled_from(["float16", "float32", "float64"]).flatmap(expr.float_expressions)
    a, z = expr.tensors["A"], expr.tensors["Z"]
    reads = st.builds(lambda i, j: Read(a, (i, j)), integers, integers) | st.just(Read(z, ()))
    loads = st.builds(lambda i: Load("acc.tile", DTYPES["float32"], (i,)), integers)
    reduces = st.builds(lambda v, f: Reduce(SUM, ("k", "ko"), (v,), 0, f), floats | reads, st.booleans())
    pairs = st.builds(lambda v, w, c: Reduce(MAX, ("k",), (v, w), c, False), floats, reads, st.integers(0, 1))
    casts = st.builds(Cast, st.sampled_from(list(DTYPES.values())), integers | narrow | floats | loads)
    bits = st.builds(Binary, st.sampled_from(["and", "or", "xor", "shl", "shr"]), narrow, narrow)
    patterns = st.sampled_from(["float16", "float32", "float64", "int8", "uint64"]).flatmap(
        lambda name: st.integers(0, 2 ** DTYPES[name].bits - 1).map(lambda bits: Const(DTYPES[name], bits))
    )
    return (
        integers
        | narrow
        | floats
        | reads
        | loads
        | reduces
        | pairs
        | casts
        | bits
        | expr.conditions(integers)
        | patterns
    )


def is_plain(node: Node) -> bool:
    """NaN has many patterns and one text."""
    return not (isinstance(node, Const) and node.value != node.value)


@given(data=st.data())
def test_round_trip(expr, data):
    node = data.draw(nodes(expr).filter(is_plain))
    names = Names(expr.variables, expr.tensors, {"acc.tile": DTYPES["float32"]})
    assert parse(text(node), names) is node, text(node)


def test_numbers_take_the_dtype_that_is_asked(expr):
    assert parse("3", expr.names, DTYPES["float32"]) is const(3, "float32")
    assert parse("3", expr.names) is const(3, "int64")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("x +", "an operand is missing"),
        ("x + $", "no token starts here"),
        ("q + 1", "q is not declared"),
        ("Q[0]", "Q[…] is not declared"),
        ("(x", ") is missing"),
        ("x y", "the expression ends before this"),
        ("gudermann(x)", "there is no gudermann of 1 operand"),
        ("A[i, 0] + x", "ill typed"),
        ("A[i]", "1 subscripts for rank 2"),
        ("x < y < 5", "5 does not fit in bool"),
        ("x + 1.5", "1.5 is no int64"),
    ],
)
def test_what_is_no_expression(expr, written, complaint):
    with pytest.raises(FormatError, match=r"L201") as caught:
        expr.read(written)
    assert complaint in str(caught.value)


def test_shapes(expr):
    assert shape_text(expr.tensors["A"].extents) == "(n, 5)"
    assert shape_text(expr.tensors["B"].extents) == "(n,)"
    assert shape_text(()) == "()"


def test_text_of_a_shared_expression_is_cut(expr):
    node: Node = expr.variables["x"]
    for _ in range(100):
        node = Binary("mul", node, node)
    assert len(text(node)) <= LIMIT + 10


def test_repr_is_the_text(expr):
    assert repr(expr.read("x + 1")) == "x + 1"
    assert repr(
        Select(Compare("lt", expr.variables["x"], expr.variables["y"]), const(1, "int8"), const(2, "int8"))
    )
    assert repr(Unary("neg", Fma(*[Var("p", DTYPES["float32"], "param")] * 3, False))) == "-fma(p, p, p)"
