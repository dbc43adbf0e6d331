"""Which axes a body may use: its stage's own, and reduction axes inside the reductions that bind them.

In: the nodes of a stage and the declarations behind their names. Out: the reduction axes in order of first use, or an
error that says which name means two things (semantics N1) or where an axis has no loop (E3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tdsl.errors import AxisScopeError, DuplicateNameError
from tdsl.expr.handles import AxisHandle, AxisOrigin, Expr, Origin
from tdsl.expr.node import Node, Reduce, Var
from tdsl.expr.printer import text
from tdsl.expr.rewrite import free_vars, variables
from tdsl.expr.tensor import Axis, Param, Size
from tdsl.location import Location


def all_origins(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """The declarations that expressions mention, and those that the bounds of their axes mention."""
    found: dict[Origin, None] = {}
    stack = list(origins)[::-1]
    while stack:
        origin = stack.pop()
        if origin not in found:
            found[origin] = None
            stack += reversed(origin.bounds) if isinstance(origin, AxisOrigin) else ()
    return tuple(found)


def checked_axes(
    body: Sequence[Node], axes: Sequence[AxisHandle], origins: Sequence[Origin], what: str, where: Location
) -> tuple[Axis, ...]:
    """The reduction axes of a stage, in order of first use, outermost first.

    Errors: E106 an axis of another stage, or a reduction axis outside `over=`; E109 one name for two things.
    """
    own = {axis.name: axis.origin for axis in axes}
    declared = [origin for origin in origins if isinstance(origin, AxisOrigin)]
    reduced: dict[str, AxisOrigin] = {}
    for origin in declared:
        name = origin.axis.name
        if own.get(name) is origin:
            continue
        if name in own:
            raise _clash(name, origin, own[name], what, where)
        if origin.reduced and reduced.setdefault(name, origin).axis != origin.axis:
            raise _two_axes(name, reduced[name].axis, origin.axis, what, where)
    order = _in_order(body)
    _check_outer(axes, what, where)
    for node in body:
        _check_free(node, own, declared, what, where)
    result = tuple(reduced[name].axis for name in order)
    _check_bounds(body, {axis.name: axis for axis in result}, own, what, where)
    return result


def _check_outer(axes: Sequence[AxisHandle], what: str, where: Location) -> None:
    """The bounds of an axis of an update use axes outside it only."""
    outer: dict[str, AxisOrigin] = {}
    for axis in axes:
        declared = {
            origin.axis.name: origin for origin in axis.origin.bounds if isinstance(origin, AxisOrigin)
        }
        for var in variables(axis.origin.axis.lower, axis.origin.axis.upper):
            if var.kind == "axis" and (var.name not in outer or outer[var.name] is not declared[var.name]):
                raise AxisScopeError(
                    "E106",
                    f"the bounds of the axis {axis.name} use {var.name}, which is not around it in {what}",
                    where=where,
                    why=(_range(axis.origin.axis),),
                    hint=(f"over=({var.name}, {axis.name}), outermost first",),
                )
        outer[axis.name] = axis.origin


def _in_order(body: Sequence[Node]) -> list[str]:
    """Names of reduction axes by first use, outer reductions before those in their operands."""
    order: dict[str, None] = {}
    seen: set[Node] = set()
    stack = list(reversed(body))
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Reduce):
            order.update(dict.fromkeys(node.axes))
        stack.extend(reversed(node.children))
    return list(order)


def _check_free(
    node: Node, own: dict[str, AxisOrigin], declared: Sequence[AxisOrigin], what: str, where: Location
) -> None:
    for var in free_vars(node):
        if var.kind != "axis" or var.name in own:
            continue
        origin = next((one for one in declared if one.axis.name == var.name), None)
        if origin is not None and origin.reduced:
            raise AxisScopeError(
                "E106",
                f"the reduction axis {var.name} stands outside over={var.name} in {what}",
                where=where,
                why=(f"{_within(node, var)}: outside a reduction over it, {var.name} has no loop",),
                hint=(f"td.sum(…, over={var.name})",),
            )
        made = "" if origin is None or origin.where is None else f", declared at {origin.where.brief()}"
        raise AxisScopeError(
            "E106",
            f"the axis {var.name} in {what} belongs to another stage",
            where=where,
            why=(f"{_within(node, var)}; the axes of {what} are ({', '.join(own)}){made}",),
            hint=("the parameters of this stage's own callable",),
        )


def _within(node: Node, var: Var) -> str:
    """The expression a variable stands in, short."""
    shown = text(node)
    return shown if len(shown) <= 60 else f"{var.name} in {shown[:50]} …"


def _clash(
    name: str, other: AxisOrigin, own: AxisOrigin, what: str, where: Location
) -> DuplicateNameError | AxisScopeError:
    if not other.reduced:
        place = "" if other.where is None else f" (declared at {other.where.brief()})"
        return AxisScopeError(
            "E106",
            f"{what} uses the axis {name} of another stage{place}",
            where=where,
            why=(f"{what} has an axis {name} of its own; the two are different loops",),
            hint=("the parameters of this stage's own callable",),
        )
    return DuplicateNameError(
        "E109",
        f"{what} has a data axis and a reduction axis called {name}",
        where=where,
        why=(f"inside {what} the name {name} means one loop",),
        hint=(f'another parameter name, or td.reduce_axis("{name}2", {Expr(other.axis.upper)})',),
    )


def _two_axes(name: str, one: Axis, other: Axis, what: str, where: Location) -> DuplicateNameError:
    return DuplicateNameError(
        "E109",
        f"two different reduction axes of {what} are called {name}",
        where=where,
        why=(f"{_range(one)} and {_range(other)}",),
        hint=(f'td.reduce_axis("{name}2", …) for one of them',),
    )


def _range(axis: Axis) -> str:
    return f"{text(axis.lower)} <= {axis.name} < {text(axis.upper)}"


def check_names(
    axes: Iterable[str], sizes: Iterable[Size], params: Iterable[Param], what: str, where: Location
) -> None:
    """An axis, a size and a param that meet in a stage have different names (semantics N1). Errors: E109."""
    kinds = dict.fromkeys(axes, "an axis")
    for kind, names in (
        ("a size", [size.name for size in sizes]),
        ("a param", [param.name for param in params]),
    ):
        for name in names:
            if name not in kinds:
                kinds[name] = kind
                continue
            raise DuplicateNameError(
                "E109",
                f"{what} has {kinds[name]} and {kind} called {name}",
                where=where,
                why=(f"inside {what} the name {name} means one thing",),
                hint=(f"another name for the axis: {name}_",) if kinds[name] == "an axis" else (),
            )


def _check_bounds(
    body: Sequence[Node], reduced: dict[str, Axis], own: dict[str, AxisOrigin], what: str, where: Location
) -> None:
    """The bounds of a reduction axis use data axes and reduction axes around it only."""
    if not reduced:
        return
    stack: list[tuple[Node, frozenset[str]]] = [(node, frozenset(own)) for node in reversed(body)]
    seen: set[tuple[Node, frozenset[str]]] = set()
    while stack:
        node, known = stack.pop()
        if (node, known) in seen:
            continue
        seen.add((node, known))
        if isinstance(node, Reduce):
            for name in node.axes:
                for var in variables(reduced[name].lower, reduced[name].upper):
                    if var.kind == "axis" and var.name not in known:
                        raise AxisScopeError(
                            "E106",
                            f"the bounds of the reduction axis {name} use {var.name}, which is not around it in {what}",
                            where=where,
                            why=(_range(reduced[name]),),
                            hint=(f"over=({var.name}, {name}), outermost first",)
                            if var.name in reduced
                            else (),
                        )
                known |= {name}
        stack.extend((child, known) for child in reversed(node.children))
