"""`double_buffer`: the next tile of a stage is made before the present one is used; a stage in, the state with copies out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import Knob
from tdsl.schedule.pipelining import obstacle
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class DoubleBuffer(Directive):
    """The stage, computed in a loop of another, gets `copies` tiles, which iterations of that loop take in turn.

    Each iteration makes the tile of the iteration `copies - 1` later, then uses its own: loads of what comes next are
    under way while the present is computed with.

    Args:
        copies: tiles, at least 2, or a knob.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, 8))
        >>> B = td.compute("B", (n, 8), lambda i, j: A[i, j] * 2); C = td.compute("C", (n, 8), lambda i, j: B[i, 7 - j])
        >>> print(td.schedule(C).compute_at(B, C, "i").double_buffer(B))
        B: float32[2, 1, 8] in heap
        for C.i in 0 .. min(n, 1):
          for B.i in C.i .. C.i + 1:
            for B.j in 0 .. 8:
              B[i, j] = A[i, j] * 2.0
        for C.i.ahead in 1 .. n:
          C.i = C.i.ahead
          for B.i in C.i .. C.i + 1:
            for B.j in 0 .. 8:
              B[i, j] = A[i, j] * 2.0
          C.i = C.i.ahead - 1
          for C.j in 0 .. 8:
            C[i, j] = B[i, 7 - j]
        for C.i in max(n - 1, 0) .. n:
          for C.j in 0 .. 8:
            C[i, j] = B[i, 7 - j]

    Legal when: the loop runs serially and nothing that it makes is read by the stage, but for what is double-buffered
        there as well.
    Errors: S102 S103 stage; S108 S109 copies; S115 more than 16; S337 where it stands, or what it reads; at the build
        L115 what later directives made impossible.
    Source: TVM's `double_buffer`; Lam, "Software pipelining", 1988; semantics P18.
    """

    primitive: ClassVar[str] = "double_buffer"
    positional: ClassVar[tuple[str, ...]] = ("stage", "copies")

    stage: str
    copies: int | Knob = 2

    def apply(self, state: State) -> State:
        """The stage with several tiles."""
        entry = arguments.stage_named(self, state, self.stage)
        copies = arguments.positive(self, "copies", self.copies, least=2)
        arguments.limit(self, "the number of copies", copies, MOST_COPIES, "no cache holds so many tiles")
        why = obstacle(state, entry) or (
            f"it is there {entry.copies} times already" if entry.copies > 1 else ""
        )
        if why:
            host = None if entry.compute is None else state.find(entry.compute.stage)
            raise self.refusal(
                PlacementError,
                "S337",
                f"the tiles of {entry.name} cannot be made ahead",
                why=(why,),
                loops=()
                if host is None or entry.compute is None
                else loop_lines(host, mark=entry.compute.loop),
                hint=(f'compute_at("{entry.name}", …) a serial loop of its reader',) if host is None else (),
            )
        return state.with_stage(replace(entry, copies=copies))


MOST_COPIES = 16
"""Tiles of one stage."""
