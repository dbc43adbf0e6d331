"""Loops whose bounds are read from data (semantics B3): narrowed where the data is known, asked for everywhere else.

In: the bounds that poly found for a statement, which take every value of the declared range for possible. Out: the same
loops from the greater of the bound and the element to the lesser, and guards where a loop is no whole axis. So a loop
never leaves the declared range, whatever another thread writes into the array meanwhile (B2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tdsl.expr.build import ONE, add, compare, floordiv, maximum, minimum, sub
from tdsl.expr.node import Node, axis_var, index_const
from tdsl.expr.rewrite import free_vars, reads, substitute, variables
from tdsl.expr.tensor import Axis
from tdsl.poly.model import Rename, Split
from tdsl.poly.scan import Bound, loop_var
from tdsl.schedule.loops import parents
from tdsl.schedule.nest_plan import StagePlan

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, NestBuilder


def depends_on_data(axis: Axis) -> bool:
    """Whether the bounds of an axis are known only when the kernel runs."""
    bounds = (axis.lower, axis.upper)
    return any(reads(*bounds)) or any(var.kind == "param" for var in variables(*bounds))


def narrowed(builder: NestBuilder, plan: StagePlan, statement: str, dims: Sequence[Dim]) -> tuple[Node, ...]:
    """Narrows the loops `dims` of a statement in the builder's tables; the conditions that still have to be asked."""
    guards: list[Node] = []
    axes = builder.copies.tree.statements[statement].axes
    for axis in plan.state.stage.reduce_axes:
        if axis.name not in axes or not depends_on_data(axis):
            continue
        if any(dim in builder.narrowed for dim in builder.copies.dims(statement) if dim[1] == axis.name):
            continue  # a loop around, entered before
        values = dict(builder.axes_of(plan, statement))
        point: dict[Node, Node] = {axis_var(name): value for name, value in values.items()}
        lower, upper = substitute(axis.lower, point), substitute(axis.upper, point)
        if not narrow(builder, plan, axis.name, (lower, upper), dims):
            value = values[axis.name]
            guards += [compare("ge", value, lower), compare("lt", value, upper)]
    return tuple(guards)


def narrow(
    builder: NestBuilder, plan: StagePlan, axis: str, data: tuple[Node, Node], dims: Sequence[Dim]
) -> bool:
    """Whether one loop is the axis and now runs over exactly its values.

    Of an axis that was split, the outermost loop is narrowed to the blocks that hold a value. A loop outside of those
    that the data depends on, and one that has to run a constant number of times, stays as it is.
    """
    loop, exact = axis, True
    lower, upper = data
    for step, relation in enumerate(plan.state.relations):
        if loop not in parents(relation):
            continue
        if isinstance(relation, Rename):
            loop = relation.into
            continue
        if not isinstance(relation, Split):
            return False  # the loop runs over other values than the axis: a shift, a fused loop
        base = builder.base(plan, step)
        factor = index_const(relation.factor)
        lower = floordiv(sub(lower, base), factor)
        upper = add(floordiv(sub(sub(upper, ONE), base), factor), ONE)
        loop, exact = relation.outer, False
    if any(loop in group and len(group) > 1 for _, group in plan.groups):
        return False  # a fused loop is one product of extents, which are known before it starts
    place = next((place for place, dim in enumerate(dims) if dim[1] == loop), None)
    if place is None or builder.bounds[dims[place]].extent is not None:
        return False
    inside = {var for dim in dims[place:] for var in free_vars(builder.values[loop_var(*dim)])}
    if any(var in inside for var in (*free_vars(lower), *free_vars(upper))):
        return False
    bound = builder.bounds[dims[place]]
    builder.bounds[dims[place]] = Bound(maximum(bound.lower, lower), minimum(bound.upper, upper))
    if exact:
        builder.narrowed.add(dims[place])
    return exact
