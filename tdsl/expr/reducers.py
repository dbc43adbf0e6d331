"""The reducers of the language as values: sum prod max min any all argmax argmin; and the one step of a reduction.

In: accumulators and terms as nodes. Out: the combined nodes. Lowering, the interpreter and `rfactor` take identity and
step from here, so that they cannot disagree (semantics E2, E5, D5).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tdsl.dtypes import DType, max_value, min_value
from tdsl.expr import build
from tdsl.expr.node import INT64, Binary, CompareOp, Node, Reduce
from tdsl.expr.tensor import Reducer


def _simple(
    name: str, op: Callable[[Node, Node], Node], identity: Callable[[DType], Node], *, exact: bool
) -> Reducer:
    """A reducer of one component."""
    return Reducer(
        name=name,
        combine=lambda a, b: (op(a[0], b[0]),),
        identity=lambda dtypes: (identity(dtypes[0]),),
        exact=exact,
    )


def _least(dtype: DType) -> Node:
    """What `max` of nothing gives: -inf, or the least integer (E5)."""
    return build.constant(-math.inf if dtype.is_float else min_value(dtype), dtype)


def _greatest(dtype: DType) -> Node:
    """What `min` of nothing gives: +inf, or the greatest integer (E5)."""
    return build.constant(math.inf if dtype.is_float else max_value(dtype), dtype)


def _every_bit(dtype: DType) -> Node:
    """The integer of ones, which `and` leaves alone."""
    return build.constant(-1 if dtype.is_signed else max_value(dtype), dtype)


SUM = _simple("sum", build.add, lambda dtype: build.constant(0, dtype), exact=False)
PROD = _simple("prod", build.mul, lambda dtype: build.constant(1, dtype), exact=False)
MAX = _simple("max", build.maximum, _least, exact=True)
MIN = _simple("min", build.minimum, _greatest, exact=True)
ANY = _simple("any", build.logical_or, lambda dtype: build.constant(False, dtype), exact=True)
ALL = _simple("all", build.logical_and, lambda dtype: build.constant(True, dtype), exact=True)
ANY_BITS = _simple(
    "any_bits", lambda a, b: build.binary("or", a, b), lambda dtype: build.constant(0, dtype), exact=True
)
ALL_BITS = _simple("all_bits", lambda a, b: build.binary("and", a, b), _every_bit, exact=True)
ODD_BITS = _simple(
    "odd_bits", lambda a, b: build.binary("xor", a, b), lambda dtype: build.constant(0, dtype), exact=True
)


def _place_of(name: str, better: CompareOp, identity: Callable[[DType], Node]) -> Reducer:
    """A reducer of a value and its place (int64): the first NaN, else the first extremum, by place (E5).

    The place decides between equal values, so the result does not depend on the order of the terms. The identity is
    behind every place, so it loses against a term of the same value.
    """

    def combine(a: tuple[Node, ...], b: tuple[Node, ...]) -> tuple[Node, ...]:
        (x, i), (y, j) = a, b
        earlier = build.lt(j, i)
        wins = build.logical_or(build.compare(better, y, x), build.logical_and(build.eq(x, y), earlier))
        if x.dtype.is_float:
            nan_x, nan_y = build.ne(x, x), build.ne(y, y)
            wins = build.logical_or(
                build.logical_and(nan_y, earlier),
                build.logical_and(build.logical_not(nan_x), build.logical_or(nan_y, wins)),
            )
        return build.select(wins, y, x), build.select(wins, j, i)

    last = build.index_const(int(max_value(INT64)))
    return Reducer(name, combine, lambda dtypes: (identity(dtypes[0]), last), exact=True)


ARGMAX = _place_of("argmax", "gt", _least)
ARGMIN = _place_of("argmin", "lt", _greatest)

REDUCERS: dict[str, Reducer] = {
    reducer.name: reducer
    for reducer in (SUM, PROD, MAX, MIN, ANY, ALL, ANY_BITS, ALL_BITS, ODD_BITS, ARGMAX, ARGMIN)
}
"""The built-in reducers by name, for the parser."""


def built_in(name: str) -> Reducer:
    """The built-in reducer of that name; what pickles of it load."""
    return REDUCERS[name]


def identity(node: Reduce) -> tuple[Node, ...]:
    """What the accumulators of a reduction start from, one constant a component."""
    return node.reducer.identity(tuple(operand.dtype for operand in node.operands))


def step(node: Reduce, accumulators: tuple[Node, ...]) -> tuple[Node, ...]:
    """The accumulators after one more term: `combine`, or one fma where the sum is fused with its product (D5)."""
    operand = node.operands[0]
    if node.fused and isinstance(operand, Binary) and operand.op == "mul":
        return (build.fma(operand.lhs, operand.rhs, accumulators[0], contracted=True),)
    return node.reducer.combine(accumulators, node.operands)


def keeps_every_bit(node: Reduce) -> bool:
    """Whether the terms may be taken in any order with the same result, bit for bit."""
    return node.reducer.exact or (
        node.reducer in (SUM, PROD) and all(operand.dtype.is_integer for operand in node.operands)
    )
