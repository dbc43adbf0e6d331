"""The loops in which an update's array starts as a copy of its base; the builder's tables and a stage in, items out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from tdsl.expr.build import add
from tdsl.expr.node import Const, Node, index_const
from tdsl.poly.scan import loop_var, scan
from tdsl.schedule.nest import LoopKind, NestCompute, NestGuard, NestItem, NestLoop, local
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
    kind: LoopKind = "unroll" if _copies_registers(builder, plan.state) else "serial"
    if builder.copies.tree.entry(f"{plan.name}.source"):
        return _region(builder, plan, names, kind, items)
    for axis, name, extent in reversed(list(zip(axes, names, stage.extents, strict=True))):
        if kind == "unroll" and not isinstance(extent, Const):
            raise builder.unbounded(plan, ((plan.name, axis),), LookupError(0))
        items = (NestLoop(plan.name, axis, name, kind, index_const(0), extent, items),)
    return items


def _region(
    builder: NestBuilder, plan: StagePlan, names: Sequence[str], kind: LoopKind, items: tuple[NestItem, ...]
) -> tuple[NestItem, ...]:
    """The copy of what one iteration of the loops around a placed update needs."""
    statement = f"{plan.name}.source"
    around = builder.copies.tree.entry(statement)
    dims = builder.copies.dims(statement)[around:]
    constant = frozenset(dims) if kind == "unroll" else frozenset[tuple[str, str]]()
    try:
        found = scan(builder.copies, statement, constant, builder.host_lead(plan), around)
    except LookupError as missing:
        raise builder.unbounded(plan, builder.copies.dims(statement), missing) from None
    bounds: list[tuple[Node, Node]] = []
    for dim, name, bound in zip(dims, names, found.bounds, strict=True):
        lower, upper = builder.resolve(bound.lower), builder.resolve(bound.upper)
        variable: Node = local(name)
        if bound.extent is not None:  # from 0 on, and where it starts added
            variable, lower, upper = add(variable, lower), index_const(0), index_const(bound.extent)
        builder.values[loop_var(*dim)] = variable
        bounds.append((lower, upper))
    axes = source_axes(plan.state.stage)
    point = tuple((axis, builder.values[loop_var(*dim)]) for axis, dim in zip(axes, dims, strict=True))
    items = (NestCompute(plan.name, "source", point),)
    for guard in reversed(found.guards):
        items = (NestGuard(builder.resolve(guard), items, None),)
    for axis, name, (lower, upper) in reversed(list(zip(axes, names, bounds, strict=True))):
        items = (NestLoop(plan.name, axis, name, kind, lower, upper, items),)
    return items


def _copies_registers(builder: NestBuilder, state: StageState) -> bool:
    """Whether the copy that an update starts with is from or into registers."""
    assert state.stage.base is not None
    made = builder.state.find(state.stage.base.name)
    return "register" in (state.scope, None if made is None else made.scope)
