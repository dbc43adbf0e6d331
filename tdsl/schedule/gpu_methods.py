"""The methods of a schedule that are about a GPU; `Schedule` inherits them, each gives a new schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from tdsl.declare.names import shown
from tdsl.errors import ArgumentTypeError
from tdsl.location import here, hide_internal_frames
from tdsl.schedule import primitives
from tdsl.schedule.handles import StageLike, stage_name
from tdsl.schedule.knob import Knob

if TYPE_CHECKING:
    from tdsl.schedule.directive import Directive
    from tdsl.schedule.schedule import Schedule


class GpuMethods:
    """`bind`, `cooperate` and `swizzle`."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _then(self, step: Directive) -> Schedule: ...

    @hide_internal_frames
    def bind(self, stage: StageLike, axes: Mapping[str, str] | str, place: str | None = None) -> Schedule:
        """Makes loops places on a GPU: ``bind(C, {"io": "block.x", "ii": "thread.x"})``. See `primitives/bind.py`."""
        me = cast("Schedule", self)
        return self._then(primitives.Bind(stage_name(me, stage), _places(axes, place), where=here()))

    @hide_internal_frames
    def cooperate(self, stage: StageLike, *, vector: int | Knob | None = None) -> Schedule:
        """Shares a stage out to the threads of its block. See `primitives/cooperate.py`."""
        me = cast("Schedule", self)
        return self._then(primitives.Cooperate(stage_name(me, stage), vector, where=here()))

    @hide_internal_frames
    def swizzle(self, stage: StageLike, *, vector: int | Knob = 1) -> Schedule:
        """Permutes cells of shared rows, so that columns lie in different banks. See `primitives/swizzle.py`."""
        me = cast("Schedule", self)
        return self._then(primitives.Swizzle(stage_name(me, stage), vector, where=here()))


def _places(axes: object, place: object) -> tuple[tuple[str, str], ...]:
    """Axes with places: a dict, or one axis and its place. Errors: S150 anything else."""
    if isinstance(axes, str) and place is not None:
        return ((axes, cast(str, place)),)
    if isinstance(axes, Mapping) and place is None:
        return tuple(cast("Mapping[str, str]", axes).items())
    raise ArgumentTypeError(
        "S150",
        f"bind takes a place for each axis, not {shown(cast(object, axes))}"
        + ("" if place is None else f" and {shown(place)}"),
        where=here(),
        hint=('bind(C, {"i": "block.x", "j": "thread.x"})', 'bind(C, "i", "block.x")'),
    )
