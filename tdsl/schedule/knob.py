"""Knobs: named choices of a schedule that can be set later (semantics P8); steps with knobs in, plain steps out.

A knob stands where a constant factor may stand. A schedule keeps the steps with their knobs and a table of chosen
values; `bound` makes the step that is applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from numbers import Integral
from typing import cast

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.location import here, hide_internal_frames
from tdsl.records import dataclass
from tdsl.schedule.directive import Directive


@dataclass(frozen=True, slots=True)
class Knob:
    """A named integer with the values it may take; made by `td.knob`."""

    name: str
    values: tuple[int, ...]
    default: int


@hide_internal_frames
def knob(name: str, values: Sequence[int], default: int | None = None) -> Knob:
    """A choice left open in a schedule, usable wherever a directive takes a constant factor.

    Args:
        name: how `Schedule.set` calls it, a Python identifier.
        values: the integers it may take, in the order a search tries them.
        default: the value until it is set; the first one where it is left out.

    Errors: S121 a name, value or default that cannot be meant.
    Source: TVM's AutoTVM `define_knob`.
    """
    _check_name(name)
    chosen = cast("tuple[int, ...]", plain_integers(_listed(name, values)))
    default = cast("int | None", plain_integers(default))
    for value in (*chosen, *(() if default is None else (default,))):
        _check_value(name, value)
    if not chosen:
        raise ArgumentError(
            "S121", f"knob {name} has no values", where=here(), hint=(f'td.knob("{name}", [4, 8])',)
        )
    if default is not None and default not in chosen:
        raise ArgumentError(
            "S121",
            f"the default {shown(default)} of knob {name} is not one of its values {list(chosen)}",
            where=here(),
        )
    return Knob(name, chosen, chosen[0] if default is None else default)


def _listed(name: str, values: object) -> tuple[object, ...]:
    try:
        return () if isinstance(values, (str, bytes)) else tuple(cast("Sequence[object]", values))
    except TypeError:
        raise ArgumentTypeError(
            "S121",
            f"the values of knob {name} are a list of integers, not {shown(values)}",
            where=here(),
            hint=(f'td.knob("{name}", [4, 8])',),
        ) from None


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise ArgumentError("S121", f"a knob's name is an identifier, not {shown(name)}", where=here())


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArgumentTypeError(
            "S121",
            f"knob {name} takes integers, not {shown(value)}",
            where=here(),
            hint=(f'td.knob("{name}", [4, 8])',),
        )


def knobs_of(step: Directive) -> Iterator[Knob]:
    """The knobs in the arguments of a step, in order."""
    for entry in fields(step):
        if entry.name != "where":
            yield from _inside(getattr(step, entry.name))


def bound(step: Directive, settings: Mapping[str, int]) -> Directive:
    """The step with every knob replaced by its value: the one set, else the default."""
    if next(knobs_of(step), None) is None:
        return step
    changes = {
        entry.name: _resolved(getattr(step, entry.name), settings)
        for entry in fields(step)
        if entry.name != "where"
    }
    return replace(step, **changes)


def plain_step(step: Directive) -> Directive:
    """The step with Python's integers in place of NumPy's, which are no part of text and JSON."""
    changes = {
        entry.name: plain
        for entry in fields(step)
        if entry.name != "where"
        and (plain := plain_integers(value := getattr(step, entry.name))) is not value
    }
    return replace(step, **changes) if changes else step


def plain_integers(value: object) -> object:
    """A value with Python's integers in place of NumPy's, inside of tuples too; anything else as it is."""
    if isinstance(value, tuple):
        parts = cast("tuple[object, ...]", value)
        plain = tuple(plain_integers(part) for part in parts)
        return parts if all(mine is given for mine, given in zip(plain, parts, strict=True)) else plain
    if isinstance(value, Integral) and not isinstance(value, int) and hasattr(value, "__index__"):
        return int(value)  # numpy.timedelta64 calls itself integral and is no index
    return value


def _inside(value: object) -> Iterator[Knob]:
    if isinstance(value, Knob):
        yield value
    elif isinstance(value, Directive):
        yield from knobs_of(value)
    elif isinstance(value, tuple):
        for part in cast("tuple[object, ...]", value):
            yield from _inside(part)


def _resolved(value: object, settings: Mapping[str, int]) -> object:
    if isinstance(value, Knob):
        return settings.get(value.name, value.default)
    if isinstance(value, Directive):
        return bound(value, settings)
    if isinstance(value, tuple):
        return tuple(_resolved(part, settings) for part in cast("tuple[object, ...]", value))
    return value
