"""Sums of integer terms: the affine normal form of an expression, exact under wrapping, and back to a node.

In: an integer node. Out: `{term: coefficient}` and a constant, where terms are whatever is no sum and no product with
a constant. Because + - and * by constants are ring operations modulo 2**bits, the form equals the node for all values,
wrapped or not. Terms keep the order of first appearance, so that a form already normal gives the same node again.
"""

from __future__ import annotations

from collections.abc import Mapping

from tdsl.dtypes import DType, wrap
from tdsl.expr import build
from tdsl.expr.constants import signed
from tdsl.expr.node import INT64, Binary, Const, Node, Unary

Form = tuple[dict[Node, int], int]
"""Terms with their coefficients (never 0), and the constant: Python ints, reduced to the signed range of the dtype."""

MAXIMUM_TERMS = 64
"""A sum of more terms is kept as a term of its own, so that forms stay small."""


def linear(node: Node, memo: dict[Node, Form] | None = None) -> Form:
    """The affine normal form of an integer node: the node is the sum of term * coefficient, plus the constant.

    >>> linear((i + 3) * 4 - i)          # {i: 3}, 12
    """
    known: dict[Node, Form] = {} if memo is None else memo
    stack = [node]
    while stack:
        current = stack[-1]
        missing = (
            [child for child in _summands(current) if child not in known] if current not in known else []
        )
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if current not in known:
            known[current] = _form(current, known)
    return known[node]


def _summands(node: Node) -> tuple[Node, ...]:
    """The operands whose forms make up the node's form; none for a term."""
    if isinstance(node, Unary) and node.op == "neg":
        return (node.operand,)
    if isinstance(node, Binary) and node.dtype.is_integer:
        if node.op in ("add", "sub"):
            return (node.lhs, node.rhs)
        if node.op == "mul":
            return (
                (node.lhs,)
                if isinstance(node.rhs, Const)
                else (node.rhs,)
                if isinstance(node.lhs, Const)
                else ()
            )
    return ()


def _form(node: Node, known: Mapping[Node, Form]) -> Form:
    if isinstance(node, Const):
        return {}, signed(int(node.value), node.of)
    parts = _summands(node)
    if not parts:
        return {node: 1}, 0
    if len(parts) == 1:
        factor = -1 if isinstance(node, Unary) else _factor(node)
        return scaled(known[parts[0]], factor, node.dtype)
    assert isinstance(node, Binary)
    total = combined(known[parts[0]], known[parts[1]], 1 if node.op == "add" else -1, node.dtype)
    return total if len(total[0]) <= MAXIMUM_TERMS else ({node: 1}, 0)


def _factor(node: Node) -> int:
    assert isinstance(node, Binary)
    constant = node.rhs if isinstance(node.rhs, Const) else node.lhs
    assert isinstance(constant, Const)
    return int(constant.value)


def scaled(form: Form, factor: int, dtype: DType) -> Form:
    """`factor * form`."""
    terms = {term: signed(count * factor, dtype) for term, count in form[0].items()}
    return {term: count for term, count in terms.items() if count}, signed(form[1] * factor, dtype)


def combined(a: Form, b: Form, factor: int, dtype: DType) -> Form:
    """`a + factor * b`."""
    terms = dict(a[0])
    for term, count in b[0].items():
        total = signed(terms.get(term, 0) + factor * count, dtype)
        if total:
            terms[term] = total
        else:
            terms.pop(term, None)
    return terms, signed(a[1] + factor * b[1], dtype)


def from_linear(form: Form, dtype: DType = INT64) -> Node:
    """The node of a form: positive terms lead, `x * 3` for coefficients, the constant last: `j * 4 - i + 2`."""
    terms, constant = form
    order = (
        sorted(terms, key=lambda term: terms[term] < 0)
        if terms and next(iter(terms.values())) < 0
        else list(terms)
    )
    total: Node | None = None
    if order and terms[order[0]] < 0 and constant > 0:
        total, constant = constant_of(constant, dtype), 0
    for term in order:
        total = _plus(total, term, terms[term], dtype)
    return constant_of(constant, dtype) if total is None else build.add(total, constant_of(constant, dtype))


def constant_of(value: int, dtype: DType) -> Const:
    """An integer constant, wrapped into the dtype."""
    return build.constant(wrap(value, dtype), dtype)


def _plus(total: Node | None, term: Node, count: int, dtype: DType) -> Node:
    if total is None:
        return (
            term
            if count == 1
            else build.neg(term)
            if count == -1
            else build.mul(term, constant_of(count, dtype))
        )
    magnitude = term if abs(count) == 1 else build.mul(term, constant_of(abs(count), dtype))
    return build.binary("add" if count > 0 else "sub", total, magnitude)
