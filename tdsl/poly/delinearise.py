"""Linearised subscripts taken apart, so that dependences are exact: `U[i * w + j]` of `(h * w,)` is judged as `U[i, j]`.

In: a program, accesses with products of axes and sizes in it. Out: the program with those tensors in more dimensions,
where every part is proved to lie in its extent; otherwise as it was. A number is `q * w + r` with `0 <= r < w` in one
way only, so accesses that are taken apart by the same strides touch one element exactly where all their parts agree.
Source: Maslov 1992, "Delinearization: an efficient way to break multiloop dependence equations"; Grosser et al. 2015,
"Optimistic delinearization of parametrically sized arrays".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product

from tdsl.expr.build import ZERO, compare
from tdsl.expr.node import Node
from tdsl.poly.flow import ValueFlow
from tdsl.poly.isl import TooLarge, budget
from tdsl.poly.model import Access, Program, Statement, View
from tdsl.poly.polynomial import (
    Linear,
    combined,
    divided,
    leading_monomial,
    linear_node,
    multiplied,
    polynomial,
)
from tdsl.poly.products import is_of_sizes
from tdsl.poly.views import taken_apart
from tdsl.records import dataclass

STRIDES = 4
"""A subscript of more strides is not taken apart."""

ONE: Linear = {}, 1
NONE: Linear = {}, 0


@dataclass(frozen=True, slots=True)
class Use:
    """A subscript at that place as a polynomial, where it is used."""

    statement: Statement
    access: Access
    form: Linear


def views_of(program: Program) -> tuple[View, ...]:
    """The linearised dimensions of tensors updated in place as several, in the order in which they are taken apart.

    Only of those, since a pure stage writes each dimension by an axis, and nobody writes inputs.
    """
    views: list[View] = []
    for tensor in program.ordered:
        places = {
            place
            for statement in program.statements
            for access in (*statement.reads, *statement.writes)
            if access.tensor == tensor
            for place, _ in access.linearised
        }
        for place in sorted(places, reverse=True):  # the last one first, so that places stay what they are
            found = view_of(program, tensor, place)
            if found is not None:
                program = taken_apart(program, found)
                views.append(found)
    return tuple(views)


def view_of(program: Program, tensor: str, place: int, stages: Iterable[str] | None = None) -> View | None:
    """A dimension as several, and the parts of every subscript there; None where not all are proved to have some.

    Args:
        stages: whose accesses count; all where none are given. The copy of its base that an update starts with has none.
    """
    uses = list(_uses(program, tensor, place, None if stages is None else frozenset(stages)))
    extent = polynomial(dict(program.shapes)[tensor][place])
    if not uses or extent is None or any(use is None for use in uses):
        return None
    known = [use for use in uses if use is not None]
    flow = ValueFlow(program)
    for strides in _chains(known):
        extents = _extents(extent, strides)
        if extents is None:
            continue
        try:
            with budget():
                parts = _parts(flow, known, strides, extents)
        except TooLarge:
            return None
        if parts is not None:
            nodes = tuple(map(linear_node, strides)), tuple(map(linear_node, extents))
            return View(tensor, place, *nodes, tuple(parts.items()))
    return None


def _uses(program: Program, tensor: str, place: int, stages: frozenset[str] | None) -> Iterator[Use | None]:
    """The subscripts at a place; None for one that is no polynomial."""
    for statement in program.statements:
        if statement.role == "source" or not (stages is None or statement.stage in stages):
            continue
        for access in dict.fromkeys((*statement.reads, *statement.writes)):
            if access.tensor == tensor:
                node = dict(access.linearised).get(place, access.index[place])
                form = None if node is None else polynomial(node)
                yield None if form is None else Use(statement, access, form)


def _chains(uses: Sequence[Use]) -> Iterator[tuple[Linear, ...]]:
    """Strides that divide one another, largest first: what axes are multiplied by, all of them or some."""
    found: list[Linear] = []
    for use in uses:
        for axis in {var for monomial in use.form[0] for var in monomial if var.kind == "axis"}:
            stride = _positive(_coefficient(use.form, axis))
            if stride != ONE and stride not in found:
                found.append(stride)
    found.sort(key=_order, reverse=True)
    if len(found) > STRIDES:
        return
    for count in range(len(found), 0, -1):
        for chain in combinations(found, count):
            if all(_quotient(chain[place], chain[place + 1]) is not None for place in range(count - 1)):
                yield chain


def _coefficient(form: Linear, axis: Node) -> Linear:
    """What an axis is multiplied by."""
    total = NONE
    for monomial, count in form[0].items():
        if axis in monomial:
            rest = tuple(var for var in monomial if var is not axis)
            total = combined(total, ({rest: 1}, 0) if rest else ONE, count)
    return total


def _positive(form: Linear) -> Linear:
    """The polynomial or its opposite: the one whose leading coefficient is positive."""
    leading = leading_monomial(form)
    return form if form[0].get(leading, form[1]) > 0 else multiplied(form, ({}, -1))


def _order(form: Linear) -> tuple[int, list[str], int]:
    leading = leading_monomial(form)
    return len(leading), [var.name for var in leading], form[0].get(leading, form[1])


def _quotient(form: Linear, stride: Linear) -> Linear | None:
    """The quotient where there is no rest."""
    quotient, rest = divided(form, stride)
    return quotient if rest == NONE else None


def _extents(extent: Linear, strides: Sequence[Linear]) -> tuple[Linear, ...] | None:
    """How far each part goes; None where the strides do not divide the whole."""
    found = [_quotient(one, other) for one, other in zip((extent, *strides), (*strides, ONE), strict=True)]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else None


def _parts(
    flow: ValueFlow, uses: Sequence[Use], strides: Sequence[Linear], extents: Sequence[Linear]
) -> dict[tuple[str, Access], tuple[Node, ...]] | None:
    """The parts of every subscript; None where those of one are not proved to lie in their extents."""
    found: dict[tuple[str, Access], tuple[Node, ...]] = {}
    for use in uses:
        parts = next((each for each in _splits(use.form, strides) if _inside(flow, use, each, extents)), None)
        if parts is None:
            return None
        found[use.statement.name, use.access] = tuple(map(linear_node, parts))
    return found


def _splits(form: Linear, strides: Sequence[Linear]) -> Iterator[tuple[Linear, ...]]:
    """The parts by the strides; then with one more or less of a part, and that much less or more of the next."""
    parts: list[Linear] = []
    for stride in strides:
        quotient, form = divided(form, stride)
        parts.append(quotient)
    parts.append(form)
    steps = [_quotient(one, other) for one, other in zip(strides, (*strides[1:], ONE), strict=True)]
    for moves in sorted(product((0, -1, 1), repeat=len(strides)), key=lambda each: sum(map(abs, each))):
        moved = list(parts)
        for place, (move, step) in enumerate(zip(moves, steps, strict=True)):
            assert step is not None
            moved[place] = combined(moved[place], ONE, move)
            moved[place + 1] = combined(moved[place + 1], step, -move)
        yield tuple(moved)


def _inside(flow: ValueFlow, use: Use, parts: Sequence[Linear], extents: Sequence[Linear]) -> bool:
    """Whether all parts are affine, and lie in their extents wherever the access is."""
    if any(len(one) > 1 and not is_of_sizes(one) for part in parts for one in part[0]):
        return False
    bounds: list[Node] = []
    for part, extent in zip(map(linear_node, parts), map(linear_node, extents), strict=True):
        bounds += [compare("ge", part, ZERO), compare("lt", part, extent)]
    affine = flow.affine(use.statement)
    if any(affine.offender(bound) is not None for bound in bounds):
        return False
    points = flow.domain(use.statement)
    guards = [node for node in use.access.guard if affine.offender(node) is None]
    if guards:
        points = points.intersect(affine.conditions(guards))
    return points.is_subset(affine.conditions(bounds))
