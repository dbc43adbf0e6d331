"""`rfactor`: a reduction in two stages, partial results first; names in, the state with the partial stage out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, NoReturn

from tdsl.errors import PlacementError
from tdsl.expr.build import add
from tdsl.expr.node import Node, Read, Reduce, axis_var, index_const
from tdsl.expr.reduction_groups import reduction_groups, reduction_key
from tdsl.expr.rewrite import reads, rewrite, substitute, variables
from tdsl.expr.tensor import Axis, Stage, tensors_of
from tdsl.poly.model import LoopMark, Place, Shift, Split
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.derive import fresh_state
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loop_parts import LoopParts
from tdsl.schedule.loops import children, origins, over_reduction, parents
from tdsl.schedule.nest_plan import derived_from, tail_loops
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class RFactor(Directive):
    """A new stage keeps one partial result an iteration of loop `axis`; `stage` then reduces them over `axis` alone.

    The terms of one partial result keep their order, and the partial results are combined in order: the same result
    for any number of threads, but another association of the terms (labelled so for floats).

    Args:
        axis: a loop that derives from a reduction axis, by splits only.
        name: of the new stage; ``<stage>_partial`` by default. `axis` is its first dim.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); k = td.reduce_axis("k", n)
        >>> C = td.compute("C", (), lambda: td.sum(A[k], over=k))
        >>> s = td.schedule(C).split(C, "k", 64).rfactor(C, "ko", name="part"); s.axes("part"), s.axes(C)
        (('ko', 'ki'), ('ko',))

    On a GPU `axis` of `stage` may then be bound to threads, where the new stage is computed in it, in registers: the
    threads combine what they have by shuffles within a warp and one step through shared memory (semantics P10).

    Of an update of the form ``U[at] = U[at] op e`` the partial results are whole arrays, set to the identity by the
    stage ``<name>_start``, and any of its loops will do.

    Legal when: the reduction is associative and commutative, which every reducer is.
    Errors: S102–S106 stage or axis; S113 name; S311 no reduction; S317 not a reduction loop, or one that is fused,
        marked, or has a symbolic start or an extent that depends on other axes; S318 reductions over different axes.
    Source: Suriana, Adams, Kamil, "Parallel associative reductions in Halide" (CGO 2017); semantics P10.
    """

    primitive: ClassVar[str] = "rfactor"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    name: str | None = None

    def apply(self, state: State) -> State:
        """The state with the partial stage right before `stage`."""
        entry = arguments.stage_named(self, state, self.stage)
        arguments.loop_named(self, state, entry, self.axis)
        name = arguments.fresh_stage(
            self, state, self.name if self.name is not None else f"{entry.name}_partial"
        )
        if entry.stage.base is not None:
            self._check_no_sum(entry)
            return self._of_update(state, entry, name)
        found = self._reductions(entry)
        if not over_reduction(entry, self.axis):
            self._refuse(entry, f"{self.axis} of {entry.name} is no reduction loop")
        self._check_loops(entry)
        partial = self._partial(entry, found, name)
        rest = self._rest(entry, found, partial)
        fresh = self._placed(entry, partial)
        moved = [loop for loop in entry.axes if over_reduction(entry, loop)]
        state = state.with_stage(rest).inserted(fresh, before=entry.name)
        return _rehosted(state, entry.name, name, moved)

    def _check_no_sum(self, entry: StageState) -> None:
        """Errors: S311 an update whose value reduces: its terms are elements as they stand at each point."""
        if entry.stage.reduce_axes:
            raise self.refusal(
                PlacementError,
                "S311",
                f"the value of {entry.name} reduces at every point of an update",
                why=("its terms are elements as they then stand, and no stage before the update has them",),
                loops=loop_lines(entry, mark=self.axis),
                hint=("the sum as a stage of its own, where it reads nothing that is updated",),
            )

    def _of_update(self, state: State, entry: StageState, name: str) -> State:
        """An update that adds to its elements, with one partial array an iteration of `axis`."""
        from tdsl.schedule.update_parts import added, shared_out

        adding = added(entry.stage)
        if adding is None:
            raise self.refusal(
                PlacementError,
                "S311",
                f"{entry.name} is no reduction: it does not add to its elements",
                why=(
                    "rfactor of an update needs U[at] = U[at] op e, with the same subscripts and e free of U",
                ),
                hint=("+ - * min max & | ^ of the element and something else, also under td.where",),
            )
        self._check_loops(entry)
        for other in state.live():
            if isinstance(other.compute, Place) and other.compute.stage == entry.name:
                self._refuse(
                    entry, f"{other.name} is computed in its loop {other.compute.loop}", other.compute.loop,
                    f'compute_root("{other.name}") first; the loops are those of "{name}" then',
                )  # fmt: skip
        arguments.fresh_stage(self, state, f"{name}_start")
        parts = shared_out(self, entry, self.axis, name, adding)
        if parts is None:
            self._refuse(entry, "its loops come from splits alone, and it runs as often as sizes say")
        rest, partial, start = parts
        return state.with_stage(rest).inserted(start, before=entry.name).inserted(partial, before=entry.name)

    # what the arguments must be

    def _reductions(self, entry: StageState) -> tuple[Reduce, ...]:
        """What the stage reduces: one nest, with a node for each reducer and operands, whatever their components."""
        groups = reduction_groups(entry.stage)
        if len(groups) == 0:
            raise self.refusal(
                PlacementError, "S311", f"{entry.name} is no reduction: it has no terms to share out"
            )
        if len(groups) > 1:
            raise self.refusal(
                PlacementError,
                "S318",
                f"{entry.name} has {len(groups)} nests of reductions; rfactor takes stages with one",
                hint=("a stage for each nest",),
            )
        (group,) = groups
        return group.nodes

    def _check_loops(self, entry: StageState) -> None:
        """Reduction loops come from splits alone and carry no marks: they move to the new stage."""
        roots = origins(entry)
        shared = entry.stage.axes if entry.stage.base is not None else entry.stage.reduce_axes
        reduced = frozenset(axis.name for axis in shared)
        for loop in entry.loops:
            if not reduced & set(roots[loop.name]):
                continue
            if len(roots[loop.name]) > 1:
                self._refuse(entry, f"{loop.name} is fused of {', '.join(roots[loop.name])}", loop.name)
            if loop.kind != "serial":
                self._refuse(entry, f"{loop.name} runs {arguments.KIND_TEXT[loop.kind]} already", loop.name)
        for relation in entry.relations:
            if isinstance(relation, Shift) and relation.parent in derived_from(reduced, entry.relations):
                self._refuse(entry, f"{relation.parent} was shifted")
        if entry.atomic:
            self._refuse(entry, "its elements are changed at once: partial results are the other way")
        for cut in entry.cuts:
            if reduced & set(roots[cut.loop]):
                self._refuse(entry, f"{cut.loop} runs in parts", cut.loop)
        for promote in entry.promotes:
            self._refuse(entry, f"its tile is promoted at {promote.loop}", promote.loop)
        named = [loop for loops, _ in tail_loops(entry) for loop in entry.axes if loop in loops]
        asked = [loop for loop in named if reduced & set(roots[loop])]
        if asked:
            self._refuse(
                entry, f"{asked[0]} has a tail= of its own, which the new stage has no use for", asked[0]
            )

    def _refuse(
        self,
        entry: StageState,
        why: str,
        mark: str | None = None,
        hint: str = "rfactor before marks, fuses and promotes of the reduction loops",
    ) -> NoReturn:
        raise self.refusal(
            PlacementError,
            "S317",
            f"{entry.name} cannot keep partial results an iteration of {self.axis}",
            why=(why,),
            loops=loop_lines(entry, mark=mark or self.axis),
            hint=(hint,),
        )

    # the two stages

    def _partial(self, entry: StageState, found: Sequence[Reduce], name: str) -> Stage:
        """The new stage: `axis` and the data axes outside, the other reduction loops as its reduction axes."""
        stage = entry.stage
        root = origins(entry)[self.axis][0]
        values, kept = self._leaves(entry, root)
        names = tuple(axis.name for axis in kept)
        factored = self._first(entry, root)
        body: list[Node] = []
        for node in found:
            operands = tuple(substitute(operand, values) for operand in node.operands)
            body += [
                Reduce(node.reducer, names, operands, component, node.fused) if names else operand
                for component, operand in enumerate(operands)
            ]
        return Stage(
            name=name,
            axes=(factored, *stage.axes),
            reduce_axes=kept,
            body=tuple(body),
            dtypes=tuple(value.dtype for value in body),
            tensor_names=(name,)
            if len(body) == 1
            else tuple(f"{name}_{index}" for index in range(len(body))),
            sizes=stage.sizes,
            params=stage.params,
            facts=stage.facts,
            options=stage.options,
            number=stage.number,
            where=self.where,
        )

    def _placed(self, entry: StageState, partial: Stage) -> StageState:
        """The new stage as it starts: data axes outside, then the reduction loops in the order they had."""
        # Not `entry.dims`: what was an update keeps the dims of its array, one of which may be called as the axis is.
        fresh = fresh_state(partial, tuple(axis.name for axis in partial.axes))
        bound = {axis.name for axis in partial.reduce_axes}
        relations: list[Split] = []
        for relation in entry.relations:
            if isinstance(relation, Split) and relation.parent in bound and relation.parent not in entry.axes:
                relations.append(relation)
                bound |= {relation.outer, relation.inner}
        inner = [loop for loop in entry.loops if over_reduction(entry, loop.name) and loop.name != self.axis]
        loops = (LoopMark(self.axis), *(LoopMark(axis.name) for axis in entry.stage.axes), *inner)
        return replace(fresh, loops=loops, relations=tuple(relations), origin="rfactor")

    def _rest(self, entry: StageState, found: Sequence[Reduce], partial: Stage) -> StageState:
        """The stage itself: it reduces the partial results over `axis`."""
        index = tuple(axis_var(axis.name) for axis in partial.axes)
        results = iter([Read(tensor, index) for tensor in tensors_of(partial)])
        combined = {reduction_key(node): tuple(next(results) for _ in node.operands) for node in found}

        def rule(node: Node) -> Node:
            if not isinstance(node, Reduce):
                return node
            return Reduce(node.reducer, (self.axis,), combined[reduction_key(node)], node.component, False)

        body = tuple(rewrite(node, rule) for node in entry.stage.body)
        stage = replace(entry.stage, reduce_axes=(partial.axes[0],), body=body)
        loops: list[LoopMark] = [
            loop for loop in entry.loops if loop.name == self.axis or not over_reduction(entry, loop.name)
        ]
        roots = {axis.name for axis in entry.stage.reduce_axes}
        mine: set[str] = set(roots)
        for relation in entry.relations:
            if set(parents(relation)) & mine:
                mine |= set(children(relation))
        relations = tuple(relation for relation in entry.relations if not set(parents(relation)) & mine)
        return replace(entry, stage=stage, loops=tuple(loops), relations=relations)

    def _first(self, entry: StageState, root: str) -> Axis:
        """`axis` as a data axis of the new stage: it starts at 0, and its extent is of sizes and constants alone."""
        extent = LoopParts(entry, root).extents[self.axis]
        if any(var.kind == "axis" for var in variables(extent)):
            self._refuse(entry, f"how often {self.axis} runs depends on other axes")
        if any(reads(extent)):
            self._refuse(entry, f"how often {self.axis} runs depends on data")
        return Axis(self.axis, index_const(0), extent)

    def _leaves(self, entry: StageState, root: str) -> tuple[dict[Node, Node], tuple[Axis, ...]]:
        """What the reduction axis `root` is in terms of its loops, and the reduction axes the new stage keeps.

        With `axis` and the loops before it fixed, a loop runs while it keeps every block it is a part of inside its
        extent: exact, since all later loops may be 0.
        """
        declared = next(axis for axis in entry.stage.reduce_axes if axis.name == root)
        parts = LoopParts(entry, root)
        strides = parts.strides[root]
        fixed = [self.axis]
        kept: list[Axis] = []
        for loop in sorted((loop for loop in strides if loop != self.axis), key=lambda loop: -strides[loop]):
            kept.append(Axis(loop, index_const(0), parts.bound(loop, fixed)))
            fixed.append(loop)
        partial = parts.value(root, fixed)
        others = [axis for axis in entry.stage.reduce_axes if axis.name != root]
        value = add(partial, declared.lower)
        table_of_values: dict[Node, Node] = {axis_var(root): value}
        bounds = [
            replace(
                axis,
                lower=substitute(axis.lower, table_of_values),
                upper=substitute(axis.upper, table_of_values),
            )
            for axis in others
        ]
        return table_of_values, self._in_order(entry, [*kept, *bounds])

    def _in_order(self, entry: StageState, axes: Sequence[Axis]) -> tuple[Axis, ...]:
        """Declared order of the original axes: the loops of the factored one stand where it stood."""
        root = origins(entry)[self.axis][0]
        names = [axis.name for axis in entry.stage.reduce_axes]
        place = {name: index for index, name in enumerate(names)}
        return tuple(sorted(axes, key=lambda axis: place.get(axis.name, place[root])))


def _rehosted(state: State, old: str, new: str, loops: Sequence[str]) -> State:
    """What stood inside the loops that moved to the new stage stands inside them there."""

    def moved(place: Place | None) -> Place | None:
        return (
            Place(new, place.loop)
            if place is not None and place.stage == old and place.loop in loops
            else place
        )

    changed = [
        replace(
            entry,
            compute=moved(entry.compute),
            store=entry.store if isinstance(entry.store, str) else moved(entry.store),
        )
        for entry in state.stages
    ]
    return replace(state, stages=tuple(changed))
