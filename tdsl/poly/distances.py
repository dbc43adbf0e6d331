"""Which orders of a stage's loops are worth judging: those in which no value is read before it is made, by its distances.

In: `model.Arranged`, the refutation of something near it, and orders as integer rows over the loops of the stage. Out: a
bool for each. Distances are the differences between iterations that make a value and that read it, over all sizes; what
goes backwards by them is illegal, what does not may still be. Source: Wolf and Lam 1991, unimodular transformations.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.poly import library as isl
from tdsl.poly.affine import NonAffine
from tdsl.poly.answers import Refuted
from tdsl.poly.isl import PARAM, SET, Row, TooLarge, basic_map, basic_set, budget, map_space, set_space
from tdsl.poly.looptree import Misplaced
from tdsl.poly.model import Arranged
from tdsl.poly.verdict import Judgement
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """rows: each loop from the outermost in, as factors of the loops as they stand. blocks: which of them count blocks, so
    that a distance along one may be none, however long it is.
    """

    rows: tuple[Row, ...]
    blocks: frozenset[int] = frozenset()


def promising(arranged: Arranged, stage: str, found: Refuted, orders: Sequence[Order]) -> list[bool]:
    """For each order, whether the values that were refuted might flow forwards in it; True where nobody can tell."""
    judgement = Judgement(arranged, explain=False)
    try:
        with budget():
            distances = _distances(judgement, stage, found)
            if distances is None:
                return [True for _ in orders]
            return [not _backwards(distances, order) for order in orders]
    except (TooLarge, NonAffine, Misplaced):
        return [True for _ in orders]


def _distances(judgement: Judgement, stage: str, found: Refuted) -> isl.Set | None:
    """{ reading iteration - making iteration } of one statement; None of anything else than loops of a stage alone."""
    copies = judgement.copies
    tree = copies.tree
    loops = tuple((stage, loop.name) for loop in tree.arrangements[stage].loops)
    if len(set(found.statements)) != 1 or found.statements[0] not in tree.statements:
        return None
    statement = tree.statements[found.statements[0]]
    if statement.stage != stage or tree.dims(statement.name) != loops:
        return None
    total: isl.Set | None = None
    for which in copies.flow.accesses(statement, found.tensor):
        _, makers = judgement.edges.makers(found.tensor, statement, statement, which)
        steps = makers.reverse().deltas()
        steps = steps.project_out(PARAM, 0, steps.dim(PARAM)).coalesce()
        total = steps if total is None else total.union(steps)
    return None if total is None else total.coalesce()


def _backwards(distances: isl.Set, order: Order) -> bool:
    """Whether some distance points backwards, or nowhere: its first part that is not 0 is negative."""
    count = len(order.rows)
    params = distances.get_space().params()
    equal = [
        [0, *row, *(-int(place == other) for other in range(count))] for place, row in enumerate(order.rows)
    ]
    moved = distances.apply(basic_map(map_space(params, distances.dim(SET), count), equal, ()))
    space = set_space(params, count)
    for place in range(count):
        same = [_unit(other, count) for other in range(place) if other not in order.blocks]
        below = [-1, *(-factor for factor in _unit(place, count)[1:])]
        if not moved.intersect(basic_set(space, same, [below])).is_empty():
            return True
    return not moved.intersect(
        basic_set(space, [_unit(place, count) for place in range(count)], ())
    ).is_empty()


def _unit(place: int, count: int) -> list[int]:
    """The row of one dimension."""
    return [0, *(int(place == other) for other in range(count))]
