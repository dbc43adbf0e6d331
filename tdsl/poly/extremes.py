"""The least and greatest value of an affine expression as expressions of sizes, and quotients of them by a size.

In: a lifted node, and the limits of axes and opaque variables in it. Out: nodes over sizes alone, or None. They bound
what is unknown when a loop starts: a subscript read from data, `x // m` where `x` runs over a multiple of `m`
(semantics B4), a loop bound read from data (B3). Sound, not tight: each operand is taken at its own extreme.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from tdsl.expr.build import ONE, ZERO, add, floordiv, maximum, minimum, mul, neg, sub
from tdsl.expr.node import Binary, Const, Node, Select, Unary, Var, index_const
from tdsl.expr.rewrite import walk
from tdsl.poly.polynomial import Monomial, polynomial

Extremes = tuple[Node, Node]
"""Least and greatest value, both taken."""

LimitsOf = Callable[[Var], Extremes | None]


def extremes(node: Node, limits: LimitsOf) -> Extremes | None:
    """Least and greatest value of an int64 node; None where an operator has none that are simple.

    Args:
        node: affine in variables, as `Lifting` makes it.
        limits: of an axis or an opaque variable, in sizes.
    """
    found: dict[Node, Extremes | None] = {}
    for part in walk(node):
        if not part.dtype.is_bool:
            found[part] = _extremes(part, found, limits)
    return found[node]


def _extremes(node: Node, found: Mapping[Node, Extremes | None], limits: LimitsOf) -> Extremes | None:
    match node:
        case Const():
            return node, node
        case Var():
            return (node, node) if node.kind == "size" else limits(node)
        case Unary(op="neg"):
            operand = found[node.operand]
            return None if operand is None else (neg(operand[1]), neg(operand[0]))
        case Select():
            then, otherwise = found[node.then], found[node.otherwise]
            if then is None or otherwise is None:
                return None
            return minimum(then[0], otherwise[0]), maximum(then[1], otherwise[1])
        case Binary():
            lhs, rhs = found[node.lhs], found[node.rhs]
            return None if lhs is None or rhs is None else _combined(node, lhs, rhs)
        case _:
            return None


def _combined(node: Binary, a: Extremes, b: Extremes) -> Extremes | None:
    match node.op:
        case "add":
            return add(a[0], b[0]), add(a[1], b[1])
        case "sub":
            return sub(a[0], b[1]), sub(a[1], b[0])
        case "min":
            return minimum(a[0], b[0]), minimum(a[1], b[1])
        case "max":
            return maximum(a[0], b[0]), maximum(a[1], b[1])
        case "mul":
            return _product(node, a, b)
        case "floordiv" if isinstance(node.rhs, Const) and int(node.rhs.value) > 0:
            return floordiv(a[0], node.rhs), floordiv(a[1], node.rhs)
        case "mod" if isinstance(node.rhs, Const) and int(node.rhs.value) > 0:
            return ZERO, sub(node.rhs, ONE)
        case _:
            return None


def _product(node: Binary, a: Extremes, b: Extremes) -> Extremes | None:
    """A product with a constant, or of sizes, which are not negative."""
    for factor, (low, high) in ((node.rhs, a), (node.lhs, b)):
        if isinstance(factor, Const):
            least, greatest = mul(low, factor), mul(high, factor)
            return (least, greatest) if int(factor.value) >= 0 else (greatest, least)
    return (node, node) if a[0] is a[1] and b[0] is b[1] else None


def divided(form: Node, divisor: Monomial) -> tuple[Node, int] | None:
    """`(p, c)` such that the polynomial is `p * divisor + c` with a constant c; None where it is not."""
    terms = polynomial(form)
    if terms is None:
        return None
    quotient: Node = ZERO
    for monomial, coefficient in terms[0].items():
        rest = Counter(monomial)
        rest.subtract(divisor)
        if min(rest.values()) < 0:
            return None
        factor: Node = ONE
        for var in sorted(rest.elements(), key=lambda var: var.name):
            factor = mul(factor, var)
        quotient = add(quotient, mul(factor, index_const(coefficient)))
    return quotient, terms[1]
