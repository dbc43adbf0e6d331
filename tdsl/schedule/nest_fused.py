"""One loop for a fused group: the product of the extents of its leaves, which are found again by division.

In: the builder's tables and the dims of a fused loop whose extents do not depend on one another. Out: the loop, or the
loops it was split into, around lets that bind the leaves (semantics P5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, cast

from tdsl.expr.build import add, ceildiv, floordiv, lt, maximum, minimum, mod, mul, sub
from tdsl.expr.node import Node, index_const
from tdsl.expr.simplify import simplify
from tdsl.schedule.nest import LoopKind, NestGuard, NestItem, NestLet, NestLoop, local
from tdsl.schedule.nest_plan import StagePlan

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Group, NestBuilder


def fused_loop(
    builder: NestBuilder, plan: StagePlan, group: Group, items: tuple[NestItem, ...]
) -> tuple[NestItem, ...]:
    """The loop of a group of leaves around its body."""
    name, kind, dims = group
    spans = [sub(builder.bounds[d].upper, builder.bounds[d].lower) for d in dims]
    extents = [simplify(maximum(span, index_const(0)), builder.known) for span in spans]
    total = reduce(mul, extents)
    parts, splits = plan.chunked(name)
    written_out = frozenset(mark.name for mark in parts if mark.kind == "unroll")
    chunks = _chunks(builder, plan, (name, total), [mark.name for mark in parts], splits, written_out)
    rest, runs = chunks.position, chunks.spans
    for place in range(len(dims) - 1, -1, -1):
        low = builder.bounds[dims[place]].lower
        part = rest if place == 0 else mod(rest, extents[place])
        rest = floordiv(rest, extents[place])
        items = (NestLet(builder.names[plan.name, dims[place][1]], add(low, part), items),)
    for inside in chunks.inside:
        items = (NestGuard(inside, items),)
    marks = [(mark.name, mark.kind) for mark in parts] or [(name, kind)]
    for loop, how in reversed(marks):
        variable = builder.names[plan.name, loop]
        how = cast(LoopKind, how)
        items = (NestLoop(plan.name, loop, variable, how, index_const(0), runs[loop], items),)
    return items


def fused_threads(
    builder: NestBuilder, plan: StagePlan, group: Group, items: tuple[NestItem, ...]
) -> tuple[NestItem, ...]:
    """The loop of a group bound to the threads of a block: its leaves run over constants, from 0."""
    name, kind, dims = group
    variable = builder.names[plan.name, name]
    rest: Node = local(variable)
    extents = [index_const(builder.extents[dim]) for dim in dims]
    for place in range(len(dims) - 1, -1, -1):
        part = rest if place == 0 else mod(rest, extents[place])
        rest = floordiv(rest, extents[place])
        items = (NestLet(builder.names[plan.name, dims[place][1]], part, items),)
    total = simplify(reduce(mul, extents), builder.known)
    return (NestLoop(plan.name, name, variable, cast(LoopKind, kind), index_const(0), total, items),)


@dataclass(frozen=True, slots=True)
class _Chunks:
    """The position in a fused loop, the extent of each loop it was split into, and what holds at positions that exist."""

    position: Node
    spans: dict[str, Node]
    inside: tuple[Node, ...]


def _chunks(
    builder: NestBuilder,
    plan: StagePlan,
    whole: tuple[str, Node],
    order: Sequence[str],
    splits: Sequence[tuple[str, str, int]],
    written_out: frozenset[str],
) -> _Chunks:
    """A fused loop (its name and extent) in parts. written_out: loops over whole chunks, with a condition in the last."""
    name, left = whole
    first = order[0] if order else name
    position: Node = local(builder.names[plan.name, first])
    spans: dict[str, Node] = {first: left}
    inside: list[Node] = []
    values: dict[str, Node] = {loop: local(builder.names[plan.name, loop]) for loop in order}
    for outer, inner, factor in reversed(splits):
        parent = add(mul(values[outer], index_const(factor)), values[inner])
        values[outer] = position = parent
    for outer, inner, factor in splits:
        spans[outer] = ceildiv(left, factor)
        start = mul(local(builder.names[plan.name, outer]), index_const(factor))
        rest = sub(left, start)
        spans[inner] = index_const(factor) if inner in written_out else minimum(index_const(factor), rest)
        if inner in written_out:
            inside.append(lt(local(builder.names[plan.name, inner]), rest))
        left = spans[inner]
    return _Chunks(position, spans, tuple(inside))
