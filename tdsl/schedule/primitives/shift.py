"""`shift`: a loop runs over its value plus a constant; a stage, an axis and an offset in, the loop under new values out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.arguments import WIDEST_BLOCK
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import Knob
from tdsl.schedule.loops import moved_places, related, replaced, retired
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Shift(Directive):
    """The loop runs over ``axis + by``: the same iterations in the same order, under other values.

    Where loops of several stages are shared or skewed by each other, iterations of one value run together: a shift says
    which ones those are.

    Args:
        by: a constant, not 0; negative ones shift down. A knob may stand for a positive one.
        into: another name for the loop; it keeps its name where this is left out.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> td.schedule(C).shift(C, "i", 2, into="t").axes(C)
        ('t',)

    Legal when: always; the order of the iterations stays.
    Errors: S102–S106 stage or axis; S111 S112 names; S114 a marked loop; S117 a fused loop; S143 an offset that is no
        constant, 0, or beyond 2^40.
    Source: Kelly and Pugh, "A unifying framework for iteration reordering transformations", 1995: statement shifting;
        Halide's `LoopAlignStrategy` of `compute_with` chooses such offsets by itself.
    """

    primitive: ClassVar[str] = "shift"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis", "by")

    stage: str
    axis: str
    by: int | Knob
    into: str | None = None

    def apply(self, state: State) -> State:
        """The stage with the loop under shifted values."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.unmarked(self, state, entry, position, "shifted")
        refuse_fused(self, entry, self.axis)
        by = self._by(entry)
        into = self.axis if self.into is None else self.into
        if not isinstance(into, str) or into != self.axis:  # pyright: ignore[reportUnnecessaryIsInstance]
            arguments.fresh_axes(self, entry, (into,))
        fresh = related(replaced(entry, self.axis, (LoopMark(into),)), model.Shift(self.axis, into, by))
        if into != self.axis:
            fresh = retired(fresh, len(state.steps), self.axis)
        return moved_places(state.with_stage(fresh), entry.name, self.axis, into)

    def _by(self, entry: StageState) -> int:
        by: object = self.by
        if not isinstance(by, int) or isinstance(by, bool):
            raise self.refusal(
                ArgumentTypeError,
                "S143",
                f"the offset of shift is a constant, not {shown(by)}",
                why=("a loop is shifted when the schedule is made, before sizes are known",),
                hint=(f'shift("{entry.name}", "{self.axis}", 1)',),
            )
        if by == 0 or abs(by) > WIDEST_BLOCK:
            raise self.refusal(
                ArgumentError,
                "S143",
                f"{self.axis} of {entry.name} cannot be shifted by {shown(by)}",
                why=(
                    "nothing would be shifted"
                    if by == 0
                    else "offsets end at 2**40: sizes end at 2**47, and index arithmetic has 64 bits",
                ),
                loops=loop_lines(entry, mark=self.axis),
            )
        return by
