"""What `td.options(fast_math=True)` allows, done once, at the declaration: the body of a stage in, an equal one out.

Equal but for rounding, signs of zeros, infinities and NaN. Because the rules work on the expression as it is declared,
before contraction (D5), every schedule of the stage still gives the same bits; none looks at loops. What a function's
expansion says inside is left alone: its accuracy rests on the order of its steps.
"""

from __future__ import annotations

import math

from tdsl.dtypes import bits_of, value_of
from tdsl.expr import build
from tdsl.expr.combination import with_results
from tdsl.expr.node import Binary, Const, Node, Reduce
from tdsl.expr.rewrite import rewrite


def relax(node: Node) -> Node:
    """The expression with fewer or cheaper operations.

    Rewrite::

        x + 0, x - 0      x            0 - x            -x             x * 0      0
        x - x             0            x / x            1
        x / 3             x * (1/3)    x / y / z        x / (y * z)    x / (y / z)   x * z / y
        (x + 1) + 2       x + 3        (x * 2) * 3      x * 6          x * y / x     y
    """
    return rewrite(node, _relaxed)


def _relaxed(node: Node) -> Node:
    if isinstance(node, Reduce) and node.reducer.combination is not None:
        reducer = with_results(node.reducer, tuple(map(relax, node.reducer.combination.results)))
        return Reduce(reducer, node.axes, node.operands, node.component, node.fused)
    if not isinstance(node, Binary) or not node.dtype.is_float:
        return node
    match node.op:
        case "add" | "sub":
            return _sum(node)
        case "mul":
            return _product(node)
        case "div":
            return _quotient(node)
        case _:
            return node


def _sum(node: Binary) -> Node:
    lhs, rhs = node.lhs, node.rhs
    if _is(rhs, 0):
        return lhs
    if _is(lhs, 0):
        return rhs if node.op == "add" else build.neg(rhs)
    if node.op == "sub" and lhs is rhs:
        return build.constant(0.0, node.dtype)
    if isinstance(rhs, Const) and isinstance(lhs, Binary) and isinstance(lhs.rhs, Const):
        if lhs.op in ("add", "sub"):
            first = lhs.rhs if lhs.op == "add" else build.neg(lhs.rhs)
            return build.add(lhs.lhs, build.binary(node.op, first, rhs))
    return node


def _product(node: Binary) -> Node:
    lhs, rhs = node.lhs, node.rhs
    if _is(lhs, 0) or _is(rhs, 0):
        return build.constant(0.0, node.dtype)
    if isinstance(lhs, Const):
        lhs, rhs = rhs, lhs
    if isinstance(rhs, Const) and isinstance(lhs, Binary) and lhs.op == "mul":
        for number, other in ((lhs.rhs, lhs.lhs), (lhs.lhs, lhs.rhs)):
            if isinstance(number, Const):
                return build.mul(other, build.mul(number, rhs))
    return node


def _quotient(node: Binary) -> Node:
    lhs, rhs = node.lhs, node.rhs
    if lhs is rhs:
        return build.constant(1.0, node.dtype)
    if isinstance(rhs, Const):
        inverse = _inverse(rhs)
        return node if inverse is None else _relaxed(build.mul(lhs, inverse))
    if isinstance(rhs, Binary) and rhs.op == "div":
        return build.div(build.mul(lhs, rhs.rhs), rhs.lhs)
    if isinstance(lhs, Binary) and lhs.op == "div":
        return build.div(lhs.lhs, build.mul(lhs.rhs, rhs))
    if isinstance(lhs, Binary) and lhs.op == "mul" and rhs in (lhs.lhs, lhs.rhs):
        return lhs.rhs if lhs.lhs is rhs else lhs.lhs
    return node


def _inverse(number: Const) -> Const | None:
    """1 / number as a normal number, where there is one."""
    value = float(number.value)
    if not math.isfinite(value) or value == 0:
        return None
    inverse = float(value_of(bits_of(1.0 / value, number.dtype), number.dtype))
    least = 2.0 ** (2 - (1 << number.dtype.exponent_bits - 1))
    return build.constant(inverse, number.dtype) if least <= abs(inverse) < math.inf else None


def _is(node: Node, value: float) -> bool:
    return isinstance(node, Const) and node.value == value
