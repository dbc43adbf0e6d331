"""What a loop asks for ahead of time: the point that a later iteration begins with; a builder and a loop in, items out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.build import ZERO, add
from tdsl.expr.node import Node, Read, index_const
from tdsl.expr.rewrite import reads, substitute, variables
from tdsl.expr.simplify import simplify
from tdsl.schedule.nest import NestCompute, NestItem, local
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.state import Prefetched

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, NestBuilder


def fetched(builder: NestBuilder, plan: StagePlan, name: str, dims: Sequence[Dim]) -> tuple[NestItem, ...]:
    """What is asked for in each iteration of a loop of the stage's main nest."""
    asked = [one for one in plan.state.prefetches if one.loop == name]
    return prefetches(builder, plan, dims[-1], asked) if asked and dims[-1][0] == plan.name else ()


def prefetches(
    builder: NestBuilder, plan: StagePlan, dim: Dim, asked: Sequence[Prefetched]
) -> tuple[NestItem, ...]:
    """The items of the loop that is `dim`: the loops inside it at their starts, itself `ahead` iterations later."""
    leaves = [leaf for _, group in plan.groups for leaf in group]
    inner = leaves[leaves.index(dim[1]) + 1 :]
    values = dict(builder.axes(plan, plan.name))
    for leaf in reversed(inner):
        bound = builder.bounds.get((plan.name, leaf))
        if bound is None:
            return ()
        start: Node = ZERO if bound.extent is not None else bound.lower
        start_of: dict[Node, Node] = {local(builder.names[plan.name, leaf]): start}
        values = {axis: substitute(value, start_of) for axis, value in values.items()}
    own = local(builder.names[dim])
    found = [read for read in reads(*plan.state.stage.body) if not reads(*read.index)]
    items: list[NestItem] = []
    for one in asked:
        _check_outlives(builder, plan, one, leaves, len(leaves) - len(inner) - 1)
        later: dict[Node, Node] = {own: add(own, index_const(one.ahead))}
        pairs = ((axis, simplify(substitute(value, later), builder.known)) for axis, value in values.items())
        point = tuple(pairs)
        asking = [read for read in found if read.tensor.name == one.tensor]
        if asking:
            _check_start(plan, one, asking, values)
            ahead = one.loop, one.ahead
            items.append(NestCompute(plan.name, "prefetch", point, tensor=one.tensor, ahead=ahead))
            builder.prefetched.add((plan.name, one))
    return tuple(items)


def _check_start(
    plan: StagePlan, one: Prefetched, asking: Sequence[Read], values: Mapping[str, Node]
) -> None:
    """Raises where data says where a later iteration begins: it is read then, not ahead. Errors: L113."""
    for axis in variables(*(part for read in asking for part in read.index)):
        if axis.name in values and any(reads(values[axis.name])):
            raise LimitError(
                "L113",
                f"{one.tensor} cannot be prefetched in {one.loop} of {plan.name}: data says where {axis.name} starts",
                why=["that of a later iteration would have to be read ahead, too"],
                hint=["a loop inside of that one"],
            )


def _check_outlives(
    builder: NestBuilder, plan: StagePlan, one: Prefetched, leaves: Sequence[str], position: int
) -> None:
    """Raises where a later iteration of the loop has another buffer of the tensor, or none in memory. Errors: L113."""
    made = builder.state.find(one.tensor)
    if made is not None and made.scope == "register":
        raise LimitError(
            "L113",
            f"{one.tensor} cannot be prefetched in {one.loop} of {plan.name}: it is in registers",
            why=["there is nothing nearer"],
            hint=['scope="stack" or "heap"', "no prefetch of it"],
        )
    place = None if made is None else builder.storage.place(made)
    if place is not None and place.stage == plan.name and leaves.index(place.loop) >= position:
        raise LimitError(
            "L113",
            f"{one.tensor} cannot be prefetched in {one.loop} of {plan.name}: it is stored anew in each iteration",
            why=[f"its buffer is made inside of {place.loop}"],
            hint=[f"store_root or store_at a loop outside of {one.loop}"],
        )


def check_prefetches(builder: NestBuilder) -> None:
    """Raises where a prefetch found no loop or no read any more. Errors: L113."""
    for plan in builder.plans.values():
        for one in plan.state.prefetches:
            if (plan.name, one) not in builder.prefetched:
                raise LimitError(
                    "L113",
                    f"{one.tensor} cannot be prefetched in {one.loop} of {plan.name} any more",
                    why=[
                        "later directives moved the loop, share it with another stage, or read something else"
                    ],
                    hint=["prefetch last"],
                )
