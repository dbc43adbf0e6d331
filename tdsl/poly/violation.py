"""What a check hands to `witness.py`: the relation of all collisions, still in isl, with who collides and how."""

from __future__ import annotations

from dataclasses import replace

from tdsl.poly import library as isl
from tdsl.poly.answers import DependenceKind, RefutedKind
from tdsl.records import dataclass

MANY_PIECES = 48
"""Above this many pieces projecting a violation on the sizes takes seconds."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Collisions { first's dims -> second's dims }, the first shown first (for a flow the writer, then the reader).

    instances: the relation goes to the second's (for `missing`: from the first's) axes instead of copies.
    lost: for a clobber, the statement whose write is lost; the relation is then { lost -> [first -> second] }.
    """

    kind: RefutedKind
    tensor: str
    first: str
    second: str
    dependence: DependenceKind
    relation: isl.Map
    text: str
    lost: str | None = None
    place: tuple[str, str] | None = None


def few_pieces(violation: Violation) -> Violation:
    """The same violation, of many pieces those that isl can join joined.

    isl 0.27 fails at some relations ("original tableau does not correspond to original basic map"): they stay as they are.
    """
    if violation.relation.n_basic_map() <= MANY_PIECES:
        return violation
    try:
        return replace(violation, relation=violation.relation.coalesce())
    except isl.Error:
        return violation


def some_point(violation: Violation) -> Violation:
    """One collision of a violation."""
    return replace(violation, relation=isl.Map.from_basic_map(violation.relation.sample()))
