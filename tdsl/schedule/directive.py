"""A directive: one recorded step of a schedule, a frozen record with the user's line that edits a `State`.

In: the arguments as the user gave them (stages and axes by name). Out: `apply(state)`, the state after the step, or an
error on the user's line; `label`, the step as text. One subclass a file in `schedule/primitives/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import field, fields
from typing import ClassVar

from tdsl.errors import TdslError
from tdsl.location import Location
from tdsl.records import dataclass
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Directive(ABC):
    """One step. Fields are the arguments of the primitive; `where` is the user's line and no part of equality."""

    primitive: ClassVar[str]
    """The name of the method that makes it, and its name in JSON."""

    positional: ClassVar[tuple[str, ...]] = ("stage",)
    """Fields that are written without their name, in order."""

    where: Location | None = field(default=None, compare=False, repr=False, kw_only=True)
    reason: str = field(default="", compare=False, repr=False, kw_only=True)
    """Why the step is there, in its author's words (`Schedule.because`); no part of equality."""

    @abstractmethod
    def apply(self, state: State) -> State:
        """Checks the arguments against the state and gives the state after the step; never changes `state`."""

    def arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """The arguments as the user would write them: positional ones, and keywords that are not the default."""
        named: dict[str, object] = {}
        for entry in fields(self):
            value: object = getattr(self, entry.name)
            if entry.name not in ("where", "reason", *self.positional) and value != entry.default:
                named[entry.name] = value
        given = tuple(getattr(self, name) for name in self.positional)
        while given and given[-1] is None:
            given = given[:-1]
        return given, named

    @property
    def label(self) -> str:
        """The step as the user would write it: ``split("C", "i", 32)``."""
        from tdsl.schedule.script import call_text

        return call_text(self)

    def stages(self) -> tuple[str, ...]:
        """The stages it names, the one it is about first."""
        return tuple(
            value
            for value in (getattr(self, name, None) for name in ("stage", "host"))
            if isinstance(value, str)
        )

    def refusal(
        self,
        kind: type[TdslError],
        code: str,
        what: str,
        *,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
    ) -> TdslError:
        """An error of this step, on the user's line."""
        return kind(code, what, where=self.where, why=why, loops=loops, hint=hint)


def step_text(step: Directive) -> str:
    """A step with its place, for messages about an earlier one: ``split("C", "i", 32) at blur.py:14``."""
    return step.label if step.where is None else f"{step.label} at {step.where.brief()}"
