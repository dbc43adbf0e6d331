"""What a `Schedule` says about itself and how its past is edited: a schedule and arguments in, names or a new one out.

An edited past is replayed step by step and judged again, each step with the line it was written on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from dataclasses import replace as changed
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar, cast

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError, FormatError, UnknownAxisError
from tdsl.expr.callables import wrong_parameters
from tdsl.expr.handles import Expr
from tdsl.expr.tensor import Param, Tensor
from tdsl.location import here
from tdsl.records import dataclass
from tdsl.schedule import arguments, inspection
from tdsl.schedule.create import declarations
from tdsl.schedule.directive import Directive
from tdsl.schedule.forms import misshapen
from tdsl.schedule.handles import StageLike, stage_name
from tdsl.schedule.knob import Knob, knobs_of, plain_integers, plain_step
from tdsl.schedule.loops import over_reduction
from tdsl.schedule.placement import inputs_of
from tdsl.schedule.state import StageState, State
from tdsl.schedule.statements import sizes_named
from tdsl.target import Target, as_target

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Question(Directive):
    """Stands for a question in the argument checkers; never a step."""

    primitive: ClassVar[str] = "this question"

    stage: str

    def apply(self, state: State) -> State:
        """The state as it is."""
        return state


def named(step: Directive, state: State) -> StageState:
    """The stage that a step is about."""
    return arguments.stage_named(step, state, step.stages()[0])


def looked_up(schedule: Schedule, stage: StageLike) -> StageState:
    """The stage of a handle. Errors: S102 S103 S139."""
    return named(Question(stage_name(schedule, stage), where=here()), schedule.state)


def about(schedule: Schedule, axis: str, stage: StageLike | None) -> str:
    """`Schedule.why`."""
    state = schedule.state
    if stage is not None:
        entry = looked_up(schedule, stage)
        arguments.loop_named(Question(entry.name, where=here()), state, entry, axis)
        return inspection.about_loop(state, entry, axis)
    if not isinstance(axis, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError("S106", f"an axis is named by a string, not {shown(axis)}", where=here())
    having = [entry for entry in state.live() if axis in entry.axes]
    if len(having) == 1:
        return inspection.about_loop(state, having[0], axis)
    names = ", ".join(entry.name for entry in having)
    raise UnknownAxisError(
        "S104",
        f"several stages have an axis {axis!r}: {names}" if having else f"no stage has an axis {shown(axis)}",
        where=here(),
        why=tuple(
            f"axes of {entry.name}: {', '.join(entry.axes)}" for entry in (having or list(state.live())[:3])
        ),
        hint=tuple(f's.why("{axis}", "{entry.name}")' for entry in having[:2]),
    )


def reduce_axes(entry: StageState) -> tuple[str, ...]:
    """`Schedule.reduce_axes`."""
    return tuple(loop for loop in entry.axes if over_reduction(entry, loop))


def tensors_read(schedule: Schedule, stage: StageLike) -> tuple[str, ...]:
    """`Schedule.reads`."""
    return tuple(tensor.name for tensor in inputs_of(looked_up(schedule, stage).stage))


def parallel_axes(schedule: Schedule, stage: StageLike) -> tuple[str, ...]:
    """`Schedule.parallel_axes`."""
    return inspection.parallel_axes(schedule.state, looked_up(schedule, stage).name)


def tilable(schedule: Schedule, stage: StageLike) -> tuple[tuple[str, ...], ...]:
    """`Schedule.tilable`."""
    return inspection.tilable(schedule.state, looked_up(schedule, stage).name)


def min_fold(schedule: Schedule, stage: StageLike, dim: str) -> int | None:
    """`Schedule.min_fold`."""
    entry = looked_up(schedule, stage)
    arguments.dim_named(Question(entry.name, where=here()), schedule.state, entry, dim)
    return inspection.smallest_fold(schedule.state, entry.name, dim)


# the past


def replayed(schedule: Schedule, steps: Iterable[Directive], settings: Mapping[str, int]) -> Schedule:
    """The schedule with another past: every step applied and judged from the start.

    Errors: S142 without the first steps, which put a recurrence into a legal order.
    """
    from tdsl.schedule.schedule import Schedule as Made
    from tdsl.schedule.schedule import after

    steps, first = tuple(steps), schedule.declared.first
    if steps[: len(first)] != first:
        lost = next(step for step, kept in zip_longest(first, steps[: len(first)]) if step != kept)
        raise ArgumentError(
            "S142",
            f"{lost.label} is how {lost.stages()[0]} can be computed at all",
            where=here(),
            why=("the order it is written in reads elements before they are made",),
        )
    state = changed(schedule.declared.begun, keeps_bits=schedule.state.keeps_bits)
    for step in steps[len(first) :]:
        state = after(state, step, settings)
    used = {knob.name for step in state.steps for knob in knobs_of(step)}
    kept = tuple((name, value) for name, value in settings.items() if name in used)
    return Made(schedule.declared, schedule.target, state, kept)


def explained(schedule: Schedule, reason: str, since: int | None) -> State:
    """The state of `Schedule.because`."""
    steps, total = schedule.steps, len(schedule.steps)
    first = total - 1 if since is None else _whole(since)
    if not isinstance(reason, str) or not reason or "\n" in reason:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError("S180", f"a reason is a line of text, not {shown(reason)}", where=here())
    if first is None or not 0 <= first < total:
        raise ArgumentError(
            "S180",
            f"there is no step {shown(since if first is None else first)} to give a reason for: the schedule has {total}",
            where=here(),
            hint=('s.tile(…).because("fits into L1")',),
        )
    told = tuple(changed(step, reason=reason) for step in steps[first:])
    return changed(schedule.state, steps=(*steps[:first], *told))


def _whole(value: object) -> int | None:
    """A number of steps as Python's integer, or None where it is none."""
    plain = plain_integers(value)
    return plain if isinstance(plain, int) and not isinstance(plain, bool) else None


