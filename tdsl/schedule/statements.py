"""A stage as statements: what runs where and touches which elements, for the polyhedral layer; a stage in, values out.

A pure stage is one statement; a reduction sets its accumulator, adds terms, and, where it is more than the bare
reduction, finishes (semantics E2). Conditions of `where` guard the reads in their branches. A subscript that depends on
data is left out and its declared range given instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tdsl.errors import ScheduleError
from tdsl.expr.node import Node, Read, Reduce, Var, axis_var
from tdsl.expr.printer import text
from tdsl.expr.reducers import keeps_every_bit
from tdsl.expr.rewrite import reads, reductions, rewrite, variables
from tdsl.expr.tensor import Axis, Size, Stage, Tensor
from tdsl.poly.lift import Lifting
from tdsl.poly.model import Access, Statement
from tdsl.poly.reads import inside_axis, read_sites
from tdsl.schedule.derive import element


def accumulator(stage: Stage) -> str:
    """The tensor that a reduction's running value is in: the stage's own where it is the bare reduction."""
    return stage.tensor_names[0] if is_bare(stage) else f"{stage.name}.accumulator"


def is_bare(stage: Stage) -> bool:
    """Whether a stage is nothing but one reduction, whole everywhere."""
    found = reductions(*stage.body)
    first = found[0] if found else None
    return (
        first is not None
        and not stage.domain
        and len(stage.body) == len(first.operands)
        and all(
            isinstance(node, Reduce)
            and node.component == place
            and (node.reducer, node.axes, node.operands) == (first.reducer, first.axes, first.operands)
            for place, node in enumerate(stage.body)
        )
    )


def check_reductions(stage: Stage) -> None:
    """Checks that a stage's reductions share one nest.

    Errors: S101 they run over different axes, or one stands inside another.
    """
    found = reductions(*stage.body)
    nested = next((node for node in found if any(reductions(*node.operands))), None)
    axes = {node.axes for node in found}
    if nested is None and len(axes) <= 1:
        return
    raise ScheduleError(
        "S101",
        f"stage {stage.name} reduces inside another reduction"
        if nested is not None
        else f"stage {stage.name} has reductions over different axes",
        where=stage.where,
        why=tuple(f"{node.reducer.name} over {', '.join(node.axes)}" for node in found[:3]),
        hint=("a stage of its own for each: this version runs one reduction nest a stage",),
    )


@lru_cache(maxsize=1024)
def statements_of(stage: Stage) -> tuple[Statement, ...]:
    """The statements of a stage, in program order."""
    maker = _Maker(stage)
    return maker.reduction() if stage.reduce_axes else (maker.pure(),)


class _Maker:
    """Makes the statements of one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.lifting = Lifting((*stage.axes, *stage.reduce_axes), stage.sizes)
        self.data = tuple(axis.name for axis in stage.axes)
        self.box = _bounds(stage.axes)
        self.index: tuple[Node, ...] = tuple(axis_var(name) for name in self.data)

    def pure(self) -> Statement:
        """`tensors[axes] = body`."""
        bodies = [element(self.stage, component) for component in range(len(self.stage.body))]
        return Statement(
            name=self.stage.name,
            stage=self.stage.name,
            role="assign",
            axes=self.data,
            domain=self.box,
            reads=self._reads(bodies),
            writes=self._writes(self.stage.tensor_names),
        )

    def reduction(self) -> tuple[Statement, ...]:
        """`init`, `update` and, unless the stage is the bare reduction, `finish`."""
        stage = self.stage
        found = reductions(*stage.body)
        running = (accumulator(stage),)
        names = stage.tensor_names if is_bare(stage) else running
        init = Statement(
            f"{stage.name}.init", stage.name, "init", self.data, self.box, (), self._writes(names)
        )
        finishing, guard = self._finish(found)
        operands = [operand for node in found for operand in node.operands]
        update = Statement(
            name=f"{stage.name}.update",
            stage=stage.name,
            role="update",
            axes=(*self.data, *(axis.name for axis in stage.reduce_axes)),
            domain=(*self.box, *_bounds(stage.reduce_axes), *guard),
            reads=self._reads([*operands, *_bound_reads(stage.reduce_axes)]),
            writes=self._writes(names),
            reduction_axes=tuple(axis.name for axis in stage.reduce_axes),
            exact=all(keeps_every_bit(node) for node in found),
        )
        return (init, update) if is_bare(stage) else (init, update, finishing)

    def _finish(self, found: Sequence[Reduce]) -> tuple[Statement, tuple[Node, ...]]:
        """The statement that makes the elements from the accumulator, and the conditions under which it reads that."""
        stage = self.stage
        holder = Tensor(
            name=f"{stage.name}.accumulator",
            extents=tuple(axis.upper for axis in stage.axes),
            dtype=found[0].dtype,
        )
        table: dict[Node, Node] = {node: Read(_typed(holder, node), self.index) for node in found}
        bodies = [
            rewrite(element(stage, component), lambda node: table.get(node, node))
            for component in range(len(stage.body))
        ]
        paths = [
            path
            for site in read_sites(bodies, ())
            if site.read.tensor.name == holder.name
            for path in site.paths
        ]
        shared = [
            condition for condition in (paths[0] if paths else ()) if all(condition in path for path in paths)
        ]
        guard = tuple(condition for condition in shared if not any(reads(condition)))
        statement = Statement(
            name=f"{stage.name}.finish",
            stage=stage.name,
            role="finish",
            axes=self.data,
            domain=self.box,
            reads=self._reads(bodies),
            writes=self._writes(stage.tensor_names),
        )
        return statement, tuple(self.lifting.lift(condition) for condition in guard)

    # accesses

    def _writes(self, names: Iterable[str]) -> tuple[Access, ...]:
        return tuple(Access(name, self.index) for name in names)

    def _reads(self, bodies: Sequence[Node]) -> tuple[Access, ...]:
        """Every read of the expressions with the conditions around it, each once."""
        found: dict[Access, None] = {}
        for site in read_sites(bodies, ()):
            for path in site.paths:
                found[self._access(site.read, path)] = None
        return tuple(found)

    def _access(self, read: Read, path: Iterable[Node]) -> Access:
        index: list[Node | None] = []
        opaque: list[tuple[int, Node, Node]] = []
        for place, subscript in enumerate(read.index):
            lifted = self.lifting.lift(subscript)
            hidden = [entry for entry in self.lifting.opaque.values() if entry.var in variables(lifted)]
            index.append(None if hidden else lifted)
            if len(hidden) == 1 and lifted is hidden[0].var and hidden[0].reason == "data":
                opaque.append((place, hidden[0].lower, hidden[0].upper))
        guard = tuple(
            condition for condition in map(self.lifting.lift, path) if not self._is_opaque(condition)
        )
        return Access(
            read.tensor.name, tuple(index), guard, tuple(opaque), text(read) if None in index else ""
        )

    def _is_opaque(self, condition: Node) -> bool:
        hidden = {entry.var for entry in self.lifting.opaque.values()}
        return any(var in hidden for var in variables(condition))


