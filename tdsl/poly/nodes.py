"""isl objects back to scalar nodes: affine values, piecewise values (as min, max or select), conditions.

In: isl objects with one `Node` a dimension and a parameter, in order. Out: int64 and bool nodes, by `expr/build.py`.
Divisions of isl become `//`, and `x - d * (x // d)` becomes `x % d`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import lcm

from tdsl.expr.build import (
    FALSE,
    TRUE,
    add,
    compare,
    floordiv,
    logical_and,
    logical_or,
    maximum,
    minimum,
    mod,
    mul,
    select,
    sub,
)  # fmt: skip
from tdsl.expr.node import Binary, Const, Node, Var, index_const
from tdsl.poly import library as isl
from tdsl.poly.isl import CST, DIV, IN, PARAM, pieces
from tdsl.poly.polynomial import Monomial, polynomial


def monomial_node(monomial: Monomial) -> Node:
    """The product a parameter stands for."""
    nodes: list[Var] = list(monomial)
    return reduce(mul, nodes[1:], nodes[0])


def aff_node(aff: isl.Aff, dims: Sequence[Node], params: Sequence[Node]) -> Node:
    """An affine value with floors; a common denominator becomes one `//` around the whole."""
    terms = list(zip(isl.coefficients(aff, PARAM), params, strict=False))
    terms += zip(isl.coefficients(aff, IN), dims, strict=False)
    for place, fraction in enumerate(isl.coefficients(aff, DIV)):
        if fraction[0]:
            terms.append((fraction, aff_node(aff.get_div(place), dims, params)))
    (constant,) = isl.coefficients(aff, CST)
    scale = lcm(constant[1], *(below for (_, below), _ in terms))
    whole = [(above * (scale // below), node) for (above, below), node in terms]
    result = _sum(*_remainders(whole, constant[0] * (scale // constant[1])))
    return result if scale == 1 else floordiv(result, index_const(scale))


def _remainders(terms: list[tuple[int, Node]], constant: int) -> tuple[list[tuple[int, Node]], int]:
    """`s*x - s*d*(x // d)` becomes `s * (x % d)` where the terms of x are there."""
    found = {node: coefficient for coefficient, node in terms if coefficient}
    for node, coefficient in list(found.items()):
        if not (isinstance(node, Binary) and node.op == "floordiv" and isinstance(node.rhs, Const)):
            continue
        divisor, inner = int(node.rhs.value), polynomial(node.lhs)
        if inner is None or coefficient % divisor or not inner[0]:
            continue
        scale = -coefficient // divisor
        parts = {monomial_node(monomial): scale * count for monomial, count in inner[0].items()}
        if all(found.get(part) == count for part, count in parts.items()):
            for part in (node, *parts):
                del found[part]
            found[mod(node.lhs, node.rhs)] = scale
            constant -= scale * inner[1]
    return [(coefficient, node) for node, coefficient in found.items()], constant


def _sum(terms: list[tuple[int, Node]], constant: int) -> Node:
    """Positive terms first, so that sums read well."""
    total: Node | None = None
    for coefficient, node in sorted(terms, key=lambda term: term[0] < 0):
        scaled = mul(node, index_const(abs(coefficient)))
        if total is None:
            total = scaled if coefficient > 0 else mul(node, index_const(coefficient))
        else:
            total = add(total, scaled) if coefficient > 0 else sub(total, scaled)
    return index_const(constant) if total is None else add(total, index_const(constant))


def pw_aff_node(value: isl.PwAff, dims: Sequence[Node], params: Sequence[Node]) -> Node:
    """A piecewise value: one affine value, a min or max of several, or selects by pieces (0 where it is undefined)."""
    parts = pieces(value.coalesce())
    affs: list[isl.Aff] = []
    for _, aff in parts:
        if not any(aff.plain_is_equal(other) for other in affs):
            affs.append(aff)
    if not affs:
        return index_const(0)
    if len(affs) == 1:
        return aff_node(affs[0], dims, params)
    domain = value.domain()
    whole = [isl.PwAff.from_aff(aff) for aff in affs]
    nodes = [aff_node(aff, dims, params) for aff in affs]
    if value.is_equal(reduce(isl.PwAff.min, whole).intersect_domain(domain)):
        return reduce(minimum, nodes)
    if value.is_equal(reduce(isl.PwAff.max, whole).intersect_domain(domain)):
        return reduce(maximum, nodes)
    result = aff_node(parts[-1][1], dims, params)
    for piece, aff in reversed(parts[:-1]):
        result = select(set_node(piece.gist(domain), dims, params), aff_node(aff, dims, params), result)
    return result


def set_node(domain: isl.Set, dims: Sequence[Node], params: Sequence[Node]) -> Node:
    """The condition that a point lies in a set: pieces joined by `or`."""
    parts = [
        logical_and(*_conjuncts(basic, dims, params)) for basic in domain.compute_divs().get_basic_sets()
    ]
    return reduce(logical_or, parts, FALSE) if parts else FALSE


def params_node(domain: isl.Set, params: Sequence[Node]) -> Node:
    """The condition on sizes that a set of parameters stands for."""
    return set_node(isl.Set.from_params(domain) if domain.is_params() else domain, (), params)


def _conjuncts(basic: isl.BasicSet, dims: Sequence[Node], params: Sequence[Node]) -> list[Node]:
    found = [
        _constraint_node(constraint, dims, params)
        for constraint in basic.get_constraints()
        if not constraint.is_div_constraint()
    ]
    return [node for node in found if node is not TRUE]


def _constraint_node(constraint: isl.Constraint, dims: Sequence[Node], params: Sequence[Node]) -> Node:
    """A comparison of sums without negative terms, what moves with the loops on the left: `i * 8 + ii < n`."""
    aff = constraint.get_aff()
    terms = [
        (above, node)
        for kind, nodes in ((PARAM, params), (IN, dims))
        for (above, _), node in zip(isl.coefficients(aff, kind), nodes, strict=False)
    ]
    for place, (coefficient, _) in enumerate(isl.coefficients(aff, DIV)):
        if coefficient:
            terms.append((coefficient, aff_node(aff.get_div(place), dims, params)))
    terms, constant = _remainders(terms, isl.coefficients(aff, CST)[0][0])
    if not terms:
        holds = constant == 0 if constraint.is_equality() else constant >= 0
        return TRUE if holds else FALSE
    if all(coefficient < 0 for coefficient, _ in terms):
        lhs = _sum([(-coefficient, node) for coefficient, node in terms], 0)
        return compare("eq" if constraint.is_equality() else "le", lhs, index_const(constant))
    positive = [(coefficient, node) for coefficient, node in terms if coefficient > 0]
    negative = [(-coefficient, node) for coefficient, node in terms if coefficient < 0]
    moves = not constraint.is_equality() and any(node not in params for _, node in negative)
    if moves and constant < 0:
        return compare("lt", _sum(negative, -constant - 1), _sum(positive, 0))
    if moves:
        return compare("le", _sum(negative, 0), _sum(positive, constant))
    lhs = _sum(positive, 0)
    rhs = _sum(negative, -constant)
    return compare("eq" if constraint.is_equality() else "ge", lhs, rhs)
