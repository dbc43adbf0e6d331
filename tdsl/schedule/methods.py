"""Methods of `Schedule` that add directives: the rarer ones, so that `schedule.py` stays readable; one line each.

In: arguments as the user gives them. Out: the schedule after one more step, through `_then`; what a primitive does,
checks and documents is in `primitives/<name>.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from tdsl.expr.handles import Expr
from tdsl.expr.intrinsic import Intrinsic
from tdsl.location import here, hide_internal_frames
from tdsl.schedule import primitives, versions
from tdsl.schedule.directive import Directive
from tdsl.schedule.handles import (
    StageLike,
    Stages,
    as_alignment,
    as_stages,
    from_the_inside,
    stage_name,
    tensor_name,
)
from tdsl.schedule.knob import Knob

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule


class Methods:
    """The part of `Schedule` with its rarer directives."""

    __slots__ = ()

    def _then(self, step: Directive) -> Schedule:
        """The schedule after one more step."""
        raise NotImplementedError

    @property
    def _given(self) -> Schedule:
        return cast("Schedule", self)

    @hide_internal_frames
    def compute_with(
        self, stage: Stages, host: StageLike, axis: str, *, align: Mapping[str, str] | None = None
    ) -> Schedule:
        """Shares the loops of another stage, from outside down to one. See `primitives/compute_with.py`."""
        place, at, pairs = here(), stage_name(self._given, host), as_alignment(align)
        result = self._given
        for name in from_the_inside(result, as_stages(result, stage), at):
            result = cast("Methods", result)._then(primitives.ComputeWith(name, at, axis, pairs, where=place))
        return result

    @hide_internal_frames
    def clone(self, stage: StageLike, readers: Stages, *, name: str | None = None) -> Schedule:
        """Gives some readers of a stage a copy of it, to be placed apart. See `primitives/clone.py`."""
        return self._then(
            primitives.Clone(
                stage_name(self._given, stage), as_stages(self._given, readers), name, where=here()
            )
        )

    @hide_internal_frames
    def hoist(self, stage: StageLike, axis: str, *, name: str | None = None) -> Schedule:
        """Computes what a loop does not change outside of it. See `primitives/hoist.py`."""
        return self._then(primitives.Hoist(stage_name(self._given, stage), axis, name, where=here()))

    @hide_internal_frames
    def align(self, stage: StageLike, dim: str, factor: int | Knob) -> Schedule:
        """Begins rows of an array at multiples of a number of elements. See `primitives/align.py`."""
        return self._then(primitives.Align(stage_name(self._given, stage), dim, factor, where=here()))

    @hide_internal_frames
    def prefetch(self, stage: StageLike, tensor: StageLike, axis: str, ahead: int | Knob = 1) -> Schedule:
        """Asks for elements some iterations before they are read. See `primitives/prefetch.py`."""
        names = stage_name(self._given, stage), tensor_name(self._given, tensor)
        return self._then(primitives.Prefetch(*names, axis, ahead, where=here()))

    @hide_internal_frames
    def double_buffer(self, stage: StageLike, copies: int | Knob = 2) -> Schedule:
        """Makes the next tile of a stage before the present one is used. See `primitives/double_buffer.py`."""
        return self._then(primitives.DoubleBuffer(stage_name(self._given, stage), copies, where=here()))

    @hide_internal_frames
    def stream(self, stage: StageLike) -> Schedule:
        """Stores a stage past the caches. See `primitives/stream.py`."""
        return self._then(primitives.Stream(stage_name(self._given, stage), where=here()))

    @hide_internal_frames
    def tensorize(self, stage: StageLike, axis: str, intrinsic: str | Intrinsic) -> Schedule:
        """Computes the innermost loops of a sum of products by one instruction. See `primitives/tensorize.py`."""
        text = intrinsic.text() if isinstance(intrinsic, Intrinsic) else intrinsic
        return self._then(primitives.Tensorize(stage_name(self._given, stage), axis, text, where=here()))

    @hide_internal_frames
    def atomic(self, stage: StageLike) -> Schedule:
        """Changes elements at once, so that loops over a reduction may run in parallel. See `primitives/atomic.py`."""
        return self._then(primitives.Atomic(stage_name(self._given, stage), where=here()))

    @hide_internal_frames
    def specialize(
        self, condition: Expr | object, then: Callable[[Schedule], Schedule] | None = None
    ) -> Schedule:
        """Runs a version of its own where a condition holds: ``specialize(n % 8 == 0, lambda s: s.vectorize(…))``.

        See `primitives/specialize.py`.
        """
        node = condition.node if isinstance(condition, Expr) else condition
        steps = () if then is None else versions.steps_of(self._given, node, then)
        return self._then(primitives.Specialize(node, steps, where=here()))