def _bounds(axes: Iterable[Axis]) -> tuple[Node, ...]:
    return tuple(condition for axis in axes for condition in inside_axis(axis))


def _bound_reads(axes: Iterable[Axis]) -> tuple[Node, ...]:
    return tuple(node for axis in axes for bound in (axis.lower, axis.upper) for node in reads(bound))


def _typed(holder: Tensor, node: Node) -> Tensor:
    """The accumulator as a tensor of the dtype of one reduction (several share one name)."""
    if holder.dtype is node.dtype:
        return holder
    return Tensor(name=holder.name, extents=holder.extents, dtype=node.dtype)


def shapes_of(stage: Stage) -> tuple[tuple[str, tuple[Node, ...]], ...]:
    """Tensors that a stage writes, its accumulator included, with their extents."""
    own = [(tensor.name, tensor.extents) for tensor in stage.tensors]
    if stage.reduce_axes and not is_bare(stage):
        own.append((accumulator(stage), stage.tensors[0].extents))
    return tuple(own)


def sizes_named(stages: Iterable[Stage]) -> tuple[Size, ...]:
    """Every size that the stages declare, each once, in order."""
    return tuple({size.name: size for stage in stages for size in stage.sizes}.values())


def is_size(var: Var) -> bool:
    """Whether a variable is known when the kernel is called."""
    return var.kind in ("size", "param")
