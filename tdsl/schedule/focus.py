"""`s.on(C)`: the methods of a schedule with one stage in focus; a schedule and a stage in, views out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING

from tdsl.expr.intrinsic import Intrinsic
from tdsl.location import hide_internal_frames
from tdsl.schedule.handles import StageLike, Stages, as_pairs
from tdsl.schedule.knob import Knob

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule

Factor = int | Knob


class StageView:
    """One stage of a schedule: the methods of `Schedule` about a stage without their first argument.

    Like a schedule it is a value: each method gives a new view.
    """

    __slots__ = ("_schedule", "_stage")

    def __init__(self, schedule: Schedule, stage: str) -> None:
        self._schedule = schedule
        self._stage = stage

    @property
    def schedule(self) -> Schedule:
        """The schedule, without a focus."""
        return self._schedule

    @property
    def stage(self) -> str:
        """The name of the stage in focus."""
        return self._stage

    def on(self, stage: StageLike) -> StageView:
        """Another stage in focus."""
        return self._schedule.on(stage)

    def _with(self, schedule: Schedule) -> StageView:
        return StageView(schedule, self._stage)

    # loops

    @hide_internal_frames
    def split(
        self, axis: str, factor: Factor | Sequence[Factor] | None = None, *, parts: Factor | None = None,
        into: Sequence[str] | None = None, tail: str | None = None,
    ) -> StageView:  # fmt: skip
        """See `Schedule.split`."""
        return self._with(self._schedule.split(self._stage, axis, factor, parts=parts, into=into, tail=tail))

    @hide_internal_frames
    def tile(
        self, factors: Mapping[str, Factor] | None = None, *, into: Sequence[str] | None = None,
        tail: str | None = None, **named: Factor,
    ) -> StageView:  # fmt: skip
        """See `Schedule.tile`; factors as a dict or by keyword: ``tile(i=64, j=64)``."""
        pairs = as_pairs((*as_pairs({} if factors is None else factors), *named.items()))
        return self._with(self._schedule.tile(self._stage, dict(pairs), into=into, tail=tail))

    @hide_internal_frames
    def fuse(self, *axes: str, into: str | None = None) -> StageView:
        """See `Schedule.fuse`."""
        return self._with(self._schedule.fuse(self._stage, *axes, into=into))

    @hide_internal_frames
    def reorder(self, *axes: str | EllipsisType) -> StageView:
        """See `Schedule.reorder`."""
        return self._with(self._schedule.reorder(self._stage, *axes))

    @hide_internal_frames
    def skew(self, axis: str, *, by: str, into: str, factor: int = 1) -> StageView:
        """See `Schedule.skew`."""
        return self._with(self._schedule.skew(self._stage, axis, by=by, into=into, factor=factor))

    @hide_internal_frames
    def shift(self, axis: str, by: Factor, *, into: str | None = None) -> StageView:
        """See `Schedule.shift`."""
        return self._with(self._schedule.shift(self._stage, axis, by, into=into))

    @hide_internal_frames
    def reverse(self, axis: str, *, into: str | None = None) -> StageView:
        """See `Schedule.reverse`."""
        return self._with(self._schedule.reverse(self._stage, axis, into=into))

    @hide_internal_frames
    def unroll(self, axis: str, factor: Factor | None = None, *, tail: str | None = None) -> StageView:
        """See `Schedule.unroll`."""
        return self._with(self._schedule.unroll(self._stage, axis, factor, tail=tail))

    @hide_internal_frames
    def vectorize(self, axis: str, width: Factor | None = None, *, tail: str | None = None) -> StageView:
        """See `Schedule.vectorize`."""
        return self._with(self._schedule.vectorize(self._stage, axis, width, tail=tail))

    @hide_internal_frames
    def parallel(self, axis: str, *, chunk: Factor | None = None) -> StageView:
        """See `Schedule.parallel`."""
        return self._with(self._schedule.parallel(self._stage, axis, chunk=chunk))

    @hide_internal_frames
    def peel(self, axis: str, *, first: Factor | None = None, last: Factor | None = None) -> StageView:
        """See `Schedule.peel`."""
        return self._with(self._schedule.peel(self._stage, axis, first=first, last=last))

    @hide_internal_frames
    def separate(self, axis: str) -> StageView:
        """See `Schedule.separate`."""
        return self._with(self._schedule.separate(self._stage, axis))

    @hide_internal_frames
    def bind(self, axes: Mapping[str, str] | str, place: str | None = None) -> StageView:
        """See `Schedule.bind`."""
        return self._with(self._schedule.bind(self._stage, axes, place))

    @hide_internal_frames
    def cooperate(self, *, vector: Factor | None = None) -> StageView:
        """See `Schedule.cooperate`."""
        return self._with(self._schedule.cooperate(self._stage, vector=vector))

    @hide_internal_frames
    def swizzle(self, *, vector: Factor = 1) -> StageView:
        """See `Schedule.swizzle`."""
        return self._with(self._schedule.swizzle(self._stage, vector=vector))

    # placement

    @hide_internal_frames
    def inline(self) -> StageView:
        """See `Schedule.inline`."""
        return self._with(self._schedule.inline(self._stage))

    @hide_internal_frames
    def compute_root(self) -> StageView:
        """See `Schedule.compute_root`."""
        return self._with(self._schedule.compute_root(self._stage))

    @hide_internal_frames
    def compute_at(self, host: StageLike, axis: str) -> StageView:
        """See `Schedule.compute_at`."""
        return self._with(self._schedule.compute_at(self._stage, host, axis))

    @hide_internal_frames
    def compute_with(
        self, host: StageLike, axis: str, *, align: Mapping[str, str] | None = None
    ) -> StageView:
        """See `Schedule.compute_with`."""
        return self._with(self._schedule.compute_with(self._stage, host, axis, align=align))

    @hide_internal_frames
    def store_root(self) -> StageView:
        """See `Schedule.store_root`."""
        return self._with(self._schedule.store_root(self._stage))

    @hide_internal_frames
    def store_at(self, host: StageLike, axis: str) -> StageView:
        """See `Schedule.store_at`."""
        return self._with(self._schedule.store_at(self._stage, host, axis))

    @hide_internal_frames
    def clone(self, readers: Stages, *, name: str | None = None) -> StageView:
        """See `Schedule.clone`."""
        return self._with(self._schedule.clone(self._stage, readers, name=name))

    @hide_internal_frames
    def hoist(self, axis: str, *, name: str | None = None) -> StageView:
        """See `Schedule.hoist`."""
        return self._with(self._schedule.hoist(self._stage, axis, name=name))

    # staging and storage

    @hide_internal_frames
    def cache_read(
        self, readers: Stages | None = None, *, name: str | None = None, scope: str = "heap"
    ) -> StageView:
        """See `Schedule.cache_read`: a copy of this stage's tensor."""
        return self._with(self._schedule.cache_read(self._stage, readers, name=name, scope=scope))

    @hide_internal_frames
    def cache_write(self, *, name: str | None = None, scope: str = "heap") -> StageView:
        """See `Schedule.cache_write`."""
        return self._with(self._schedule.cache_write(self._stage, name=name, scope=scope))

    @hide_internal_frames
    def promote(self, axis: str, *, name: str | None = None, scope: str = "register") -> StageView:
        """See `Schedule.promote`."""
        return self._with(self._schedule.promote(self._stage, axis, name=name, scope=scope))

    @hide_internal_frames
    def layout(self, subscripts: Callable[..., object]) -> StageView:
        """See `Schedule.layout`."""
        return self._with(self._schedule.layout(self._stage, subscripts))

    @hide_internal_frames
    def scope(self, scope: str) -> StageView:
        """See `Schedule.scope`."""
        return self._with(self._schedule.scope(self._stage, scope))

    @hide_internal_frames
    def fold(self, dim: str, factor: Factor) -> StageView:
        """See `Schedule.fold`."""
        return self._with(self._schedule.fold(self._stage, dim, factor))

    @hide_internal_frames
    def rfactor(self, axis: str, *, name: str | None = None) -> StageView:
        """See `Schedule.rfactor`."""
        return self._with(self._schedule.rfactor(self._stage, axis, name=name))

    @hide_internal_frames
    def align(self, dim: str, factor: Factor) -> StageView:
        """See `Schedule.align`."""
        return self._with(self._schedule.align(self._stage, dim, factor))

    @hide_internal_frames
    def prefetch(self, tensor: StageLike, axis: str, ahead: Factor = 1) -> StageView:
        """See `Schedule.prefetch`."""
        return self._with(self._schedule.prefetch(self._stage, tensor, axis, ahead))

    @hide_internal_frames
    def double_buffer(self, copies: Factor = 2) -> StageView:
        """See `Schedule.double_buffer`."""
        return self._with(self._schedule.double_buffer(self._stage, copies))

    @hide_internal_frames
    def stream(self) -> StageView:
        """See `Schedule.stream`."""
        return self._with(self._schedule.stream(self._stage))

    @hide_internal_frames
    def tensorize(self, axis: str, intrinsic: str | Intrinsic) -> StageView:
        """See `Schedule.tensorize`."""
        return self._with(self._schedule.tensorize(self._stage, axis, intrinsic))

    @hide_internal_frames
    def atomic(self) -> StageView:
        """See `Schedule.atomic`."""
        return self._with(self._schedule.atomic(self._stage))

    # what it is

    @hide_internal_frames
    def axes(self) -> tuple[str, ...]:
        """See `Schedule.axes`."""
        return self._schedule.axes(self._stage)

    @hide_internal_frames
    def dims(self) -> tuple[str, ...]:
        """See `Schedule.dims`."""
        return self._schedule.dims(self._stage)

    @hide_internal_frames
    def storage(self) -> dict[str, object]:
        """See `Schedule.storage`."""
        return self._schedule.storage(self._stage)

    @hide_internal_frames
    def why(self, axis: str) -> str:
        """See `Schedule.why`."""
        return self._schedule.why(axis, self._stage)

    @hide_internal_frames
    def parallel_axes(self) -> tuple[str, ...]:
        """See `Schedule.parallel_axes`."""
        return self._schedule.parallel_axes(self._stage)

    @hide_internal_frames
    def tilable(self) -> tuple[tuple[str, ...], ...]:
        """See `Schedule.tilable`."""
        return self._schedule.tilable(self._stage)

    @hide_internal_frames
    def min_fold(self, dim: str) -> int | None:
        """See `Schedule.min_fold`."""
        return self._schedule.min_fold(self._stage, dim)

    def __str__(self) -> str:
        return str(self._schedule)

    def __repr__(self) -> str:
        return f"<{self._stage} of {self._schedule!r}>"
