"""The nest of stages that share loops: one loop for all, each stage's own part inside, in the order of value flow.

In: the builder's tables and the loop tree (`poly/joins.py` says what is shared). Out: units of a body, each with its rank.
A shared loop runs over the union of what its stages compute; a part that runs over less of it is guarded. A reduction
that runs in a shared loop is initialised before it and finished after it, each part a unit of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.node import Node
from tdsl.expr.reduction_groups import ReductionGroup, reduction_groups
from tdsl.poly.model import Place, Statement
from tdsl.poly.shared_scan import begin_shared, shared_bound
from tdsl.schedule.nest import NestAllocate, NestCompute, NestGuard, NestItem, Slot, Storage
from tdsl.schedule.nest_groups import GroupedNest
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.nest_prefetch import fetched
from tdsl.schedule.nest_reduce import ReductionNest

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, Group, NestBuilder

Items = tuple[NestItem, ...]


@dataclass(frozen=True, slots=True)
class BodyUnit:
    """What stands in a body at a rank; `make` builds it, ranks below having been built."""

    rank: int
    make: Callable[[], Items]
    buffers: Callable[[], Sequence[Storage]] = tuple
    """Buffers that units of this body share."""


def in_order(units: Iterable[BodyUnit]) -> Items:
    """The items of a body, in order, with the buffers that they share around them."""
    ordered = sorted(units, key=lambda unit: unit.rank)
    items = merged_guards([item for unit in ordered for item in unit.make()])
    for buffer in reversed([buffer for unit in ordered for buffer in unit.buffers()]):
        items = (NestAllocate(buffer, items),)
    return items


def merged_guards(items: Sequence[NestItem]) -> Items:
    """Neighbours under one condition, which nothing in between changes, under it once."""
    found: list[NestItem] = []
    for item in items:
        last = found[-1] if found else None
        if (
            isinstance(last, NestGuard)
            and isinstance(item, NestGuard)
            and (last.cond, last.tail) == (item.cond, item.tail)
            and not last.otherwise
            and not item.otherwise
        ):
            found[-1] = replace(last, body=merged_guards((*last.body, *item.body)))
        else:
            found.append(item)
    return tuple(found)


class TogetherNest:
    """Builds the units of a leader and of all that is computed with it, directly or through one another."""

    def __init__(self, builder: NestBuilder, leader: StagePlan, members: Sequence[StagePlan]) -> None:
        self.builder = builder
        self.tree = builder.copies.tree
        self.host = self.tree.host(leader.name)
        self.host_lead = builder.host_lead(leader)
        self.plans = {plan.name: plan for plan in (leader, *members)}
        self.statements = [
            each
            for name in self.plans
            for each in self.tree.of_stage[name]
            if each.role not in ("source", "sink")
        ]
        self.shared = {
            (*self.host, *joint[:count])
            for joint in (self.tree.joins.joint(each.name) for each in self.statements)
            for count in range(1, len(joint) + 1)
        }
        self.spread: dict[str, SpreadReduction] = {}
        for name, plan in self.plans.items():
            depths = {self.depth(each) for each in self.statements if each.stage == name}
            if len(depths) > 1:
                self.spread[name] = SpreadReduction(builder, plan, self)

    def depth(self, statement: Statement) -> int:
        """How many of a statement's dims are its host's or shared."""
        dims = self.tree.dims(statement.name)
        found = [count for count in range(len(self.host), len(dims) + 1) if dims[:count] in self.shared]
        return max(found, default=len(self.host))

    def units(self) -> list[BodyUnit]:
        """The units that stand in the host's body."""
        begin_shared(
            self.builder.copies, [each.name for each in self.statements], self.host_lead, len(self.host)
        )
        return self._units(self.host)

    # ------------------------------------------------------------ one body
    def _units(self, body: tuple[Dim, ...]) -> list[BodyUnit]:
        here = [each for each in self.statements if self.tree.inside(each.name, body)]
        found: list[BodyUnit] = []
        loops: dict[Dim, list[Statement]] = {}
        whole: dict[str, list[Statement]] = {}
        for each in here:
            if self.depth(each) > len(body):
                loops.setdefault(self.tree.dims(each.name)[len(body)], []).append(each)
            elif each.stage in self.spread:
                found.append(self._part(body, each))
            else:
                whole.setdefault(each.stage, []).append(each)
        for dim, inside in loops.items():
            found.append(BodyUnit(self._rank(body, inside), self._later(self._loop, body, dim, inside)))
        for name, parts in whole.items():
            found.append(
                BodyUnit(self._rank(body, parts), self._later(self._stage, self.plans[name], len(body)))
            )
        return found + [self._copied(body, name) for name in self.spread if self._ends(body, name)]

    def _later(self, make: Callable[..., Items], *arguments: object) -> Callable[[], Items]:
        """A part to be built later. What its guards let through holds in the part alone, not in the rest of the body."""

        def made() -> Items:
            enforced = self.builder.copies.enforced
            names = [each.name for each in self.statements]
            before = {key: enforced[key] for key in enforced if key[0] in names}
            items = make(*arguments)
            enforced.update(before)
            return items

        return made

    def _rank(self, body: tuple[Dim, ...], statements: Sequence[Statement]) -> int:
        """Two ranks a unit: what only copies a finished accumulator stands between."""
        return 2 * max(self.tree.position(each.name, len(body)) for each in statements)

    def _part(self, body: tuple[Dim, ...], statement: Statement) -> BodyUnit:
        """One statement of a reduction that runs in a shared loop."""
        spread = self.spread[statement.stage]
        buffers = spread.allocated if statement.role == "init" else tuple
        return BodyUnit(self._rank(body, [statement]), self._later(spread.part, statement), buffers)

    def _ends(self, body: tuple[Dim, ...], name: str) -> bool:
        """Whether a bare reduction's terms are complete in a body, and its accumulator may have to be copied there."""
        init = self.spread[name].init
        return self.plans[name].bare and self.depth(init) == len(body) and self.tree.inside(init.name, body)

    def _copied(self, body: tuple[Dim, ...], name: str) -> BodyUnit:
        spread = self.spread[name]
        return BodyUnit(self._rank(body, [spread.update]) + 1, spread.copied)

    # ------------------------------------------------------------ a shared loop
    def _loop(self, body: tuple[Dim, ...], dim: Dim, inside: Sequence[Statement]) -> Items:
        plan = self.plans[dim[0].split(".")[0]]
        name, kind, dims = self._group(plan, body, dim, inside)
        for place, one in enumerate(dims):
            self._bound(plan, len(body) + place, one, [each.name for each in inside])
        around = (*body, *dims)
        place = Place(plan.name, dims[-1][1])
        items = in_order((*self._units(around), *self.builder.units(place, dims[-1])))
        items = self.builder.storage.allocate(place, dims[-1], items)
        items = (*fetched(self.builder, plan, name, dims), *items)
        return self.builder.one_loop(plan, name, kind, dims, items)

    def _group(self, plan: StagePlan, body: tuple[Dim, ...], dim: Dim, inside: Sequence[Statement]) -> Group:
        """The loop that a dim belongs to, or the dim alone where something stands between the parts of a fused loop."""
        for mark, leaves in plan.groups:
            if dim[1] not in leaves:
                continue
            dims = tuple((dim[0], leaf) for leaf in leaves)
            between = [(*body, *dims[:count]) for count in range(1, len(dims))]
            alone = dims[0] != dim or any(self.depth(each) < len(body) + len(dims) for each in inside)
            if not alone and all(part in self.shared for part in between):
                return mark.name, mark.kind, dims
            return dim[1], mark.kind if dims[0] == dim or mark.kind != "parallel" else "serial", (dim,)
        raise AssertionError(dim)

    def _bound(self, plan: StagePlan, position: int, dim: Dim, names: Sequence[str]) -> None:
        constant = bool(self.builder.constant(plan, (dim,)))
        try:
            bound = shared_bound(self.builder.copies, names, position, constant)
        except LookupError as missing:
            raise self.builder.unbounded(plan, self.tree.dims(names[0]), missing) from None
        self.builder.enter(plan, dim, bound)

    # ------------------------------------------------------------ what is not shared
    def _stage(self, plan: StagePlan, depth: int) -> Items:
        """The rest of a stage all of whose statements share the same loops."""
        lead = self.builder.lead(plan)
        if not plan.is_reduction:
            return self.builder.assigned(plan, lead, depth)
        if len(reduction_groups(plan.state.stage)) > 1:
            return GroupedNest(self.builder, plan, depth, lead).items()
        return ReductionNest(self.builder, plan, depth, lead).items()


