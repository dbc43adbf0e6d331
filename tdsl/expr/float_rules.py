"""The simplifier's rules for floats and casts: only those that give the same bits for every value.

In: one node with simple operands. Out: the node or an equal one. What is left out on purpose: `x * 0`, `x - x`,
`x / x`, `x + 0` and every reassociation, which NaN, infinities, signed zeros or rounding tell apart.
"""

from __future__ import annotations

import math

from tdsl.dtypes import bits_of, value_of
from tdsl.expr import build
from tdsl.expr.node import Binary, Cast, Const, Node, Unary


def simplify_float(node: Binary) -> Node:
    """A float operation.

    Rewrite::

        x + (-y)    x - y          x - (-y)    x + y          x * -1.0    -x
        x / 4.0     x * 0.25       (any power of two whose reciprocal is exact: both round the same number)
    """
    folded = build.binary(node.op, node.lhs, node.rhs)
    if not isinstance(folded, Binary):
        return folded
    rhs = folded.rhs
    if folded.op in ("add", "sub") and isinstance(rhs, Unary) and rhs.op == "neg":
        return build.binary("sub" if folded.op == "add" else "add", folded.lhs, rhs.operand)
    if folded.op == "mul":
        for factor, other in ((rhs, folded.lhs), (folded.lhs, rhs)):
            if isinstance(factor, Const) and factor.value == -1:
                return build.neg(other)
    if folded.op == "div" and isinstance(rhs, Const):
        return _by_reciprocal(folded, rhs)
    return folded


def _by_reciprocal(node: Binary, divisor: Const) -> Node:
    value = float(divisor.value)
    if not math.isfinite(value) or value == 0 or abs(math.frexp(value)[0]) != 0.5:
        return node
    reciprocal = 1.0 / value
    if value_of(bits_of(reciprocal, node.dtype), node.dtype) != reciprocal:
        return node
    return simplify_float(Binary("mul", node.lhs, build.constant(reciprocal, node.dtype)))


def simplify_cast(node: Cast) -> Node:
    """Casts in a row: one through a wider dtype of the same kind is none, a narrowing one needs no step between.

    Rewrite::

        int32(int64(x))      x, for an int32 x           float32(float64(x))    x, for a float32 x
        int8(int32(x))       int8(x), for any integer x
    """
    inner = node.operand
    folded = build.cast(inner, node.to)
    if not isinstance(folded, Cast) or not isinstance(inner, Cast):
        return folded
    source, between, to = inner.operand.dtype, inner.to, node.to
    if source.is_integer and between.is_integer and to.is_integer and between.bits >= to.bits:
        return build.cast(inner.operand, to)
    if source is to and source.is_float and between.is_float:
        if between.exponent_bits >= to.exponent_bits and between.fraction_bits >= to.fraction_bits:
            return inner.operand
    if source is to and source.is_integer and between.is_float and between.fraction_bits + 1 >= source.bits:
        return inner.operand
    return folded
