"""What a check hands to `witness.py`: the relation of all collisions, still in isl, with who collides and how."""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.answers import DependenceKind, RefutedKind
from tdsl.records import dataclass


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