class SpreadReduction(GroupedNest):
    """The parts of a reduction that runs in a loop of another stage, or whose loop another stage shares.

    Accumulators: one value (a lane each) in registers where no data loop stands inside the shared ones; else the tensor
    itself for a bare reduction without lanes; else the box of what one iteration of the loops around it touches.
    """

    def __init__(self, builder: NestBuilder, plan: StagePlan, nest: TogetherNest) -> None:
        self.nest = nest
        super().__init__(builder, plan, len(nest.host), None)
        self.group: ReductionGroup = self.groups[0]
        self.init = self.statements["init", 0]
        self.update = self.statements["update", 0]
        self.start_guards: tuple[Node, ...] = ()

    def _depth(self, chain: tuple[int, ...]) -> int:
        return self.nest.depth(self.init)

    def _lead(self, chain: tuple[int, ...]) -> str:
        """Each part is guarded by itself."""
        return self.statements["finish", 0].name

    def part(self, statement: Statement) -> Items:
        """The items of one statement."""
        match statement.role:
            case "init":
                return self._starts()
            case "update":
                return self._terms()
            case _:
                return self._consumer(())

    def _starts(self) -> Items:
        depth = self._depth(())
        found = self.builder.scanned(self.plan, self.init.name, self.init.name, depth)
        self.start_guards = found.guards
        self._plan_buffers(self.group, self.init, depth)
        return self._start(self.group, self.init, depth, found.guards)

    def _terms(self) -> Items:
        depth = self.nest.depth(self.update)
        found = self.builder.scanned(self.plan, self.update.name, self.update.name, depth)
        loops = self._loops(self.builder.copies.dims(self.update.name)[depth:])
        compute = self._update(self.group, self.update)
        return self.builder.loops(self.plan, loops, found.guards, lambda: (compute,))

    def copied(self) -> Items:
        """Lanes combined; the tensor's element := the accumulator, where that is no element itself."""
        depth = self._depth(())
        lanes = self._combine(self.group, self.init, depth, self.start_guards)
        if self.in_place:
            return lanes
        axes = self.builder.axes_of(self.plan, self.init.name)
        slots = self._slots(self.group, self.init, self._zeros(self.group))
        compute: NestItem = NestCompute(self.plan.name, "finish", axes, slots)
        loops = self._loops(self.builder.copies.dims(self.init.name)[depth:])
        guards = self.start_guards
        return (*lanes, *self.builder.loops(self.plan, loops, guards, lambda: (compute,), producers=False))

    def _consumer(self, chain: tuple[int, ...]) -> Items:
        lanes = self._combine(self.group, self.init, self._depth(()), self.start_guards)
        return (*lanes, *super()._consumer(chain))

    @property
    def in_place(self) -> bool:
        """Whether the accumulators are the stage's own elements."""
        own = self.builder.copies.dims(self.init.name)[self._depth(()) :]
        if not self.plan.bare or not (own or self._read_inside):
            return False
        lanes = self._lanes(self.group)
        if lanes and self._read_inside:
            raise LimitError(
                "L126",
                f"{self.plan.name} is summed in lanes, and {self._read_inside} reads it in the loop that they share",
                why=["lanes are combined after the loop"],
                hint=[f"share a loop outside of the terms of {self.plan.name}", "lanes along a data axis"],
            )
        return not lanes

    @property
    def _read_inside(self) -> str | None:
        """Who reads an element in the loop over its terms: after the last of them, that is, and in the same iteration."""
        tree = self.builder.copies.tree
        around = tree.dims(self.update.name)[: self.nest.depth(self.update)]
        if len(around) == self._depth(()):
            return None
        readers = (each for name in self.plan.state.stage.tensor_names for each in tree.readers.get(name, ()))
        inside = around[: self._depth(()) + 1]
        return next(
            (r.stage for r in readers if r.stage != self.plan.name and tree.inside(r.name, inside)), None
        )

    def _plan_buffers(self, group: ReductionGroup, init: Statement, depth: int) -> None:
        if self.in_place:
            self.buffers[group.number] = ()
            self.boxes[group.number] = None
        else:
            super()._plan_buffers(group, init, depth)

    def _fixed(self, group: ReductionGroup) -> bool:
        return not self.plan.state.atomic and not self.builder.copies.dims(self.init.name)[self._depth(()) :]

    def _slots(
        self, group: ReductionGroup, statement: Statement, lanes: tuple[Node, ...]
    ) -> tuple[Slot, ...]:
        if self.in_place:
            return self.builder.storage.elements(self.plan, self.builder.axes_of(self.plan, statement.name))
        return super()._slots(group, statement, lanes)

    def allocated(self) -> tuple[Storage, ...]:
        """The buffers of the accumulators, once the initialisation is built."""
        return self.buffers[self.group.number]
