"""`peel`: the first and last iterations of a loop as loops of their own; a stage and an axis in, the loop cut out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.arguments import WIDEST_BLOCK
from tdsl.schedule.directive import Directive
from tdsl.schedule.knob import Knob
from tdsl.schedule.loops import with_cut
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import Cut, State


@dataclass(frozen=True, slots=True)
class Peel(Directive):
    """The first `first` and the last `last` iterations run in loops of their own, before and after the rest.

    What is decided by the loop, such as the edge cases of a stencil, is decided away in each part. Of a parallel loop the
    iterations that are peeled run serially.

    Args:
        first, last: how many, constants or knobs, at least 0. Where both are left out, one first iteration.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n", min=2); A = td.placeholder("A", (n,))
        >>> C = td.compute("C", (n,), lambda i: td.where(i > 0, A[i - 1], 0.0) + A[i])
        >>> print(td.schedule(C).peel(C, "i", first=1))
        for i in 0 .. 1:
          C[i] = where(i > 0, A[i - 1], 0.0) + A[i]
        for i in 1 .. n:
          C[i] = where(i > 0, A[i - 1], 0.0) + A[i]

    Legal when: always; the order of the iterations stays. A loop is cut last: what changes it comes before.
    Errors: S102–S106 stage or axis; S108 S109 counts; S114 a marked loop; S115 too many copies; S117 a fused loop; S144
        nothing peeled.
    Source: loop peeling (Bacon, Graham, Sharp, "Compiler transformations for high-performance computing", 1994).
    """

    primitive: ClassVar[str] = "peel"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    first: int | Knob | None = None
    last: int | Knob | None = None

    def apply(self, state: State) -> State:
        """The stage with the loop cut."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.uncut(self, state, entry, position)
        refuse_fused(self, entry, self.axis)
        first, last = self._counts()
        fresh = with_cut(entry, Cut(self.axis, first, last))
        arguments.limit_copies(self, fresh)
        return state.with_stage(fresh)

    def _counts(self) -> tuple[int, int]:
        given = {"first": self.first, "last": self.last}
        if self.first is None and self.last is None:
            return 1, 0
        counts = [
            0 if value is None else arguments.positive(self, name, value, least=0)
            for name, value in given.items()
        ]
        first, last = counts
        if first == last == 0 or max(counts) > WIDEST_BLOCK:
            raise self.refusal(
                ArgumentError,
                "S144",
                f"peel of {self.axis} of {self.stage} takes a number of iterations, not {shown(max(counts))}",
                why=("nothing would be peeled" if max(counts) == 0 else "counts end at 2**40",),
                hint=(f'peel("{self.stage}", "{self.axis}", first=1, last=1)',),
            )
        return first, last