def undone(schedule: Schedule, count: int) -> Schedule:
    """`Schedule.undo`."""
    total = len(schedule.steps)
    whole = _whole(count)
    if whole is None or not 0 <= whole <= total:
        raise ArgumentError(
            "S135",
            f"cannot undo {shown(count)} steps of a schedule that has {total}",
            where=here(),
            hint=("s.history()",),
        )
    return replayed(schedule, schedule.steps[: total - whole], dict(schedule.settings))


def without(schedule: Schedule, step: Directive | int) -> Schedule:
    """`Schedule.without`."""
    place = _place(schedule, step)
    steps = (*schedule.steps[:place], *schedule.steps[place + 1 :])
    return replayed(schedule, steps, dict(schedule.settings))


def replaced(schedule: Schedule, step: Directive | int, changes: Mapping[str, object]) -> Schedule:
    """`Schedule.replace`."""
    place = _place(schedule, step)
    old = schedule.steps[place]
    known = [entry.name for entry in fields(old) if entry.name not in ("where", "reason", "dims")]
    for name in changes:
        if name not in known:
            raise ArgumentError(
                "S136",
                f"{old.primitive} has no argument {name!r}",
                where=here(),
                why=(f"arguments of {old.primitive}: {', '.join(known)}",),
            )
    values = {name: _plain(schedule, old, value) for name, value in changes.items()}
    fresh = plain_step(changed(old, **values, where=here()))
    wrong = misshapen(fresh)
    if wrong is not None:
        raise ArgumentTypeError(
            "S136",
            f"{wrong} of {old.primitive} has another form than {shown(values.get(wrong))}",
            where=here(),
            why=(f"it is {shown(getattr(old, wrong))} now",),
        )
    steps = (*schedule.steps[:place], fresh, *schedule.steps[place + 1 :])
    return replayed(schedule, steps, dict(schedule.settings))


def _plain(schedule: Schedule, step: Directive, value: object) -> object:
    """An argument as records hold it: names for tensors, nodes for expressions, tuples for lists and dicts."""
    if isinstance(value, Tensor):
        return stage_name(schedule, value)
    if isinstance(value, Expr):
        return value.node
    if isinstance(value, dict):
        return tuple(cast("dict[object, object]", value).items())
    if isinstance(value, (list, tuple)):
        return tuple(_plain(schedule, step, part) for part in cast("Sequence[object]", value))
    if callable(value) and step.primitive == "layout":
        from tdsl.schedule.primitives.layout import traced

        return traced(step, named(step, schedule.state), value)
    return value


def _place(schedule: Schedule, step: Directive | int) -> int:
    """The position of a step, given itself or its number (negative ones count from the end)."""
    steps = schedule.steps
    if isinstance(step, int) and not isinstance(step, bool) and -len(steps) <= step < len(steps):
        return step % len(steps)
    for place, known in enumerate(steps):
        if known is step:
            return place
    if isinstance(step, Directive) and steps.count(step) == 1:
        return steps.index(step)
    many = isinstance(step, Directive) and step in steps
    raise ArgumentError(
        "S135",
        "several steps are equal to this one" if many else f"the schedule has no step {_shown(step)}",
        where=here(),
        why=(f"it has {len(steps)} steps",),
        hint=("s.steps[k], or the number that s.history() shows",),
    )


def _shown(step: object) -> str:
    return step.label if isinstance(step, Directive) else shown(step)


# knobs


