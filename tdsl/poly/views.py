"""A program with dimensions of tensors taken apart, and witnesses found in it as the user's program has them.

In: a program and the views that `delinearise.py` proved right; a witness. Out: the program in which `U[i * w + j]` is
`U[i, j]`, for questions about dependences alone; the witness with elements as they are declared. No isl here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tdsl.expr.build import ZERO, compare
from tdsl.expr.node import Node, axis_var, size_var
from tdsl.expr.rewrite import variables
from tdsl.poly.answers import Iteration, Witness
from tdsl.poly.evaluate import value_at
from tdsl.poly.model import Access, Arranged, Program, Statement, View


def seen_through(arranged: Arranged) -> Arranged:
    """The arrangement with all views of its program applied, those of tensors stored in another way left out."""
    stored = {each.stage for each in arranged.arrangements if each.folds or each.layout is not None}
    program = arranged.program
    for view in program.views:
        if view.tensor not in stored:
            program = taken_apart(program, view)
    return arranged if program is arranged.program else replace(arranged, program=program)


def as_stated(arranged: Arranged) -> Arranged:
    """The arrangement with every tensor in the dimensions that it is declared with."""
    program = arranged.program
    return replace(arranged, program=replace(program, views=())) if program.views else arranged


def taken_apart(program: Program, view: View) -> Program:
    """The program with the dimension as several in its shape and in all accesses."""
    shapes = tuple(
        (name, _replaced(shape, view.place, view.extents) if name == view.tensor else shape)
        for name, shape in program.shapes
    )
    parts = dict(view.parts)
    statements = tuple(
        _whole(statement, view) if _is_whole(statement, view) else _redirected(statement, view, parts)
        for statement in program.statements
    )
    return replace(program, shapes=shapes, statements=statements)


def _replaced(row: Sequence[Node], place: int, parts: Sequence[Node]) -> tuple[Node, ...]:
    return (*row[:place], *parts, *row[place + 1 :])


def _is_whole(statement: Statement, view: View) -> bool:
    """Whether a statement runs over all elements of the tensor: the copy of its base, the reader after everything."""
    own = statement.writes if statement.role == "source" else statement.reads
    return statement.role in ("source", "sink") and own[0].tensor == view.tensor


def _redirected(
    statement: Statement, view: View, parts: dict[tuple[str, Access], tuple[Node, ...]]
) -> Statement:
    def access(given: Access) -> Access:
        if given.tensor != view.tensor:
            return given
        found: tuple[Node | None, ...] = parts.get((statement.name, given), (None,) * len(view.extents))
        index = (*given.index[: view.place], *found, *given.index[view.place + 1 :])
        known = tuple((place, node) for place, node in given.linearised if place != view.place)
        return replace(
            given, index=index, linearised=known, opaque_text=given.opaque_text if None in index else ""
        )

    reads, writes = map(access, statement.reads), map(access, statement.writes)
    return replace(statement, reads=tuple(reads), writes=tuple(writes))


def _whole(statement: Statement, view: View) -> Statement:
    """With axes for the parts; where in another tensor they are is left open."""
    axis = statement.axes[view.place]
    names = _names(axis, view)
    parts, old = tuple(map(axis_var, names)), axis_var(axis)

    def access(given: Access) -> Access:
        if given.tensor == view.tensor:
            return replace(given, index=(*given.index[: view.place], *parts, *given.index[view.place + 1 :]))
        index = tuple(None if node is old else node for node in given.index)
        return replace(given, index=index, opaque_text=f"{given.tensor}[…]")

    domain = [each for each in statement.domain if old not in variables(each)]
    for part, extent in zip(parts, view.extents, strict=True):
        domain += [compare("ge", part, ZERO), compare("lt", part, extent)]
    return replace(
        statement,
        axes=(*statement.axes[: view.place], *names, *statement.axes[view.place + 1 :]),
        domain=tuple(domain),
        reads=tuple(map(access, statement.reads)),
        writes=tuple(map(access, statement.writes)),
    )


def _names(axis: str, view: View) -> tuple[str, ...]:
    return tuple(f"{axis}.{number}" for number in range(len(view.extents)))


def declared_witness(witness: Witness, views: Iterable[View]) -> Witness:
    """A witness of the program seen through views, in terms of the program itself."""
    for view in reversed(tuple(views)):
        witness = _declared(witness, view)
    return witness


def _declared(witness: Witness, view: View) -> Witness:
    element = witness.element
    if witness.tensor == view.tensor and element is not None:
        end = view.place + len(view.extents)
        joined = _joined(view, element[view.place : end], witness.sizes)
        element = None if joined is None else (*element[: view.place], joined, *element[end:])
    one, other = (_iteration(each, view, witness.sizes) for each in witness.iterations)
    lost = None if witness.lost is None else _iteration(witness.lost, view, witness.sizes)
    return replace(witness, element=element, iterations=(one, other), lost=lost)


def _iteration(given: Iteration, view: View, sizes: Sequence[tuple[str, int]]) -> Iteration:
    """The axes of a copy of a base, and of the reader after everything, put together again."""
    axes = dict(given.axes)
    parts = _names(f"d{view.place}", view)
    if given.stage != view.tensor or not all(part in axes for part in parts):
        return given
    joined = _joined(view, [axes[part] for part in parts], sizes)
    found: dict[str, int] = {}
    for name, value in axes.items():
        if name not in parts:
            found[name] = value
        elif joined is not None:
            found[f"d{view.place}"] = joined
    return replace(given, axes=tuple(found.items()))


def _joined(view: View, parts: Sequence[int], sizes: Sequence[tuple[str, int]]) -> int | None:
    """The subscript that parts are of; None where a size is not known."""
    known = {size_var(name): value for name, value in sizes}
    if any(var not in known for stride in view.strides for var in variables(stride)):
        return None
    strides = [*(value_at(stride, known) for stride in view.strides), 1]
    return sum(part * stride for part, stride in zip(parts, strides, strict=True))
