"""The stated order of a program: which of two statements' instances the declaration has first (semantics E2, E11).

In: statements. Out: a `Turn` each, from which the order of two instances follows. Statements run one after another, each
over its axes lexicographically; those of one update whose value reduces take turns: at each of its points first the terms
of its sums, then the change of the element.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.poly.model import Statement
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """place: among the statements, shared by those that take turns. points: how many leading axes they take turns along.
    part: at one point, which comes first.
    """

    place: int
    points: int
    part: int = 0


def turns_of(statements: Sequence[Statement], ordered: Sequence[str]) -> dict[str, Turn]:
    """The turn of each statement, by name; ordered: tensors updated in place."""
    finishing = {
        each.stage: (place, len(each.axes))
        for place, each in enumerate(statements)
        if each.role == "finish" and each.stage in ordered
    }
    found: dict[str, Turn] = {}
    for place, each in enumerate(statements):
        if each.stage in finishing and each.role in ("init", "update", "finish"):
            last, points = finishing[each.stage]
            found[each.name] = Turn(last, points, place - last)
        else:
            found[each.name] = Turn(place, len(each.axes))
    return found
