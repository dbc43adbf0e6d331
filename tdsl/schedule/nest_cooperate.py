"""The loops of a stage that all threads of a block make together: its constant extents as one loop that they share out.

In: the builder's tables and a StagePlan whose loops are scanned at constant extents. Out: one `cooperate` loop over
vectors of neighbours, the stage's own loops recovered from it by division. Neighbouring threads make neighbouring
elements, so that their accesses to memory are one (CUDA C++ Best Practices Guide, "Coalesced Access").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.build import add, floordiv, mod, mul
from tdsl.expr.node import Node, index_const
from tdsl.location import Location
from tdsl.schedule.nest import NestItem, NestLet, NestLoop, local
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.step_lines import said_at

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, Group, NestBuilder

WIDEST_BYTES = 16
"""Bytes of the widest access of one thread (PTX ISA, "Vectors": ld.v4.b32)."""


def cooperating(
    builder: NestBuilder,
    plan: StagePlan,
    groups: Sequence[Group],
    guards: Sequence[Node],
    body: Callable[[], tuple[NestItem, ...]],
) -> tuple[NestItem, ...]:
    """The stage's loops as one that the threads of the block share out."""
    dims = [dim for _, _, leaves in groups for dim in leaves]
    extents = [builder.extents[dim] for dim in dims]
    names = [builder.names[dim] for dim in dims]
    vector = _vector(plan, extents, said_at(builder.state, plan.name, "cooperate"))
    items = builder.guarded(plan, guards, body())
    part = f"{plan.name}.part"
    if dims:
        items = _recovered(plan, dims, extents, names, vector, part, items)
    total = index_const(prod(extents) // vector)
    return (NestLoop(plan.name, "cooperate", part, "cooperate", index_const(0), total, items),)


def _recovered(
    plan: StagePlan,
    dims: Sequence[Dim],
    extents: Sequence[int],
    names: Sequence[str],
    vector: int,
    part: str,
    items: tuple[NestItem, ...],
) -> tuple[NestItem, ...]:
    """Each loop's variable from the number of the vector; the innermost one's lanes are neighbours."""
    rest: Node = local(part)
    lets: list[tuple[str, Node]] = []
    spans = [*extents[:-1], extents[-1] // vector]
    for place in range(len(dims) - 1, -1, -1):
        value = rest if place == 0 else mod(rest, index_const(spans[place]))
        rest = floordiv(rest, index_const(spans[place]))
        lets.append((names[place], value))
    if vector > 1:
        innermost, value = lets[0]
        lane = f"{plan.name}.lane"
        first = mul(value, index_const(vector))
        items = (NestLet(innermost, add(first, local(lane)), items),)
        items = (NestLoop(plan.name, lane, lane, "vector", index_const(0), index_const(vector), items),)
        lets = lets[1:]
    for name, value in lets:
        items = (NestLet(name, value, items),)
    return items


def _vector(plan: StagePlan, extents: Sequence[int], where: Location | None) -> int:
    """Neighbours a thread makes at once."""
    assert plan.state.cooperate is not None
    asked = plan.state.cooperate.vector
    last = extents[-1] if extents else 1
    if asked is None:
        width = max(tensor.dtype.bytes for tensor in plan.state.stage.tensors)
        row = _row(plan, last)
        fitting = (n for n in (16, 8, 4, 2, 1) if n * width <= WIDEST_BYTES and last % n == row % n == 0)
        return max(fitting, default=1)
    if last % asked:
        along = plan.state.axes[-1] if plan.state.axes else "no axis"
        raise LimitError(
            "L131",
            f"vector={asked} does not divide the {last} elements that {plan.name} has along {along}",
            where=where,
            why=["a thread makes neighbours along the innermost loop"],
            hint=["a tile that is a multiple of it", f'cooperate("{plan.name}") chooses a width that fits'],
        )
    return asked


def _row(plan: StagePlan, last: int) -> int:
    """How long the stored rows are, whose vectors begin at their multiples: padded ones longer than what is made."""
    factor = dict(plan.state.aligns).get(plan.state.dims[-1], 1) if plan.state.dims else 1
    return -(-last // factor) * factor