def check_knobs(step: Directive, state: State) -> None:
    """Checks that the knobs of a step are those that earlier steps know by their names. Errors: S137."""
    mine = tuple(knobs_of(step))
    known = {knob.name: knob for earlier in state.steps for knob in knobs_of(earlier)} if mine else {}
    for knob in mine:
        if known.setdefault(knob.name, knob) != knob:
            raise step.refusal(
                ArgumentError,
                "S137",
                f"two knobs are called {knob.name}",
                why=(f"one takes {list(known[knob.name].values)}, the other {list(knob.values)}",),
                hint=("another name for one of them",),
            )


def known_knobs(schedule: Schedule) -> dict[str, Knob]:
    """The knobs in the steps, in order of first use."""
    return {knob.name: knob for step in schedule.steps for knob in knobs_of(step)}


def knob_values(schedule: Schedule) -> dict[str, int]:
    """`Schedule.knobs`."""
    chosen = dict(schedule.settings)
    return {name: chosen.get(name, knob.default) for name, knob in known_knobs(schedule).items()}


def with_knobs(schedule: Schedule, values: Mapping[str, int]) -> Schedule:
    """`Schedule.set`."""
    known = known_knobs(schedule)
    for name, value in values.items():
        if name not in known:
            raise ArgumentError(
                "S137",
                f"no step has a knob {shown(name)}",
                where=here(),
                why=(f"knobs: {', '.join(known) or 'none'}",),
                hint=(f'td.knob("{name}", [4, 8, 16]) in place of a factor',),
            )
        if _whole(value) not in known[name].values:
            raise ArgumentError(
                "S137",
                f"knob {name} takes one of {list(known[name].values)}, not {shown(value)}",
                where=here(),
            )
    chosen = {**dict(schedule.settings), **values}
    ordered = {name: chosen[name] for name in known if name in chosen}
    return replayed(schedule, schedule.steps, ordered)


# functions and JSON


def checked_other(other: object) -> Schedule:
    """The schedule that `Schedule.diff` was given. Errors: S138 no schedule."""
    from tdsl.schedule.schedule import as_schedule

    found = as_schedule(other)
    if found is None:
        raise ArgumentTypeError(
            "S138", f"diff takes a schedule, not {type(other).__name__}", where=here(), hint=("s.diff(t)",)
        )
    return found


def checked_function(function: object, *args: object, **keywords: object) -> None:
    """Refuses what `Schedule.apply` cannot call with a schedule and these arguments. Errors: S138."""
    name = getattr(function, "__name__", "the function")
    wrong = (
        wrong_parameters(function, *args, **keywords)
        if callable(function)
        else f"it is {type(function).__name__}"
    )
    if wrong is not None:
        raise ArgumentTypeError(
            "S138",
            f"apply calls a function with the schedule and the arguments after it, and cannot call {name}",
            where=here(),
            why=(wrong,),
            hint=('s.apply(lambda s: s.split("C", "i", 8))',),
        )


def checked_result(result: object, function: Callable[..., object]) -> Schedule:
    """What a schedule function gave. Errors: S138 no schedule."""
    from tdsl.schedule.schedule import as_schedule

    found = as_schedule(result)
    if found is None:
        name = getattr(function, "__name__", "the function")
        raise ArgumentTypeError(
            "S138",
            f"{name} gave {type(result).__name__}, not a schedule",
            where=here(),
            hint=("return the schedule: its methods change nothing in place",),
        )
    return found


def saved(schedule: Schedule) -> str:
    """`Schedule.to_json`."""
    names = [tensor.name for tensor in schedule.state.outputs]
    from tdsl.schedule import serial

    return serial.to_json(
        names, schedule.steps, dict(schedule.settings), schedule.target, exact=schedule.state.keeps_bits
    )


def loaded(text: str, outputs: Sequence[object], target: Target | str | None) -> Schedule:
    """`Schedule.from_json`."""
    from tdsl.schedule.schedule import Schedule as Made

    place = here()
    declared = declarations(outputs, place)
    stages = [entry.stage for entry in declared.start.stages]
    sizes = [size.name for size in sizes_named(stages)]
    params: dict[str, Param] = {param.name: param for stage in stages for param in stage.params}
    from tdsl.schedule import serial

    document = serial.from_json(text, sizes, tuple(params.values()), place)
    names = tuple(tensor.name for tensor in declared.start.outputs)
    if document.outputs != names:
        raise FormatError(
            "S404",
            f"this schedule is for {', '.join(document.outputs)}, not for {', '.join(names)}",
            where=place,
            hint=("the same outputs, in the same order",),
        )
    chosen = document.target if target is None else as_target(target, where=place)
    begun = changed(declared.begun, keeps_bits=document.exact)
    return replayed(Made(declared, chosen, begun), document.steps, document.settings)
