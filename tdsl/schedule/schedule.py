"""`Schedule`: how the tensors are computed, as an immutable value; each method gives a new one or an error on its line.

In: declarations (`create.py`) and directives. Out: the state they lead to, for nests, lowering and people. The methods
here are one line each: what a primitive does, checks and documents is in `primitives/<name>.py`; every step is applied
to the state before it (nothing is replayed) and the whole schedule is judged again (`legality.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import EllipsisType
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from tdsl.errors import TdslError
from tdsl.expr.handles import Expr
from tdsl.expr.tensor import Tensor
from tdsl.location import Location, here, hide_internal_frames
from tdsl.schedule import editing, kernels, legality, primitives
from tdsl.schedule.arguments import limit_blocks
from tdsl.schedule.bounding import check_bounds
from tdsl.schedule.create import Declarations, declarations, with_bits_kept
from tdsl.schedule.directive import Directive
from tdsl.schedule.gpu_methods import GpuMethods
from tdsl.schedule.handles import (
    StageLike,
    Stages,
    as_names,
    as_pairs,
    as_stages,
    stage_name,
    tensor_name,
)
from tdsl.schedule.knob import Knob, bound, plain_step
from tdsl.schedule.methods import Methods
from tdsl.schedule.questions import Questions
from tdsl.schedule.several import judged_at_the_end
from tdsl.schedule.state import State
from tdsl.schedule.together import check_joins, check_order, followed
from tdsl.target import Target, as_target

if TYPE_CHECKING:
    from tdsl.schedule.focus import StageView

Factor = int | Knob
Arguments = ParamSpec("Arguments")


class Schedule(Questions, Methods, GpuMethods):
    """How to compute some tensors; made by `td.schedule`, changed by its methods, each of which gives a new schedule.

    Stages are named by tensor or string, axes and dims by string. `print(s)` shows the loops, `s.steps` how they came
    to be. Two schedules are equal when their declarations and their steps are (semantics P16).
    """

    __slots__ = ("_declared", "_settings", "_state", "_target")

    _declared: Declarations
    _state: State
    _settings: tuple[tuple[str, int], ...]
    _target: Target

    def __init__(
        self,
        declared: Declarations,
        target: Target,
        state: State | None = None,
        settings: tuple[tuple[str, int], ...] = (),
    ) -> None:
        object.__setattr__(self, "_declared", declared)
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_state", declared.begun if state is None else state)
        object.__setattr__(self, "_settings", settings)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Schedule is a value; its methods give new ones, and {name} cannot be set")

    # loops

    @hide_internal_frames
    def split(
        self, stage: StageLike, axis: str, factor: Factor | Sequence[Factor] | None = None, *,
        parts: Factor | None = None, into: Sequence[str] | None = None, tail: str | None = None,
    ) -> Schedule:  # fmt: skip
        """Walks an axis in blocks: ``split(C, "i", 32)`` gives ``io, ii``. See `primitives/split.py`."""
        factors = tuple(factor) if isinstance(factor, (tuple, list)) else factor
        name = stage_name(self, stage)
        return self._then(primitives.Split(name, axis, factors, parts, as_names(into), tail, where=here()))  # pyright: ignore[reportArgumentType]

    @hide_internal_frames
    def tile(
        self, stage: StageLike, factors: Mapping[str, Factor], *, into: Sequence[str] | None = None,
        tail: str | None = None,
    ) -> Schedule:  # fmt: skip
        """Splits axes and moves the inner ones inside: ``tile(C, {"i": 8, "j": 16})``. See `primitives/tile.py`."""
        pairs = as_pairs(factors)
        return self._then(primitives.Tile(stage_name(self, stage), pairs, as_names(into), tail, where=here()))

    @hide_internal_frames
    def fuse(self, stage: StageLike, *axes: str, into: str | None = None) -> Schedule:
        """Makes one loop of neighbours: ``fuse(C, "i", "j")`` gives ``i_j``. See `primitives/fuse.py`."""
        return self._then(primitives.Fuse(stage_name(self, stage), axes, into, where=here()))

    @hide_internal_frames
    def reorder(self, stage: StageLike, *axes: str | EllipsisType) -> Schedule:
        """Permutes loops, outermost first; ``...`` stands for the others. See `primitives/reorder.py`."""
        return self._then(primitives.Reorder(stage_name(self, stage), axes, where=here()))

    @hide_internal_frames
    def skew(self, stage: StageLike, axis: str, *, by: str, into: str, factor: int = 1) -> Schedule:
        """Runs a loop over ``axis + factor * by``: ``skew(D, "j", by="i", into="w")``. See `primitives/skew.py`."""
        return self._then(primitives.Skew(stage_name(self, stage), axis, by, into, factor, where=here()))

    @hide_internal_frames
    def shift(self, stage: StageLike, axis: str, by: Factor, *, into: str | None = None) -> Schedule:
        """Runs a loop over ``axis + by``, in the same order. See `primitives/shift.py`."""
        return self._then(primitives.Shift(stage_name(self, stage), axis, by, into, where=here()))

    @hide_internal_frames
    def reverse(self, stage: StageLike, axis: str, *, into: str | None = None) -> Schedule:
        """Runs a loop from its last value down. See `primitives/reverse.py`."""
        return self._then(primitives.Reverse(stage_name(self, stage), axis, into, where=here()))

    @hide_internal_frames
    def unroll(
        self, stage: StageLike, axis: str, factor: Factor | None = None, *, tail: str | None = None
    ) -> Schedule:
        """Writes a loop out, whole or `factor` iterations at a time. See `primitives/unroll.py`."""
        return self._then(primitives.Unroll(stage_name(self, stage), axis, factor, tail, where=here()))

    @hide_internal_frames
    def vectorize(
        self, stage: StageLike, axis: str, width: Factor | None = None, *, tail: str | None = None
    ) -> Schedule:
        """Runs `width` iterations as vector lanes. See `primitives/vectorize.py`."""
        return self._then(primitives.Vectorize(stage_name(self, stage), axis, width, tail, where=here()))

    @hide_internal_frames
    def parallel(self, stage: StageLike, axis: str, *, chunk: Factor | None = None) -> Schedule:
        """Runs iterations on the threads of a pool. See `primitives/parallel.py`."""
        return self._then(primitives.Parallel(stage_name(self, stage), axis, chunk, where=here()))

    @hide_internal_frames
    def peel(
        self, stage: StageLike, axis: str, *, first: Factor | None = None, last: Factor | None = None
    ) -> Schedule:
        """Runs the first and last iterations of a loop in loops of their own. See `primitives/peel.py`."""
        return self._then(primitives.Peel(stage_name(self, stage), axis, first, last, where=here()))

    @hide_internal_frames
    def separate(self, stage: StageLike, axis: str) -> Schedule:
        """Runs full and partial tiles in loops of their own. See `primitives/separate.py`."""
        return self._then(primitives.Separate(stage_name(self, stage), axis, where=here()))

    # placement

    @hide_internal_frames
    def inline(self, stage: Stages) -> Schedule:
        """Computes a pure stage where it is read; several: readers first. See `primitives/inline.py`."""
        place = here()
        return self._each(as_stages(self, stage), lambda name: primitives.Inline(name, where=place))

    @hide_internal_frames
    def compute_root(self, stage: Stages) -> Schedule:
        """Computes a stage whole, before its readers. See `primitives/compute_root.py`."""
        place = here()
        return self._each(as_stages(self, stage), lambda name: primitives.ComputeRoot(name, where=place))

    @hide_internal_frames
    def compute_at(self, stage: Stages, host: StageLike, axis: str) -> Schedule:
        """Computes a stage inside a loop of another; several: readers first. See `primitives/compute_at.py`."""
        place, at = here(), stage_name(self, host)
        return self._each(
            as_stages(self, stage), lambda name: primitives.ComputeAt(name, at, axis, where=place)
        )

    @hide_internal_frames
    def store_root(self, stage: Stages) -> Schedule:
        """Keeps a stage's array for the whole kernel. See `primitives/store_root.py`."""
        place = here()
        return self._each(as_stages(self, stage), lambda name: primitives.StoreRoot(name, where=place))

    @hide_internal_frames
    def store_at(self, stage: Stages, host: StageLike, axis: str) -> Schedule:
        """Keeps a stage's array for one iteration of a loop. See `primitives/store_at.py`."""
        place, at = here(), stage_name(self, host)
        return self._each(
            as_stages(self, stage), lambda name: primitives.StoreAt(name, at, axis, where=place)
        )

    # staging and storage

    @hide_internal_frames
    def cache_read(
        self,
        tensor: StageLike,
        readers: Stages | None = None,
        *,
        name: str | None = None,
        scope: str = "heap",
    ) -> Schedule:
        """Puts a copy between a tensor and its readers. See `primitives/cache_read.py`."""
        chosen = None if readers is None else as_stages(self, readers)
        return self._then(primitives.CacheRead(tensor_name(self, tensor), chosen, name, scope, where=here()))

    @hide_internal_frames
    def cache_write(self, stage: StageLike, *, name: str | None = None, scope: str = "heap") -> Schedule:
        """Computes a stage elsewhere and copies it. See `primitives/cache_write.py`."""
        return self._then(primitives.CacheWrite(stage_name(self, stage), name, scope, where=here()))

    @hide_internal_frames
    def promote(
        self, stage: StageLike, axis: str, *, name: str | None = None, scope: str = "register"
    ) -> Schedule:
        """Keeps a reduction's tile close by for one iteration of a loop. See `primitives/promote.py`."""
        return self._then(primitives.Promote(stage_name(self, stage), axis, name, scope, where=here()))

    @hide_internal_frames
    def layout(self, stage: StageLike, subscripts: Callable[..., object]) -> Schedule:
        """Says where in memory an element lies: ``lambda i, k: (i // 8, k, i % 8)``. See `primitives/layout.py`."""
        from tdsl.schedule.primitives.layout import traced

        step = primitives.Layout(stage_name(self, stage), (), where=here())
        entry = editing.named(step, self._state)
        return self._then(replace(step, subscripts=traced(step, entry, subscripts), dims=entry.dims))

    @hide_internal_frames
    def scope(self, stage: StageLike, scope: str) -> Schedule:
        """Says what kind of memory an array lives in. See `primitives/scope.py`."""
        return self._then(primitives.Scope(stage_name(self, stage), scope, where=here()))

    @hide_internal_frames
    def fold(self, stage: StageLike, dim: str, factor: Factor) -> Schedule:
        """Makes a dim of an array a circular buffer. See `primitives/fold.py`."""
        return self._then(primitives.Fold(stage_name(self, stage), dim, factor, where=here()))

    @hide_internal_frames
    def rfactor(self, stage: StageLike, axis: str, *, name: str | None = None) -> Schedule:
        """Reduces in two stages, partial results first. See `primitives/rfactor.py`."""
        return self._then(primitives.RFactor(stage_name(self, stage), axis, name, where=here()))

    @hide_internal_frames
    def assume(self, condition: Expr | object) -> Schedule:
        """States a fact about sizes, checked at the call. See `primitives/assume.py`."""
        node = condition.node if isinstance(condition, Expr) else condition
        return self._then(primitives.Assume(node, where=here()))

    # what it is

    @hide_internal_frames
    def on(self, stage: StageLike) -> StageView:
        """The same methods with one stage in focus: ``s.on(C).tile(i=64, j=64).parallel("io")``.

        Errors: S102 S103 stage.
        """
        from tdsl.schedule.focus import StageView

        name = stage_name(self, stage)
        editing.looked_up(self, name)
        return StageView(self, name)

    @property
    def state(self) -> State:
        """Every stage as it now stands; for nests and lowering."""
        return self._state

    @property
    def target(self) -> Target:
        """The target that prints, natural widths and automatic tails go by (P7)."""
        return self._target

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The tensors that it computes, as they were given."""
        return self._declared.outputs

    @property
    def declared(self) -> Declarations:
        """What the schedule is about."""
        return self._declared

    # the past

    @property
    def steps(self) -> tuple[Directive, ...]:
        """The directives, oldest first."""
        return self._state.steps

    @hide_internal_frames
    def undo(self, count: int = 1) -> Schedule:
        """The schedule without its last step, or its last `count` steps. Errors: S135 more than there are."""
        return editing.undone(self, count)

    @hide_internal_frames
    def without(self, step: Directive | int) -> Schedule:
        """The schedule without one step; all others are applied and judged again. Errors: S135 no such step."""
        return editing.without(self, step)

    @hide_internal_frames
    def replace(self, step: Directive | int, **changes: object) -> Schedule:
        """The schedule with other arguments of one step: ``s.replace(s.steps[0], factor=32)``; all is judged again.

        Errors: S135 no such step; S136 no such argument.
        """
        return editing.replaced(self, step, changes)

    @hide_internal_frames
    def set(self, **knobs: int) -> Schedule:
        """The schedule with knobs set: ``s.set(ti=16)``; all is judged again. Errors: S137 no such knob or value."""
        return editing.with_knobs(self, knobs)

    @property
    def knobs(self) -> dict[str, int]:
        """The value of every knob in the steps: the one set, else its default."""
        return editing.knob_values(self)

    @property
    def settings(self) -> tuple[tuple[str, int], ...]:
        """The knobs that were set."""
        return self._settings

    @hide_internal_frames
    def apply(
        self,
        function: Callable[Concatenate[Schedule, Arguments], Schedule],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Schedule:
        """What a function of a schedule makes of this one: ``s.apply(mine, tile=64)``.

        Errors: S138 a function that does not take these arguments, or gives no schedule.
        """
        editing.checked_function(function, self, *args, **kwargs)
        return editing.checked_result(function(self, *args, **kwargs), function)

    # text

    @hide_internal_frames
    def because(self, reason: str, *, since: int | None = None) -> Schedule:
        """Notes why the last step is there, or every step from number `since` on; `print(s)` and `s.history()` show it.

        Args:
            reason: one line. since: a number as `len(s.steps)` gave it before the steps.

        Errors: S180 a reason that is no line, no such step.
        """
        state = editing.explained(self, reason, since)
        return Schedule(self._declared, self._target, state, self._settings)

    @hide_internal_frames
    def diff(self, other: Schedule) -> str:
        """How another schedule differs from this one, steps and loops as a unified diff; empty where they are equal.

        Errors: S138 no schedule.
        """
        from tdsl.schedule import show

        return show.difference(self, editing.checked_other(other))

    def to_json(self) -> str:
        """The steps as JSON, by name; the declarations are not in it (P16)."""
        return editing.saved(self)

    @staticmethod
    @hide_internal_frames
    def from_json(text: str, *outputs: Tensor, target: Target | str | None = None) -> Schedule:
        """The schedule that JSON holds, applied to these tensors and judged again.

        Errors: S401 no schedule; S402 another format; S403 unreadable; S404 other outputs; those of every step.
        """
        return editing.loaded(text, outputs, target)

    def pending(self) -> tuple[str, ...]:
        """What only `build` can decide, in words: scopes, constant extents, capacities."""
        from tdsl.schedule import show

        return show.pending(self)

    def __str__(self) -> str:
        from tdsl.schedule import show

        return show.schedule_text(self)

    def __repr__(self) -> str:
        names = ", ".join(tensor.name for tensor in self._state.outputs)
        return f"<schedule of {names}: {len(self.steps)} step{'s' * (len(self.steps) != 1)}>"

    def _repr_html_(self) -> str:
        from tdsl.schedule import show

        return show.schedule_html(self)

    # running

    def __call__(self, *args: object, **keywords: object) -> object:
        """Builds for the schedule's target, once for equal schedules, and calls: ``s(a, b)``, ``s(a, b, out=c)``.

        Takes and gives what the kernel of `td.build` does. Errors: those of `td.build` and of the call.
        """
        return kernels.kernel_of(self)(*args, **keywords)

    def time(self, *args: object, **keywords: object) -> object:
        """Builds like a call does and times the kernel: ``print(s.time(a, b))``."""
        return kernels.kernel_of(self).time(*args, **keywords)

    # value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        same = self._declared is other._declared or self._declared.identity == other._declared.identity
        return same and self.steps == other.steps and self.knobs == other.knobs

    def __hash__(self) -> int:
        return hash((self._declared.identity, self.steps, tuple(self.knobs.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return Schedule, (self._declared, self._target, self._state, self._settings)

    # making the next one

    def _then(self, step: Directive) -> Schedule:
        """The schedule after one more step, which is checked, applied and judged."""
        return Schedule(
            self._declared, self._target, after(self._state, step, dict(self._settings)), self._settings
        )

    def _each(self, names: Sequence[str], make: Callable[[str], Directive]) -> Schedule:
        steps = [make(name) for name in names]
        if judged_at_the_end(self._state, steps):
            try:
                state = self._state
                for step in steps:
                    state = after(state, step, dict(self._settings), judged=step is steps[-1])
                return Schedule(self._declared, self._target, state, self._settings)
            except TdslError:
                pass  # one by one, to find the step to blame
        result = self
        for step in steps:
            result = result._then(step)
        return result


def after(state: State, step: Directive, settings: Mapping[str, int], *, judged: bool = True) -> State:
    """The state after one step with its knobs at their values; the recorded step keeps the knobs.

    judged: off for a step of a call that is judged at its end.
    """
    step = plain_step(step)
    editing.check_knobs(step, state)
    chosen = bound(step, settings)
    fresh = followed(chosen.apply(state))
    check_joins(chosen, fresh)
    check_bounds(chosen, fresh)
    check_order(chosen, state, fresh)
    limit_blocks(chosen, fresh)
    if judged:
        fresh = legality.check(step, fresh, state)
    fresh = replace(fresh, steps=(*state.steps, step))
    if state.keeps_bits:
        from tdsl.schedule.bits import check_exact

        check_exact(step, fresh, state)
    return fresh


@hide_internal_frames
def schedule(*outputs: Tensor, target: Target | str | None = None, exact: bool = False) -> Schedule:
    """The schedule of some tensors that every other one is made from: every stage at root, loops as declared (P1).

    Args:
        outputs: the tensors to compute; a kernel returns several as a tuple.
        target: what prints and automatic choices go by; the host where it is left out.
        exact: refuse every later directive that is not labelled *exact* (P14): all bits stay those of the declaration.

    Errors: S133 no tensors, an input, one twice; S134 two things of one name; S164 exact= is no bool.
    """
    place: Location = here()
    declared = declarations(outputs, place)
    begun = with_bits_kept(declared.begun, exact, place)
    return Schedule(declared, as_target(target, where=place), begun)


def as_schedule(value: object) -> Schedule | None:
    """A schedule, or the one a view of it holds; None for anything else."""
    if isinstance(value, Schedule):
        return value
    held: object = getattr(value, "schedule", None)
    return held if isinstance(held, Schedule) else None
