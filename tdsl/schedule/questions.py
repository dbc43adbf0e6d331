"""What can be asked of a schedule: its stages, their axes, storage, facts; what would be legal. Questions in, plain data out.

`Schedule` inherits these methods; none of them changes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tdsl.expr.handles import Expr
from tdsl.location import here, hide_internal_frames
from tdsl.schedule import editing
from tdsl.schedule.handles import StageLike, stage_name
from tdsl.schedule.state import State
from tdsl.target import Target

if TYPE_CHECKING:
    from tdsl.schedule.bits import Invariance
    from tdsl.schedule.describe import StageFacts
    from tdsl.schedule.schedule import Schedule


class Questions:
    """The part of `Schedule` that answers."""

    __slots__ = ()

    @property
    def state(self) -> State:
        """The state the steps lead to."""
        raise NotImplementedError

    @property
    def _schedule(self) -> Schedule:
        return cast("Schedule", self)

    def stages(self) -> tuple[str, ...]:
        """Names of the stages that have loops, in order of declaration."""
        return tuple(entry.name for entry in self.state.live())

    @hide_internal_frames
    def axes(self, stage: StageLike) -> tuple[str, ...]:
        """Names of a stage's loops as they now stand, outermost first. Errors: S102 S103 stage."""
        return editing.looked_up(self._schedule, stage).axes

    @hide_internal_frames
    def reduce_axes(self, stage: StageLike) -> tuple[str, ...]:
        """Those of a stage's loops that run over a reduction, outermost first. Errors: S102 S103 stage."""
        return editing.reduce_axes(editing.looked_up(self._schedule, stage))

    @hide_internal_frames
    def reads(self, stage: StageLike) -> tuple[str, ...]:
        """Names of the tensors that a stage reads as things stand, in order. Errors: S102 S103 stage."""
        return editing.tensors_read(self._schedule, stage)

    @hide_internal_frames
    def dims(self, stage: StageLike) -> tuple[str, ...]:
        """Names of the dims of a stage's array; they never change (N2). Errors: S102 S103 stage."""
        return editing.looked_up(self._schedule, stage).dims

    @hide_internal_frames
    def storage(self, stage: StageLike) -> dict[str, object]:
        """Where a stage's array lives: ``dims shape physical allocated dtype scope where bytes`` (P13).

        Errors: S102 S103 stage.
        """
        from tdsl.schedule import show

        entry = editing.looked_up(self._schedule, stage)
        return show.storage(self._schedule, entry, stage_name(self._schedule, stage))

    @hide_internal_frames
    def why(self, axis: str, stage: StageLike | None = None) -> str:
        """What a loop is: where it comes from, how it runs and who said so, whether it may run in parallel.

        Errors: S104 no such axis, or one that several stages have.
        """
        return editing.about(self._schedule, axis, stage)

    @hide_internal_frames
    def describe(self, stage: StageLike) -> StageFacts:
        """What a stage is, as plain data: kind, axes and extents, reads, cost, readers; for programs that schedule.

        Errors: S102 S103 stage. Source: what Halide's autoschedulers keep in their function DAG.
        """
        from tdsl.schedule import describe

        return describe.describe(self.state, editing.looked_up(self._schedule, stage))

    @hide_internal_frames
    def parallel_axes(self, stage: StageLike) -> tuple[str, ...]:
        """The loops of a stage that may run in parallel as the schedule stands. Errors: S102 S103 stage."""
        return editing.parallel_axes(self._schedule, stage)

    @hide_internal_frames
    def tilable(self, stage: StageLike) -> tuple[tuple[str, ...], ...]:
        """The loops of a stage in groups of neighbours, each of which may be tiled together, with any factors.

        Within a group any order of the loops is legal as the schedule stands; a skew may join groups. Errors: S102 S103
        stage. Source: permutable bands (Wolf and Lam, 1991).
        """
        return editing.tilable(self._schedule, stage)

    @hide_internal_frames
    def batch_invariant(self, size: Expr | str) -> Invariance:
        """Whether every sum has the same terms in the same order whatever a size is: ``s.batch_invariant("n")``.

        What is true is proved: a row of a batch then has the same bits in a batch of any size `n`. What is false names the
        stage and axis of the first sum that changes. Sums whose order cannot be seen in bits (integers, min, max) count as
        the same.

        Returns: an `Invariance`, true or false as a condition, with `axis`, `stage` and `why`; `print` shows it.

        Errors: S164 no size of this schedule.
        """
        from tdsl.schedule.bits import batch_invariance

        return batch_invariance(self.state, size, here())

    @hide_internal_frames
    def min_fold(self, stage: StageLike, dim: str) -> int | None:
        """The least legal `fold` of a dim, or None where none up to 64 is. Errors: S102 S103 stage; S107 dim."""
        return editing.min_fold(self._schedule, stage, dim)

    def script(self) -> str:
        """Python text that rebuilds the schedule where `td` and the outputs are in scope under their names."""
        from tdsl.schedule.script import script_text

        asked, state = self._schedule, self.state
        target = None if asked.target == Target() else f"td.{asked.target!r}"
        steps = asked.steps[len(asked.declared.first) :]
        return script_text(state.outputs, steps, dict(asked.settings), target, exact=state.keeps_bits)

    def history(self) -> str:
        """The steps as a table: number, call, exact or reassociating (P14), the user's line."""
        from tdsl.schedule import show

        return show.history(self._schedule)
