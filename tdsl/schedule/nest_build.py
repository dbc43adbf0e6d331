"""State -> Nest: loops with their bounds, producers in the loops they are placed in, accumulators and buffers.

In: a legal State. Out: the `Nest` that print shows and lowering expands. Bounds come from `poly.scan`; the shape of the
tree follows the rules written in docs/architecture.md ("the loop tree"): prefix loops are shared by a reduction's
initialisation, update and epilogue; producers come before their host's own statements, in program order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import cast

from tdsl.errors import LimitError
from tdsl.expr.build import add, sub
from tdsl.expr.knowledge import Knowledge
from tdsl.expr.node import Compare, Const, Node, index_const
from tdsl.expr.reduction_groups import reduction_groups
from tdsl.expr.rewrite import free_vars, substitute
from tdsl.expr.simplify import simplify
from tdsl.poly.early import starts_early
from tdsl.poly.model import Arranged, LoopMark, Place, Statement
from tdsl.poly.recent import recent_copies
from tdsl.poly.scan import Bound, Scan, base_node, loop_var, scan
from tdsl.schedule.nest import (
    LoopKind,
    Nest,
    NestCompute,
    NestGuard,
    NestItem,
    NestLoop,
    local,
)  # fmt: skip
from tdsl.schedule.nest_barriers import completed
from tdsl.schedule.nest_cooperate import cooperating
from tdsl.schedule.nest_cuts import cut
from tdsl.schedule.nest_data import narrowed
from tdsl.schedule.nest_device import arranged_on_device, on_device, symbolic_threads, uniform_values
from tdsl.schedule.nest_flat import narrowed_flat
from tdsl.schedule.nest_fused import fused_loop, fused_threads
from tdsl.schedule.nest_names import variable_names
from tdsl.schedule.nest_padding import has_room
from tdsl.schedule.nest_pipeline import check_ahead, made_ahead, pipelined
from tdsl.schedule.nest_plan import StagePlan, recover, turned_round
from tdsl.schedule.nest_prefetch import check_prefetches, fetched
from tdsl.schedule.nest_registers import moving_loops
from tdsl.schedule.nest_source import source_items
from tdsl.schedule.nest_storage import StoragePlanner
from tdsl.schedule.nest_stream import streamed
from tdsl.schedule.nest_tensorize import check_tensorized, whole_tile
from tdsl.schedule.nest_together import BodyUnit, TogetherNest, in_order
from tdsl.schedule.state import Prefetched, State
from tdsl.schedule.statements import source_axes

Dim = tuple[str, str]
Group = tuple[str, str, tuple[Dim, ...]]
"""(loop as it stands, kind, its leaf dims)."""


def build_nest(state: State) -> Nest:
    """The nest of a schedule's state. Errors: L1xx where a constant extent or a capacity is missing."""
    written_out: frozenset[Dim] = frozenset()
    stages = {one.name: one.stage for one in state.stages if not one.inlined}
    while True:
        builder = NestBuilder(state, written_out)
        nest = builder.build()
        more = moving_loops(nest, stages, builder.names)
        if more <= written_out:
            return nest
        written_out |= more


