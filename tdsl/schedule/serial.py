"""A schedule as JSON and back: steps by name, with a format number; the declarations stay in the program (P16).

In: directives, knob settings, a target. Out: text with the same bytes every time; and directives again, which are then
applied and judged one by one like the user's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import EllipsisType
from typing import NoReturn, cast

from tdsl.errors import FormatError, TdslError
from tdsl.expr.node import Node, Var, axis_var, size_var
from tdsl.expr.parser import Names, parse
from tdsl.expr.printer import text
from tdsl.expr.tensor import Param
from tdsl.location import Location
from tdsl.schedule.directive import Directive
from tdsl.schedule.forms import misshapen
from tdsl.schedule.knob import Knob, knobs_of
from tdsl.schedule.primitives import PRIMITIVES
from tdsl.target import Target

FORMAT = 1
"""Format number of schedule JSON; a reader takes exactly the numbers it knows."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What JSON holds: outputs by name, steps, knob settings, target, and whether all bits are to stay."""

    outputs: tuple[str, ...]
    steps: tuple[Directive, ...]
    settings: dict[str, int]
    target: Target
    exact: bool = False


def to_json(
    outputs: Sequence[str], steps: Sequence[Directive], settings: Mapping[str, int], target: Target, *,
    exact: bool = False,
) -> str:  # fmt: skip
    """The JSON text of a schedule; `exact` is in it only where it holds, so that older texts read as they did."""
    knobs = {knob.name: knob for step in steps for knob in knobs_of(step)}
    document = {
        "format": FORMAT,
        "kind": "tdsl schedule",
        "target": target.to_data(),
        "outputs": list(outputs),
        "knobs": {
            name: {"values": list(knob.values), "default": knob.default} for name, knob in knobs.items()
        },
        "settings": dict(settings),
        "steps": [_encoded_step(step) for step in steps],
        **({"exact": True} if exact else {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _encoded_step(step: Directive) -> dict[str, object]:
    record: dict[str, object] = {"primitive": step.primitive}
    for entry in fields(step):
        value: object = getattr(step, entry.name)
        if entry.name != "where" and value != entry.default:
            record[entry.name] = _encoded(value)
    return record


def _encoded(value: object) -> object:
    match value:
        case Directive():
            return {"step": _encoded_step(value)}
        case Knob():
            return {"knob": value.name}
        case Node():
            return {"expression": text(value)}
        case EllipsisType():
            return {"rest": True}
        case tuple():
            return [_encoded(part) for part in cast("tuple[object, ...]", value)]
        case _:
            return value


def from_json(source: str, sizes: Sequence[str], params: Sequence[Param], where: Location | None) -> Saved:
    """What a JSON text holds.

    Args:
        sizes, params: those that expressions in it may name.

    Errors: S401 no schedule; S402 another format number; S403 a step that cannot be read.
    """
    return _Reader(source, sizes, params, where).saved()


class _Reader:
    """Reads one document."""

    def __init__(
        self, source: str, sizes: Sequence[str], params: Sequence[Param], where: Location | None
    ) -> None:
        self.where = where
        self.variables = {name: size_var(name) for name in sizes}
        self.variables |= {param.name: Var(param.name, param.dtype, "param") for param in params}
        try:
            document: object = json.loads(source)
        except (ValueError, TypeError) as error:
            raise FormatError(
                "S401", "this is no schedule: the text is no JSON", where=where, why=(str(error),)
            ) from None
        if (
            not isinstance(document, dict)
            or cast("dict[str, object]", document).get("kind") != "tdsl schedule"
        ):
            raise FormatError("S401", 'this is no schedule: it has no "kind": "tdsl schedule"', where=where)
        self.document = cast("dict[str, object]", document)
        number = self.document.get("format")
        if number != FORMAT:
            raise FormatError(
                "S402",
                f"a schedule of format {number!r} cannot be read",
                where=where,
                why=(f"this version of tdsl reads format {FORMAT}",),
            )
        self.knobs = self._knobs()

    def saved(self) -> Saved:
        """Everything in it."""
        outputs = tuple(str(name) for name in self._list("outputs"))
        settings = {name: self._integer(value, name) for name, value in self._table("settings").items()}
        steps = tuple(self._step(record, place) for place, record in enumerate(self._list("steps")))
        exact = self.document.get("exact", False)
        if not isinstance(exact, bool):
            self._bad(f"exact is neither true nor false: {exact!r}")
        return Saved(outputs, steps, settings, Target.from_data(self._table("target")), exact)

    def _knobs(self) -> dict[str, Knob]:
        found: dict[str, Knob] = {}
        for name, described in self._table("knobs").items():
            if not isinstance(described, dict):
                self._bad(f"knob {name} is not described")
            entry = cast("dict[str, object]", described)
            values = entry.get("values")
            if not isinstance(values, list):
                self._bad(f"knob {name} has no values")
            numbers = tuple(self._integer(value, name) for value in cast("list[object]", values))
            found[name] = Knob(name, numbers, self._integer(entry.get("default"), name))
        return found

    def _step(self, record: object, place: int) -> Directive:
        if not isinstance(record, dict):
            self._bad(f"step {place} is no record")
        entry = dict(cast("dict[str, object]", record))
        name = entry.pop("primitive", None)
        maker = PRIMITIVES.get(name) if isinstance(name, str) else None
        if maker is None:
            self._bad(f"step {place} is of no known primitive: {name!r}")
        known = [each.name for each in fields(maker) if each.name != "where"]
        strange = [key for key in entry if key not in known]
        if strange:
            takes = ", ".join(each for each in known if each != "reason")
            self._bad(f"step {place}, {name}, has no argument {strange[0]!r}; it takes {takes}")
        if not isinstance(entry.get("reason", ""), str):
            self._bad(f"step {place}: its reason is no text")
        dims = entry.get("dims")
        names = [str(dim) for dim in cast("list[object]", dims)] if isinstance(dims, list) else []
        arguments = {key: self._decoded(value, names, place) for key, value in entry.items()}
        try:
            made = maker(**arguments, where=self.where)  # pyright: ignore[reportArgumentType]
        except TypeError as error:
            self._bad(f"step {place}, {name}: {error}")
        wrong = misshapen(made)
        if wrong is not None:
            self._bad(f"step {place}, {name}: its {wrong} cannot be {json.dumps(entry.get(wrong))[:60]}")
        return made

    def _decoded(self, value: object, dims: Sequence[str], place: int) -> object:
        if isinstance(value, list):
            return tuple(self._decoded(part, dims, place) for part in cast("list[object]", value))
        if not isinstance(value, dict):
            return value
        entry = cast("dict[str, object]", value)
        if entry.get("rest") is True:
            return ...
        if "step" in entry:
            return self._step(entry["step"], place)
        if "knob" in entry:
            knob = self.knobs.get(str(entry["knob"]))
            if knob is None:
                self._bad(f"step {place} names a knob {entry['knob']!r} that is not described")
            return knob
        return self._expression(str(entry.get("expression")), dims, place)

    def _expression(self, source: str, dims: Sequence[str], place: int) -> Node:
        names = Names(variables={**self.variables, **{dim: axis_var(dim) for dim in dims}})
        try:
            return parse(source, names)
        except TdslError as error:
            self._bad(f"step {place}: {error.what}", *error.why)

    # pieces

    def _list(self, key: str) -> list[object]:
        found = self.document.get(key)
        if not isinstance(found, list):
            self._bad(f"{key} is missing")
        return cast("list[object]", found)

    def _table(self, key: str) -> dict[str, object]:
        found = self.document.get(key)
        if not isinstance(found, dict):
            self._bad(f"{key} is missing")
        return cast("dict[str, object]", found)

    def _integer(self, value: object, name: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            self._bad(f"the value of knob {name} is no integer: {value!r}")
        return value

    def _bad(self, why: str, *more: str) -> NoReturn:
        raise FormatError("S403", "this schedule cannot be read", where=self.where, why=(why, *more))
