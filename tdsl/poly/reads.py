"""The reads of a body and where each is evaluated: inside which reductions and under which conditions.

In: the body of a stage. Out: one `Site` a distinct read, with its paths: tuples of conditions that all hold where it is
evaluated. `where` is lazy, so its branches add its condition or the opposite; a reduction adds the bounds of its axes.
`and`, `or` and everything else is strict (language.md). Nodes are shared, so a site may have several paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tdsl.expr.build import compare, logical_not
from tdsl.expr.node import Const, Node, Read, Reduce, Select, Var, axis_var
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Axis
from tdsl.records import dataclass

Path = tuple[Node, ...]
"""Conditions that hold where a node is evaluated, outermost first."""

PATHS = 16
"""A node reached in more ways keeps only what all of them share: fewer facts, never wrong ones."""


@dataclass(frozen=True, slots=True)
class Site:
    """A read and the ways in which it is reached."""

    read: Read
    paths: tuple[Path, ...]


def read_sites(body: Sequence[Node], axes: Iterable[Axis]) -> tuple[Site, ...]:
    """Every distinct read of the expressions, inner ones (in subscripts) first.

    Args:
        body: expressions, evaluated at every point.
        axes: the axes that reductions in it bind; their bounds are evaluated where the reduction starts.
    """
    found = paths_to(body, axes, Read)
    return tuple(Site(node, tuple(paths)) for node, paths in found.items() if isinstance(node, Read))


def paths_to(body: Sequence[Node], axes: Iterable[Axis], kind: type[Node]) -> dict[Node, list[Path]]:
    """Every node of a kind and the conditions under which it is evaluated, a list of paths each, inner nodes first."""
    bound = {axis.name: axis for axis in axes}
    order = _order(body, bound)
    holding = _holding(order, bound, kind)
    paths: dict[Node, list[Path]] = {root: [()] for root in body if root in holding}
    for node in reversed(order):
        if node not in paths:
            continue
        for child, conditions in _steps(node, bound):
            if child in holding:
                arrived = paths.setdefault(child, [])
                for path in paths[node]:
                    _arrive(arrived, _extended(path, conditions))
                if len(arrived) > PATHS:
                    arrived[:] = [_shared(arrived)]
    return {node: paths[node] for node in order if isinstance(node, kind)}


def _order(body: Sequence[Node], axes: Mapping[str, Axis]) -> list[Node]:
    """The nodes of the expressions, those in the bounds of axes too, operands before what they are operands of."""
    bounds = [bound for axis in axes.values() for bound in (axis.lower, axis.upper)]
    if all(isinstance(bound, Const | Var) for bound in bounds):
        return list(walk(*body))
    order: dict[Node, None] = {}
    stack = [(root, False) for root in reversed(body)]
    while stack:
        node, ready = stack.pop()
        if node in order:
            continue
        below = () if ready else [child for child, _ in _steps(node, axes)]
        if not below:
            order[node] = None
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(below) if child not in order)
    return list(order)


def _holding(order: Sequence[Node], axes: Mapping[str, Axis], kind: type[Node]) -> set[Node]:
    """The nodes that are or contain one of a kind."""
    holding: set[Node] = set()
    for node in order:
        if isinstance(node, kind) or any(child in holding for child, _ in _steps(node, axes)):
            holding.add(node)
    return holding


def _steps(node: Node, axes: Mapping[str, Axis]) -> list[tuple[Node, Path]]:
    """The operands of a node, each with the conditions under which it is evaluated."""
    match node:
        case Select():
            return [(node.cond, ()), (node.then, (node.cond,)), (node.otherwise, (logical_not(node.cond),))]
        case Reduce():
            return _inside(node, axes)
        case _:
            return [(child, ()) for child in node.children]


def _inside(node: Reduce, axes: Mapping[str, Axis]) -> list[tuple[Node, Path]]:
    """The bounds of a reduction's axes, each inside the axes further out, and its operands inside all of them."""
    steps: list[tuple[Node, Path]] = []
    inside: Path = ()
    for name in node.axes:
        axis = axes.get(name)
        if axis is not None:
            steps += [(axis.lower, inside), (axis.upper, inside)]
            inside += inside_axis(axis)
    return [*steps, *((operand, inside) for operand in node.operands)]


def inside_axis(axis: Axis) -> tuple[Node, Node]:
    """`lower <= axis` and `axis < upper`."""
    var = axis_var(axis.name)
    return compare("ge", var, axis.lower), compare("lt", var, axis.upper)


def _extended(path: Path, conditions: Path) -> Path:
    return path + tuple(condition for condition in conditions if condition not in path)


def _arrive(arrived: list[Path], path: Path) -> None:
    """Adds a path unless another one already holds at more points; drops those that it makes superfluous."""
    conditions = set(path)
    if any(conditions.issuperset(other) for other in arrived):
        return
    arrived[:] = [other for other in arrived if not conditions.issubset(other)]
    arrived.append(path)


def _shared(paths: Sequence[Path]) -> Path:
    return tuple(condition for condition in paths[0] if all(condition in path for path in paths))


def is_obvious(read: Read, axes: Mapping[str, Axis]) -> bool:
    """Whether each subscript is an axis that runs over exactly that dimension, or a constant inside a constant extent.

    Decides most reads without isl; an axis that a reduction binds counts, since the read stands inside it.
    """
    return all(
        _is_inside(index, extent, axes) for index, extent in zip(read.index, read.tensor.extents, strict=True)
    )


def _is_inside(index: Node, extent: Node, axes: Mapping[str, Axis]) -> bool:
    if isinstance(index, Const):
        return isinstance(extent, Const) and 0 <= int(index.value) < int(extent.value)
    if not isinstance(index, Var) or index.kind != "axis" or (axis := axes.get(index.name)) is None:
        return False
    from_zero = isinstance(axis.lower, Const) and int(axis.lower.value) >= 0
    if isinstance(axis.upper, Const) and isinstance(extent, Const):
        return from_zero and int(axis.upper.value) <= int(extent.value)
    return from_zero and axis.upper is extent
