"""`stream`: a stage is stored past the caches; a stage in, the state with it noted out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Stream(Directive):
    """The finished elements of the stage are stored past the caches, where whole vectors of them begin at their size.

    For arrays far larger than the caches that are not read again soon: the line is not fetched first, and nothing that
    is still wanted is thrown out for it. Other stores, partial vectors among them, are ordinary. A thread's streamed
    stores are there for all before it reports that it is done.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); B = td.compute("B", (n,), lambda i: A[i] * 2)
        >>> print(td.schedule(B).vectorize(B, "i", 8).stream(B))
        for i in 0 .. (n + 7) // 8:
          vector for iv in 0 .. 8:
            if i * 8 + iv < n:  # tail mask
              B[i] = A[i] * 2.0  # stream

    Legal when: always.
    Errors: S102 S103 stage; S338 storage that is not in memory, changes at once, or a second time; at the build L116 a stage
        without whole vectors.
    Source: Halide's `stream_stores`; Intel SDM, MOVNTPS and SFENCE; semantics P19.
    """

    primitive: ClassVar[str] = "stream"

    stage: str

    def apply(self, state: State) -> State:
        """The stage with its stores streamed."""
        entry = arguments.stage_named(self, state, self.stage)
        why = ""
        if entry.scope != "heap":
            why = f"it is in scope {entry.scope}, which the caches hold"
        elif entry.atomic:
            why = "its elements are changed at once"
        elif entry.streamed:
            why = "it is streamed already"
        if why:
            raise self.refusal(PlacementError, "S338", f"{entry.name} cannot be streamed", why=(why,))
        return state.with_stage(replace(entry, streamed=True))
