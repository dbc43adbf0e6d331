"""`where=` and `fill=` of a stage: the points that are computed, and what the others hold (semantics E12).

In: a callable of the axes, and a value. Out: affine conditions over the data axes, one a conjunct.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.declare.extent import Extents
from tdsl.declare.names import shown
from tdsl.declare.trace import call, count_parameters
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.expr.build import FALSE, TRUE
from tdsl.expr.handles import AxisHandle, Expr
from tdsl.expr.node import Binary, Node
from tdsl.expr.printer import text
from tdsl.expr.rewrite import free_vars, reads
from tdsl.location import Location
from tdsl.poly.lift import opaque_term


def checked_domain(given: object, axes: Sequence[AxisHandle], what: str, where: Location) -> Extents:
    """The conditions of `where=`, taken apart at every `and`.

    Errors: E107 number of parameters; E111 no condition; E117 not affine in axes and sizes.
    """
    if given is None:
        return Extents((), ())
    if not callable(given):
        raise ArgumentTypeError(
            "E115",
            f"where= of {what} is a callable of the axes, not {shown(given)}",
            where=where,
            hint=(f"where=lambda {', '.join(axis.name for axis in axes)}: …",),
        )
    count_parameters(given, axes, f"where= of {what}", where)
    (value,) = call(given, axes, 1, f"where= of {what}", where)
    if isinstance(value, bool):
        return Extents((), ()) if value else Extents((FALSE,), ())
    if not isinstance(value, Expr) or not value.dtype.is_bool:
        raise ArgumentTypeError(
            "E111",
            f"where= of {what} gives a condition, not {shown(value)}",
            where=where,
            hint=("lambda i, j: j <= i",),
        )
    term = opaque_term(value.node)
    if term is not None:
        raise ArgumentError(
            "E117",
            f"where= of {what} is not affine in axes and sizes: {text(term)}",
            where=where,
            why=("the points of a stage are fixed by its axes and sizes, before anything is computed",),
            hint=("td.where(condition, value, fill) inside the callable decides by values",),
        )
    _check_axes(value.node, axes, what, where)
    return Extents(tuple(_conjuncts(value.node)), value.origins)


def _check_axes(node: Node, axes: Sequence[AxisHandle], what: str, where: Location) -> None:
    own = {axis.name for axis in axes}
    for var in free_vars(node):
        if var.kind == "param" or (var.kind == "axis" and var.name not in own):
            raise ArgumentError(
                "E117",
                f"where= of {what} uses {var.name}, which is neither an axis of {what} nor a size",
                where=where,
            )


def _conjuncts(node: Node) -> list[Node]:
    if isinstance(node, Binary) and node.op == "and":
        return _conjuncts(node.lhs) + _conjuncts(node.rhs)
    return [] if node is TRUE else [node]


def checked_fill(fill: object, has_domain: bool, what: str, where: Location) -> object:
    """The value outside the domain: a number, or an expression of params and sizes; 0 where nothing is said.

    Errors: E115 `fill=` without `where=`, or a value that varies from point to point.
    """
    if fill is None:
        return 0
    if not has_domain:
        raise ArgumentError(
            "E115",
            f"fill= of {what} says what stands outside where=, and there is no where=",
            where=where,
            hint=("where=lambda i, j: …, the points that are computed",),
        )
    if isinstance(fill, Expr) and (
        reads(fill.node) or any(var.kind == "axis" for var in free_vars(fill.node))
    ):
        raise ArgumentError("E115", f"fill= of {what} is one value, not {fill}", where=where)
    return fill
