"""The simplifier's rules for conditions: comparisons of integers, `and`, `or`, `not`, and selects.

In: what is known of the variables, and one node with simple operands. Out: the node or an equal one, for every value
the variables can take.
"""

from __future__ import annotations

from math import gcd

from tdsl.expr import build
from tdsl.expr.integer_rules import from_sum
from tdsl.expr.knowledge import Knowledge
from tdsl.expr.linear import Form
from tdsl.expr.node import Binary, Compare, Node, Select, Unary

MAXIMUM_CHAIN = 64
"""Conditions joined by one operator that are compared with each other; of longer chains each stands for itself."""


def simplify_comparison(known: Knowledge, node: Compare) -> Node:
    """Decides a comparison, or takes common terms and common factors out of both sides of an integer one.

    Rewrite::

        32*o + i < 32*o + n     i < n           4*i <= 4*n + 2     i <= n
        i + 1 <= n              i < n           x <= 31            x < 32
    """
    folded = build.compare(node.op, node.lhs, node.rhs)
    if not isinstance(folded, Compare) or not folded.lhs.dtype.is_integer:
        return folded
    if known.prove(folded):
        return build.TRUE
    if known.refute(folded):
        return build.FALSE
    if not (known.fits(folded.lhs) and known.fits(folded.rhs)):
        return folded
    cancelled = _cancelled(known, folded)
    return _strict(known, cancelled) if isinstance(cancelled, Compare) else cancelled


def _cancelled(known: Knowledge, node: Compare) -> Node:
    (left, a), (right, b) = known.form(node.lhs), known.form(node.rhs)
    shared = any(term in right and (count > 0) == (right[term] > 0) for term, count in left.items())
    terms = {term: left.get(term, 0) - right.get(term, 0) for term in (*left, *right)}
    terms = {term: count for term, count in terms.items() if count}
    factor = gcd(*terms.values()) if terms else 1
    constant = a - b
    if factor == 1 and not shared:
        return node
    # sum(terms) + constant <op> 0, divided by the factor; the rounding of the constant keeps integers exact.
    if node.op in ("eq", "ne") and constant % factor:
        return build.FALSE if node.op == "eq" else build.TRUE
    rounded = constant // factor if node.op in ("eq", "ne", "lt", "ge") else -(-constant // factor)
    positive: Form = ({term: count // factor for term, count in terms.items() if count > 0}, max(rounded, 0))
    negative: Form = (
        {term: -count // factor for term, count in terms.items() if count < 0},
        max(-rounded, 0),
    )
    dtype = node.lhs.dtype
    # Without the terms that were taken out, a side may wrap that did not before.
    if not (known.representable(positive, dtype) and known.representable(negative, dtype)):
        return node
    return build.compare(node.op, from_sum(known, positive, dtype), from_sum(known, negative, dtype))


def _strict(known: Knowledge, node: Compare) -> Node:
    """`<=` as `<`, in the half-open style of bounds, where that needs no constant or has one already."""
    if node.op not in ("le", "ge"):
        return node
    lesser, greater = (node.lhs, node.rhs) if node.op == "le" else (node.rhs, node.lhs)
    (left, a), (right, b) = known.form(lesser), known.form(greater)
    if not left or (right and a - b != 1):
        return node
    # left + a <= right + b is left + (a - b - 1) < right.
    shift = a - b - 1
    dtype = node.lhs.dtype
    first: Form = (left, max(shift, 0) if right else 0)
    second: Form = (right, max(-shift, 0) if right else -shift)
    if not (known.representable(first, dtype) and known.representable(second, dtype)):
        return node
    return build.lt(from_sum(known, first, dtype), from_sum(known, second, dtype))


def negated(known: Knowledge, condition: Node) -> Node:
    """The negation of a simple condition, simple again."""
    node = build.logical_not(condition)
    return simplify_comparison(known, node) if isinstance(node, Compare) else node


def _longer(node: Binary, limit: int) -> bool:
    """Whether a chain of one operator has more than `limit` links; it leans to the left, as Python's operators do."""
    link: Node = node
    for _ in range(limit):
        if not (isinstance(link, Binary) and link.op == node.op):
            return False
        link = link.lhs
    return True


def simplify_condition(known: Knowledge, node: Node) -> Node:
    """`and` and `or`: a side that the other one implies or excludes goes."""
    if not isinstance(node, Binary) or node.op not in ("and", "or"):
        return node
    holds = node.op == "and"
    if _longer(node, MAXIMUM_CHAIN):
        return node
    for side, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
        given = known.given(side if holds else build.logical_not(side))
        if given.prove(other):
            # a and b, where a implies b: a.   a or b, where not a implies b: true.
            return side if holds else build.TRUE
        if given.refute(other):
            return build.FALSE if holds else side
    return node


def simplify_select(known: Knowledge, node: Node) -> Node:
    """A select whose condition is decided, negated, or the value itself."""
    if not isinstance(node, Select):
        return node
    if known.prove(node.cond):
        return node.then
    if known.refute(node.cond):
        return node.otherwise
    if isinstance(node.cond, Unary) and node.cond.op == "not":
        return simplify_select(known, build.select(node.cond.operand, node.otherwise, node.then))
    if node.then is build.TRUE and node.otherwise is build.FALSE:
        return node.cond
    if node.then is build.FALSE and node.otherwise is build.TRUE:
        return negated(known, node.cond)
    return build.select(node.cond, node.then, node.otherwise)
