"""Does the order in which the terms of an element are added depend on a size? For results that batches must not change.

In: `model.Arranged`, the name of a size, the updates whose changes round. Out: the first axis whose terms, or their order,
change with the size while everything else stays; None where none does. Lanes keep one accumulator a residue (semantics
P9), whatever the extents, so they need no question of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tdsl.poly import library as isl
from tdsl.poly.answers import Dependent
from tdsl.poly.copies import Copies
from tdsl.poly.edges import Edges
from tdsl.poly.isl import IN, OUT, PARAM, SET, budget
from tdsl.poly.model import Arranged, Statement
from tdsl.poly.order import Order
from tdsl.poly.storage import Storage


def dependent(arranged: Arranged, size: str, updates: Collection[str] = ()) -> Dependent | None:
    """What of a sum depends on the size; None where the order of every sum is the same for all its values.

    updates: stages that change elements in place, each change like a term.

    Errors: `TooLarge`, `NonAffine` where it is not decidable.
    """
    copies = Copies(arranged)
    moving = [
        place for place, monomial in enumerate(copies.params()) if any(var.name == size for var in monomial)
    ]
    if not moving:
        return None
    asked = _Question(copies, tuple(moving))
    for each in arranged.arrangements:
        for update in copies.tree.of_stage.get(each.stage, ()):
            if update.role == "update" and not update.exact and update.reduction_axes:
                with budget():
                    found = asked.about(update)
                if found is not None:
                    return found
        if each.stage in updates:
            with budget():
                found = asked.changes(copies.tree.main(each.stage))
            if found is not None:
                return found
    return None


@dataclass(frozen=True, slots=True)
class _Question:
    copies: Copies
    moving: tuple[int, ...]

    def about(self, update: Statement) -> Dependent | None:
        """The terms first, then their order, the smallest axis that shows it."""
        made = self.copies.relation(update.name)
        for axis in update.reduction_axes:
            if self._terms_differ(update, made.range(), axis):
                return Dependent(update.stage, axis, "terms")
        for axis in update.reduction_axes:
            if self._order_differs(update, made, axis):
                return Dependent(update.stage, axis, "order")
        if self._order_differs(update, made, None):
            return Dependent(update.stage, update.reduction_axes[0], "order")
        return None

    def _terms_differ(self, update: Statement, terms: isl.Set, axis: str) -> bool:
        """Whether an element there is for two values of the size has a term, at some value of the axis, for one only."""
        others = [
            place for place, name in enumerate(update.axes) if name in update.reduction_axes and name != axis
        ]
        for place in reversed(others):
            terms = terms.project_out(SET, place, 1)
        kept = [name for name in update.axes if name not in update.reduction_axes or name == axis]
        elements = terms.project_out(SET, kept.index(axis), 1)
        count = len(self.moving)
        one = self._as_dims(terms).insert_dims(SET, count, count)
        other = self._as_dims(terms).insert_dims(SET, 0, count)
        exists = self._as_dims(elements).insert_dims(SET, 0, count)
        exists = exists.insert_dims(SET, 2 * count + kept.index(axis), 1)
        return not one.intersect(exists).subtract(other).is_empty()

    def changes(self, statement: Statement) -> Dependent | None:
        """The axis along which an element that is changed for two values of the size is changed at other points."""
        write = self.copies.flow.write(statement, statement.writes[0].tensor)
        rank = write.dim(OUT)
        points = write.intersect_domain(self.copies.flow.domain(statement)).reverse().wrap().flatten()
        elements = points.project_out(SET, rank, points.dim(SET) - rank)
        count = len(self.moving)
        for place, axis in enumerate(statement.axes):
            along = points.project_out(SET, rank + place + 1, len(statement.axes) - place - 1)
            along = along.project_out(SET, rank, place)
            one = self._as_dims(along).insert_dims(SET, count, count)
            other = self._as_dims(along).insert_dims(SET, 0, count)
            exists = self._as_dims(elements).insert_dims(SET, 0, count).add_dims(SET, 1)
            if not one.intersect(exists).subtract(other).is_empty():
                return Dependent(statement.stage, axis, "terms")
        return None

    def _order_differs(self, update: Statement, made: isl.Map, axis: str | None) -> bool:
        """Whether two terms of an element (equal in all reduction axes but one, if one is named) change places."""
        pairs = self._pairs(update, made, axis)
        forwards, backwards = (self._anywhere(each.wrap()) for each in (pairs, pairs.reverse()))
        return not forwards.intersect(backwards).is_empty()

    def _pairs(self, update: Statement, made: isl.Map, axis: str | None) -> isl.Map:
        """{ term -> term of the same element that is added later }"""
        edges = Edges(self.copies, Order(self.copies), Storage(self.copies))
        later = edges.order.before(update.name, update.name)
        later = edges.same_buffer(update.writes[0].tensor, update, update, later)
        pairs = made.reverse().apply_range(later).apply_range(made)
        for place, name in enumerate(update.axes):
            if name not in update.reduction_axes or (axis is not None and name != axis):
                pairs = pairs.equate(IN, place, OUT, place)
        return pairs

    def _anywhere(self, value: isl.Set) -> isl.Set:
        """The set for some value of the size."""
        for place in reversed(self.moving):
            value = value.project_out(PARAM, place, 1)
        return value

    def _as_dims(self, value: isl.Set) -> isl.Set:
        """The set with the parameters that move as its first dims."""
        for place in reversed(self.moving):
            value = value.move_dims(SET, 0, PARAM, place, 1)
        return value
