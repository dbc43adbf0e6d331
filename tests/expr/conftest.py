"""What the tests of `tdsl/expr` share: variables, random expressions, and a second evaluator to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import pytest
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES, max_value, min_value, value_of
from tdsl.expr import constants
from tdsl.expr.node import (
    Binary,
    Cast,
    Compare,
    Const,
    Fma,
    Node,
    Read,
    Select,
    Unary,
    Var,
    axis_var,
    const,
    index_const,
    size_var,
)  # fmt: skip
from tdsl.expr.parser import Names, parse
from tdsl.expr.tensor import Size, Tensor

VARIABLES: dict[str, Var] = {
    **{name: axis_var(name) for name in ("i", "j", "k", "io", "ii", "x", "y")},
    **{name: size_var(name) for name in ("n", "m")},
    **{f"p_{name}": Var(f"p_{name}", dtype, "param") for name, dtype in DTYPES.items()},
}
TENSORS: dict[str, Tensor] = {
    "A": Tensor(
        name="A", extents=(size_var("n"), index_const(5)), dtype=DTYPES["float32"], sizes=(Size("n"),)
    ),
    "B": Tensor(name="B", extents=(size_var("n"),), dtype=DTYPES["int32"], sizes=(Size("n"),)),
    "Z": Tensor(name="Z", extents=(), dtype=DTYPES["float64"]),
}
NAMES = Names(variables=VARIABLES, tensors=TENSORS)


def read(text: str, dtype: str | None = None) -> Node:
    """An expression from text, over the variables and tensors above."""
    return parse(text, NAMES, None if dtype is None else DTYPES[dtype])


def value(node: Node, env: Mapping[Node, bool | int | float]) -> bool | int | float:
    """The value of an expression in Python numbers, lazily; reads are looked up like variables."""
    match node:
        case Const():
            return node.value
        case Var() | Read():
            return env[node]
        case Unary():
            return constants.unary(node.op, value(node.operand, env), node.dtype)
        case Binary():
            return constants.binary(node.op, value(node.lhs, env), value(node.rhs, env), node.dtype)
        case Compare():
            return constants.compare(node.op, value(node.lhs, env), value(node.rhs, env))
        case Select():
            return value(node.then if value(node.cond, env) else node.otherwise, env)
        case Cast():
            return constants.cast(value(node.operand, env), node.operand.dtype, node.to)
        case Fma():
            return constants.fma(*(float(value(part, env)) for part in node.children), node.dtype)
        case _:
            raise AssertionError(node)


def same(a: bool | int | float, b: bool | int | float) -> bool:
    """Equal in every bit but those of NaN."""
    if isinstance(a, float) and isinstance(b, float):
        return const(a, "float64") is const(b, "float64")
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def values(dtype_name: str) -> st.SearchStrategy[bool | int | float]:
    """Values of a dtype, extremes and specials often."""
    dtype = DTYPES[dtype_name]
    if dtype.is_bool:
        return st.booleans()
    if dtype.is_integer:
        low, high = int(min_value(dtype)), int(max_value(dtype))
        corners = [
            value for value in (low, low + 1, -2, -1, 0, 1, 2, 7, high - 1, high) if low <= value <= high
        ]
        return st.sampled_from(corners) | st.integers(low, high)
    special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        2.5,
        float("inf"),
        float("-inf"),
        float("nan"),
        float(max_value(dtype)),
    ]
    patterns = st.integers(0, (1 << dtype.bits) - 1).map(lambda bits: value_of(bits, dtype))
    near_one = st.floats(-4, 4).map(lambda number: constants.rounded(number, dtype))
    return st.sampled_from(special) | patterns | near_one


def integer_expressions(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Integer expressions of the leaves' dtype, raw nodes (nothing folded), conditions inside selects."""

    def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        compared = st.builds(Compare, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), inner, inner)
        joined = st.builds(Binary, st.sampled_from(["and", "or"]), compared, compared)
        condition = compared | joined | compared.map(lambda node: Unary("not", node))
        binary = st.builds(
            Binary,
            st.sampled_from(["add", "sub", "mul", "floordiv", "mod", "min", "max", "add", "sub"]),
            inner,
            inner,
        )
        return (
            binary
            | st.builds(Unary, st.sampled_from(["neg", "abs"]), inner)
            | st.builds(Select, condition, inner, inner)
        )

    return st.recursive(leaves, grow, max_leaves=9)


def float_expressions(dtype_name: str) -> st.SearchStrategy[Node]:
    """Float expressions over one param, raw nodes."""
    dtype = DTYPES[dtype_name]
    numbers = values(dtype_name).map(lambda number: const(number, dtype))
    leaves = (
        st.just(VARIABLES[f"p_{dtype_name}"])
        | numbers
        | st.sampled_from([2.0, -1.0, 0.25]).map(lambda number: const(number, dtype))
    )

    def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return (
            st.builds(Binary, st.sampled_from(["add", "sub", "mul", "div", "min", "max"]), inner, inner)
            | st.builds(Unary, st.sampled_from(["neg", "abs", "sqrt", "floor", "round"]), inner)
            | st.builds(Fma, inner, inner, inner, st.booleans())
            | st.builds(
                Select, st.builds(Compare, st.sampled_from(["lt", "eq", "ne"]), inner, inner), inner, inner
            )
        )

    return st.recursive(leaves, grow, max_leaves=8)


def conditions(integers: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Conditions over integer expressions."""
    compared = st.builds(Compare, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), integers, integers)
    return st.recursive(
        compared,
        lambda inner: (
            st.builds(Binary, st.sampled_from(["and", "or"]), inner, inner)
            | inner.map(lambda node: Unary("not", node))
        ),
        max_leaves=4,
    )


@pytest.fixture(scope="session")
def expr() -> SimpleNamespace:
    """The helpers of this file, for tests (files of tests are not importable from each other)."""
    return SimpleNamespace(
        read=read, value=value, same=same, values=values, integer_expressions=integer_expressions,
        float_expressions=float_expressions, conditions=conditions, variables=VARIABLES, tensors=TENSORS, names=NAMES,
    )  # fmt: skip


@pytest.fixture(scope="session")
def raises_text() -> Callable[..., str]:
    """`raises_text(error, function)`: the message, without the user's line and caret."""

    def check(error: type[Exception], function: Callable[[], object]) -> str:
        with pytest.raises(error) as caught:
            function()
        lines = str(caught.value).splitlines()
        return "\n".join(line for line in lines if ".py:" not in line and line.strip(" ^"))

    return check
