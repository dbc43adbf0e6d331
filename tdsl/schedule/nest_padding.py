"""Padding of stages whose partial tiles are computed whole (tail "pad"): how much there is, and which conditions it saves.

In: the builder's tables of a stage whose loops have bounds. Out: elements past the end, an axis.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from tdsl.expr.node import Node
from tdsl.expr.rewrite import free_vars
from tdsl.schedule.nest_plan import StagePlan, derived_from

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import NestBuilder


def padding(builder: NestBuilder, plan: StagePlan) -> dict[str, int]:
    """Elements past the end that loops with tail "pad" may write, an axis."""
    found: dict[str, int] = {}
    tails = {loop for loops, tail in plan.tails if tail == "pad" for loop in loops}
    for axis in plan.state.stage.axes:
        carried = derived_from(frozenset({axis.name}), plan.state.relations)
        if not carried & tails:
            continue
        lanes = [
            extent for dim, extent in builder.extents.items() if dim[0] == plan.name and dim[1] in carried
        ]
        found[axis.name] = max(prod(lanes) - 1, 0)  # lanes of a region that is empty are none
    return found


def has_room(builder: NestBuilder, plan: StagePlan, guard: Node) -> bool:
    """Whether a condition is about elements past the end for which there is padding."""
    if builder.tail(plan, guard) != "pad":
        return False
    mentioned = {var.name for var in free_vars(guard)}
    padded = frozenset(axis for axis, room in padding(builder, plan).items() if room)
    carried = derived_from(padded, plan.state.relations)
    return any(
        tail == "pad"
        and loops & carried
        and mentioned & {builder.names.get((plan.name, loop)) for loop in loops}
        for loops, tail in plan.tails
    )
