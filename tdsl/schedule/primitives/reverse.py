"""`reverse`: a loop runs from its last value down; a stage and an axis in, the loop turned round out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.errors import ArgumentError
from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import moved_places, over_reduction, related, replaced, retired
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Reverse(Directive):
    """The iterations of a loop run backwards; the loop keeps its name, or takes that of `into`.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> td.schedule(C).reverse(C, "i").axes(C)
        ('i',)

    Legal when: every value is still made before it is read.
    Errors: S102–S106 stage or axis; S111 S112 names; S114 a marked loop; S117 a fused loop; S141 a loop over a
        reduction; S201 a dependence.
    Source: Wolfe, "High Performance Compilers for Parallel Computing", loop reversal.
    """

    primitive: ClassVar[str] = "reverse"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    into: str | None = None

    def apply(self, state: State) -> State:
        """The stage with the loop turned round."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.unmarked(self, state, entry, position, "reverse")
        refuse_fused(self, entry, self.axis)
        if over_reduction(entry, self.axis):
            raise self.refusal(
                ArgumentError,
                "S141",
                f"{self.axis} of {entry.name} is a loop over a reduction",
                why=("its terms in reverse order are another sum, and no faster one",),
                loops=loop_lines(entry, mark=self.axis),
            )
        into = self.axis if self.into is None else self.into
        if not isinstance(into, str) or into != self.axis:  # pyright: ignore[reportUnnecessaryIsInstance]
            arguments.fresh_axes(self, entry, (into,))
        fresh = related(replaced(entry, self.axis, (LoopMark(into),)), model.Reverse(self.axis, into))
        if into != self.axis:
            fresh = retired(fresh, len(state.steps), self.axis)
        return moved_places(state.with_stage(fresh), entry.name, self.axis, into)
