"""Polynomials over sizes and axes: what nodes of `+ - *` stand for, and the parameters of the spaces they are put in.

In: nodes. Out: coefficients by monomial, or None where other operators occur; a product of sizes is one opaque
parameter to isl (semantics B4). No isl here, so that declarations may ask without loading it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tdsl.expr.build import mul
from tdsl.expr.linear import from_linear
from tdsl.expr.node import Binary, Cast, Const, Node, Unary, Var

Monomial = tuple[Var, ...]
"""A product of variables in order of name; of one variable, the variable itself."""

Linear = tuple[dict[Monomial, int], int]
"""Coefficients (none zero) and the constant of a polynomial with integer coefficients."""


def polynomial(node: Node) -> Linear | None:
    """The polynomial a node of `+ - *` stands for; None where other operators occur."""
    known: dict[Node, Linear | None] = {}
    stack = [node]
    while stack:
        current = stack[-1]
        missing = [child for child in _operands(current) if child not in known]
        if missing:
            stack += missing
            continue
        stack.pop()
        if current not in known:
            known[current] = _polynomial(current, known)
            if known[current] is None:
                return None  # what it stands in is none either
    return known[node]


def _operands(node: Node) -> tuple[Node, ...]:
    """The parts whose polynomials make the node's."""
    if isinstance(node, Unary | Cast) or (isinstance(node, Binary) and node.op in ("add", "sub", "mul")):
        return node.children
    return ()


def _polynomial(node: Node, known: Mapping[Node, Linear | None]) -> Linear | None:
    """The polynomial of a node from those of its operands."""
    match node:
        case Const():
            return {}, int(node.value)
        case Var():
            return {(node,): 1}, 0
        case Unary(op="neg"):
            part = known[node.operand]
            return None if part is None else combined(({}, 0), part, -1)
        case Binary(op="add" | "sub" | "mul" as op):
            lhs, rhs = known[node.lhs], known[node.rhs]
            if lhs is None or rhs is None:
                return None
            return multiplied(lhs, rhs) if op == "mul" else combined(lhs, rhs, 1 if op == "add" else -1)
        case Cast():
            return known[node.operand] if _widens(node) else None
        case _:
            return None


def combined(lhs: Linear, rhs: Linear, factor: int) -> Linear:
    """`lhs + factor * rhs`."""
    terms = dict(lhs[0])
    for monomial, coefficient in rhs[0].items():
        total = terms.pop(monomial, 0) + factor * coefficient
        if total:
            terms[monomial] = total
    return terms, lhs[1] + factor * rhs[1]


def multiplied(lhs: Linear, rhs: Linear) -> Linear:
    """`lhs * rhs`."""
    result: Linear = {}, lhs[1] * rhs[1]
    for one, other in ((lhs, rhs[1]), (rhs, lhs[1])):
        result = combined(result, (one[0], 0), other) if other else result
    for first, a in lhs[0].items():
        for second, b in rhs[0].items():
            both = tuple(sorted(first + second, key=lambda var: var.name))
            result = combined(result, ({both: a * b}, 0), 1)
    return result


def leading_monomial(form: Linear) -> Monomial:
    """The monomial of highest degree, then last by name; the empty one of a constant."""
    return max(form[0], key=lambda one: (len(one), [var.name for var in one]), default=())


def divided(form: Linear, stride: Linear) -> tuple[Linear, Linear]:
    """`(q, r)` with `form = q * stride + r`, where no term of r is a multiple of the stride's leading term."""
    leading = leading_monomial(stride)
    factor = stride[0].get(leading, stride[1])
    quotient: Linear = {}, 0
    while (term := _multiple(form, leading, factor)) is not None:
        quotient = combined(quotient, term, 1)
        form = combined(form, multiplied(term, stride), -1)
    return quotient, form


def _multiple(form: Linear, leading: Monomial, factor: int) -> Linear | None:
    """What the first term that is a multiple of another is a multiple by."""
    for monomial, count in (*form[0].items(), ((), form[1])):
        rest = list(monomial)
        for var in leading:
            if var not in rest:
                break
            rest.remove(var)
        else:
            if count and count % factor == 0:
                return ({tuple(rest): count // factor}, 0) if rest else ({}, count // factor)
    return None


def linear_node(form: Linear) -> Node:
    """A polynomial as a node."""
    terms: dict[Node, int] = {}
    for monomial, coefficient in form[0].items():
        product: Node = monomial[0]
        for var in monomial[1:]:
            product = mul(product, var)
        terms[product] = coefficient
    return from_linear((terms, form[1]))


def _widens(node: Cast) -> bool:
    """Whether a cast of a variable or constant keeps every value (arithmetic in narrow types may have wrapped)."""
    source, target = node.operand.dtype, node.to
    if not isinstance(node.operand, Var | Const) or not (source.is_integer and target.is_integer):
        return False
    if source.kind == target.kind:
        return source.bits <= target.bits
    return source.kind == "uint" and source.bits < target.bits


def parameters(nodes: Iterable[Node]) -> tuple[Monomial, ...]:
    """The sizes, params and products of them that occur, in order of degree and name: the parameters of every space."""
    found: set[Monomial] = set()
    stack = list(nodes)
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        form = polynomial(node)
        if form is None:
            stack.extend(node.children)
            continue
        for monomial in form[0]:
            found.update((var,) for var in monomial if var.kind != "axis")
            if all(var.kind != "axis" for var in monomial):
                found.add(monomial)
    return tuple(sorted(found, key=lambda monomial: (len(monomial), [var.name for var in monomial])))
