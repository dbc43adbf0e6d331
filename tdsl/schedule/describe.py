"""What a stage is, as a value: its kind, axes, reads and cost, for programs that write schedules.

In: a state and the name of a stage. Out: `StageFacts`, plain data. Default schedulers, tuners and cost models ask here, through
`Schedule.describe`; nothing in it needs isl.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from tdsl.expr.node import Binary, Call, Compare, Const, Fma, Node, Read, Reduce, Select, Unary, Var, axis_var
from tdsl.expr.rewrite import reads, reductions, walk
from tdsl.expr.simplify import linear
from tdsl.expr.tensor import Axis, Stage
from tdsl.schedule.loops import constant_extents
from tdsl.schedule.placement import is_output, nodes_of, readers
from tdsl.schedule.state import StageState, State

StageKind = Literal["pure", "reduction", "recurrence", "update"]


@dataclass(frozen=True, slots=True)
class ReadFacts:
    """One read of a stage.

    tensor: what is read. subscripts: for each dim of it the declared axes of the reader that stand in the subscript,
    with their integer coefficients; None where the subscript is not affine.
    """

    tensor: str
    subscripts: tuple[Mapping[str, int] | None, ...]

    def stride(self, axis: str) -> int | None:
        """Elements of the last dim between two points of `axis`: 0 where the axis moves nothing, 1 where neighbours are
        read, None where the axis moves another dim or the subscript is not affine.
        """
        if any(subscript is None for subscript in self.subscripts):
            return None
        moved = [subscript.get(axis, 0) for subscript in self.subscripts if subscript is not None]
        if any(moved[:-1]):
            return None
        return moved[-1] if moved else 0


@dataclass(frozen=True, slots=True)
class StageFacts:
    """A stage as a schedule has it now.

    kind: of its declaration. axes: the loops as they stand, outermost first. data_axes, reduce_axes: the declared axes.
    extents: of the loops of `axes` and of the declared axes; None where not constant. readers: stages that read it.
    reads: every read of its expression, in order of appearance. operations: scalar operations at one point (functions
    count as `calls`). dtype: of its first tensor, by name. bits: of that dtype. placed: the loop it is computed at, as
    (stage, axis); None at root. output, inlined: whether it is one. extremes: whether all its reductions are maxima
    or minima (or other exact ones), which no order of the terms changes. products: whether each term is a product. bare:
    whether the value is the reduction itself, without an epilogue.
    """

    name: str
    kind: StageKind
    axes: tuple[str, ...]
    data_axes: tuple[str, ...]
    reduce_axes: tuple[str, ...]
    extents: Mapping[str, int | None]
    readers: tuple[str, ...]
    reads: tuple[ReadFacts, ...]
    operations: int
    calls: int
    dtype: str
    bits: int
    placed: tuple[str, str] | None
    output: bool
    inlined: bool
    extremes: bool
    products: bool
    bare: bool


def describe(state: State, entry: StageState) -> StageFacts:
    """The facts of one stage.

    Args:
        state: the schedule's. entry: one of its stages.
    """
    stage = entry.stage
    said = _declared_facts(stage)
    return StageFacts(
        name=entry.name,
        axes=entry.axes,
        extents={**said.extents, **constant_extents(entry)},
        readers=tuple(reader.name for reader in readers(state, entry)),
        placed=None if entry.compute is None else (entry.compute.stage, entry.compute.loop),
        output=is_output(state, entry),
        inlined=entry.inlined,
        **said.rest,
    )


@dataclass(frozen=True, slots=True)
class _DeclaredFacts:
    """What no directive changes: the extents of the declared axes, and fields of `StageFacts` by name."""

    extents: Mapping[str, int | None]
    rest: Mapping[str, Any]


@lru_cache(maxsize=512)
def _declared_facts(stage: Stage) -> _DeclaredFacts:
    declared = (*stage.axes, *stage.reduce_axes)
    sums = reductions(*stage.body)
    operations, calls = _cost(stage)
    rest = {
        "kind": _kind(stage),
        "data_axes": tuple(axis.name for axis in stage.axes),
        "reduce_axes": tuple(axis.name for axis in stage.reduce_axes),
        "reads": tuple(_read(read, declared) for read in reads(*nodes_of(stage))),
        "operations": operations,
        "calls": calls,
        "dtype": stage.dtypes[0].name,
        "bits": stage.dtypes[0].bits,
        "extremes": bool(sums) and all(each.reducer.exact for each in sums),
        "products": bool(sums) and all(_is_product(each.operands[0]) for each in sums),
        "bare": bool(sums) and all(isinstance(node, Reduce) for node in stage.body),
    }
    return _DeclaredFacts({axis.name: _constant_extent(axis) for axis in declared}, rest)


def _kind(stage: Stage) -> StageKind:
    if stage.base is not None:
        return "update"
    if stage.own:
        return "recurrence"
    return "reduction" if stage.reduce_axes else "pure"


def _constant_extent(axis: Axis) -> int | None:
    lower, upper = axis.lower, axis.upper
    if isinstance(lower, Const) and isinstance(upper, Const):
        return max(0, int(upper.value) - int(lower.value))
    return None


def _read(read: Read, axes: tuple[Axis, ...]) -> ReadFacts:
    names = {axis_var(axis.name): axis.name for axis in axes}
    return ReadFacts(read.tensor.name, tuple(_coefficients(index, names) for index in read.index))


def _coefficients(index: Node, names: Mapping[Var, str]) -> Mapping[str, int] | None:
    terms, _ = linear(index)
    found: dict[str, int] = {}
    for term, coefficient in terms.items():
        if isinstance(term, Var) and term in names:
            found[names[term]] = coefficient
        elif any(node in names for node in walk(term) if isinstance(node, Var)):
            return None
    return found


def _cost(stage: Stage) -> tuple[int, int]:
    nodes = tuple(walk(*stage.body))
    within = {node for read in nodes if isinstance(read, Read) for node in walk(*read.index)}
    counted = [node for node in nodes if node not in within]
    arithmetic = sum(isinstance(node, Unary | Binary | Compare | Select | Fma) for node in counted)
    return arithmetic, sum(isinstance(node, Call) for node in counted)


def _is_product(node: Node) -> bool:
    """Whether a term is a product of what is read; where it may be left out, 0 stands for it."""
    if isinstance(node, Select) and isinstance(node.otherwise, Const) and not node.otherwise.value:
        node = node.then
    return isinstance(node, Binary) and node.op == "mul" and bool(reads(node.lhs)) and bool(reads(node.rhs))
