"""What each statement of a stage computes, as expressions: for replays, which run statements one by one.

In: a stage. Out: by name of statement, an `Effect`: under which condition what is stored where. The running values of
reductions are tensors here too; what reads them are `Read`s of holders, one a component (schedule/statements.py says
which statements there are and over which axes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from tdsl.dtypes import DType
from tdsl.expr.build import TRUE, ZERO, logical_and
from tdsl.expr.node import Node, Read, Reduce, axis_var
from tdsl.expr.reducers import identity, step
from tdsl.expr.reduction_groups import (
    ReductionGroup,
    children_of,
    reduction_groups,
    reduction_key,
    replaced_reductions,
)
from tdsl.expr.tensor import Stage, Tensor
from tdsl.poly.reads import inside_axis
from tdsl.records import dataclass
from tdsl.schedule.derive import element
from tdsl.schedule.statements import accumulator, is_bare, source_axes


@dataclass(frozen=True, slots=True)
class Stored:
    """`tensor[index] = value`, in a dtype."""

    tensor: str
    index: tuple[Node, ...]
    value: Node
    dtype: DType


@dataclass(frozen=True, slots=True)
class Effect:
    """One statement. condition: where it does anything at all (bounds that depend on data); its axes by name."""

    stores: tuple[Stored, ...]
    condition: Node = TRUE


@lru_cache(maxsize=256)
def effects_of(stage: Stage) -> Mapping[str, Effect]:
    """The statements of a stage by name."""
    index = tuple(axis_var(axis.name) for axis in stage.axes)
    found: dict[str, Effect] = {}
    if stage.base is not None:
        found[f"{stage.name}.source"] = _source(stage, stage.base)
    if stage.reduce_axes:
        return found | _Reductions(stage, index).effects()
    stores = tuple(
        Stored(name, stage.target, element(stage, place), stage.dtypes[place])
        for place, name in enumerate(stage.tensor_names)
    )
    return found | {stage.name: Effect(stores)}


def _source(stage: Stage, base: Tensor) -> Effect:
    """The copy of its base that an update starts with."""
    index = tuple(axis_var(axis) for axis in source_axes(stage))
    return Effect((Stored(stage.tensor_names[0], index, Read(base, index), stage.dtypes[0]),))


@dataclass(frozen=True, slots=True)
class _Reductions:
    """A stage with reductions: `init` and `update` of each nest, and the `finish`."""

    stage: Stage
    index: tuple[Node, ...]

    def effects(self) -> dict[str, Effect]:
        stage, groups = self.stage, reduction_groups(self.stage)
        found: dict[str, Effect] = {}
        for group in groups:
            found |= self._nest(group, groups)
        if not is_bare(stage):
            table = self._table(groups, ())
            stores = tuple(
                Stored(
                    name, stage.target, replaced_reductions(element(stage, place), table), stage.dtypes[place]
                )
                for place, name in enumerate(stage.tensor_names)
            )
            found[f"{stage.name}.finish"] = Effect(stores)
        return found

    def _nest(self, group: ReductionGroup, groups: Sequence[ReductionGroup]) -> dict[str, Effect]:
        suffix, index = str(group.number or ""), self._index(group, groups)
        inner = self._table(groups, group.chain)
        starts: list[Stored] = []
        terms: list[Stored] = []
        for node in group.nodes:
            holders = self._holders(group, groups, node)
            running = tuple(Read(holder, index) for holder in holders)
            for holder, first, after in zip(holders, identity(node), step(node, running), strict=True):
                starts.append(Stored(holder.name, index, first, holder.dtype))
                terms.append(Stored(holder.name, index, replaced_reductions(after, inner), holder.dtype))
        over = [axis for axis in self.stage.reduce_axes if axis.name in group.axes]
        bounds = [part for axis in over for part in inside_axis(axis)]
        name = self.stage.name
        return {
            f"{name}.init{suffix}": Effect(tuple(starts)),
            f"{name}.update{suffix}": Effect(tuple(terms), logical_and(*bounds)),
        }

    def _index(self, group: ReductionGroup, groups: Sequence[ReductionGroup]) -> tuple[Node, ...]:
        """The subscripts of a nest's running value: the data axes, and those of the nests around it."""
        outer = (axis for number in group.within for axis in groups[number].axes)
        return (*self.index, *map(axis_var, outer))

    def _table(
        self, groups: Sequence[ReductionGroup], chain: tuple[int, ...]
    ) -> dict[tuple[object, ...], tuple[Node, ...]]:
        """What stands for the reductions directly inside a chain of nests."""
        return {
            reduction_key(node): tuple(
                Read(holder, self._index(group, groups)) for holder in self._holders(group, groups, node)
            )
            for group in children_of(groups, chain)
            for node in group.nodes
        }

    def _holders(
        self, group: ReductionGroup, groups: Sequence[ReductionGroup], node: Reduce
    ) -> tuple[Tensor, ...]:
        """Tensors for the components of one running value; their names begin with the accumulator's."""
        stage = self.stage
        extents = (ZERO,) * len(self._index(group, groups))
        if is_bare(stage):
            names = stage.tensor_names
        else:
            number = next(
                place
                for place, other in enumerate(group.nodes)
                if reduction_key(other) == reduction_key(node)
            )
            names = tuple(
                f"{accumulator(stage, group.number)}:{number}.{place}" for place in range(len(node.operands))
            )
        return tuple(
            Tensor(name=name, extents=extents, dtype=operand.dtype)
            for name, operand in zip(names, node.operands, strict=True)
        )
