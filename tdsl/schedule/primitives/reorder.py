"""`reorder`: loops change places; a stage and axes, outermost first, in; the state with its loops permuted out."""

from __future__ import annotations

from dataclasses import replace
from types import EllipsisType
from typing import ClassVar

from tdsl.errors import ArgumentError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Reorder(Directive):
    """Permutes the named axes among the places they hold; ``...`` stands for all others in their order.

    Args:
        axes: outermost first.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); C = td.compute("C", (n, n), lambda i, j: A[i, j] + 1)
        >>> td.schedule(C).reorder(C, "j", "i").axes(C), td.schedule(C).reorder(C, ..., "i").axes(C)
        (('j', 'i'), ('j', 'i'))

    Legal when: every value is still made before it is read. Over a reduction's own axes the order of the terms may
        change: legal, and labelled where floats are summed in another order.
    Errors: S102–S106 stage or axis; S120 an axis twice, or ``...`` twice; S122 lanes not innermost; S201 a dependence.
    Source: Halide's `reorder` (which lists the innermost first); semantics P5.
    """

    primitive: ClassVar[str] = "reorder"

    stage: str
    axes: tuple[str | EllipsisType, ...]

    def arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """The stage and the axes one by one."""
        return (self.stage, *self.axes), {}

    def apply(self, state: State) -> State:
        """The stage with its loops permuted."""
        entry = arguments.stage_named(self, state, self.stage)
        names = self._expanded(state, entry)
        places = sorted(entry.axes.index(name) for name in names)
        loops = list(entry.loops)
        for place, name in zip(places, names, strict=True):
            loops[place] = entry.loops[entry.axes.index(name)]
        fresh = replace(entry, loops=tuple(loops))
        lanes = [place for place, loop in enumerate(loops) if loop.kind == "vector"]
        if lanes and lanes[0] != len(loops) - len(lanes):
            name = loops[lanes[0]].name
            raise self.refusal(
                ArgumentError,
                "S122",
                f"{name} holds the vector lanes of {entry.name}, which stay innermost",
                loops=loop_lines(fresh, mark=name),
                hint=("reorder first, then vectorize", f'keep "{name}" last'),
            )
        return state.with_stage(fresh)

    def _expanded(self, state: State, entry: StageState) -> tuple[str, ...]:
        """The axes with ``...`` replaced by those not named."""
        if not self.axes:
            raise self.refusal(
                ArgumentError,
                "S120",
                f"reorder of {entry.name} names no axis",
                why=(f"axes of {entry.name} now: {', '.join(entry.axes)}",),
                hint=("the axes in their new order, outermost first",),
            )
        named: list[str] = []
        dots = 0
        for axis in self.axes:
            if isinstance(axis, EllipsisType):
                dots += 1
                continue
            arguments.loop_named(self, state, entry, axis)
            if axis in named:
                self._refuse_twice(entry, f"{axis!r}")
            named.append(axis)
        if dots > 1:
            self._refuse_twice(entry, "...")
        if not dots:
            return tuple(named)
        place = self.axes.index(...)
        rest = (name for name in entry.axes if name not in named)
        return (*named[:place], *rest, *named[place:])

    def _refuse_twice(self, entry: StageState, shown: str) -> None:
        raise self.refusal(
            ArgumentError,
            "S120",
            f"reorder of {entry.name} names {shown} twice",
            why=(f"axes of {entry.name} now: {', '.join(entry.axes)}",),
            hint=("each axis once, outermost first; those left out stay where they are",),
        )
