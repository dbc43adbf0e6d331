"""From what users name stages by to names: tensors, strings and tuples of them in, names out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError, UnknownStageError
from tdsl.expr.tensor import Tensor
from tdsl.location import here
from tdsl.schedule.knob import Knob

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule

StageLike = Tensor | str
Stages = StageLike | Sequence[StageLike]


def stage_name(schedule: Schedule, given: object) -> str:
    """The name of a stage given by tensor or string; whether it exists is the directive's to check.

    Errors: S102 a tensor that is no part of the schedule, or an input; S139 neither.
    """
    if isinstance(given, str):
        return given
    if isinstance(given, Tensor):
        name = tensor_name(schedule, given)
        if given.producer is not None:
            return name
        raise UnknownStageError(
            "S102",
            f"{given.name} is an input: it has no loops",
            where=here(),
            why=(f"stages: {', '.join(schedule.stages())}",),
            hint=(f'cache_read("{given.name}", …) makes a copy that has',),
        )
    raise ArgumentTypeError(
        "S139", f"a stage is named by a tensor or a string, not {type(given).__name__}", where=here()
    )


def tensor_name(schedule: Schedule, given: object) -> str:
    """The name of a tensor, inputs included.

    Errors: S102 a tensor that is no part of the schedule; S139 neither tensor nor string.
    """
    if isinstance(given, str):
        return given
    if not isinstance(given, Tensor):
        raise ArgumentTypeError(
            "S139", f"a tensor is named by itself or a string, not {type(given).__name__}", where=here()
        )
    name = schedule.declared.names.get(given)
    if name is not None:
        return name
    same = given.name in schedule.declared.names.values()
    raise UnknownStageError(
        "S102",
        f"this schedule does not compute {given.name}",
        where=here(),
        why=(
            "it has another tensor of that name, declared elsewhere"
            if same
            else f"stages: {', '.join(schedule.stages())}",
        ),
        hint=(f'by name: "{given.name}"',) if same else (),
    )


def as_stages(schedule: Schedule, given: object) -> tuple[str, ...]:
    """Names of one or several stages; of several, readers before what they read (semantics P2).

    Errors: S102 no part of the schedule; S139 neither tensor nor string, or none at all.
    """
    if isinstance(given, (str, Tensor)) or not isinstance(given, Sequence):
        return (stage_name(schedule, given),)
    names = [stage_name(schedule, part) for part in cast("Sequence[object]", given)]
    if not names:
        raise ArgumentError("S139", "no stage is named", where=here(), hint=('"C"', '("B", "C")'))
    order = {entry.name: place for place, entry in enumerate(schedule.state.stages)}
    return tuple(sorted(names, key=lambda name: -order.get(name, -1)))


def from_the_inside(schedule: Schedule, names: Sequence[str], host: str) -> tuple[str, ...]:
    """Stages in the order in which they can join another: its producers readers first, then its readers in turn."""
    order = {entry.name: place for place, entry in enumerate(schedule.state.stages)}
    middle = order.get(host, -1)
    return tuple(
        sorted(names, key=lambda name: (order.get(name, -1) > middle, abs(order.get(name, -1) - middle)))
    )


def as_names(given: object) -> tuple[str, ...] | None:
    """Names for `into=`: None, or a tuple (of one where a string was given). Errors: S111 anything else."""
    if given is None:
        return None
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, (tuple, list)):
        raise ArgumentTypeError(
            "S111",
            f"into= takes names of axes, not {shown(given)}",
            where=here(),
            hint=('into=("io", "ii")',),
        )
    return tuple(cast("Sequence[str]", given))


def as_alignment(given: object) -> tuple[tuple[str, str], ...]:
    """Pairs of axis names for `align=`: None, or a mapping. Errors: S106 anything else."""
    if given is None:
        return ()
    pairs = tuple(cast("Mapping[object, object]", given).items()) if isinstance(given, Mapping) else None
    if pairs is None or not all(isinstance(name, str) for pair in pairs for name in pair):
        raise ArgumentTypeError(
            "S106",
            f"align= takes axis names by axis name, not {shown(cast(object, given))}",
            where=here(),
            hint=('align={"t": "s"}: axes of the stage that moves -> axes of the one it is computed with',),
        )
    return cast("tuple[tuple[str, str], ...]", pairs)


def as_pairs(given: object) -> tuple[tuple[str, int | Knob], ...]:
    """Axes and factors for `tile`: a mapping, or pairs. Errors: S116 anything else, or an axis twice."""
    listed = cast("Mapping[object, object]", given).items() if isinstance(given, Mapping) else given
    try:
        entries = tuple(cast("Iterable[tuple[str, int | Knob]]", listed))
        pairs = dict(entries)
    except (TypeError, ValueError):
        raise ArgumentTypeError(
            "S116",
            f"tile takes a factor for each axis by name, not {shown(cast(object, given))}",
            where=here(),
            hint=('{"i": 32, "j": 32}',),
        ) from None
    if len(pairs) < len(entries):
        twice = next(axis for axis in pairs if sum(axis == other for other, _ in entries) > 1)
        raise ArgumentError("S116", f"tile is given two factors for {shown(twice)}", where=here())
    return tuple(pairs.items())
