"""`a < b` and `a >= b` of affine integer nodes, taken apart at minima and maxima, decided where `a - b` is constant.

In: two int64 nodes. Out: a condition that holds at exactly the same points, without `min` and `max` at its top, so that
a clamped subscript costs isl no cases: `min(max(x, 0), n - 1) < n` is true, and `>= 0` is `n - 1 >= 0`.
"""

from __future__ import annotations

from tdsl.expr.build import FALSE, TRUE, compare, logical_and, logical_or, sub
from tdsl.expr.node import Binary, Node
from tdsl.poly.polynomial import polynomial


def is_below(a: Node, b: Node) -> Node:
    """`a < b`."""
    match a:
        case Binary(op="min"):
            return logical_or(is_below(a.lhs, b), is_below(a.rhs, b))
        case Binary(op="max"):
            return logical_and(is_below(a.lhs, b), is_below(a.rhs, b))
        case _:
            distance = _distance(b, a)
            return compare("lt", a, b) if distance is None else TRUE if distance > 0 else FALSE


def is_not_below(a: Node, b: Node) -> Node:
    """`a >= b`."""
    match a:
        case Binary(op="min"):
            return logical_and(is_not_below(a.lhs, b), is_not_below(a.rhs, b))
        case Binary(op="max"):
            return logical_or(is_not_below(a.lhs, b), is_not_below(a.rhs, b))
        case _:
            distance = _distance(a, b)
            return compare("ge", a, b) if distance is None else TRUE if distance >= 0 else FALSE


def _distance(a: Node, b: Node) -> int | None:
    """`a - b` where it is one number."""
    form = polynomial(sub(a, b))
    return form[1] if form is not None and not form[0] else None
