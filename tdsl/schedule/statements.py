"""A stage as statements: what runs where and touches which elements, for the polyhedral layer; a stage in, values out.

A pure stage is one statement; a reduction sets its accumulator, adds terms, and, where it is more than the bare
reduction, finishes (semantics E2). An update in place starts with a copy of its base, the statement `source` (E11);
what a stage reads of itself is an access like any other. Conditions of `where` guard the reads in their branches. A
subscript that depends on data is left out and its declared range given instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from tdsl.errors import InternalError
from tdsl.expr.build import ZERO, compare
from tdsl.expr.node import Node, Read, Reduce, Var, axis_var, index_const
from tdsl.expr.per_stage import per_stage
from tdsl.expr.printer import text
from tdsl.expr.reducers import keeps_every_bit
from tdsl.expr.reduction_groups import (
    ReductionGroup,
    children_of,
    reduction_groups,
    reduction_key,
    replaced_reductions,
)  # fmt: skip
from tdsl.expr.rewrite import reads, variables
from tdsl.expr.tensor import Axis, Size, Stage, Tensor
from tdsl.poly.lift import Lifting
from tdsl.poly.model import Access, Statement
from tdsl.poly.polynomial import linear_node, polynomial
from tdsl.poly.reads import inside_axis, read_sites
from tdsl.schedule.derive import element
from tdsl.schedule.subscript_branches import branches


def accumulator(stage: Stage, group: int = 0) -> str:
    """The tensor that a reduction's running value is in: the stage's own where it is the bare reduction."""
    return stage.tensor_names[0] if is_bare(stage) else f"{stage.name}.accumulator{group or ''}"


def is_bare(stage: Stage) -> bool:
    """Whether a stage is nothing but one reduction, whole everywhere, of no elements of its own."""
    groups = reduction_groups(stage)
    if len(groups) != 1 or stage.domain or stage.own:
        return False
    (node, *others) = groups[0].nodes
    return (
        not others
        and len(stage.body) == len(node.operands)
        and all(
            isinstance(value, Reduce)
            and value.component == place
            and reduction_key(value) == reduction_key(node)
            for place, value in enumerate(stage.body)
        )
    )


@per_stage
def statements_of(stage: Stage) -> tuple[Statement, ...]:
    """The statements of a stage, in program order."""
    maker = _Maker(stage)
    made = maker.reduction() if stage.reduce_axes else (maker.pure(),)
    return made if stage.base is None else (maker.source(), *made)


def polynomial_subscript(stage: Stage, subscript: Node) -> Node | None:
    """A subscript of a stage as accesses of its statements have it: affine, or a polynomial with sizes as factors."""
    maker = _Maker(stage)
    lifted = maker.lifting.lift(subscript)
    hidden = {entry.var for entry in maker.lifting.opaque.values()}
    return _product(maker.lifting, lifted) if not hidden.isdisjoint(variables(lifted)) else lifted


class _Maker:
    """Makes the statements of one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        axes = (*stage.axes, *stage.reduce_axes)
        self.lifting = Lifting(axes, stage.sizes, stage.params, exact=True)
        self.own = Lifting(axes, stage.sizes, stage.params, exact=True, chosen=True)
        """Of the subscripts of the stage's own elements: a param decides how far apart two of them are, as a size does."""
        self.data = tuple(axis.name for axis in stage.axes)
        self.box = _bounds(stage.axes)
        self.index: tuple[Node, ...] = tuple(axis_var(name) for name in self.data)

    def pure(self) -> Statement:
        """`tensors[axes] = body`; of an update, `tensor[at] = body`."""
        bodies = [element(self.stage, component) for component in range(len(self.stage.body))]
        return Statement(
            name=self.stage.name,
            stage=self.stage.name,
            role="assign",
            axes=self.data,
            domain=self.box,
            reads=self._reads([*bodies, *reads(*self.stage.at)]),
            writes=self._writes(self.stage.tensor_names),
        )

    def source(self) -> Statement:
        """Every element of an update as it is before: the base's."""
        stage = self.stage
        assert stage.base is not None
        axes = source_axes(stage)
        index = tuple(axis_var(axis) for axis in axes)
        inside = [compare("ge", var, ZERO) for var in index]
        inside += [compare("lt", var, extent) for var, extent in zip(index, stage.extents, strict=True)]
        name = stage.tensor_names[0]
        return Statement(
            f"{stage.name}.source", stage.name, "source", axes, tuple(inside), (Access(stage.base.name, index),),
            (Access(name, index),),
        )  # fmt: skip

    def reduction(self) -> tuple[Statement, ...]:
        """`init` and `update` of every nest, those inside before the update they feed, and the `finish`."""
        groups = reduction_groups(self.stage)
        if is_bare(self.stage):
            return self._nest(groups[0], groups, (), self.stage.tensor_names)
        bodies = [element(self.stage, component) for component in range(len(self.stage.body))]
        finishing, guards = self._consumer(bodies, (), groups)
        finish = Statement(
            name=f"{self.stage.name}.finish",
            stage=self.stage.name,
            role="finish",
            axes=self.data,
            domain=self.box,
            reads=self._reads([*finishing, *reads(*self.stage.at)]),
            writes=self._writes(self.stage.tensor_names),
        )
        found: list[Statement] = []
        for group in children_of(groups, ()):
            found += self._nest(group, groups, guards[group.number], (accumulator(self.stage, group.number),))
        return (*found, finish)

    def _nest(
        self,
        group: ReductionGroup,
        groups: tuple[ReductionGroup, ...],
        guard: tuple[Node, ...],
        names: Sequence[str],
        around: tuple[Node, ...] = (),
    ) -> tuple[Statement, ...]:
        """The statements of one nest; around: the domain of the nests that it stands in, beyond the data axes."""
        stage, suffix = self.stage, str(group.number or "")
        outer = tuple(axis for number in group.within for axis in groups[number].axes)
        over = tuple(axis for axis in stage.reduce_axes if axis.name in group.axes)
        index = tuple(axis_var(name) for name in (*self.data, *outer))
        operands = [operand for node in group.nodes for operand in node.operands]
        bodies, guards = self._consumer(operands, group.chain, groups)
        init = Statement(
            f"{stage.name}.init{suffix}", stage.name, "init", (*self.data, *outer), (*self.box, *around), (),
            tuple(Access(name, index) for name in names), group=group.number, within=group.within,
        )  # fmt: skip
        inside = (*around, *_bounds(possible_axis(stage, axis, self.lifting) for axis in over), *guard)
        update = Statement(
            name=f"{stage.name}.update{suffix}",
            stage=stage.name,
            role="update",
            axes=(*self.data, *outer, *(axis.name for axis in over)),
            domain=(*self.box, *inside),
            reads=self._reads([*bodies, *_bound_reads(over)]),
            writes=tuple(Access(name, index) for name in names),
            reduction_axes=tuple(axis.name for axis in over),
            exact=all(keeps_every_bit(node) for node in group.nodes),
            group=group.number,
            within=group.within,
            loose=tuple(axis.name for axis in over if possible_axis(stage, axis, self.lifting) is not axis),
        )
        inner: list[Statement] = []
        for child in children_of(groups, group.chain):
            holder = (accumulator(stage, child.number),)
            inner += self._nest(child, groups, guards[child.number], holder, inside)
        return (init, *inner, update)

    def _consumer(
        self, bodies: Sequence[Node], chain: tuple[int, ...], groups: tuple[ReductionGroup, ...]
    ) -> tuple[list[Node], dict[int, tuple[Node, ...]]]:
        """Expressions that read the accumulators of the nests directly inside, and under which conditions they do."""
        stage = self.stage
        outer = tuple(axis_var(axis) for number in chain for axis in groups[number].axes)
        table: dict[tuple[object, ...], tuple[Node, ...]] = {}
        for group in children_of(groups, chain):
            for node in group.nodes:
                name = accumulator(stage, group.number)
                table[reduction_key(node)] = tuple(
                    Read(_holder(name, operand, len(self.index) + len(outer)), (*self.index, *outer))
                    for operand in node.operands
                )
        replaced = [replaced_reductions(body, table) for body in bodies]
        guards: dict[int, tuple[Node, ...]] = {}
        for group in children_of(groups, chain):
            name = accumulator(stage, group.number)
            paths = [
                p for site in read_sites(replaced, ()) if site.read.tensor.name == name for p in site.paths
            ]
            shared = [c for c in (paths[0] if paths else ()) if all(c in path for path in paths)]
            kept = (condition for condition in shared if not any(reads(condition)))
            guards[group.number] = tuple(self.lifting.lift(condition) for condition in kept)
        return replaced, guards

    # accesses

    def _writes(self, names: Iterable[str]) -> tuple[Access, ...]:
        if self.stage.base is None:
            return tuple(Access(name, self.index) for name in names)
        return tuple(self._access(Read(tensor, self.stage.at), ()) for tensor in self.stage.own)

    def _reads(self, bodies: Sequence[Node]) -> tuple[Access, ...]:
        """Every read of the expressions with the conditions around it, each once."""
        found: dict[Access, None] = {}
        for site in read_sites(bodies, ()):
            for path in site.paths:
                found |= dict.fromkeys(self._accesses(site.read, path))
        return tuple(found)

    def _accesses(self, read: Read, path: tuple[Node, ...]) -> tuple[Access, ...]:
        """A read as one access, or as several where it chooses between subscripts that are polynomials."""
        whole = self._access(read, path)
        if _is_known(whole):
            return (whole,)
        lifting = self.own if read.tensor in self.stage.own else self.lifting
        parts: list[Access] = []
        for part, conditions in branches(read):
            access = self._access(part, (*path, *conditions))
            if not _is_known(access) or any(
                _is_opaque(lifting, one) for one in map(lifting.lift, conditions)
            ):
                return (whole,)
            parts.append(access)
        return tuple(parts) or (whole,)

    def _access(self, read: Read, path: Iterable[Node]) -> Access:
        lifting = self.own if read.tensor in self.stage.own else self.lifting
        index: list[Node | None] = []
        opaque: list[tuple[int, Node, Node]] = []
        linearised: list[tuple[int, Node]] = []
        for place, subscript in enumerate(read.index):
            lifted = lifting.lift(subscript)
            hidden = [entry for entry in lifting.opaque.values() if entry.var in variables(lifted)]
            index.append(None if hidden else lifted)
            if len(hidden) == 1 and lifted is hidden[0].var and hidden[0].reason in ("data", "quotient"):
                opaque.append((place, hidden[0].lower, hidden[0].upper))
            product = _product(lifting, lifted) if hidden else None
            if product is not None:
                linearised.append((place, product))
        guard = tuple(
            condition for condition in map(lifting.lift, path) if not _is_opaque(lifting, condition)
        )
        shown = text(read) if None in index else ""
        return Access(read.tensor.name, tuple(index), guard, tuple(opaque), shown, tuple(linearised))


