"""Whether the axes of a reduction are never empty where it is evaluated: what argmax and argmin need (semantics E5).

In: a reduction's axes, the conditions around it, the scope of its stage. Out: None where each axis has a value for all
sizes, or the first that may have none, with the smallest example. Source: emptiness of Presburger sets, as bounds.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdsl.expr.build import compare
from tdsl.expr.node import Node, axis_var
from tdsl.expr.tensor import Axis
from tdsl.poly.bounds import Scope, base_conditions, products_known, space_of
from tdsl.poly.isl import TooLarge, budget
from tdsl.poly.lift import Lifting
from tdsl.poly.reads import Path, inside_axis
from tdsl.poly.smallest import smallest_point


@dataclass(frozen=True, slots=True)
class EmptyAxis:
    """An axis that may be empty, and the smallest sizes and iteration at which it is; None where none are known."""

    axis: Axis
    sizes: tuple[tuple[str, int], ...] | None
    iteration: tuple[tuple[str, int], ...] | None


def empty_axis(axes: Sequence[Axis], path: Path, scope: Scope) -> EmptyAxis | None:
    """The first of the axes, outermost first, that may be empty under the conditions of a path."""
    around: Path = path
    for axis in axes:
        try:
            with budget():
                found = _empty(axis, around, scope)
        except TooLarge:
            return EmptyAxis(axis, None, None)
        if found is not None:
            return found
        around = (*around, *inside_axis(axis))
    return None


def _empty(axis: Axis, around: Path, scope: Scope) -> EmptyAxis | None:
    lifting = Lifting((*scope.axes, *scope.reduce_axes), scope.sizes, scope.params)
    given = [*base_conditions(scope), *around]
    nodes: list[Node] = [lifting.lift(node) for node in given]
    nodes.append(compare("ge", lifting.lift(axis.lower), lifting.lift(axis.upper)))
    nodes += [condition for opaque in lifting.opaque.values() for condition in opaque.range()]
    affine = space_of(scope, lifting.opaque.values(), nodes)
    points = affine.conditions((*nodes, *products_known(affine.params)))
    if points.is_empty():
        return None
    smallest = smallest_point(points, affine, scope.sizes)
    if smallest is None:
        return EmptyAxis(axis, None, None)
    sizes = tuple((var.name, value) for var, value in smallest.at.items() if var.kind == "size")
    inside = [axis_var(one.name) for one in scope.axes]
    inside += [axis_var(one.name) for one in scope.reduce_axes if axis_var(one.name) in smallest.involved]
    return EmptyAxis(axis, sizes, tuple((var.name, smallest.at[var]) for var in inside))
