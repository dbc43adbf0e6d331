"""`fuse`: neighbouring loops become one; a stage and axes, outermost first, in; the state with a fuse relation out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import ArgumentError, PlacementError
from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import moved_places, over_reduction, related, retired, standing_at
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Fuse(Directive):
    """Walks neighbouring loops as one, in the order they had: an order over its parents, for any extents.

    Args:
        axes: two or more neighbours, outermost first.
        into: the name of the fused loop; ``i_j`` by default.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); C = td.compute("C", (n, n), lambda i, j: A[i, j] + 1)
        >>> td.schedule(C).fuse(C, "i", "j").axes(C)
        ('i_j',)

    Legal when: always; the order of the iterations stays.
    Errors: S102–S106 stage or axis; S111 S112 name; S114 a marked loop; S120 an axis twice; S123 no neighbours,
        fewer than two, or a data axis with a reduction axis; S305 a stage stands between them.
    Source: Halide's `fuse`; semantics P5.
    """

    primitive: ClassVar[str] = "fuse"

    stage: str
    axes: tuple[str, ...]
    into: str | None = None

    def arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """The stage, the axes one by one, and the name."""
        return (self.stage, *self.axes), {} if self.into is None else {"into": self.into}

    def apply(self, state: State) -> State:
        """The stage with the loops fused."""
        entry = arguments.stage_named(self, state, self.stage)
        places = [arguments.loop_named(self, state, entry, axis) for axis in self.axes]
        self._check_neighbours(entry, places)
        self._refuse_mixed(entry)
        for place in places:
            arguments.unmarked(self, state, entry, place, "fused")
        into = self.into if self.into is not None else "_".join(self.axes)
        arguments.fresh_axes(self, entry, (into,))
        self._refuse_between(state, entry)
        loops = (*entry.loops[: places[0]], LoopMark(into), *entry.loops[places[-1] + 1 :])
        entry = related(replace(entry, loops=loops), *self._relations(into))
        entry = retired(entry, len(state.steps), *self.axes)
        return moved_places(state.with_stage(entry), entry.name, self.axes[-1], into)

    def _relations(self, into: str) -> tuple[model.Fuse, ...]:
        outer = self.axes[0]
        made: list[model.Fuse] = []
        for index, inner in enumerate(self.axes[1:]):
            name = into if index == len(self.axes) - 2 else f"{into}.{index + 1}"
            made.append(model.Fuse(outer, inner, name))
            outer = name
        return tuple(made)

    def _check_neighbours(self, entry: StageState, places: list[int]) -> None:
        if len(places) < 2:
            raise self.refusal(
                ArgumentError, "S123", f"fuse takes two or more neighbouring axes, not {len(places)}"
            )
        if len(set(places)) < len(places):
            raise self.refusal(
                ArgumentError, "S120", f"fuse of {entry.name} names an axis twice: {', '.join(self.axes)}"
            )
        if places == list(range(places[0], places[0] + len(places))):
            return
        ordered = sorted(self.axes, key=entry.axes.index)
        swapped = sorted(places) == list(range(min(places), min(places) + len(places)))
        call = ", ".join(f'"{axis}"' for axis in (ordered if swapped else self.axes))
        raise self.refusal(
            ArgumentError,
            "S123",
            f"fuse takes neighbours, outermost first: {', '.join(self.axes)} of {entry.name} "
            + ("stand the other way round" if swapped else "are none"),
            loops=loop_lines(entry, mark=self.axes[0]),
            hint=(f'fuse("{entry.name}", {call})' if swapped else f'reorder("{entry.name}", {call}) first',),
        )

    def _refuse_mixed(self, entry: StageState) -> None:
        """A reduction is initialised before and finished after its reduction loops, so a loop is one or the other."""
        reduced = [axis for axis in self.axes if over_reduction(entry, axis)]
        if reduced and len(reduced) < len(self.axes):
            data = next(axis for axis in self.axes if axis not in reduced)
            raise self.refusal(
                ArgumentError,
                "S123",
                f"fuse takes data axes or reduction axes of {entry.name}, not both",
                why=(f"{data} walks elements, {reduced[0]} walks the terms of each",),
                loops=loop_lines(entry, mark=reduced[0]),
            )

    def _refuse_between(self, state: State, entry: StageState) -> None:
        for axis in self.axes[:-1]:
            between = standing_at(state, entry.name, axis)
            if between:
                raise self.refusal(
                    PlacementError,
                    "S305",
                    f"{', '.join(between)} stands between the loops of {entry.name} that would be fused",
                    loops=loop_lines(entry, mark=axis, note=f"{', '.join(between)} stands here"),
                    hint=(f'place it at "{self.axes[-1]}", or fuse first and place it at the fused loop',),
                )
