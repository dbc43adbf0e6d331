"""Loops in parts: first and last iterations apart (`peel`), full and partial tiles apart (`separate`).

In: a loop of a nest with its finished body, and how it is cut. Out: up to three loops over the same iterations in the
same order, each with a body of its own; in the one over full tiles, bounds and guards that hold for all of its
iterations are gone. Counterpart: LLVM's loop peeling, isl's `isolate`, Halide's loop partitioning, asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tdsl.errors import LimitError
from tdsl.expr.build import TRUE, add, floordiv, logical_and, maximum, minimum, mul, neg, sub
from tdsl.expr.knowledge import Knowledge
from tdsl.expr.node import INT64, Binary, Compare, Const, Load, Node, Read, Var, index_const
from tdsl.expr.rewrite import substitute, variables, walk
from tdsl.expr.simplify import linear, simplify
from tdsl.schedule.nest import (
    NestAllocate,
    NestBarrier,
    NestCompute,
    NestExchange,
    NestGuard,
    NestItem,
    NestLet,
    NestLoop,
    local,
)
from tdsl.schedule.state import Cut

Spans = Mapping[str, tuple[int, int] | None]
"""Variables bound inside the loop that is cut: first and last value where constants bound both."""


def cut(loop: NestLoop, how: Cut, known: Knowledge) -> tuple[NestLoop, ...]:
    """The loop in parts. Errors: L111 a loop that must be written out, cut where sizes say."""
    parts = _separated(loop, known) if how.separate else _peeled(loop, how.first, how.last, known)
    for part in parts:
        if loop.kind == "unroll" and not (isinstance(part.lower, Const) and isinstance(part.upper, Const)):
            raise LimitError(
                "L111",
                f"loop {loop.name} of {loop.stage} is written out, so it cannot be cut where sizes say",
                why=["it indexes registers" if loop.implied else "it is unrolled"],
                hint=[
                    f"separate a loop outside of {loop.name}",
                    'scope="stack" or "heap" for what it indexes',
                ],
            )
    return parts


# ---------------------------------------------------------------- peel
def _peeled(loop: NestLoop, first: int, last: int, known: Knowledge) -> tuple[NestLoop, ...]:
    """The first and the last iterations as loops of their own; fewer where the loop is shorter."""
    start = simplify(add(loop.lower, index_const(first)), known)
    end = simplify(sub(loop.upper, index_const(last)), known)
    few = "serial" if loop.kind == "parallel" else loop.kind
    parts: list[NestLoop] = []
    if first:
        parts.append(replace(loop, upper=simplify(minimum(start, loop.upper), known), kind=few))
    parts.append(replace(loop, lower=start, upper=end))
    if last:
        parts.append(replace(loop, lower=simplify(maximum(start, end), known), kind=few))
    return tuple(parts)


# ---------------------------------------------------------------- separate
@dataclass(frozen=True, slots=True)
class _Choice:
    """Where `gap` is at least 0, `node` is `becomes`; None where no value of the loop alone decides that."""

    node: Node
    becomes: Node
    gap: Node | None


def _separated(loop: NestLoop, known: Knowledge) -> tuple[NestLoop, ...]:
    """The iterations before, of and after the full tiles; the loop itself where nothing in it depends on the tile."""
    starts: list[Node] = []
    ends: list[Node] = []
    choices = dict.fromkeys(_choices(loop.body, loop.var, {}))
    bounds = {each: None if each.gap is None else _solved(each.gap, loop.var) for each in choices}
    open_ones = {each.node for each, solved in bounds.items() if solved is None}
    table = {each.node: each.becomes for each in choices if each.node not in open_ones}
    for choice, solved in bounds.items():
        if solved is not None and choice.node in table:
            (starts if solved[1] else ends).append(solved[0])
    if not table:
        return (loop,)
    first, last = loop.lower, loop.upper
    for start in dict.fromkeys(starts):
        first = maximum(first, start)
    first = simplify(first, known)
    for end in dict.fromkeys(ends):
        last = minimum(last, end)
    last = simplify(last, known)
    full = replace(loop, lower=first, upper=last, body=_assuming(loop.body, table, known))
    before = (replace(loop, upper=simplify(minimum(first, loop.upper), known)),) if starts else ()
    after = (replace(loop, lower=simplify(maximum(first, last), known)),) if ends else ()
    return (*before, full, *after)


def _choices(items: tuple[NestItem, ...], var: str, spans: Spans) -> Iterator[_Choice]:
    """Conditions and bounds in a body that the loop variable may decide for all values of the variables bound inside."""
    for item in items:
        match item:
            case NestLoop():
                yield from _of_bounds(item, var, spans)
                yield from _choices(item.body, var, {**spans, item.var: _span(item)})
            case NestGuard():
                for part in _conjuncts(item.cond):
                    if isinstance(part, Compare) and part.lhs.dtype is INT64:
                        yield _Choice(part, TRUE, _worst(_gap(part), spans))
                yield from _choices((*item.body, *item.otherwise), var, spans)
            case NestLet():
                yield from _choices(item.body, var, {**spans, item.var: None})
            case NestAllocate():
                yield from _choices(item.body, var, spans)
            case NestCompute() | NestBarrier() | NestExchange():
                pass


def _of_bounds(loop: NestLoop, var: str, spans: Spans) -> Iterator[_Choice]:
    for node in walk(loop.lower, loop.upper):
        if isinstance(node, Binary) and node.op in ("min", "max") and node.dtype is INT64:
            for chosen, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
                if not _mentions(chosen, var):
                    gap = sub(other, chosen) if node.op == "min" else sub(chosen, other)
                    yield _Choice(node, chosen, _worst(gap, spans))


def _worst(gap: Node | None, spans: Spans) -> Node | None:
    """The gap at the worst values of the variables bound inside; None where one has no constant span."""
    if gap is None or any(isinstance(part, Load | Read) for part in walk(gap)):
        return None
    terms, constant = linear(gap)
    rest: Node = index_const(constant)
    for term, count in terms.items():
        inner = [each.name for each in variables(term) if each.name in spans]
        if not inner:
            rest = add(rest, mul(term, index_const(count)))
            continue
        span = spans[inner[0]]
        if not isinstance(term, Var) or span is None:
            return None
        rest = add(rest, index_const(count * (span[0] if count > 0 else span[1])))
    return rest


def _span(loop: NestLoop) -> tuple[int, int] | None:
    """First and last value of a loop that runs no further than constants say."""
    low, high = _constants(loop.lower, "max"), _constants(loop.upper, "min")
    return (max(low), min(high) - 1) if low and high else None


def _constants(node: Node, op: str) -> list[int]:
    """The constants among the operands of a `min` or `max`, a constant added to it, or the constant itself."""
    if isinstance(node, Const):
        return [int(node.value)]
    if isinstance(node, Binary) and node.op == op:
        return _constants(node.lhs, op) + _constants(node.rhs, op)
    if isinstance(node, Binary) and node.op == "add" and isinstance(node.rhs, Const):
        return [value + int(node.rhs.value) for value in _constants(node.lhs, op)]
    return []


def _conjuncts(cond: Node) -> Iterator[Node]:
    if isinstance(cond, Binary) and cond.op == "and":
        yield from _conjuncts(cond.lhs)
        yield from _conjuncts(cond.rhs)
    else:
        yield cond


def _gap(node: Compare) -> Node | None:
    """A node that is at least 0 exactly where an inequality holds."""
    match node.op:
        case "ge":
            return sub(node.lhs, node.rhs)
        case "gt":
            return sub(sub(node.lhs, node.rhs), index_const(1))
        case "le":
            return sub(node.rhs, node.lhs)
        case "lt":
            return sub(sub(node.rhs, node.lhs), index_const(1))
        case _:
            return None


def _solved(gap: Node, var: str) -> tuple[Node, bool] | None:
    """(bound, whether it is the first value) of the values of `var` with gap >= 0; None where it is not linear in it."""
    terms, constant = linear(gap)
    name = local(var)
    factor = terms.get(name, 0)
    rest: Node = index_const(constant)
    for node, count in terms.items():
        if node is name:
            continue
        if _mentions(node, var):
            return None
        rest = add(rest, mul(node, index_const(count)))
    if factor == 0:
        return None
    if factor > 0:
        return neg(floordiv(rest, index_const(factor))), True
    return add(floordiv(rest, index_const(-factor)), index_const(1)), False


def _mentions(node: Node, var: str) -> bool:
    return local(var) in variables(node)


def _assuming(
    items: tuple[NestItem, ...], table: Mapping[Node, Node], known: Knowledge
) -> tuple[NestItem, ...]:
    """The body where all choices are made."""
    result: list[NestItem] = []

    def node(one: Node) -> Node:
        return simplify(substitute(one, table), known)

    for item in items:
        match item:
            case NestLoop():
                body = _assuming(item.body, table, known)
                result.append(replace(item, lower=node(item.lower), upper=node(item.upper), body=body))
            case NestGuard():
                cond = node(logical_and(*(table.get(part, part) for part in _conjuncts(item.cond))))
                body = _assuming(item.body, table, known)
                other = _assuming(item.otherwise, table, known)
                always = isinstance(cond, Const) and bool(cond.value)
                result.extend(body if always else (replace(item, cond=cond, body=body, otherwise=other),))
            case NestLet():
                result.append(replace(item, value=node(item.value), body=_assuming(item.body, table, known)))
            case NestAllocate():
                result.append(replace(item, body=_assuming(item.body, table, known)))
            case NestCompute():
                inside = tuple(part for part in item.inside if table.get(part) is not TRUE)
                result.append(replace(item, inside=inside))
            case NestBarrier() | NestExchange():
                result.append(item)
    return tuple(result)
