"""The loops in which an update's array starts as a copy of its base; the builder's tables and a stage in, items out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tdsl.expr.node import Const, Node, index_const
from tdsl.schedule.nest import NestCompute, NestItem, NestLoop, local
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.state import StageState
from tdsl.schedule.statements import source_axes

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import NestBuilder


def source_items(builder: NestBuilder, plan: StagePlan) -> tuple[NestItem, ...]:
    """The copy of its base that an update starts with."""
    stage = plan.state.stage
    if stage.base is None or builder.storage.in_place(plan.state):
        return ()
    axes = source_axes(stage)
    names = [builder.names[f"{plan.name}.source", axis] for axis in axes]
    point = tuple((axis, cast(Node, local(name))) for axis, name in zip(axes, names, strict=True))
    items: tuple[NestItem, ...] = (NestCompute(plan.name, "source", point),)
    kind = "unroll" if _copies_registers(builder, plan.state) else "serial"
    for axis, name, extent in reversed(list(zip(axes, names, stage.extents, strict=True))):
        if kind == "unroll" and not isinstance(extent, Const):
            raise builder.unbounded(plan, ((plan.name, axis),), LookupError(0))
        items = (NestLoop(plan.name, axis, name, kind, index_const(0), extent, items),)
    return items


def _copies_registers(builder: NestBuilder, state: StageState) -> bool:
    """Whether the copy that an update starts with is from or into registers."""
    assert state.stage.base is not None
    made = builder.state.find(state.stage.base.name)
    return "register" in (state.scope, None if made is None else made.scope)
