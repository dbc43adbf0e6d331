"""`store_root`: a stage's buffer lives for the whole kernel; a name in, the state with its storage at root out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class StoreRoot(Directive):
    """Keeps the values of `stage` for the whole kernel; the computation stays where it is, now or later (P3).

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,))
        >>> B = td.compute("B", (n,), lambda i: A[i] * 2); C = td.compute("C", (n,), lambda i: B[i] + 1)
        >>> print(td.schedule(C).store_root(B).compute_at(B, C, "i").script())
        td.schedule(C).store_root("B").compute_at("B", "C", "i")

    Legal when: every value is made once and before its readers: the loops around the computation run in order.
    Errors: S102 S103 stage; S342 a stage computed with another; S202 a parallel loop around the computation.
    Source: Halide's `store_root`; semantics P3.
    """

    primitive: ClassVar[str] = "store_root"

    stage: str

    def apply(self, state: State) -> State:
        """Storage at root."""
        entry = arguments.stage_named(self, state, self.stage)
        arguments.stored_by_itself(self, entry)
        return state.with_stage(replace(entry, store="root"))