def _is_known(access: Access) -> bool:
    """Whether every subscript is affine, or a polynomial."""
    products = dict(access.linearised)
    return all(node is not None or place in products for place, node in enumerate(access.index))


def _product(lifting: Lifting, lifted: Node) -> Node | None:
    """A subscript as a polynomial, linear in axes, with sizes as factors; None where it is none."""
    form = polynomial(lifted)
    if form is None:
        return None
    written = lifting.products.expanded(form)
    opaque = {entry.var for entry in lifting.opaque.values()}
    return None if any(var in opaque for one in written[0] for var in one) else linear_node(written)


def _is_opaque(lifting: Lifting, condition: Node) -> bool:
    hidden = {entry.var for entry in lifting.opaque.values()}
    return any(var in hidden for var in variables(condition))


def possible_axis(stage: Stage, axis: Axis, lifting: Lifting | None = None) -> Axis:
    """The axis with bounds that hold for every value of the data they are read from (semantics B3)."""
    if not any(reads(axis.lower, axis.upper)) and not any(
        var.kind == "param" for var in variables(axis.lower, axis.upper)
    ):
        return axis
    known = lifting or Lifting((*stage.axes, *stage.reduce_axes), stage.sizes, stage.params)
    found = [known.extremes(known.lift(bound)) for bound in (axis.lower, axis.upper)]
    low, high = found
    if low is None or high is None:
        raise InternalError(f"no range for the bounds of {axis.name}", pass_name="schedule.statements")
    return replace(axis, lower=low[0], upper=high[1])


