"""`parallel`: iterations of a loop on several threads; a stage and an axis in, the state with the loop marked out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.errors import ArgumentError
from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.knob import Knob
from tdsl.schedule.loops import descendants, marked, moved_places, split_loop
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Parallel(Directive):
    """Runs the iterations of a loop on the threads of a pool; tasks are claimed dynamically.

    Args:
        chunk: iterations a task: the loop ``<axis>c`` inside `axis`, which then walks tasks.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> td.schedule(C).parallel(C, "i", chunk=64).axes(C)
        ('i', 'ic')

    Legal when: no two iterations touch one element, one of them writing, but for what each iteration owns.
    Errors: S102–S106 stage or axis; S108 S109 chunk; S114 a marked loop; S118 blocks that overlap; S202 a race,
        with the two iterations; over a reduction axis the advice is `rfactor` (P9).
    Source: Halide's `parallel`; semantics P6, P9.
    """

    primitive: ClassVar[str] = "parallel"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    chunk: int | Knob | None = None

    def apply(self, state: State) -> State:
        """The stage with the loop marked, or split into tasks and the outer loop marked."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.unmarked(self, state, entry, position, "parallel")
        self._refuse_shifted(entry)
        mark = LoopMark(self.axis, "parallel")
        if self.chunk is None:
            return state.with_stage(marked(entry, position, mark))
        chunk = arguments.positive(self, "chunk", self.chunk)
        inner = f"{self.axis}c"
        arguments.fresh_axes(self, entry, (inner,))
        fresh = split_loop(entry, model.Split(self.axis, self.axis, inner, chunk), outer=mark)
        return moved_places(state.with_stage(fresh), entry.name, self.axis, inner)

    def _refuse_shifted(self, entry: StageState) -> None:
        """Blocks that overlap at the end may not run at once: two iterations would store one element."""
        shifted = {loop for loop, tail in entry.tails if tail == "shift"}
        for relation in entry.relations:
            if isinstance(relation, model.Split) and relation.inner in shifted:
                if self.axis in descendants(entry, relation, relation.outer):
                    raise self.refusal(
                        ArgumentError,
                        "S118",
                        f'{self.axis} of {entry.name} walks blocks with tail="shift", the last of which overlaps '
                        "the one before it",
                        why=(f"in parallel, two iterations of {self.axis} would store one element at once",),
                        hint=('tail="guard" or "mask" in that split',),
                    )
