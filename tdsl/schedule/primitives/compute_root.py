"""`compute_root`: a stage is made whole before its readers; a name in, the state with the stage at root out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class ComputeRoot(Directive):
    """Computes and stores `stage` whole, outside all loops: where every stage starts (P1).

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,))
        >>> B = td.compute("B", (n,), lambda i: A[i] * 2); C = td.compute("C", (n,), lambda i: B[i] + 1)
        >>> s = td.schedule(C).compute_at(B, C, "i").compute_root(B)
        >>> s.storage(B)["where"]
        'root'

    Legal when: what it reads is made and visible before its readers' loops.
    Errors: S102 S103 stage; S205 a value it reads lives inside a loop.
    Source: Halide's `compute_root`.
    """

    primitive: ClassVar[str] = "compute_root"

    stage: str

    def apply(self, state: State) -> State:
        """The stage at root, its storage too."""
        entry = arguments.stage_named(self, state, self.stage)
        return state.with_stage(replace(entry, compute=None, store=None, joined=None))
