"""Where every tensor of a nest lives: its buffer's box, and the loops that own it.

In: the builder's tables. Out: `Storage` values and the `NestAllocate`s around the loops' bodies. A tensor stored inside a
loop gets the exact box of what is written there (semantics P2, P13); folds and layouts change the subscripts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.build import add, ceildiv, mod, mul, sub
from tdsl.expr.node import Const, Node, axis_var, index_const
from tdsl.expr.rewrite import reads, substitute, variables
from tdsl.expr.simplify import simplify
from tdsl.expr.tensor import Stage, Tensor, tensors_of
from tdsl.poly.model import Place, Reverse, Skew
from tdsl.poly.scan import buffer_box
from tdsl.schedule.nest import NestAllocate, NestItem, Slot, Storage
from tdsl.schedule.nest_padding import padding
from tdsl.schedule.nest_pipeline import turning
from tdsl.schedule.nest_plan import StagePlan, derived_from, leaves_of
from tdsl.schedule.nest_swizzle import permuted, swizzled
from tdsl.schedule.placement import nodes_of, readers
from tdsl.schedule.state import StageState, StorageScope
from tdsl.schedule.statements import source_axes

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import NestBuilder

STACK_BYTES = 64 * 1024
"""Largest stack-scope buffer (semantics P11)."""


class StoragePlanner:
    """Storage of the tensors of one nest, planned where first needed."""

    def __init__(self, builder: NestBuilder) -> None:
        self.builder = builder
        self.plans: dict[str, tuple[Storage, ...]] = {}
        self.outputs = {id(tensor) for tensor in builder.state.outputs}
        self.stages = {one.name: one for one in builder.state.stages if not one.inlined}

    def all(self) -> tuple[Storage, ...]:
        """Storage of every tensor computed, in program order."""
        return tuple(storage for name in self.stages for storage in self.of(name))

    def place(self, state: StageState) -> Place | None:
        """Where the stage's buffers live, as (stage, innermost leaf); None at root."""
        at = state.compute if state.store is None else state.store
        if at is None or at == "root":
            return None
        return Place(at.stage, self.builder.plans[at.stage].table[at.loop].leaves[-1])

    def allocate(
        self, place: Place | None, dim: tuple[str, str] | None, items: tuple[NestItem, ...]
    ) -> tuple[NestItem, ...]:
        """`items` inside the allocations of the tensors stored at `place`; dim: which nest's copy of the loop this is."""
        tree = self.builder.copies.tree
        for state in reversed(self.stages.values()):
            if self.place(state) != place or self.overwriter(state) is not None or state.copies > 1:
                continue
            at = state.compute if state.store is None else state.store
            if dim is not None and isinstance(at, Place) and tree.around(at)[-1] != dim:
                continue
            for storage in reversed(self.of(state.name)):
                items = items if storage.argument else (NestAllocate(storage, items),)
        return items

    def of(self, stage: str) -> tuple[Storage, ...]:
        """Storage of a stage's tensors."""
        if stage not in self.plans:
            state = self.stages[stage]
            tensors = tensors_of(state.stage)
            later = self.overwriter(state)
            if later is not None:
                (shared,) = self.of(later.name)
                self.plans[stage] = (replace(shared, tensor=tensors[0].name),)
                return self.plans[stage]
            lower, extents, subscripts = self._box(state, tensors[0])
            plan = self.builder.plans[stage]
            made = (self._storage(state, t, lower, extents, subscripts) for t in tensors)
            self.plans[stage] = tuple(turning(self.builder, plan, one) for one in made)
        return self.plans[stage]

    def _storage(
        self,
        state: StageState,
        tensor: Tensor,
        lower: tuple[Node, ...],
        extents: tuple[Node, ...],
        subscripts: tuple[Node, ...],
    ) -> Storage:
        argument = id(tensor) in self.outputs
        scope = self._scope(state, tensor, extents)
        return Storage(
            tensor.name, tensor.name, tensor.dtype, scope, state.dims, subscripts, lower, extents, argument,
            swizzled(self.builder.state, state, tensor, scope, extents),
        )  # fmt: skip

    def _scope(self, state: StageState, tensor: Tensor, extents: tuple[Node, ...]) -> StorageScope:
        if state.scope == "heap":
            return "heap"
        constant = [extent.value for extent in extents if isinstance(extent, Const)]
        if len(constant) != len(extents):
            raise LimitError(
                "L107",
                f"{state.name} is in scope {state.scope} and its extents are not all constant",
                why=[f"extents: {', '.join(_text(extent) for extent in extents)}"],
                hint=[
                    "compute it inside a loop over tiles of constant size (compute_at), or leave it on the heap"
                ],
            )
        size = tensor.dtype.bytes
        for extent in constant:
            size *= int(extent)
        if state.scope == "stack" and size > STACK_BYTES:
            raise LimitError(
                "L108",
                f"{state.name} needs {size} bytes of stack and at most {STACK_BYTES} are allowed",
                hint=["use smaller tiles, or scope='heap'"],
            )
        return state.scope

    def subscripts(self, state: StageState) -> tuple[Node, ...]:
        """Physical subscripts over the dims: folds first, then the layout."""
        folds = dict(state.folds)
        logical: dict[Node, Node] = {
            axis_var(dim): mod(axis_var(dim), index_const(folds[dim])) if dim in folds else axis_var(dim)
            for dim in state.dims
        }
        if state.layout is None:
            return tuple(logical.values())
        return tuple(substitute(node, logical) for node in state.layout.subscripts)

    def _box(
        self, state: StageState, tensor: Tensor
    ) -> tuple[tuple[Node, ...], tuple[Node, ...], tuple[Node, ...]]:
        lower, extents, subscripts = self._exact_box(state, tensor)
        if not state.aligns:
            return lower, extents, subscripts
        aligned = (
            mul(ceildiv(extent, factor), index_const(factor))
            if (factor := dict(state.aligns).get(dim, 1)) > 1
            else extent
            for dim, extent in zip(state.dims, extents, strict=True)
        )
        return lower, tuple(self.builder.resolve(extent) for extent in aligned), subscripts

    def _exact_box(
        self, state: StageState, tensor: Tensor
    ) -> tuple[tuple[Node, ...], tuple[Node, ...], tuple[Node, ...]]:
        subscripts = self.subscripts(state)
        level = self.builder.copies.level(tensor.name)
        padding = self._padding(state, tensor)
        if level == 0 and state.layout is None:
            folds = dict(state.folds)
            extents = tuple(
                index_const(folds[dim]) if dim in folds else add(extent, index_const(padding[place]))
                for place, (dim, extent) in enumerate(zip(state.dims, tensor.extents, strict=True))
            )
            return tuple(index_const(0) for _ in extents), extents, subscripts
        lead = self.builder.lead(self.builder.plans[state.name])
        axes = tuple(axis.name for axis in state.stage.axes)
        if state.stage.base is not None:
            lead, axes = f"{state.name}.source", source_axes(state.stage)
        renamed: dict[Node, Node] = {
            axis_var(dim): axis_var(axis) for dim, axis in zip(state.dims, axes, strict=True)
        }
        physical = tuple(substitute(node, renamed) for node in subscripts)
        box = buffer_box(self.builder.copies, lead, level, physical)
        lower, extent = list(box.lower), list(box.extent)
        if state.layout is None:
            for position, (dim, factor) in enumerate((dim, dict(state.folds).get(dim)) for dim in state.dims):
                del dim
                if factor is not None:
                    lower[position], extent[position] = index_const(0), index_const(factor)
                else:
                    extent[position] = add(extent[position], index_const(padding[position]))
        resolve = self.builder.resolve
        return tuple(map(resolve, lower)), tuple(map(resolve, extent)), subscripts

    def _padding(self, state: StageState, tensor: Tensor) -> list[int]:
        """Elements a dim is longer than its axis, for stages whose partial tiles are computed whole (tail "pad")."""
        found = padding(self.builder, self.builder.plans[state.name])
        if not any(found.values()):
            return [0] * len(tensor.extents)
        why = ""
        if id(tensor) in self.outputs:
            why = f"{state.name} is an output: its array is the caller's and has no room"
        elif state.stage.reduce_axes:
            why = f"{state.name} is a reduction: its accumulators have no padding"
        elif state.stage.base is not None:
            why = f"{state.name} is an update: what runs past the end of its loops is not past the end of its array"
        elif any(
            one.compute is not None and one.compute.stage == state.name for one in self.builder.state.live()
        ):
            why = f"stages are made inside {state.name}, and past its end they would have nothing to be made from"
        elif any(isinstance(relation, Skew | Reverse) for relation in state.relations):
            why = f"loops of {state.name} are skewed or reversed: what runs past the end is not at the end of a dim"
        elif state.layout is not None or state.folds:
            why = f"{state.name} has a layout or a fold of its own, which says how much is allocated"
        if why:
            raise LimitError(
                "L109",
                'tail="pad" needs storage that can be padded',
                why=[why],
                hint=['tail="mask"', "cache_write first"],
            )
        return [found.get(axis.name, 0) for axis in state.stage.axes]

    def elements(self, plan: StagePlan, axes: tuple[tuple[str, Node], ...]) -> tuple[Slot, ...]:
        """The stage's own elements at a point, one slot a tensor."""
        values: dict[Node, Node] = {axis_var(name): value for name, value in axes}
        point: dict[Node, Node] = {
            axis_var(dim): substitute(node, values)
            for dim, node in zip(plan.state.dims, plan.state.stage.target, strict=True)
        }
        return tuple(element(storage, point) for storage in self.of(plan.name))

    def in_place(self, state: StageState) -> bool:
        """Whether an update overwrites its base, so that nothing is copied: nobody else wants the base's values.

        Both then live in one buffer: the base is made for this update alone, whole, at root.
        """
        base = state.stage.base
        made = None if base is None else self.builder.state.find(base.name)
        if base is None or made is None or made.stage.tensor_names != (base.name,):
            return False
        if id(base) in self.outputs or any(read.tensor is base for read in reads(*nodes_of(state.stage))):
            return False
        for one in (made, state):
            if one.folds or one.layout or one.aligns or one.compute or one.store or one.scope != "heap":
                return False
        alone = all(one.name == state.name for one in readers(self.builder.state, made))
        return alone and all(tail != "pad" for _, tail in made.tails)

    def overwriter(self, state: StageState) -> StageState | None:
        """The update that overwrites a stage in place."""
        for one in self.stages.values():
            if one.stage.base in state.stage.tensors and self.in_place(one):
                return one
        return None

    # ------------------------------------------------------------ loops that index registers
    def register_loops(self, plan: StagePlan) -> set[str]:
        """Leaves of a stage that index register storage: its own, a promoted tile's, or what it reads."""
        found: set[str] = set()
        state = plan.state
        axes = tuple(axis.name for axis in state.stage.axes)
        if state.scope == "register":
            found |= self._carrying(plan, _indexing(state.stage), None)
        for promote in state.promotes:
            if promote.scope == "register":
                found |= self._carrying(plan, frozenset(axes), leaves_of(promote.loop, state)[-1])
        for read in reads(*state.stage.body):
            source = self.builder.state.find(read.tensor.name)
            if source is None or source.scope != "register":
                continue
            place = self.place(source)
            names = frozenset(
                var.name for node in read.index for var in variables(node) if var.kind == "axis"
            )
            inside = place.loop if place is not None and place.stage == plan.name else None
            found |= self._carrying(plan, names, inside)
        return found

    def _carrying(self, plan: StagePlan, axes: frozenset[str], inside: str | None) -> set[str]:
        """Leaves that carry any of `axes`, those inside the leaf `inside` only."""
        carried = derived_from(axes, plan.state.relations)
        leaves = [leaf for _, group in plan.groups for leaf in group]
        if inside is not None:
            leaves = leaves[leaves.index(inside) + 1 :]
        return {leaf for leaf in leaves if leaf in carried}


def _indexing(stage: Stage) -> frozenset[str]:
    """The axes that subscripts of a stage's own elements depend on."""
    if stage.base is None:
        return frozenset(axis.name for axis in stage.axes)
    own = (node for read in reads(*stage.body) if read.tensor in stage.own for node in read.index)
    return frozenset(var.name for var in variables(*stage.at, *own) if var.kind == "axis")


def element(storage: Storage, point: dict[Node, Node]) -> Slot:
    """Where the element at `point` (values of `axis_var(dim)`) is in its buffer."""
    index = tuple(
        simplify(sub(substitute(node, point), lower))
        for node, lower in zip(storage.subscripts, storage.lower, strict=True)
    )
    return Slot(storage.buffer, permuted(storage, index))


def _text(node: Node) -> str:
    from tdsl.expr.printer import text

    return text(node)
