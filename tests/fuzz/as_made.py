"""The truth about a schedule whose regions fall back: what lies between the pieces of a region is made, too (P2, ADR 0039).

In: an arrangement of constant sizes. Out: the oracle of it, in which a stage placed in a loop makes there what the region
says, where that is more than what is read for being in many pieces. All else is found by listing as before; that the region
holds at least what is read, and nothing outside of the domain, is checked.
"""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.copies import Copies
from tdsl.poly.model import Arranged
from tdsl.poly.settle import with_regions
from tests.poly.oracle import Oracle


class Memo(Oracle):
    """An oracle that lists the iterations of a statement once for all schedules."""

    seen: dict[object, list[tuple[int, ...]]] = {}

    def _instances(self, statement):
        found = self.seen.get(statement)
        if found is None:
            if len(self.seen) > 200:
                self.seen.clear()
            found = self.seen[statement] = super()._instances(statement)
        return found


class AsMade(Memo):
    """The same with regions as they are made."""

    def _read_inside(self, stage, definer, host):
        needed, region = super()._read_inside(stage, definer, host), widened(self.arranged, stage)
        if region is None:
            return needed
        assert all(elements <= region.get(context, set()) for context, elements in needed.items())
        assert set().union(*region.values()) <= set(self.instances[definer.name])
        return region

    def _histories(self, stage, definer, host):
        needed, region = super()._histories(stage, definer, host), widened(self.arranged, stage)
        if region is None:
            return needed
        named = {context: {(stage, one) for one in elements} for context, elements in region.items()}
        assert all(elements <= named.get(context, set()) for context, elements in needed.items())
        return named


def widened(arranged: Arranged, stage: str) -> dict[tuple[int, ...], set[tuple[int, ...]]] | None:
    """Iteration of the loops around a stage -> what is made there of what is read; None where that is exactly it."""
    made = _region(arranged, stage)
    read = _region(with_regions(arranged, {each.stage: "exact" for each in arranged.arrangements}), stage)
    if made.is_equal(read):
        return None
    width, count = made.dim(isl.dim_type.in_), made.dim(isl.dim_type.out)
    found: dict[tuple[int, ...], set[tuple[int, ...]]] = {}

    def add(point: isl.Point) -> None:
        values = isl.coordinates(point, width + count)
        found.setdefault(tuple(values[:width]), set()).add(tuple(values[width:]))

    made.wrap().foreach_point(add)
    return found


def _region(arranged: Arranged, stage: str) -> isl.Map:
    copies = Copies(arranged)
    if stage in arranged.program.ordered:
        return copies.elements(stage)
    return copies._needed(stage, copies.tree.definer(stage), copies.tree.host(stage))
