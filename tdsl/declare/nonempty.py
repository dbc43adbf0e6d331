"""argmax and argmin need a term: their axes are proved to have one, or a fact about sizes says so (semantics E5).

In: the body of a stage and its axes. Out: facts that the call checks, or an error that shows where an axis is empty.
A reduction that stands under `td.where` need not have a term where the condition does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tdsl.errors import ArgumentError
from tdsl.expr.build import FALSE, ONE, TRUE, add, compare
from tdsl.expr.node import Const, Node, Reduce, size_var
from tdsl.expr.printer import text
from tdsl.expr.reducers import ARGMAX, ARGMIN
from tdsl.expr.rewrite import reads, variables
from tdsl.expr.tensor import Axis, Size, Stage
from tdsl.poly.reads import Path, paths_to


def facts_of_places(stage: Stage) -> tuple[Node, ...]:
    """Conditions on sizes under which every argmax and argmin of a stage has a term.

    Errors: E120 an axis that is empty somewhere, whatever the sizes are checked for.
    """
    found: dict[Node, None] = {}
    for axes, path in _places(stage):
        for axis in axes:
            fact = _fact(axis)
            if fact is TRUE or fact in stage.facts or _by_minimum(axis, stage.sizes):
                continue
            if fact is not None and not path:
                if fact is FALSE:
                    raise _refused(stage, axis, "")
                found[fact] = None
            else:
                found.update(dict.fromkeys(_proved(stage, axes, path)))
                break
    return tuple(found)


def _places(stage: Stage) -> Iterator[tuple[tuple[Axis, ...], Path]]:
    """The axes of each argmax and argmin, and each way in which it is reached."""
    known = {axis.name: axis for axis in stage.reduce_axes}
    for node, paths in paths_to(stage.body, stage.reduce_axes, Reduce).items():
        if isinstance(node, Reduce) and node.reducer in (ARGMAX, ARGMIN):
            axes = tuple(known[name] for name in node.axes)
            for path in paths:
                yield axes, (*stage.domain, *path)


def _fact(axis: Axis) -> Node | None:
    """That an axis has a value, where that is about sizes alone."""
    bounds = (axis.lower, axis.upper)
    if reads(*bounds) or any(var.kind != "size" for var in variables(*bounds)):
        return None
    return compare("ge", axis.upper, add(axis.lower, ONE))


def _by_minimum(axis: Axis, sizes: Sequence[Size]) -> bool:
    """Whether `min=` of a size says it."""
    lower, upper = axis.lower, axis.upper
    return isinstance(lower, Const) and any(
        upper is size_var(size.name) and size.minimum > int(lower.value) for size in sizes
    )


def _proved(stage: Stage, axes: Sequence[Axis], path: Path) -> tuple[Node, ...]:
    """The facts that are still needed; none where it is proved."""
    from tdsl.poly.bounds import Scope
    from tdsl.poly.nonempty import empty_axis

    scope = Scope(
        axes=stage.axes,
        reduce_axes=stage.reduce_axes,
        sizes=stage.sizes,
        facts=stage.facts,
        params=stage.params,
    )
    failure = empty_axis(axes, path, scope)
    if failure is None:
        return ()
    fact = _fact(failure.axis)
    if fact is not None and fact is not FALSE:
        return tuple(one for one in map(_fact, axes) if one is not None)
    sizes = ", ".join(f"{name}={value}" for name, value in failure.sizes or ())
    point = ", ".join(f"{name}={value}" for name, value in failure.iteration or ())
    example = " ".join(
        part for part in (f"with {sizes}" if sizes else "", f"at {point}" if point else "") if part
    )
    raise _refused(stage, failure.axis, example)


def _refused(stage: Stage, axis: Axis, example: str) -> ArgumentError:
    shown = f"{text(axis.lower)} <= {axis.name} < {text(axis.upper)}"
    return ArgumentError(
        "E120",
        f"the place of an extremum in {stage.name} needs a term, and the axis {axis.name} may be empty",
        where=stage.where,
        why=(f"{shown} has no value{' ' if example else ''}{example}",),
        hint=("td.where(condition, td.argmax(…), -1), with a condition under which there is a term",),
    )
