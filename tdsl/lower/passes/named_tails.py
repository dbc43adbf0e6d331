"""The last, partial tile as the user named it: a scalar remainder (`peel`) or an overlapping last tile (`shift`).

In: the body of a loop over tiles, and the conditions that guard its partial tile. Out: a body for the partial tile
alone, or None where that form cannot be had there (registers indexed by the lanes, a subscript that is not linear in
the loop): then the guarded body stays, which is always right. Halide's TailStrategy, ShiftInwards and Peel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tdsl.expr.build import add, compare, minimum, mul, sub
from tdsl.expr.knowledge import conjuncts
from tdsl.expr.node import INT64, Binary, Compare, Load, Node, Var, index_const
from tdsl.expr.rewrite import variables, walk
from tdsl.expr.simplify import linear
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store
from tdsl.lower.rewrite_statement import expressions, rewrite_expressions, walk_statements


def peeled(
    body: Statement, ends: Mapping[Node, tuple[str, Node]], registers: frozenset[str]
) -> Statement | None:
    """Lanes guarded by a condition of `ends` run one by one up to its end; ends: condition -> (lane, its end).

    None where the body touches a buffer of `registers`, which only constant subscripts can name.
    """
    return None if _touches(body, registers) else _peel(body, ends)


def _peel(body: Statement, ends: Mapping[Node, tuple[str, Node]]) -> Statement:
    match body:
        case For(kind="vector" | "unroll" | "serial", body=If(cond=cond, then=then, otherwise=None)) if (
            cond in ends and ends[cond][0] == body.var
        ):
            upper = minimum(body.upper, ends[cond][1])
            return For(body.var, body.lower, upper, "serial", _peel(then, ends))
        case For() | Let() | Allocate():
            return replace(body, body=_peel(body.body, ends))
        case If():
            other = None if body.otherwise is None else _peel(body.otherwise, ends)
            return replace(body, then=_peel(body.then, ends), otherwise=other)
        case Block():
            return Block(tuple(_peel(one, ends) for one in body.statements))
        case Store() | Prefetch() | Barrier():
            return body


def _touches(body: Statement, buffers: frozenset[str]) -> bool:
    """Whether a statement stores to or loads from one of the buffers."""
    if isinstance(body, Store) and body.buffer in buffers:
        return True
    loads = (node for one in expressions(body) for node in walk(one) if isinstance(node, Load))
    if any(node.buffer in buffers for node in loads):
        return True
    match body:
        case For() | Let() | Allocate():
            return _touches(body.body, buffers)
        case If():
            return _touches(body.then, buffers) or (
                body.otherwise is not None and _touches(body.otherwise, buffers)
            )
        case Block():
            return any(_touches(one, buffers) for one in body.statements)
        case Store() | Prefetch() | Barrier():
            return False


@dataclass(frozen=True, slots=True)
class _NotLinear(Exception):
    node: Node


def shifted(full: Statement, var: str, factor: int, start: Node) -> Statement | None:
    """The unguarded body with its tile moved back to `start` (a value for factor * var), so that it ends at the edge."""
    name = Var(var, INT64, "local")

    def moved(node: Node) -> Node:
        return _moved(node, name, factor, start)

    try:
        return rewrite_expressions(full, moved)
    except _NotLinear:
        return None


def _moved(node: Node, name: Var, factor: int, start: Node) -> Node:
    """`node` with factor * name replaced by `start`."""
    if name not in variables(node):
        return node
    if node.dtype is INT64 and not any(isinstance(part, Load) for part in walk(node)):
        terms, constant = linear(node)
        count = terms.get(name, 0)
        rest = {term: number for term, number in terms.items() if term is not name}
        if count and count % factor == 0 and not any(name in variables(term) for term in rest):
            total = add(mul(start, index_const(count // factor)), index_const(constant))
            for term, number in rest.items():
                total = add(total, mul(term, index_const(number)))
            return total
    if not node.children:
        raise _NotLinear(node)
    return node.rebuilt(tuple(_moved(child, name, factor, start) for child in node.children))


def fits(start: Node) -> Node:
    """Whether a whole tile fits at all."""
    return compare("ge", start, index_const(0))


def may_move(body: Statement, guard: Node, lanes: frozenset[str], var: str) -> bool:
    """Whether what else decides which points of a tile run is a function of the elements, not of where the tile stands.

    Args:
        body: the body of the loop over tiles; its other conditions, bounds and lets are looked at.
        guard: the linear condition on the tile's elements.
        lanes: variables of the lanes in it; var: of the loop over tiles.
    """
    rates = _rates(guard, lanes | {var})
    if rates is None:
        return False
    for one in walk_statements(body):
        if not isinstance(one, If | For | Let):
            continue
        for node in expressions(one):
            for part in conjuncts(node):
                if part is not guard and not _is_of_elements(part, rates, var):
                    return False
    return True


def _rates(node: Node, names: frozenset[str]) -> dict[str, int] | None:
    """By how much a side of an inequality, or an integer, grows with each variable; None where it is not linear in them."""
    if isinstance(node, Compare) and node.op in ("le", "lt", "ge", "gt") and node.lhs.dtype is INT64:
        node = sub(node.lhs, node.rhs)
    if node.dtype is not INT64:
        return None if names & _names(node) else dict.fromkeys(names, 0)
    terms, _ = linear(node)
    if any(names & _names(term) for term in terms if not isinstance(term, Var)):
        return None
    found = {term.name: count for term, count in terms.items() if isinstance(term, Var)}
    return {name: found.get(name, 0) for name in names}


def _is_of_elements(node: Node, rates: Mapping[str, int], var: str) -> bool:
    """Whether an expression changes with the tile's elements alone, or with the tile as a whole."""
    if isinstance(node, Binary) and node.op in ("min", "max"):
        return all(_is_of_elements(child, rates, var) for child in node.children)
    found = _rates(node, frozenset(rates))
    if found is None:
        return False
    lanes = [name for name in rates if name != var]
    return all(found[name] == 0 for name in lanes) or all(
        found[name] * rates[var] == found[var] * rates[name] for name in lanes
    )


def _names(node: Node) -> frozenset[str]:
    return frozenset(one.name for one in variables(node))
