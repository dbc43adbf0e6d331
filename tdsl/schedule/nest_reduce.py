"""The nest of one reduction stage: where its accumulators live, and the four parts around the terms.

In: the builder's tables and a StagePlan. Out: prefix loops around [initialise, terms, combine lanes, epilogue].
Accumulators: the tensor itself for a bare reduction with loops inside; registers where all data loops inside the
reduction are lanes or unrolled; else a buffer of the inner extents (semantics E2, P9, P10b).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tdsl.dtypes import DType
from tdsl.errors import LimitError
from tdsl.expr.build import add, compare, logical_and, maximum, sub
from tdsl.expr.node import Node, axis_var, index_const
from tdsl.expr.rewrite import variables
from tdsl.poly.model import Dimension
from tdsl.poly.scan import Bound, Box, buffer_box, loop_var
from tdsl.schedule.across import THREADS, crossing
from tdsl.schedule.nest import (
    NestAllocate,
    NestBarrier,
    NestCompute,
    NestExchange,
    NestGuard,
    NestItem,
    NestLet,
    NestLoop,
    Slot,
    Storage,
    local,
)  # fmt: skip
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.nest_registers import atomic_in_registers
from tdsl.schedule.state import StorageScope

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, Group, NestBuilder


class ReductionNest:
    """Builds the items of one reduction stage."""

    def __init__(self, builder: NestBuilder, plan: StagePlan, context: int, lead: str | None) -> None:
        self.builder = builder
        self.plan = plan
        self.context = context
        self.host = lead
        kinds = {mark.name: mark.kind for mark in plan.state.loops}
        self.across = [kinds[loop] for loop in crossing(builder.state, plan.state)]
        self.init = builder.statement(plan, "init")
        self.update = builder.statement(plan, "update")
        left = set(builder.copies.dims(self.update)[context:])
        self.prefix = builder.left_of(builder.groups(plan.name, plan.groups[: plan.prefix]), left)
        self.inner = builder.left_of(builder.groups(plan.name, plan.groups[plan.prefix :]), left)
        self.depth = context + sum(len(dims) for _, _, dims in self.prefix)

    def items(self) -> tuple[NestItem, ...]:
        """Prefix loops around the parts."""
        builder, plan = self.builder, self.plan
        self.starts = builder.scanned(plan, self.init, self.host, self.context)
        self.terms = builder.scanned(plan, self.update, self.init, self.depth)
        known = {builder.names[plan.name, leaf] for _, _, dims in self.prefix for _, leaf in dims}
        inner = {builder.names[plan.name, leaf] for _, _, dims in self.inner for _, leaf in dims} - known
        outside = [g for g in self.starts.guards if not inner & {v.name for v in variables(g)}]
        self.start_guards = [g for g in self.starts.guards if g not in outside]
        return builder.loops(plan, self.prefix, outside, self._parts)

    # ------------------------------------------------------------ where accumulators live
    def _parts(self) -> tuple[NestItem, ...]:
        if self.plan.state.promotes:
            return self._promoted()
        if self.plan.state.atomic:
            return self._in_memory()
        if self.across:
            return self._with_buffer("register" if self._in_registers() else "heap")
        if self._in_registers():
            return self._with_buffer("register")
        if self.plan.bare and not self.plan.lanes:
            return self._in_place()
        return self._with_buffer("heap")

    def _in_registers(self) -> bool:
        """All data loops inside the reduction are lanes or unrolled, and the tensor is not in registers itself."""
        if self.plan.bare and self.plan.state.scope == "register" and not (self.plan.lanes or self.across):
            return False
        data = [dim for _, _, dims in self.data_groups(self.inner) for dim in dims]
        if any(dim not in self.builder.extents for dim in data):
            return False
        own = {self.builder.names[dim] for dim in data}
        found = (
            var.name
            for part in ("", ".init", ".finish")
            for node in self._index(None, part)
            for var in variables(node)
        )
        return own.issuperset(found)

    def _in_memory(self) -> tuple[NestItem, ...]:
        """Accumulators that all threads see."""
        if self.plan.bare and self.plan.state.scope != "register":
            return self._in_place()
        if not self.plan.bare:
            return self._with_buffer("heap")
        raise atomic_in_registers(self.plan.name)

    def data_groups(self, groups: Sequence[Group]) -> list[Group]:
        """Those of `groups` that reduce nothing."""
        names = {mark.name for mark, _ in self.plan.inner_data}
        return [group for group in groups if group[0] in names]

    def _in_place(self) -> tuple[NestItem, ...]:
        slots = self.own_slots(self.plan.name)
        first = self.start(self.own_slots(f"{self.plan.name}.init"))
        return (*first, *self.terms_items(slots))

    def own_slots(self, owner: str) -> tuple[Slot, ...]:
        """The tensors' own elements at the data axes of one part."""
        axes = self.builder.axes(self.plan, owner)
        return self.builder.storage.elements(self.plan, axes)

    # ------------------------------------------------------------ parts
    def start(self, slots: tuple[Slot, ...]) -> tuple[NestItem, ...]:
        """Accumulators := identity, over the data loops inside the reduction."""
        owner = f"{self.plan.name}.init"
        compute = NestCompute(self.plan.name, "init", self.builder.axes(self.plan, owner), slots)
        groups = self.copies_of(owner)
        return self.builder.loops(self.plan, groups, self.start_guards, lambda: (compute,), producers=False)

    def copies_of(self, owner: str) -> list[Group]:
        return [
            (name, kind, tuple((owner, leaf) for _, leaf in dims))
            for name, kind, dims in self.data_groups(self.inner)
        ]

    def terms_items(self, slots: tuple[Slot, ...]) -> tuple[NestItem, ...]:
        axes = self.builder.axes(self.plan, self.plan.name)
        compute = NestCompute(self.plan.name, "update", axes, slots, atomic=self.plan.state.atomic)
        return self.builder.loops(self.plan, self.inner, self.terms.guards, lambda: (compute,))

    def finish(self, slots: tuple[Slot, ...]) -> tuple[NestItem, ...]:
        """Elements := the rest of the expression."""
        owner = f"{self.plan.name}.finish"
        if not self.plan.bare:
            self.builder.scanned(
                self.plan, self.builder.statement(self.plan, "finish"), self.init, self.depth
            )
        else:
            self._same_bounds(f"{self.plan.name}.init", owner)
        compute = NestCompute(self.plan.name, "finish", self.builder.axes(self.plan, owner), slots)
        groups = self.copies_of(owner)
        return self.builder.loops(self.plan, groups, self.start_guards, lambda: (compute,), producers=False)

    def finish_bounds(self) -> None:
        """Makes the bounds of the loops of the epilogue known."""
        if self.plan.bare:
            self._same_bounds(f"{self.plan.name}.init", f"{self.plan.name}.finish")
        else:
            self.builder.scanned(
                self.plan, self.builder.statement(self.plan, "finish"), self.init, self.depth
            )

    def _same_bounds(self, source: str, owner: str) -> None:
        for _, _, dims in self.data_groups(self.inner):
            for _, leaf in dims:
                self.builder.copy_dim((source, leaf), (owner, leaf))

    # ------------------------------------------------------------ a buffer of its own
    def _with_buffer(self, scope: StorageScope) -> tuple[NestItem, ...]:
        box = None if scope == "register" else self.box(self.init, self.depth)
        extents = self._leaf_extents() if box is None else box.extent
        buffers = self._buffers(extents, scope)
        lane = self._lane()
        update, init, finish = (self._index(box, owner) for owner in ("", ".init", ".finish"))
        items = (
            *self._start_lanes(_slots(buffers, (*init, *lane))),
            *self.terms_items(_slots(buffers, (*update, *lane))),
            *self._combine(buffers, init),
            *self._exchange(buffers, init),
            *self.finish(_slots(buffers, (*finish, *(index_const(0) for _ in lane)))),
        )
        for buffer in reversed(buffers):
            items = (NestAllocate(buffer, items),)
        return items

    def _leaf_extents(self) -> tuple[Node, ...]:
        data = [dim for _, _, dims in self.data_groups(self.inner) for dim in dims]
        return tuple(self.extent(self.builder.bounds[(f"{self.plan.name}.init", leaf)]) for _, leaf in data)

    def box(self, statement: str, level: int) -> Box:
        """The box of the elements that a statement touches in one iteration of the first `level` loops around it."""
        axes = tuple(axis_var(axis.name) for axis in self.plan.state.stage.axes)
        found = buffer_box(self.builder.copies, statement, level, axes)
        resolve = self.builder.resolve
        return Box(tuple(map(resolve, found.lower)), tuple(map(resolve, found.extent)))

    def in_box(self, part: str, box: Box) -> tuple[Node, ...]:
        """Subscripts by data axis in a box, in the loops of one part."""
        values = dict(self.builder.axes(self.plan, f"{self.plan.name}{part}"))
        pairs = zip(self.plan.state.stage.axes, box.lower, strict=True)
        return tuple(self.builder.resolve(sub(values[axis.name], lower)) for axis, lower in pairs)

    def _index(self, box: Box | None, part: str) -> tuple[Node, ...]:
        """Subscripts of the accumulators in the update (""), ".init" or ".finish": leaves, or axes in the box."""
        if part == ".finish":
            self.finish_bounds()
        if box is None:
            lowers = {
                leaf: self.builder.bounds[f"{self.plan.name}.init", leaf].lower
                for leaf in self.data_leaves(self.inner)
            }
            return self.places(part, lowers)
        return self.in_box(part, box)

    def data_leaves(self, groups: Sequence[Group]) -> list[str]:
        """Leaves of those of `groups` that reduce nothing."""
        return [leaf for _, _, dims in self.data_groups(groups) for _, leaf in dims]

    def places(self, part: str, lowers: Mapping[str, Node]) -> tuple[Node, ...]:
        """Subscripts by leaf in the loops of one part, counted from `lowers`, whatever the part's own bounds are."""
        owner = f"{self.plan.name}{part}"
        resolve, values = self.builder.resolve, self.builder.values
        return tuple(resolve(sub(values[loop_var(owner, leaf)], lower)) for leaf, lower in lowers.items())

    def extent(self, bound: Bound) -> Node:
        if bound.extent is not None:
            return index_const(bound.extent)
        return self.builder.resolve(maximum(sub(bound.upper, bound.lower), index_const(0)))

    def _buffers(self, extents: tuple[Node, ...], scope: StorageScope) -> tuple[Storage, ...]:
        lanes = tuple(index_const(self._width(lane)) for lane in self.plan.lanes)
        extents = (*extents, *lanes)
        zeros = tuple(index_const(0) for _ in extents)
        many = len(self.dtypes()) > 1
        return tuple(
            Storage(
                f"{self.plan.name}.accumulator",
                f"{self.plan.name}_acc{position if many else ''}",
                dtype, scope, (), (), zeros, extents,
            )
            for position, dtype in enumerate(self.dtypes())
        )  # fmt: skip

    def dtypes(self) -> list[DType]:
        """One accumulator a component of every reduction of the body."""
        return [operand.dtype for node in self.plan.reduces for operand in node.operands]

    # ------------------------------------------------------------ lanes over the reduction (P9)
    def _lane(self) -> tuple[Node, ...]:
        return tuple(local(self.builder.names[self.plan.name, lane]) for lane in self.plan.lanes)

    def _width(self, lane: str) -> int:
        """Partial results that a loop of lanes keeps; of no terms there is the identity, in one."""
        return max(self.builder.extents[self.plan.name, lane], 1)

    def _start_lanes(self, slots: tuple[Slot, ...]) -> tuple[NestItem, ...]:
        items = self.start(slots)
        for lane in self.plan.lanes:
            items = self._innermost(items, lane, self._width(lane))
        return items

    def _innermost(self, items: tuple[NestItem, ...], lane: str, extent: int) -> tuple[NestItem, ...]:
        """`items` with a lane loop around each statement."""
        result: list[NestItem] = []
        for item in items:
            match item:
                case NestCompute():
                    result.append(self._lane_loop(lane, extent, (item,)))
                case NestLoop(kind="vector"):
                    raise self._two_lane_axes()
                case NestLoop(stage, name, var, kind, lower, upper, body, implied):
                    inner = self._innermost(body, lane, extent)
                    result.append(NestLoop(stage, name, var, kind, lower, upper, inner, implied))
                case NestGuard(cond, body, tail, otherwise):
                    inner = self._innermost(body, lane, extent)
                    result.append(NestGuard(cond, inner, tail, self._innermost(otherwise, lane, extent)))
                case NestLet(var, value, body):
                    result.append(NestLet(var, value, self._innermost(body, lane, extent)))
                case NestAllocate(storage, body):
                    result.append(NestAllocate(storage, self._innermost(body, lane, extent)))
                case NestBarrier() | NestExchange():
                    result.append(item)
        return tuple(result)

    def _two_lane_axes(self) -> LimitError:
        return LimitError(
            "L105",
            f"{self.plan.name} is vectorised over a data axis and over a reduction axis",
            why=["one of them must be the lanes"],
            hint=["keep one .vectorize and unroll the other axis"],
        )

    def _lane_loop(self, lane: str, extent: int, items: tuple[NestItem, ...]) -> NestLoop:
        variable = self.builder.names[self.plan.name, lane]
        return NestLoop(self.plan.name, lane, variable, "vector", index_const(0), index_const(extent), items)

    def _combine(self, buffers: Sequence[Storage], index: Sequence[Node]) -> tuple[NestItem, ...]:
        """Halves of the lanes, l with l + w/2, until one is left."""
        if not self.plan.lanes:
            return ()
        (lane,) = self.plan.lanes
        width = self._width(lane)
        variable = local(self.builder.names[self.plan.name, lane])
        items: list[NestItem] = []
        while width > 1:
            half = (width + 1) // 2
            near = tuple(Slot(b.buffer, (*index, variable)) for b in buffers)
            far = tuple(Slot(b.buffer, (*index, add(variable, index_const(half)))) for b in buffers)
            compute = NestCompute(self.plan.name, "combine", (), near, far)
            items.append(self._lane_loop(lane, width - half, (compute,)))
            width = half
        owner = f"{self.plan.name}.init"
        groups = self.copies_of(owner)
        return self.builder.loops(self.plan, groups, self.start_guards, lambda: tuple(items), producers=False)

    def _exchange(self, buffers: Sequence[Storage], index: Sequence[Node]) -> tuple[NestItem, ...]:
        """What the threads of a block have, combined."""
        if not self.across:
            return ()
        slots, dtypes = _slots(buffers, tuple(index)), tuple(self.dtypes())
        places: tuple[Dimension, ...] = tuple(place for place in THREADS if self.across.count(place))
        item = NestExchange(self.plan.name, slots, dtypes, places, everyone=False)
        groups = self.copies_of(f"{self.plan.name}.init")
        return self.builder.loops(self.plan, groups, self.start_guards, lambda: (item,), producers=False)

    # ------------------------------------------------------------ promote (P10b)
    def _promoted(self) -> tuple[NestItem, ...]:
        from tdsl.schedule.nest_promote import promoted

        return promoted(self)

    def first_of(self, dims: Sequence[Dim]) -> Node | None:
        """Where every reduction loop among `dims` is at its first iteration; None when there is none."""
        conditions = [
            compare("eq", self.builder.values[loop_var(*dim)], self.builder.bounds[dim].lower)
            for dim in dims
            if dim[1] in self.plan.reducing
        ]
        return logical_and(*conditions) if conditions else None


def _slots(buffers: Sequence[Storage], index: tuple[Node, ...]) -> tuple[Slot, ...]:
    return tuple(Slot(buffer.buffer, index) for buffer in buffers)