class NestBuilder:
    """One build: tables that every part needs, filled outside-in."""

    def __init__(self, state: State, written_out: frozenset[Dim] = frozenset()) -> None:
        self.state = state
        self.written_out = written_out
        self.arranged: Arranged = arranged_on_device(state)
        self.copies = recent_copies(self.arranged)
        self.plans = {one.name: StagePlan(one) for one in state.stages if not one.inlined}
        self.statements: dict[tuple[str, str], Statement] = {
            (one.stage, one.role): one for one in self.arranged.program.statements if one.group == 0
        }
        leaves = [
            (name, leaf) for name, plan in self.plans.items() for _, group in plan.groups for leaf in group
        ]
        fused = [(name, mark.name) for name, plan in self.plans.items() for mark in plan.state.loops]
        copied = [
            (f"{name}.source", axis)
            for name, plan in self.plans.items()
            if plan.state.stage.base is not None
            for axis in source_axes(plan.state.stage)
        ]
        taken = [size.name for size in self.arranged.program.sizes]
        shared = set(leaves) - self._looped()
        mine = [dim for dim in (*leaves, *fused) if dim not in shared]
        self.names = variable_names([*mine, *copied], taken)
        self.names |= {dim: f"{dim[0]}.{dim[1]}" for dim in sorted(shared)}
        for plan in self.plans.values():
            for loop in turned_round(plan.state.relations) & {
                leaf for _, group in plan.groups for leaf in group
            }:
                self.names[plan.name, loop] += ".down"  # what runs is the loop's value with the sign changed
        self.values: dict[Node, Node] = {}
        self.known = Knowledge({size.name: (size.minimum, None) for size in self.arranged.program.sizes})
        self.extents: dict[Dim, int] = {}
        self.bounds: dict[Dim, Bound] = {}
        self.once: set[Dim] = set()
        """Own loops of joined stages, and of those that threads reduce together, that run once: a value, and no loop."""
        self.narrowed: set[Dim] = set()
        """Loops that are whole axes with bounds read from data (nest_data.py)."""
        self.flat: dict[str, tuple[Node, Node] | None] = {}
        self.prefetched: set[tuple[str, Prefetched]] = set()
        self.tensorized: set[str] = set()
        self.ahead: set[str] = set()
        self.whole: set[Dim] = set()
        """Serial loops over whole tiles, whose partial ones have a condition inside."""
        self.storage = StoragePlanner(self)
        self.members = self._led()
        self.uniform = uniform_values(state, self.plans.values(), self.names)

    def build(self) -> Nest:
        items = self._placed(None, None)
        items = self.storage.allocate(None, None, items)
        check_prefetches(self)
        check_tensorized(self)
        check_ahead(self)
        items = streamed(self.state, items)
        if on_device(self.state):
            items = completed(self.state, items, self.storage.all())
        return Nest(items, self.storage.all(), self.state.outputs)

    # ------------------------------------------------------------ placement
    def _placed(self, place: Place | None, dim: Dim | None, ahead: bool = False) -> tuple[NestItem, ...]:
        """Nests of the stages computed at one place, in program order; dim: which nest's copy of the loop this is."""
        return in_order(self.units(place, dim, ahead))

    def units(self, place: Place | None, dim: Dim | None, ahead: bool = False) -> list[BodyUnit]:
        """What is computed at one place, as units of its body in order of value flow, ties by declaration.

        ahead: those stages whose tiles are made ahead, else the others.
        """
        found: list[BodyUnit] = []
        tree = self.copies.tree
        for plan in self.plans.values():
            if (plan.state.copies > 1) is not ahead:
                continue
            if self.place(plan) != place or (dim is not None and tree.host(plan.name)[-1] != dim):
                continue
            depth, mine = len(tree.host(plan.name)), tree.of_stage[plan.name]
            rank = 2 * max(tree.position(each.name, depth) for each in mine if each.role != "sink")
            if plan.state.stage.base is not None:  # what reads the copy alone may stand before the changes
                before = 2 * tree.position(f"{plan.name}.source", depth)
                found.append(BodyUnit(before, lambda one=plan: source_items(self, one)))
            if self.members[plan.name]:
                found += TogetherNest(self, plan, self.members[plan.name]).units()
            elif plan.name not in tree.joins.of:
                found.append(BodyUnit(rank, lambda one=plan: self._stage(one)))
        return found

    def _looped(self) -> set[Dim]:
        """The leaf loops (stage, loop) that some statement runs in; the others are loops of another stage."""
        dims = (dim for name in self.copies.tree.statements for dim in self.copies.dims(name))
        return {(owner.split(".")[0], leaf) for owner, leaf in dims}

    def _led(self) -> dict[str, list[StagePlan]]:
        """What is computed with each stage, directly or through one another."""
        joins = self.copies.tree.joins.of
        found: dict[str, list[StagePlan]] = {name: [] for name in self.plans}
        for name, plan in self.plans.items():
            leader = name
            while leader in joins:
                leader = joins[leader].stage
            if leader != name:
                found[leader].append(plan)
        return found

    def place(self, plan: StagePlan) -> Place | None:
        """Where a stage is computed, as (stage, innermost leaf)."""
        at = plan.state.compute
        if at is None:
            return None
        return Place(at.stage, self.plans[at.stage].table[at.loop].leaves[-1])

    def statement(self, plan: StagePlan, role: str) -> str:
        return self.statements[plan.name, role].name

    def lead(self, plan: StagePlan) -> str:
        """The statement whose loops are the stage's prefix."""
        return self.statement(plan, "init" if plan.is_reduction else "assign")

    def host_lead(self, plan: StagePlan) -> str | None:
        """The statement of the host inside whose loops a stage is placed."""
        at = self.place(plan)
        if at is None:
            return None
        host, tree = self.plans[at.stage], self.copies.tree
        inner = {leaf for _, leaves in host.groups[host.prefix :] for leaf in leaves}
        lead, around = self.lead(host), tree.host(plan.name)
        # Where another stage's loop runs the host's terms, its own loops stand inside of that one.
        if not host.is_reduction or (at.loop not in inner and tree.inside(lead, around)):
            return lead
        updates = [each for each in tree.of_stage[host.name] if each.role == "update"]
        return next(each.name for each in updates if tree.dims(each.name)[: len(around)] == around)

    # ------------------------------------------------------------ one stage
    def _stage(self, plan: StagePlan) -> tuple[NestItem, ...]:
        context = len(self.copies.tree.host(plan.name))
        if not plan.is_reduction:
            return self.assigned(plan, self.host_lead(plan), context)
        from tdsl.schedule.nest_groups import GroupedNest
        from tdsl.schedule.nest_reduce import ReductionNest

        if len(reduction_groups(plan.state.stage)) > 1:
            return GroupedNest(self, plan, context, self.host_lead(plan)).items()
        return ReductionNest(self, plan, context, self.host_lead(plan)).items()

    def assigned(self, plan: StagePlan, lead: str | None, context: int) -> tuple[NestItem, ...]:
        """The loops of a stage without reductions below `context` dims, in the loops of the statement `lead`."""
        name = self.statement(plan, "assign")
        left = set(self.copies.dims(name)[context:])
        groups = self.left_of(self.groups(plan.name, plan.groups), left)
        found = self.scanned(plan, name, lead, context)
        # A guard in several parts is about holes in the region, which no padding at the end makes room for.
        inside = tuple(
            guard for guard in found.guards if isinstance(guard, Compare) and has_room(self, plan, guard)
        )
        atomic = plan.state.atomic
        compute = NestCompute(plan.name, "assign", self.axes(plan, plan.name), inside=inside, atomic=atomic)
        guards = [guard for guard in found.guards if guard not in inside]
        if plan.state.cooperate is not None:
            return cooperating(self, plan, groups, guards, lambda: (compute,))
        return self.loops(plan, groups, guards, lambda: (compute,))

    def left_of(self, groups: Sequence[Group], left: AbstractSet[Dim]) -> list[Group]:
        """Loop groups without the dims that stand around already."""
        parts = ((name, kind, tuple(dim for dim in dims if dim in left)) for name, kind, dims in groups)
        return [group for group in parts if group[2]]

    def groups(self, owner: str, groups: Sequence[tuple[LoopMark, tuple[str, ...]]]) -> list[Group]:
        """Loop groups with the owner of their dims."""
        return [(mark.name, mark.kind, tuple((owner, leaf) for leaf in leaves)) for mark, leaves in groups]

    def constant(self, plan: StagePlan, dims: Sequence[Dim]) -> frozenset[Dim]:
        """Dims that need a constant extent: lanes, unrolled loops, loops that index registers."""
        marked = {
            leaf for mark, leaves in plan.groups if mark.kind in ("vector", "unroll") for leaf in leaves
        }  # fmt: skip
        marked |= plan.shared_out | self.storage.register_loops(plan)
        marked |= {leaf for stage, leaf in self.written_out if stage == plan.name}
        self.whole |= {(plan.name, leaf) for leaf in plan.tailed - marked}
        marked |= plan.tailed
        return frozenset(dim for dim in dims if dim[0].split(".")[0] == plan.name and dim[1] in marked)

    def scanned(
        self,
        plan: StagePlan,
        statement: str,
        lead: str | None,
        fixed: int,
        drop: frozenset[Dim] = frozenset(),
    ) -> Scan:
        """Bounds of a statement's dims from `fixed` on, entered in the tables; guards in IR locals."""
        dims = [dim for dim in self.copies.dims(statement) if dim not in drop]
        constant = self.constant(plan, dims[fixed:])
        try:
            found = scan(self.copies, statement, constant, lead, fixed, drop)
        except LookupError as missing:
            raise self.unbounded(plan, dims, missing) from None
        for dim, bound in zip(dims[fixed:], found.bounds, strict=True):
            self.enter(plan, dim, bound)
        guards = tuple(self.resolve(guard) for guard in found.guards)
        self.narrowed.difference_update(dims[fixed:])
        guards += narrowed(self, plan, statement, dims[fixed:])
        narrowed_flat(self, plan, statement, dims[fixed:])
        return Scan(tuple(self.bounds[dim] for dim in dims[fixed:]), guards)

    def enter(self, plan: StagePlan, dim: Dim, bound: Bound) -> None:
        """The value of a copy dimension in IR locals, and its bounds."""
        lower, upper = self.resolve(bound.lower), self.resolve(bound.upper)
        variable = local(self.names[plan.name, dim[1]])
        self.bounds[dim] = Bound(lower, upper, bound.extent)
        joined = plan.name in self.copies.tree.joins.of or plan.name in self.uniform.crossing
        if joined and dim[1] not in plan.lanes and simplify(sub(upper, lower)) == index_const(1):
            self.once.add(dim)
            self.values[loop_var(*dim)] = lower
        elif bound.extent is None:
            self.values[loop_var(*dim)] = variable
        else:
            self.values[loop_var(*dim)] = add(lower, variable)
            self.extents[dim] = bound.extent
        if self.copies.tree.bound(dim) and self._once(lower, upper, bound.extent):
            self.values[loop_var(*dim)] = lower  # a place that is the only one is no variable

    def _once(self, lower: Node, upper: Node, extent: int | None) -> bool:
        span = index_const(extent) if extent is not None else simplify(sub(upper, lower), self.known)
        return isinstance(span, Const) and int(span.value) == 1

    def copy_dim(self, source: Dim, target: Dim) -> None:
        """Gives `target` the bounds and value of `source`."""
        self.bounds[target] = self.bounds[source]
        self.values[loop_var(*target)] = self.values[loop_var(*source)]
        if source in self.extents:
            self.extents[target] = self.extents[source]

    def unbounded(self, plan: StagePlan, dims: Sequence[Dim], missing: LookupError) -> LimitError:
        owner, loop = dims[cast(int, missing.args[0])]
        mark = next((mark for mark, leaves in plan.groups if loop in leaves), None)
        if mark is not None and mark.kind.startswith("thread"):
            return symbolic_threads(self.state, plan.state, mark)
        return LimitError(
            "L104",
            f"loop {loop} of {owner} needs a constant number of iterations and has none",
            why=[
                "it is vectorised, unrolled, or indexes storage in registers, and its extent depends on a size"
            ],
            hint=[f"split it first: .split({plan.name!r}, {loop!r}, 8), or use another scope"],
        )

    def resolve(self, node: Node) -> Node:
        """An answer of poly in IR locals, in normal form."""
        return simplify(substitute(node, self.values), self.known)

    def axes(self, plan: StagePlan, owner: str) -> tuple[tuple[str, Node], ...]:
        """Values of the axes a statement has, `owner` being whose copies of the inner loops it runs in."""
        leaves: dict[str, Node] = {}
        for (name, leaf), value in self._leaf_values(plan, owner).items():
            del name
            leaves[leaf] = value
        shared = self.shared_values(plan, self.copies.tree.main(plan.name).name)
        known = recover(plan.state.relations, leaves | shared, lambda step: self.base(plan, step)) | shared
        stage = plan.state.stage
        return tuple((a.name, known[a.name]) for a in (*stage.axes, *stage.reduce_axes) if a.name in known)

    def axes_of(self, plan: StagePlan, statement: str) -> tuple[tuple[str, Node], ...]:
        """Values of the axes that a statement has, from its own dims."""
        known = self._known_axes(plan, statement)
        wanted = self.copies.tree.statements[statement].axes
        return tuple((axis, known[axis]) for axis in wanted)

    def _known_axes(self, plan: StagePlan, statement: str) -> dict[str, Node]:
        """Values of loops and axes that the loops entered so far determine."""
        own = self.copies.dims(statement)[self.copies.tree.entry(statement) :]
        values = {dim[1]: self.values.get(loop_var(*dim)) for dim in own}
        leaves = {leaf: value for leaf, value in values.items() if value is not None}
        shared = self.shared_values(plan, statement)
        return recover(plan.state.relations, leaves | shared, lambda step: self.base(plan, step)) | shared

    def shared_values(self, plan: StagePlan, statement: str) -> dict[str, Node]:
        """The axes of a statement whose values are those of the leader's in the loops they share."""
        tree = self.copies.tree
        settled = tree.joins.settled(statement)
        if not settled:
            return {}
        join = tree.joins.of[plan.name]
        dims = (*tree.host(plan.name), *tree.joins.joint(statement))
        leader = max((each for each in tree.of_stage[join.stage] if tree.inside(each.name, dims)),
                     key=lambda each: len(each.axes))  # fmt: skip
        theirs = self._known_axes(self.plans[join.stage], leader.name)
        match = tree.joins.match(plan.name)
        lags = dict(join.lags)
        pairs = ((match[axis], theirs[axis]) for axis in leader.axes if match.get(axis) in settled)
        return {axis: add(value, index_const(lags.get(axis, 0))) for axis, value in pairs}

    def _leaf_values(self, plan: StagePlan, owner: str) -> dict[Dim, Node]:
        table: dict[Dim, Node] = {}
        for who in (plan.name, owner):
            for _, leaves in plan.groups:
                for leaf in leaves:
                    value = self.values.get(loop_var(who, leaf))
                    if value is not None and self._visible(plan, who, owner, leaf):
                        table[plan.name, leaf] = value
        return table

    def _visible(self, plan: StagePlan, who: str, owner: str, leaf: str) -> bool:
        """Inner loops of the update are not seen by init and finish, which have their own."""
        if who == owner or who != plan.name:
            return True
        prefix = {name for _, leaves in plan.groups[: plan.prefix] for name in leaves}
        return leaf in prefix

    def base(self, plan: StagePlan, step: int) -> Node:
        """Where a relative split, relation number `step`, starts."""
        return self.resolve(base_node(self.copies, plan.name, step))

    # ------------------------------------------------------------ loops
    def loops(
        self,
        plan: StagePlan,
        groups: Sequence[Group],
        guards: Sequence[Node],
        body: Callable[[], tuple[NestItem, ...]],
        producers: bool = True,
    ) -> tuple[NestItem, ...]:
        """The loops of `groups` around `body`; guards where they are bound; what is placed or asked for, not in copies."""
        items = body()
        left = list(guards)
        for position in range(len(groups) - 1, -1, -1):
            name, kind, dims = groups[position]
            here = self._guards_of(plan, left, dims)
            left = [guard for guard in left if guard not in here]
            first = fetched(self, plan, name, dims) if producers else ()
            early = producers and starts_early(self.copies, dims[-1])
            if early:  # what is made ahead is not asked what the loop's own stage is
                items = self.guarded(plan, here, (*first, *items))
            if producers:
                place = Place(plan.name, dims[-1][1])
                items = self.storage.allocate(place, dims[-1], (*self._placed(place, dims[-1]), *items))
            if not early:
                items = self.guarded(plan, here, (*first, *items))
            items = self.one_loop(plan, name, kind, dims, items)
            if producers and (ahead := made_ahead(self, dims[-1])):
                tiles = self._placed(Place(plan.name, dims[-1][1]), dims[-1], ahead=True)
                items = pipelined(self, plan, ahead, self.guarded(plan, here, tiles), items)
        return self.guarded(plan, left, items)

    def _guards_of(self, plan: StagePlan, guards: Sequence[Node], dims: Sequence[Dim]) -> list[Node]:
        names = {self.names[plan.name, leaf] for _, leaf in dims}
        return [
            guard for guard in guards if names & {var.name for var in free_vars(guard) if var.kind == "local"}
        ]

    def guarded(
        self, plan: StagePlan, guards: Sequence[Node], items: tuple[NestItem, ...]
    ) -> tuple[NestItem, ...]:
        """`items` under conditions; one that differs between threads sinks below what all of a block do together."""
        for guard in reversed(guards):
            asked = NestGuard(guard, items, self.tail(plan, guard))
            held = self.uniform.holds(guard)
            items = (asked,) if held else self.uniform.guarded(asked, items, plan.name)
        return items

    def tail(self, plan: StagePlan, guard: Node) -> str | None:
        """The named tail of the split whose inner loop a guard mentions."""
        mentioned = {var.name for var in free_vars(guard)}
        for loops, tail in plan.tails:
            if mentioned & {self.names.get((plan.name, loop)) for loop in loops}:
                return tail
        return None

    def _cut(self, plan: StagePlan, name: str, items: tuple[NestItem, ...]) -> tuple[NestItem, ...]:
        """A loop in the parts that it was cut into."""
        for how in plan.state.cuts:
            if how.loop == name:
                (loop,) = items
                assert isinstance(loop, NestLoop)
                return cut(loop, how, self.known)
        return items

    def one_loop(
        self, plan: StagePlan, name: str, kind: str, dims: Sequence[Dim], items: tuple[NestItem, ...]
    ) -> tuple[NestItem, ...]:
        """The loop of some dims around its body, in the parts that it was cut into."""
        left = [dim for dim in dims if dim not in self.once]
        return self._cut(plan, name, self._loop(plan, name, kind, left, items)) if left else items

    def _loop(
        self, plan: StagePlan, name: str, kind: str, dims: Sequence[Dim], items: tuple[NestItem, ...]
    ) -> tuple[NestItem, ...]:
        if len(dims) == 1:
            return (self._single(plan, name, kind, dims[0], items),)
        bounds = [self.bounds[dim] for dim in dims]
        own = {self.names[plan.name, leaf] for _, leaf in dims}
        ragged = any(own & {v.name for v in free_vars(b.lower)} or own & {v.name for v in free_vars(b.upper)}
                     for b in bounds)  # fmt: skip
        if kind.startswith("thread"):
            return fused_threads(self, plan, (name, kind, tuple(dims)), items)
        if ragged or any(bound.extent is not None for bound in bounds):
            for position in range(len(dims) - 1, -1, -1):
                mine = kind if position == 0 or kind in ("vector", "unroll") else "serial"
                items = (self._single(plan, dims[position][1], mine, dims[position], items),)
            return items
        return fused_loop(self, plan, (name, kind, tuple(dims)), items)

    def _single(
        self, plan: StagePlan, name: str, kind: str, dim: Dim, items: tuple[NestItem, ...]
    ) -> NestLoop:
        bound = self.bounds[dim]
        variable = self.names[plan.name, dim[1]]
        if bound.extent is None:
            return NestLoop(plan.name, name, variable, _kind(kind), bound.lower, bound.upper, items)
        implied = kind in ("serial", "parallel") and (plan.name, dim[1]) not in self.whole
        shown = "unroll" if implied else kind
        extent = index_const(bound.extent)
        intrinsic = whole_tile(self, plan, name, items) if dim[0] == plan.name else None
        return NestLoop(
            plan.name, name, variable, _kind(shown), index_const(0), extent, items, implied, intrinsic
        )


def _kind(kind: str) -> LoopKind:
    """A mark's kind as a nest's."""
    return cast(LoopKind, kind)
