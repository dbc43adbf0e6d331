"""`tile`: several axes split, blocks outside, points inside; a stage and factors by axis in, the state out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import ArgumentError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.primitives.split import Factor, split_axis
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Tile(Directive):
    """Splits each axis in place, then moves the inner axes, in the order given, right after the innermost outer one.

    Args:
        factors: axis -> iterations of its inner loop, in the order the inner axes shall have.
        into: all outer names, then all inner ones; ``io jo ii ji`` by default.
        tail: of every split, as in `split`.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); C = td.compute("C", (n, n), lambda i, j: A[i, j] + 1)
        >>> td.schedule(C).tile(C, {"i": 8, "j": 16}).axes(C)
        ('io', 'jo', 'ii', 'ji')

    Legal when: every value is still made before it is read.
    Errors: those of `split` and of `reorder`; S201 a dependence against the new order.
    Source: Halide's `tile`; semantics P5.
    """

    primitive: ClassVar[str] = "tile"
    positional: ClassVar[tuple[str, ...]] = ("stage", "factors")

    stage: str
    factors: tuple[tuple[str, Factor], ...]
    into: tuple[str, ...] | None = None
    tail: str | None = None

    def apply(self, state: State) -> State:
        """The stage with its axes tiled."""
        entry = arguments.stage_named(self, state, self.stage)
        axes = [axis for axis, _ in self.factors]
        if not axes:
            raise self.refusal(
                ArgumentError,
                "S116",
                "tile takes a factor for at least one axis",
                hint=('{"i": 32, "j": 32}',),
            )
        for axis in axes:
            arguments.unmarked(self, state, entry, arguments.loop_named(self, state, entry, axis), "tiled")
        count = len(axes)
        if self.into is not None and len(self.into) != 2 * count:
            raise self.refusal(
                ArgumentError,
                "S119",
                f"tile makes {2 * count} axes, and into= names {len(self.into)}",
                hint=("all outer names, then all inner ones",),
            )
        names = self.into or (*(f"{axis}o" for axis in axes), *(f"{axis}i" for axis in axes))
        arguments.fresh_axes(self, entry, names)
        outer, inner = names[:count], names[count:]
        for index, (axis, factor) in enumerate(self.factors):
            entry = state.stage(self.stage)
            state = split_axis(self, state, entry, axis, (factor,), (outer[index], inner[index]), self.tail)
        entry = state.stage(self.stage)
        rest = [loop for loop in entry.loops if loop.name not in inner]
        moved = [next(loop for loop in entry.loops if loop.name == name) for name in inner]
        place = max(index for index, loop in enumerate(rest) if loop.name in outer) + 1
        return state.with_stage(replace(entry, loops=(*rest[:place], *moved, *rest[place:])))
