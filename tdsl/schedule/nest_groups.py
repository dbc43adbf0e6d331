"""The nest of a stage with several reductions: one after another, and inside one another (semantics E2).

In: the builder's tables and a StagePlan whose body has more than one reduction nest. Out: prefix loops around, for each
nest in order, [initialise, terms, combine lanes], then the rest of the expression; a nest inside another's operand
stands in its loops, recomputed at each iteration. Every accumulator has a buffer of its own: registers where all loops
that index it are lanes or unrolled, else the box of what one iteration of the loops around it touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.build import add, maximum, sub
from tdsl.expr.node import Node, axis_var, index_const
from tdsl.expr.reduction_groups import ReductionGroup, children_of, reduction_groups
from tdsl.expr.rewrite import variables
from tdsl.poly.model import Statement
from tdsl.poly.scan import Bound, Box, buffer_box, loop_var
from tdsl.schedule.loops import constant_extents
from tdsl.schedule.nest import NestAllocate, NestCompute, NestItem, NestLoop, Slot, Storage, local
from tdsl.schedule.nest_plan import StagePlan

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, Group, NestBuilder


class GroupedNest:
    """Builds the items of one stage with several reductions."""

    def __init__(self, builder: NestBuilder, plan: StagePlan, context: int, lead: str | None) -> None:
        self.builder = builder
        self.plan = plan
        self.host = lead
        self.context = context
        self.begun = context - builder.copies.tree.entry(f"{plan.name}.init")
        """How many of the stage's own loops stand around already: those that others share."""
        self.groups = reduction_groups(plan.state.stage)
        self.tree = builder.copies.tree
        self.statements: dict[tuple[str, int], Statement] = {
            (each.role, each.group): each for each in self.tree.of_stage[plan.name]
        }
        self.buffers: dict[int, tuple[Storage, ...]] = {}
        self.boxes: dict[int, Box | None] = {}
        self.lowers: dict[int, tuple[Node, ...]] = {}
        if plan.state.promotes:
            raise LimitError(
                "L106",
                f"the accumulator of {plan.name} cannot be promoted",
                why=["the stage has several reductions, and each has an accumulator of its own"],
                hint=["declare each reduction as a stage of its own"],
            )

    def items(self) -> tuple[NestItem, ...]:
        """Prefix loops around the nests and the rest of the expression."""
        shared = self.tree.shared(self.plan.name, ())[self.begun :]
        start = self.statements["init", 0].name
        found = self.builder.scanned(self.plan, start, self.host, self.context)
        guards = self._about(found.guards, shared, outside=True)
        return self.builder.loops(self.plan, self._loops(shared), guards, lambda: self._level(()))

    def _level(self, chain: tuple[int, ...]) -> tuple[NestItem, ...]:
        """The nests directly inside a chain, then what they feed."""
        children = children_of(self.groups, chain)
        nests = [self._nest(group) for group in children]
        items = self._consumer(chain)
        for group, nest in zip(reversed(children), reversed(nests), strict=True):
            items = (*nest, *items)
            for buffer in reversed(self.buffers[group.number]):
                items = (NestAllocate(buffer, items),)
        return items

    # ------------------------------------------------------------ one nest
    def _nest(self, group: ReductionGroup) -> tuple[NestItem, ...]:
        builder, plan = self.builder, self.plan
        init, update = self.statements["init", group.number], self.statements["update", group.number]
        depth = self._depth(group.within)
        starts = builder.scanned(plan, init.name, self._lead(group.within), depth)
        terms = builder.scanned(plan, update.name, self._lead(group.within), depth)
        self._plan_buffers(group, init, depth)
        first = self._start(group, init, depth, starts.guards)
        own = self.tree.shared(plan.name, group.chain)[depth - self.context + self.begun :]
        if children_of(self.groups, group.chain):
            guards = self._about(terms.guards, own, outside=True)
            body = builder.loops(plan, self._loops(own), guards, lambda: self._level(group.chain))
        else:
            body = builder.loops(
                plan, self._loops(builder.copies.dims(update.name)[depth:]), terms.guards,
                lambda: (self._update(group, update),),
            )  # fmt: skip
        return (*first, *body, *self._combine(group, init, depth, starts.guards))

    def _start(
        self, group: ReductionGroup, init: Statement, depth: int, guards: Sequence[Node]
    ) -> tuple[NestItem, ...]:
        """Accumulators := identity."""
        lanes = self._lanes(group)
        slots = self._slots(group, init, tuple(local(self._name(lane)) for lane in lanes))
        items: tuple[NestItem, ...] = (
            NestCompute(
                self.plan.name, "init", self.builder.axes_of(self.plan, init.name), slots, group=group.number
            ),
        )
        for lane in lanes:
            items = (self._lane_loop(lane, self._width(lane), items),)
        loops = self._loops(self.builder.copies.dims(init.name)[depth:])
        return self.builder.loops(self.plan, loops, guards, lambda: items, producers=False)

    def _update(self, group: ReductionGroup, update: Statement) -> NestCompute:
        lanes = tuple(local(self._name(lane)) for lane in self._lanes(group))
        inner = self._inner(group.chain, update)
        axes = self.builder.axes_of(self.plan, update.name)
        slots = self._slots(group, update, lanes)
        atomic = self.plan.state.atomic
        return NestCompute(
            self.plan.name, "update", axes, slots, group=group.number, inner=inner, atomic=atomic
        )

    def _consumer(self, chain: tuple[int, ...]) -> tuple[NestItem, ...]:
        """What the nests inside a chain feed: the update around them, or the elements."""
        builder, plan = self.builder, self.plan
        statement = self.statements["update", chain[-1]] if chain else self.statements["finish", 0]
        depth = self._depth(chain)
        found = builder.scanned(plan, statement.name, self._lead(chain), depth)
        loops = self._loops(builder.copies.dims(statement.name)[depth:])
        if chain:
            compute = self._update(self.groups[chain[-1]], statement)
        else:
            axes = builder.axes_of(plan, statement.name)
            compute = NestCompute(plan.name, "finish", axes, inner=self._inner((), statement))
        return builder.loops(plan, loops, found.guards, lambda: (compute,), producers=bool(chain))

    def _inner(
        self, chain: tuple[int, ...], statement: Statement
    ) -> tuple[tuple[int, tuple[Slot, ...]], ...]:
        children = children_of(self.groups, chain)
        return tuple((group.number, self._slots(group, statement, self._zeros(group))) for group in children)

    def _zeros(self, group: ReductionGroup) -> tuple[Node, ...]:
        """The lane that holds a sum once the lanes are combined."""
        return tuple(index_const(0) for _ in self._lanes(group))

    # ------------------------------------------------------------ accumulators
    def _plan_buffers(self, group: ReductionGroup, init: Statement, depth: int) -> None:
        """Registers where every loop that indexes the accumulators is constant, else the box of the axes."""
        builder = self.builder
        own = builder.copies.dims(init.name)[depth:]
        box: Box | None = None
        extents = tuple(self._extent(builder.bounds[dim]) for dim in own)
        self.lowers[group.number] = tuple(builder.bounds[dim].lower for dim in own)
        self.boxes[group.number] = None
        registers = all(dim in builder.extents for dim in own) and self._fixed(group)
        if not registers:
            found = buffer_box(builder.copies, init.name, depth, tuple(map(axis_var, init.axes)))
            resolve = builder.resolve
            box = Box(tuple(map(resolve, found.lower)), tuple(map(resolve, found.extent)))
            extents = box.extent
        extents = (*extents, *(index_const(self._width(lane)) for lane in self._lanes(group)))
        dtypes = [operand.dtype for node in group.nodes for operand in node.operands]
        zeros = tuple(index_const(0) for _ in extents)
        suffix = "" if group.number == 0 else str(group.number)
        self.boxes[group.number] = box
        self.buffers[group.number] = tuple(
            Storage(
                f"{self.plan.name}.accumulator{suffix}",
                f"{self.plan.name}_acc{suffix}{f'_{place}' if len(dtypes) > 1 else ''}",
                dtype, "register" if registers else "heap", (), (), zeros, extents,
            )
            for place, dtype in enumerate(dtypes)
        )  # fmt: skip

    def _slots(
        self, group: ReductionGroup, statement: Statement, lanes: tuple[Node, ...]
    ) -> tuple[Slot, ...]:
        """A group's accumulators as a statement names them."""
        init, box = self.statements["init", group.number], self.boxes[group.number]
        if box is None:
            index = self._places(group, statement)
        else:
            values = dict(self.builder.axes_of(self.plan, statement.name))
            pairs = zip(init.axes, box.lower, strict=True)
            index = tuple(self.builder.resolve(sub(values[axis], lower)) for axis, lower in pairs)
        return tuple(Slot(buffer.buffer, (*index, *lanes)) for buffer in self.buffers[group.number])

    def _places(self, group: ReductionGroup, statement: Statement) -> tuple[Node, ...]:
        """Subscripts by leaf in the loops of a statement, counted from where the initialisation starts."""
        builder, init = self.builder, self.statements["init", group.number]
        leaves = [leaf for _, leaf in builder.copies.dims(init.name)[self._depth(group.within) :]]
        values = {
            leaf: builder.values[loop_var(*dim)]
            for dim in builder.copies.dims(statement.name)
            for leaf in dim[1:]
        }
        pairs = zip(leaves, self.lowers[group.number], strict=True)
        return tuple(builder.resolve(sub(values[leaf], lower)) for leaf, lower in pairs)

    def _fixed(self, group: ReductionGroup) -> bool:
        """Whether an accumulator is found by lanes and unrolled loops alone."""
        init, update = self.statements["init", group.number], self.statements["update", group.number]
        own = {
            self._name(leaf) for _, leaf in self.builder.copies.dims(init.name)[self._depth(group.within) :]
        }
        return all(
            var.name in own
            for part in (init, update)
            for node in self._places(group, part)
            for var in variables(node)
        )

    def _extent(self, bound: Bound) -> Node:
        if bound.extent is not None:
            return index_const(bound.extent)
        return self.builder.resolve(maximum(sub(bound.upper, bound.lower), index_const(0)))

    # ------------------------------------------------------------ lanes over a reduction (P9)
    def _lanes(self, group: ReductionGroup) -> tuple[str, ...]:
        carried = self.tree.own(self.plan.name).carried
        return tuple(lane for lane in self.plan.lanes if not carried[lane].isdisjoint(group.axes))

    def _width(self, lane: str) -> int:
        found = [extent for dim, extent in self.builder.extents.items() if dim[1] == lane and self._mine(dim)]
        width = found[0] if found else constant_extents(self.plan.state)[lane]
        if width is None:
            raise self.builder.unbounded(self.plan, [(self.plan.name, lane)], LookupError(0))
        return max(width, 1)  # of no terms there is the identity, in one lane

    def _mine(self, dim: Dim) -> bool:
        return dim[0].split(".")[0] == self.plan.name

    def _lane_loop(self, lane: str, width: int, items: tuple[NestItem, ...]) -> NestLoop:
        return NestLoop(
            self.plan.name, lane, self._name(lane), "vector", index_const(0), index_const(width), items
        )

    def _combine(
        self, group: ReductionGroup, init: Statement, depth: int, guards: Sequence[Node]
    ) -> tuple[NestItem, ...]:
        """Halves of the lanes, l with l + w/2, until one is left."""
        lanes = self._lanes(group)
        if not lanes:
            return ()
        (lane,) = lanes
        width, variable = self._width(lane), local(self._name(lane))
        items: list[NestItem] = []
        while width > 1:
            half = (width + 1) // 2
            near = self._slots(group, init, (variable,))
            far = self._slots(group, init, (add(variable, index_const(half)),))
            compute = NestCompute(self.plan.name, "combine", (), near, far, group=group.number)
            items.append(self._lane_loop(lane, width - half, (compute,)))
            width = half
        loops = self._loops(self.builder.copies.dims(init.name)[depth:])
        return self.builder.loops(self.plan, loops, guards, lambda: tuple(items), producers=False)

    # ------------------------------------------------------------ dims, loops, guards
    def _depth(self, chain: tuple[int, ...]) -> int:
        return self.context - self.begun + len(self.tree.shared(self.plan.name, chain))

    def _lead(self, chain: tuple[int, ...]) -> str:
        """A statement inside the loops that a chain shares."""
        return self.statements["update", chain[-1]].name if chain else self.statements["init", 0].name

    def _loops(self, dims: Sequence[Dim]) -> list[Group]:
        """Dims as the loops they belong to."""
        found: list[Group] = []
        for mark, leaves in self.plan.groups:
            mine = tuple(dim for dim in dims if dim[1] in leaves)
            if mine:
                found.append((mark.name, mark.kind, mine))
        return found

    def _about(self, guards: Sequence[Node], dims: Sequence[Dim], *, outside: bool) -> list[Node]:
        """Guards that mention no loop variable but those of `dims` and of the loops around them."""
        every = {self._name(leaf) for _, leaves in self.plan.groups for leaf in leaves}
        later = every - {self._name(leaf) for _, leaf in dims} - self._before(dims)
        return [g for g in guards if later.isdisjoint(v.name for v in variables(g)) == outside]

    def _before(self, dims: Sequence[Dim]) -> set[str]:
        """Names of the stage's loops that stand around `dims`."""
        shared = self.tree.shared(self.plan.name, ())
        return {self._name(leaf) for _, leaf in (*shared, *dims)}

    def _name(self, leaf: str) -> str:
        return self.builder.names[self.plan.name, leaf]
