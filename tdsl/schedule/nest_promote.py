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
from tdsl.poly.scan import Box
from tdsl.schedule.nest import NestAllocate, NestCompute, NestGuard, NestItem, Slot, Storage
from tdsl.schedule.nest_plan import leaves_of

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Group
    from tdsl.schedule.nest_reduce import ReductionNest


def promoted(nest: ReductionNest) -> tuple[NestItem, ...]:
    """Initialisation where it is still needed, and the loops with the tile inside."""
    plan = nest.plan
    if plan.lanes:
        raise _refused(plan.name, "lanes over the reduction keep their own")
    (promote,) = plan.state.promotes
    leaf = leaves_of(promote.loop, plan.state)[-1]
    position = next((k for k, (_, _, dims) in enumerate(nest.inner) if dims[-1][1] == leaf), None)
    if position is None:
        return _outside(nest)
    if not plan.bare:
        raise _refused(
            plan.name, f"its value is more than the reduction, which {promote.loop} cuts into blocks"
        )
    outer, inside = nest.inner[: position + 1], nest.inner[position + 1 :]
    return _inside(nest, outer, inside)


def _refused(name: str, why: str) -> LimitError:
    return LimitError(
        "L106",
        f"the accumulator of {name} cannot be promoted",
        why=[why],
        hint=["declare the epilogue as a stage of its own, or use cache_write and compute_at"],
    )


def _outside(nest: ReductionNest) -> tuple[NestItem, ...]:
    """The tile's loop is a prefix loop: every tile starts from the identity and takes all terms of its elements."""
    owner = f"{nest.plan.name}.init"
    tile = _Tile(nest, ".init", nest.depth, nest.inner)
    if not nest.plan.bare:
        outside, inside = tile.slots(".init"), tile.slots("")
        nest.finish_bounds()
        rest = tile.slots(".finish")
        return tile.allocated((*nest.start(outside), *nest.terms_items(inside), *nest.finish(rest)))
    outside, inside = tile.slots(".init"), tile.slots("")
    start = nest.start(outside)
    store = NestCompute(nest.plan.name, "tile_store", (), outside, nest.own_slots(owner))
    groups = nest.copies_of(owner)
    back = nest.builder.loops(nest.plan, groups, nest.start_guards, lambda: (store,), producers=False)
    return tile.allocated((*start, *nest.terms_items(inside), *back))


def _inside(nest: ReductionNest, outer: list[Group], inside: list[Group]) -> tuple[NestItem, ...]:
    """Blocks of the reduction stand outside the tile's loop: the tile carries on what the earlier ones left."""
    builder, plan = nest.builder, nest.plan
    around = [dim for _, _, dims in outer for dim in dims]
    drop = frozenset(dim for _, _, dims in inside for dim in dims if dim[1] in plan.reducing)
    touched = builder.scanned(plan, nest.update, nest.init, nest.depth, drop)
    own = {builder.names[plan.name, leaf] for _, _, dims in inside for _, leaf in dims}
    # Bounds that are data are told of the terms themselves, which the tile has none of: it is read and written whole.
    gone = {builder.names[dim] for dim in drop}
    known = [guard for guard in touched.guards if gone.isdisjoint(var.name for var in variables(guard))]
    guards = [guard for guard in known if own & {var.name for var in variables(guard)}]
    data = nest.data_groups(inside)
    tile = _Tile(nest, "", nest.depth + len(around), inside)
    slots = tile.slots("")
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
        compute = NestCompute(plan.name, "update", builder.axes(plan, plan.name), tile.slots(""))
        terms = builder.loops(plan, inside, _mentioning(nest, inside), lambda: (compute,))
        return tile.allocated((*fetch, *terms, *back))

    around_guards = [guard for guard in nest.terms.guards if guard not in _mentioning(nest, inside)]
    # A condition on the loops around may stand in the bounds of the terms, where the tile has none of it.
    around_guards += [guard for guard in known if guard not in (*guards, *around_guards)]
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


class _Tile:
    """The tile's buffers, one an accumulator, and where its elements stand in them.

    A tile has a dim a data loop inside; where how often such a loop runs depends on another of them, a dim a data axis.
    part: of the stage ("" for the update, ".init"), whose copies of the loops say how large it is. level: how many dims
    stand around it.
    """

    def __init__(self, nest: ReductionNest, part: str, level: int, groups: Sequence[Group]) -> None:
        self.nest = nest
        builder, plan = nest.builder, nest.plan
        owner = f"{plan.name}{part}"
        bounds = {leaf: builder.bounds[owner, leaf] for leaf in nest.data_leaves(groups)}
        inside = {builder.names[plan.name, leaf] for _, _, dims in groups for _, leaf in dims}
        self.lowers = {leaf: bound.lower for leaf, bound in bounds.items()}
        self.extents = tuple(nest.extent(bound) for bound in bounds.values())
        self.box: Box | None = None
        if any(var.name in inside for extent in self.extents for var in variables(extent)):
            self.box = nest.box(nest.init if part else nest.update, level)
            self.extents = self.box.extent
        self.buffers = self._buffers()

    def _buffers(self) -> tuple[Storage, ...]:
        plan, extents = self.nest.plan, self.extents
        (promote,) = plan.state.promotes
        if promote.scope != "heap" and not all(isinstance(extent, Const) for extent in extents):
            raise LimitError(
                "L107",
                f"the tile {promote.name} is in scope {promote.scope} and its extents are not all constant",
                hint=["split the data axes inside the loop by constants, or promote with scope='heap'"],
            )
        zeros = tuple(index_const(0) for _ in extents)
        dtypes = self.nest.dtypes()
        return tuple(
            Storage(
                f"{plan.name}.{promote.name}", f"{promote.name}{position if len(dtypes) > 1 else ''}", dtype,
                promote.scope, (), (), zeros, extents,
            )
            for position, dtype in enumerate(dtypes)
        )  # fmt: skip

    def slots(self, part: str) -> tuple[Slot, ...]:
        """The element of each buffer at the current iteration of the loops of a part."""
        if self.box is None:
            index = self.nest.places(part, self.lowers)
        else:
            index = self.nest.in_box(part, self.box)
        return tuple(Slot(buffer.buffer, index) for buffer in self.buffers)

    def allocated(self, items: tuple[NestItem, ...]) -> tuple[NestItem, ...]:
        """`items` with the tile around them."""
        for buffer in reversed(self.buffers):
            items = (NestAllocate(buffer, items),)
        return items