def _bounds(axes: Iterable[Axis]) -> tuple[Node, ...]:
    return tuple(condition for axis in axes for condition in inside_axis(axis))


def _bound_reads(axes: Iterable[Axis]) -> tuple[Node, ...]:
    return tuple(node for axis in axes for bound in (axis.lower, axis.upper) for node in reads(bound))


@lru_cache(maxsize=4096)
def _holder(name: str, operand: Node, ndim: int) -> Tensor:
    """An accumulator as a tensor (several of one name and different dtypes share the name)."""
    return Tensor(name=name, extents=(index_const(0),) * ndim, dtype=operand.dtype)


def source_axes(stage: Stage) -> tuple[str, ...]:
    """Names of the axes over which an update copies its base."""
    return tuple(f"d{place}" for place in range(len(stage.extents)))


def shapes_of(stage: Stage) -> tuple[tuple[str, tuple[Node, ...]], ...]:
    """Tensors that a stage writes, its accumulator included, with their extents."""
    own = [(tensor.name, tensor.extents) for tensor in stage.tensors]
    if stage.reduce_axes and not is_bare(stage):
        groups = reduction_groups(stage)
        upper = {axis.name: possible_axis(stage, axis).upper for axis in stage.reduce_axes}
        for group in groups:
            outer = tuple(upper[axis] for number in group.within for axis in groups[number].axes)
            own.append((accumulator(stage, group.number), (*(axis.upper for axis in stage.axes), *outer)))
    return tuple(own)


def sizes_named(stages: Iterable[Stage]) -> tuple[Size, ...]:
    """Every size that the stages declare, each once, in order."""
    return tuple({size.name: size for stage in stages for size in stage.sizes}.values())


def is_size(var: Var) -> bool:
    """Whether a variable is known when the kernel is called."""
    return var.kind in ("size", "param")
