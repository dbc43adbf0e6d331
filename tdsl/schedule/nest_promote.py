"""The nest of a promoted accumulator: a tile that lives for one iteration of a loop and carries the sum on.

In: a ReductionNest whose stage has a `Promote`. Out: the items inside its prefix loops. The tile is read at the start of
the iteration (the identity where no term came before) and written back at its end, so the chain of terms, and with it
every bit, is that of the plain loops (semantics P10b; counterpart: exo's stage_mem).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.build import compare, logical_or
from tdsl.expr.node import Const, Node, index_const
from tdsl.expr.rewrite import variables
from tdsl.schedule.nest import NestAllocate, NestCompute, NestGuard, NestItem, Slot, Storage
from tdsl.schedule.nest_plan import leaves_of

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Group
    from tdsl.schedule.nest_reduce import ReductionNest


def promoted(nest: ReductionNest) -> tuple[NestItem, ...]:
    """Initialisation where it is still needed, and the loops with the tile inside."""
    plan = nest.plan
    if not plan.bare or plan.lanes:
        raise LimitError(
            "L106",
            f"the accumulator of {plan.name} cannot be promoted",
            why=[
                "its value is more than the reduction"
                if not plan.bare
                else "lanes over the reduction keep their own"
            ],
            hint=["declare the epilogue as a stage of its own, or use cache_write and compute_at"],
        )
    (promote,) = plan.state.promotes
    leaf = leaves_of(promote.loop, plan.state)[-1]
    position = next((k for k, (_, _, dims) in enumerate(nest.inner) if dims[-1][1] == leaf), None)
    if position is None:
        return _outside(nest)
    outer, inside = nest.inner[: position + 1], nest.inner[position + 1 :]
    return _inside(nest, outer, inside)


def _outside(nest: ReductionNest) -> tuple[NestItem, ...]:
    """The tile's loop is the innermost prefix loop: every tile starts from the identity."""
    owner = f"{nest.plan.name}.init"
    tile, lowers = _tile(nest, owner, nest.inner)
    outside, inside = _slots(tile, nest.places(".init", lowers)), _slots(tile, nest.places("", lowers))
    start = nest.start(outside)
    store = NestCompute(nest.plan.name, "tile_store", (), outside, nest.own_slots(owner))
    groups = nest.copies_of(owner)
    back = nest.builder.loops(nest.plan, groups, nest.start_guards, lambda: (store,), producers=False)
    return _allocated(tile, (*start, *nest.terms_items(inside), *back))


def _inside(nest: ReductionNest, outer: list[Group], inside: list[Group]) -> tuple[NestItem, ...]:
    """Blocks of the reduction stand outside the tile's loop: the tile carries on what the earlier ones left."""
    builder, plan = nest.builder, nest.plan
    around = [dim for _, _, dims in outer for dim in dims]
    drop = frozenset(dim for _, _, dims in inside for dim in dims if dim[1] in plan.reducing)
    touched = builder.scanned(plan, nest.update, nest.init, nest.depth, drop)
    own = {builder.names[plan.name, leaf] for _, _, dims in inside for _, leaf in dims}
    guards = [guard for guard in touched.guards if own & {var.name for var in variables(guard)}]
    data = nest.data_groups(inside)
    tile, lowers = _tile(nest, plan.name, inside)
    slots = _slots(tile, nest.places("", lowers))
    simple = _independent(nest)
    first = nest.first_of(around) if simple else None
    home = nest.own_slots(plan.name)
    load = NestCompute(plan.name, "tile_load", (), slots, home)
    clear = NestCompute(plan.name, "init", (), slots)
    store = NestCompute(plan.name, "tile_store", (), slots, home)

    def body() -> tuple[NestItem, ...]:
        fetch = builder.loops(plan, data, guards, lambda: (load,), producers=False)
        if first is not None:
            fresh = builder.loops(plan, data, guards, lambda: (clear,), producers=False)
            fetch = (NestGuard(first, fresh, None, fetch),)
        back = builder.loops(plan, data, guards, lambda: (store,), producers=False)
        builder.scanned(plan, nest.update, nest.init, nest.depth)
        here = _slots(tile, nest.places("", lowers))
        compute = NestCompute(plan.name, "update", builder.axes(plan, plan.name), here)
        terms = builder.loops(plan, inside, _mentioning(nest, inside), lambda: (compute,))
        return _allocated(tile, (*fetch, *terms, *back))

    around_guards = [guard for guard in nest.terms.guards if guard not in _mentioning(nest, inside)]
    loops = builder.loops(plan, outer, around_guards, body)
    start = nest.start(nest.own_slots(f"{plan.name}.init"))
    if not simple:
        return (*start, *loops)
    return (*_where(_no_terms(nest), start), *loops)


def _mentioning(nest: ReductionNest, groups: Sequence[Group]) -> list[Node]:
    names = {nest.builder.names[nest.plan.name, leaf] for _, _, dims in groups for _, leaf in dims}
    return [guard for guard in nest.terms.guards if names & {var.name for var in variables(guard)}]


def _independent(nest: ReductionNest) -> bool:
    """Whether the reduction's bounds mention no data axis: then all elements get their first term in the first block."""
    bounds = [node for axis in nest.plan.state.stage.reduce_axes for node in (axis.lower, axis.upper)]
    return all(var.kind != "axis" for node in bounds for var in variables(node))


def _no_terms(nest: ReductionNest) -> Node:
    axes = nest.plan.state.stage.reduce_axes
    return logical_or(*(compare("ge", axis.lower, axis.upper) for axis in axes))


def _where(cond: Node, items: tuple[NestItem, ...]) -> tuple[NestItem, ...]:
    """`items` under a condition, nothing where it is known to be false."""
    if getattr(cond, "value", None) is False:
        return ()
    return (NestGuard(cond, items),)


def _tile(
    nest: ReductionNest, owner: str, groups: Sequence[Group]
) -> tuple[tuple[Storage, ...], dict[str, Node]]:
    """The tile's buffers over the data loops among `groups`, and where each of these starts, in `owner`'s copies."""
    builder, plan = nest.builder, nest.plan
    (promote,) = plan.state.promotes
    lowers: dict[str, Node] = {}
    extents: list[Node] = []
    for leaf in nest.data_leaves(groups):
        bound = builder.bounds[owner, leaf]
        lowers[leaf] = bound.lower
        extents.append(nest.extent(bound))
    if promote.scope == "stack" and not all(isinstance(extent, Const) for extent in extents):
        raise LimitError(
            "L107",
            f"the tile {promote.name} is in scope stack and its extents are not all constant",
            hint=["split the data axes inside the loop by constants, or promote with scope='heap'"],
        )
    zeros = tuple(index_const(0) for _ in extents)
    many = len(nest.dtypes()) > 1
    buffers = tuple(
        Storage(
            f"{plan.name}.{promote.name}", f"{promote.name}{position if many else ''}", dtype, promote.scope,
            (), (), zeros, tuple(extents),
        )
        for position, dtype in enumerate(nest.dtypes())
    )  # fmt: skip
    return buffers, lowers


def _slots(tile: Sequence[Storage], index: tuple[Node, ...]) -> tuple[Slot, ...]:
    return tuple(Slot(buffer.buffer, index) for buffer in tile)


def _allocated(tile: Sequence[Storage], items: tuple[NestItem, ...]) -> tuple[NestItem, ...]:
    for buffer in reversed(tile):
        items = (NestAllocate(buffer, items),)
    return items
