"""What poly answers: verdicts, witnesses, labels, folds, as plain frozen values that pickle and hold no isl object.

Out of `verdict.py`, `labels.py` and `storage.py`; `schedule/` turns a `Refuted` or `Unknown` into an error.
"""

from __future__ import annotations

from typing import Literal

from tdsl.expr.node import Node
from tdsl.records import dataclass

RefutedKind = Literal[
    "placement",
    "cycle",
    "scope",
    "order",
    "missing",
    "clobber",
    "twice",
    "race",
    "reduction",
    "vector",
    "promote",
]
"""Why a schedule is wrong.

placement: a stage stands where no reader is inside, or a place does not exist. scope: a reader is outside the loops
that own the buffer. order: a value is read before it is made. missing: it is not made at all. clobber: it is
overwritten before its last read. twice: terms are accumulated twice. race: two iterations of a parallel loop touch one
element. reduction: the same, and they are terms of one reduction (advise `rfactor` or `atomic`). vector: lanes in
lockstep change a value. promote: two iterations of a promoted loop that run in parallel share an element.
"""

DependenceKind = Literal["flow", "anti", "output"]


@dataclass(frozen=True, slots=True)
class Iteration:
    """One execution of a statement: its axes (as declared) and the loops it runs in, outermost first, with values."""

    statement: str
    stage: str
    axes: tuple[tuple[str, int], ...]
    loops: tuple[tuple[tuple[str, str], int], ...] = ()


@dataclass(frozen=True, slots=True)
class Witness:
    """The smallest example of a violation: least sum of sizes, then sizes, then iterations (semantics P15).

    iterations: the two that collide; for a clobber, reader and overwriter. element: the one they touch. sizes: of the
    sizes and params that matter. lost: for a clobber, the iteration whose write is lost.
    """

    tensor: str
    element: tuple[int, ...] | None
    iterations: tuple[Iteration, Iteration]
    sizes: tuple[tuple[str, int], ...]
    kind: DependenceKind
    lost: Iteration | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """The schedule computes what the declaration says, for all sizes the facts allow."""


@dataclass(frozen=True, slots=True)
class Refuted:
    """It does not.

    statements: the two (reader or second first). place: the loop (stage, loop) for what concerns one loop. text: one
    sentence about names. condition: what sizes would make this one violation vanish; None where none would.
    """

    kind: RefutedKind
    tensor: str
    statements: tuple[str, ...]
    text: str
    witness: Witness | None = None
    condition: Node | None = None
    place: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be decided: `access` is what is opaque, `fact` what would decide it."""

    access: str
    fact: str
    tensor: str = ""
    statements: tuple[str, ...] = ()


Verdict = Proved | Refuted | Unknown

PROVED = Proved()


@dataclass(frozen=True, slots=True)
class Label:
    """What an arrangement does to the bits of a stage's reduction: `reassociates` names the axes whose terms change
    order (empty: exact); semantics P14.
    """

    stage: str
    reassociates: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        return not self.reassociates


@dataclass(frozen=True, slots=True)
class Dependent:
    """What of a sum depends on a size: which `terms` along an axis there are, or the `order` in which they are added."""

    stage: str
    axis: str
    what: Literal["terms", "order"]


@dataclass(frozen=True, slots=True)
class Folds:
    """Which circular-buffer lengths of one dim keep every live value: all of 1 … `limit` that are legal."""

    tensor: str
    dim: int
    legal: tuple[int, ...]
    limit: int

    @property
    def minimal(self) -> int | None:
        return self.legal[0] if self.legal else None
