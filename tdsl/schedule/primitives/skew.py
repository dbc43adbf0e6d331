"""`skew`: a loop runs over its value plus a multiple of another's; a stage and two axes in, the loop renamed out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import moved_places, over_reduction, reaches, related, replaced, retired
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import StageState, State

FARTHEST = 2**62
"""How far from 0 the values of a skewed loop may lie, so that sums of two fit 64 bits."""


@dataclass(frozen=True, slots=True)
class Skew(Directive):
    """`into` takes the place of `axis` and runs over ``axis + factor * by``; with `into` outside, a wavefront.

    Args:
        axis: the loop that is skewed. by: another loop of the stage.
        into: name of the new loop.
        factor: a constant, not 0; negative ones skew the other way.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n")
        >>> D = td.recurrence("D", (n, n), lambda D, i, j:
        ...     td.where(td.all(i > 0, j > 0), D[i - 1, j] + D[i, j - 1], 1), dtype="int64")
        >>> td.schedule(D).skew(D, "j", by="i", into="w").reorder(D, "w", "i").parallel(D, "i").axes(D)
        ('w', 'i')

    Legal when: always where the loops stay in their order; what comes after is judged on the skewed loops.
    Errors: S102–S106 stage or axis; S111 S112 names; S114 a marked loop; S117 a fused loop; S140 a loop by itself, a
        factor that is no constant, 0 or so large that values
        leave 64 bits, a loop over a reduction.
    Source: Lamport's hyperplane method, 1974; Wolfe's loop skewing, 1986.
    """

    primitive: ClassVar[str] = "skew"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    by: str
    into: str
    factor: object = 1

    def apply(self, state: State) -> State:
        """The stage with the loop in skewed coordinates."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.loop_named(self, state, entry, self.by)
        arguments.unmarked(self, state, entry, position, "skew")
        for loop in (self.axis, self.by):
            refuse_fused(self, entry, loop)
        factor = self._factor(entry)
        arguments.fresh_axes(self, entry, (self.into,))
        relation = model.Skew(self.axis, self.by, factor, self.into)
        fresh = related(replaced(entry, self.axis, (LoopMark(self.into),)), relation)
        fresh = retired(fresh, len(state.steps), self.axis)
        return moved_places(state.with_stage(fresh), entry.name, self.axis, self.into)

    def _factor(self, entry: StageState) -> int:
        factor = self.factor
        if not isinstance(factor, int) or isinstance(factor, bool):
            raise self.refusal(
                ArgumentTypeError,
                "S140",
                f"the factor of skew is a constant, not {type(factor).__name__}",
                why=("a loop skewed by a size is not affine, so nothing could be proved of it",),
                hint=(f'skew("{entry.name}", "{self.axis}", by="{self.by}", into="{self.into}", factor=2)',),
            )
        why = ""
        if factor == 0:
            why = "the factor is 0: nothing would be skewed"
        elif self.axis == self.by:
            why = f"{self.axis} is skewed by itself; by= names another loop"
        for loop in (self.axis, self.by):
            if over_reduction(entry, loop):
                why = why or f"{loop} is a loop over a reduction, whose terms belong to one element"
        reach = reaches(entry)
        if not why and reach[self.axis] + abs(factor) * reach[self.by] > FARTHEST:
            why = f"with a factor of {shown(factor)} its values would leave 64 bits: sizes end at 2**47"
        if why:
            raise self.refusal(
                ArgumentError,
                "S140",
                f"{self.axis} of {entry.name} cannot be skewed by {self.by}",
                why=(why,),
                loops=loop_lines(entry, mark=self.axis),
            )
        return factor
