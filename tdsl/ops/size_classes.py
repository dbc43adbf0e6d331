"""Author's schedules of an operator by size class: which of them a call takes, and the table that says so.

In: classes in order, the first that fits is taken. Out: its number, or the text of them all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tdsl as td

if TYPE_CHECKING:
    from tdsl.ops.operator import Op

ScheduleFunction = Callable[..., "td.Schedule"]


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Calls that share a schedule.

    Args:
        name: what they are: "few rows".
        schedule: takes a schedule and the operator's output tensors, gives a schedule; its docstring says why.
        when: takes the arrays' shapes, in order, and says whether a call is of the class; None for every call.
    """

    name: str
    schedule: ScheduleFunction
    when: Callable[..., bool] | None = None

    def holds(self, shapes: tuple[tuple[int, ...], ...]) -> bool:
        """Whether a call with arrays of these shapes is of the class; on tensors, whose sizes are open, only without `when`."""
        if self.when is None:
            return True
        check_call(self.when, f"when= of the size class {self.name} is called with a shape an array", *shapes)
        return bool(shapes) and self.when(*shapes)

    def line(self) -> str:
        """`few rows: gemm_rows - The weights are read once …`."""
        called = getattr(self.schedule, "__name__", "_").strip("_")
        why = (inspect.getdoc(self.schedule) or "").partition("\n")[0]
        parts = [part for part in (called, why) if part]
        return f"{self.name}: {' - '.join(parts)}"


def check_call(function: object, what: str, *args: object) -> None:
    """Refuses a function of an author's that does not take what it is called with. Errors: E131."""
    if not callable(function):
        raise td.ArgumentTypeError("E131", what, why=(f"it is {type(function).__name__}",))
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args)
    except TypeError as error:
        raise td.ArgumentTypeError("E131", what, why=(f"it takes {signature}: {error}",)) from None


Cpu = ScheduleFunction | Sequence[SizeClass | ScheduleFunction] | None
"""What `@td.op(cpu=…)` takes: a function for every size, or classes in order, a function last for all others."""


def classes_of(given: Cpu) -> list[SizeClass]:
    """The classes of an operator's `cpu=`."""
    if given is None:
        return []
    several = [given] if callable(given) else list(given)
    return [each if isinstance(each, SizeClass) else SizeClass("any size", each) for each in several]


@dataclass(frozen=True, slots=True)
class Schedules:
    """What `op.schedule("cpu")` gives: a decorator that registers one more, and with `print` the table of them."""

    op: Op
    target: str
    when: Callable[..., bool] | None
    name: str | None

    def __call__(self, function: ScheduleFunction) -> ScheduleFunction:
        """Registers the author's schedule. The latest ones are asked last, those without `when` after all others."""
        named = self.name or getattr(function, "__name__", "").strip("_") or "any size"
        self.op.register(SizeClass(named, function, self.when))
        return function

    def __str__(self) -> str:
        lines = [f"  {each.line()}" for each in self.op.size_classes]
        if all(each.when is not None for each in self.op.size_classes):
            lines.append("  any other: the default scheduler's")
        return "\n".join([f"{self.op.name} on a {self.target}:", *lines])

    __repr__ = __str__
