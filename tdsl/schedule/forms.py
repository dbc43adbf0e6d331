"""Whether the arguments of a record have the form its fields say, for steps that no method made: replaced or loaded ones.

In: a directive. Out: the name of the first field whose tuples are none, or hold something else; None where all are right.
What numbers may be, every directive checks itself; names and tuples it takes for what methods make of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import EllipsisType, NoneType, UnionType
from typing import cast, get_args, get_origin, get_type_hints

from tdsl.expr.node import Node
from tdsl.schedule.directive import Directive

CHECKED: tuple[type, ...] = (str, EllipsisType, Node, Directive)


def misshapen(step: Directive) -> str | None:
    """The first argument of a step that has another form than its field."""
    hints = _hints(type(step))
    for entry in fields(step):
        if not _fits(getattr(step, entry.name), hints[entry.name]):
            return entry.name
    return None


@cache
def _hints(kind: type[Directive]) -> Mapping[str, object]:
    return get_type_hints(kind)


def _fits(value: object, hint: object) -> bool:
    """Whether a value is a tuple, a name, a node or a step where the hint says so."""
    if isinstance(hint, UnionType):
        return any(_fits(value, choice) for choice in get_args(hint))
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            return False
        parts, hints = cast("tuple[object, ...]", value), get_args(hint)
        if hints[-1] is ...:
            return all(_fits(part, hints[0]) for part in parts)
        return len(parts) == len(hints) and all(
            _fits(part, one) for part, one in zip(parts, hints, strict=True)
        )
    if hint is NoneType:
        return value is None
    return isinstance(value, hint) if isinstance(hint, type) and hint in CHECKED else True
