"""From all collisions to the smallest one: sizes and iterations as numbers, and the condition under which none is.

In: a `Violation` (isl). Out: `Witness` and a node. Smallest: least sum of sizes, then sizes in the order of their
names, then the axes of the iterations in the order shown: a lexicographic minimum with the parameters as leading
dimensions (feasibility study, section 3). A violation in very many pieces gets some example, and no condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from math import prod

from tdsl.expr.node import Node
from tdsl.poly import library as isl
from tdsl.poly.answers import Iteration, Witness
from tdsl.poly.copies import Copies
from tdsl.poly.isl import PARAM, SET, TooLarge, allowance, basic_set, set_space
from tdsl.poly.model import Statement
from tdsl.poly.nodes import params_node
from tdsl.poly.violation import MANY_PIECES, Violation, some_point
from tdsl.records import dataclass

_WIDE = 100
"""A piece of more constraints than this, most of them about variables in between, takes seconds to project on the sizes."""

_WORK = 500_000
"""isl operations, times constraints, that the least point of one piece may take: of the fuzzer's pieces it takes at most
300,000. An operation costs 1 us at 40 constraints, at 150 of them more than 100.
"""

_TOO_LARGE = 3
"""So many pieces may turn out to be too large; then larger ones are not tried."""

_TRIED = 12
"""Sizes tried up to this sum where products of sizes occur, which isl takes for unrelated parameters."""

_TRIED_OF_MANY = 8
"""The same for a violation in many pieces, each question of which takes a millisecond."""

_MOST_TRIED = 2000


@dataclass(slots=True)
class Explainer:
    """Explanations for one arrangement."""

    copies: Copies

    def witness(self, violation: Violation) -> Witness | None:
        """The smallest collision, of very many pieces some collision.

        None where isl's opaque products of sizes allow none that is real, and where finding one is too large for isl.
        """
        names = self._named(violation)
        if violation.relation.n_basic_map() > MANY_PIECES:
            violation = self._at_least_sizes(violation)
        collisions = self._with_axes(violation)
        found = self._smallest(collisions)
        if found is None:
            return None
        sizes, values = found
        parts: list[Iteration] = []
        for name in names:
            statement = self.copies.tree.statements[name]
            axes = values[: len(statement.axes)]
            values = values[len(statement.axes) :]
            parts.append(Iteration(name, statement.stage, tuple(zip(statement.axes, axes, strict=True))))
        for place, name in enumerate(names):
            dims = self.copies.dims(name)
            if violation.kind == "missing" and place == 0:
                continue
            loops = tuple(zip(dims, values[: len(dims)], strict=True))
            values = values[len(dims) :]
            parts[place] = Iteration(name, parts[place].stage, parts[place].axes, loops)
        iterations = parts[-2], parts[-1]
        lost = parts[0] if violation.lost is not None else None
        element = self._element(violation, lost or iterations[0], iterations, sizes)
        return Witness(violation.tensor, element, iterations, sizes, violation.dependence, lost)

    def condition(self, violation: Violation) -> Node | None:
        """What the sizes must satisfy for this violation not to occur; None where nothing helps."""
        pieces = violation.relation.get_basic_maps()
        if len(pieces) > MANY_PIECES or any(_constraints(piece) > _WIDE for piece in pieces):
            return None
        context = self.copies.context()
        bad = violation.relation.params()
        if context.is_subset(bad):
            return None
        pieces = bad.gist(context).coalesce().compute_divs().get_basic_sets()
        if len(pieces) == 1:
            allowed = _any_reversed(pieces[0])
        else:
            allowed = context.subtract(bad).coalesce().gist(context)
        possible = isl.Set.empty(allowed.get_space())
        for piece in allowed.coalesce().get_basic_sets():
            one = isl.Set.from_basic_set(piece)
            if not one.intersect(context).is_empty():
                possible = possible.union(one)
        return params_node(possible, self.copies.param_nodes())

    def _at_least_sizes(self, violation: Violation) -> Violation:
        """A violation of many pieces at the smallest sizes that it has, where those are small; else some point of it."""
        for given in islice(self._candidates(_TRIED_OF_MANY), _MOST_TRIED):
            fixed = violation.relation
            for place, value in given:
                fixed = fixed.fix_val(PARAM, place, value)
            if not fixed.is_empty():
                return replace(violation, relation=fixed)
        return some_point(violation)

    def _named(self, violation: Violation) -> list[str]:
        lost = [] if violation.lost is None else [violation.lost]
        return [*lost, violation.first, violation.second]

    def _with_axes(self, violation: Violation) -> isl.Set:
        """[axes of all, dims of all] of every collision; of a missing value there is no writing copy."""
        second = self.copies.relation(violation.second)
        if violation.kind == "missing":  # { reader's dims -> writer's axes }
            collisions = violation.relation.reverse()
            made = set_space(self.copies.param_space(), len(self.copies.axes(violation.first)))
            axes = isl.Map.identity(made.map_from_set()).product(second)
            dims = axes.intersect_domain(collisions.wrap()).reverse().wrap().flatten()
            writer = len(self.copies.axes(violation.first))
            reader = len(self.copies.axes(violation.second))
            return dims.project_out(SET, writer + reader, writer)
        axes = self.copies.relation(violation.first).product(second)
        if violation.lost is not None:
            axes = self.copies.relation(violation.lost).product(axes)
        return axes.intersect_domain(violation.relation.wrap()).reverse().wrap().flatten()

    def _smallest(self, points: isl.Set) -> tuple[tuple[tuple[str, int], ...], list[int]] | None:
        """Values of the sizes that matter, and the least point at those sizes."""
        points = points.intersect_params(self.copies.context())
        monomials = self.copies.params()
        used = [place for place in range(len(monomials)) if points.involves_dims(PARAM, place, 1)]
        if any(len(monomials[place]) > 1 for place in used):
            return self._tried(points)
        sizes = [place for place in used if monomials[place][0].kind == "size"]
        params = [place for place in used if place not in sizes]
        for (
            place
        ) in params:  # one that is not negative is looked for: a scalar argument may have no least value
            points = _not_negative(points, place)
        count = len(used)
        values = _least(_sizes_first(points, sizes, params))
        if values is None:
            return None
        named = tuple(
            (monomials[place][0].name, value)
            for place, value in zip((*sizes, *params), values[1 : count + 1], strict=True)
        )
        return named, values[count + 1 :]

    def _tried(self, points: isl.Set) -> tuple[tuple[tuple[str, int], ...], list[int]] | None:
        """The least point by trying sizes in order, products of sizes fixed to what they are."""
        monomials = self.copies.params()
        for given in islice(self._candidates(_TRIED), _MOST_TRIED):
            fixed = points
            for place, value in given:
                fixed = fixed.fix_val(PARAM, place, value)
            if not fixed.is_empty():
                sizes = ((monomials[place], value) for place, value in given)
                named = tuple((monomial[0].name, value) for monomial, value in sizes if len(monomial) == 1)
                least = _least(fixed.project_out(PARAM, 0, len(monomials)))
                return None if least is None else (named, least)
        return None

    def _candidates(self, most: int) -> Iterator[list[tuple[int, int]]]:
        """Values of sizes and of their products by parameter, the least sum of sizes first, up to a sum of `most`."""
        monomials = self.copies.params()
        names = [each[0].name for each in monomials if len(each) == 1 and each[0].kind == "size"]
        for values in (each for total in range(most + 1) for each in _with_sum(total, len(names))):
            given = dict(zip(names, values, strict=True))
            yield [
                (place, prod(given[var.name] for var in monomial))
                for place, monomial in enumerate(monomials)
                if all(var.kind == "size" for var in monomial)
            ]

    def _element(
        self,
        violation: Violation,
        lost: Iteration,
        iterations: tuple[Iteration, Iteration],
        sizes: tuple[tuple[str, int], ...],
    ) -> tuple[int, ...] | None:
        """The element that collides: what the writer of the two writes (of a clobber, what is lost)."""
        if violation.lost is not None:
            source = lost
        else:
            source = iterations[1] if violation.dependence == "anti" else iterations[0]
        statement = self.copies.tree.statements[source.statement]
        return self._written(statement, violation.tensor, source, dict(sizes))

    def _written(
        self, statement: Statement, tensor: str, iteration: Iteration, sizes: dict[str, int]
    ) -> tuple[int, ...] | None:
        write = self.copies.flow.write(statement, tensor)
        point = isl.Set.universe(set_space(self.copies.param_space(), len(iteration.axes)))
        for place, (_, value) in enumerate(iteration.axes):
            point = point.fix_val(SET, place, value)
        elements = point.apply(write)
        for place, monomial in enumerate(self.copies.params()):
            if len(monomial) == 1 and monomial[0].name in sizes:
                elements = elements.fix_val(PARAM, place, sizes[monomial[0].name])
        elements = elements.project_out(PARAM, 0, elements.dim(PARAM))
        least = _least(elements)
        return None if least is None else tuple(least)


def _any_reversed(basic: isl.BasicSet) -> isl.Set:
    """The complement of a set as one overlapping piece a constraint: each reads as one plain condition."""
    whole = isl.Set.universe(basic.get_space())
    total = isl.Set.empty(basic.get_space())
    divisions = [each for each in basic.get_constraints() if each.is_div_constraint()]
    for constraint in basic.get_constraints():
        if constraint.is_div_constraint():
            continue
        one = isl.BasicSet.universe(basic.get_space()).add_constraint(constraint)
        for division in divisions:
            one = one.add_constraint(division)
        total = total.union(whole.subtract(isl.Set.from_basic_set(one)))
    return total


def _not_negative(points: isl.Set, place: int) -> isl.Set:
    """The points where a parameter is not negative; all of them where there are none."""
    row = [0] * (1 + points.dim(PARAM) + points.dim(SET))
    row[1 + place] = 1
    there = points.intersect(basic_set(points.get_space(), [], [row]))
    return points if there.is_empty() else there


def _sizes_first(points: isl.Set, sizes: list[int], params: list[int]) -> isl.Set:
    """{ [sum of the sizes, sizes…, params…, point…] } without parameters."""
    lifted = points.insert_dims(SET, 0, len(sizes) + len(params) + 1)
    space = isl.LocalSpace.from_space(lifted.get_space())
    total = isl.Constraint.alloc_equality(space).set_coefficient_val(SET, 0, -1)
    for row, place in enumerate((*sizes, *params)):
        if place in sizes:
            total = total.set_coefficient_val(PARAM, place, 1)
        same = isl.Constraint.alloc_equality(space).set_coefficient_val(PARAM, place, 1)
        lifted = lifted.add_constraint(same.set_coefficient_val(SET, row + 1, -1))
    return lifted.add_constraint(total).project_out(PARAM, 0, lifted.dim(PARAM))


def _least(points: isl.Set) -> list[int] | None:
    """The lexicographically least point, piece by piece: isl's minimum of a union compares all pairs of pieces.

    Simple pieces come first; where `_TOO_LARGE` of them were, the ones left are not looked at. None where no point was found.
    """
    found: list[list[int]] = []
    tried = sorted(points.get_basic_sets(), key=_constraints)
    failed = 0
    for piece in tried:
        try:
            with allowance(1 + _WORK // (1 + _constraints(piece))):
                least = _least_of(piece)
                if not least.is_empty():
                    found.append(isl.coordinates(least.sample_point(), points.dim(SET)))
        except TooLarge:
            failed += 1
            if failed == _TOO_LARGE:
                break
    return min(found, default=None)


def _least_of(piece: isl.BasicSet) -> isl.Set:
    """The least point of a piece; any point of it where isl fails there (0.27: "affine expression involves some of the
    domain dimensions").
    """
    try:
        return piece.lexmin()
    except isl.Error as error:
        if "maximal number of operations" in str(error):
            raise
        return isl.Set.from_basic_set(piece.sample())


def _constraints(piece: isl.BasicSet | isl.BasicMap) -> int:
    return len(piece.get_constraints())


def _with_sum(total: int, count: int) -> Iterator[tuple[int, ...]]:
    """All tuples of so many numbers, none negative, of a sum, in order."""
    if count <= 1:
        if count or not total:
            yield (total,) * count
        return
    for first in range(total + 1):
        for rest in _with_sum(total - first, count - 1):
            yield first, *rest
