"""`store_at`: a stage's buffer lives for one iteration of a loop; names in, the state with its storage placed out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import encloses
from tdsl.schedule.primitives.compute_at import check_place
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class StoreAt(Directive):
    """Keeps the values of `stage` for one iteration of loop `axis` of `host`; computed deeper inside, they are reused.

    A stage that was computed outside that loop moves there (P3). Between storage and computation each value is made
    once, so those loops run in order.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n))
        >>> B = td.compute("B", (n, n), lambda i, j: A[i, j] * 2); C = td.compute("C", (n, n), lambda i, j: B[i, j] + 1)
        >>> print(td.schedule(C).store_at(B, C, "i").compute_at(B, C, "j").script())
        td.schedule(C).store_at("B", "C", "i").compute_at("B", "C", "j")

    Legal when: as for `compute_at`; every reader lies inside the loop.
    Errors: those of `compute_at`; S342 a stage computed with another; S202 a parallel loop between storage and computation.
    Source: Halide's `store_at`; semantics P3.
    """

    primitive: ClassVar[str] = "store_at"
    positional: ClassVar[tuple[str, ...]] = ("stage", "host", "axis")

    stage: str
    host: str
    axis: str

    def apply(self, state: State) -> State:
        """Storage at the loop; the computation too where it was not inside."""
        entry = arguments.stage_named(self, state, self.stage)
        arguments.stored_by_itself(self, entry)
        place = check_place(self, state, entry, self.host, self.axis)
        compute = entry.compute if encloses(state, place, entry.compute) else place
        return state.with_stage(replace(entry, compute=compute, store=place))
