"""`scope`: where a stage's array lives; a name and a scope in, the state with it noted out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import is_output
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Scope(Directive):
    """Says where the array of `stage` lives.

    Args:
        scope: "heap" (any size), "stack" (at most 64 KiB a thread) or "register" (values; every loop that indexes it is
            unrolled to a constant bound).

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, 8))
        >>> B = td.compute("B", (n, 8), lambda i, j: A[i, j] * 2); C = td.compute("C", (n, 8), lambda i, j: B[i, j] + 1)
        >>> td.schedule(C).compute_at(B, C, "i").scope(B, "stack").storage(B)["scope"]
        'stack'

    Legal when: always here; constant extents and capacity are judged by `build`, once the stage has its place.
    Errors: S102 S103 stage; S110 scope; S314 an output.
    Source: Halide's `store_in`; TVM's `set_scope`; semantics P11.
    """

    primitive: ClassVar[str] = "scope"
    positional: ClassVar[tuple[str, ...]] = ("stage", "scope")

    stage: str
    scope: str

    def apply(self, state: State) -> State:
        """The stage with its scope."""
        entry = arguments.stage_named(self, state, self.stage)
        scope = arguments.choice(self, "scope", self.scope, arguments.SCOPES)
        if is_output(state, entry) and scope != "heap":
            raise self.refusal(
                PlacementError,
                "S314",
                f"{entry.name} is an output: its array is the caller's, which lives on the heap",
                hint=(f'cache_write("{entry.name}", scope="{scope}") and place the copy',),
            )
        return state.with_stage(replace(entry, scope=scope))
