"""`vectorize`: iterations as lanes of vectors; a stage, an axis and a width in, the state with a lane loop out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import ArgumentError, PlacementError
from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import Knob
from tdsl.schedule.loops import over_reduction, related, retired, standing_at
from tdsl.schedule.primitives.atomic import refuse_lanes_and_tiles
from tdsl.schedule.primitives.split import refuse_fused, tail_for
from tdsl.schedule.state import StageState, State

MOST_LANES = 256
"""Lanes of one vector loop: 16 registers of AVX-512 bytes at most; wider ones are loops, not vectors."""


@dataclass(frozen=True, slots=True)
class Vectorize(Directive):
    """Runs `width` iterations at a time as vector lanes: the loop ``<axis>v``, innermost; `axis` walks the vectors.

    Args:
        width: lanes, at least 2; a power of two over a reduction axis. Without it the whole axis, of constant extent,
            becomes lanes and its name is retired.
        tail: of the last, partial vector, as in `split`.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); C = td.compute("C", (n, n), lambda i, j: A[i, j] + 1)
        >>> td.schedule(C).vectorize(C, "i", 8).axes(C)
        ('i', 'j', 'iv')

    Legal when: no lane reads what a lower lane of the same statement writes, and no two write one element (P6). Over a
        reduction axis the terms are reassociated in a fixed way (P9), and labelled so.
    Errors: S102–S106 stage or axis; S108 S109 width; S114 a marked loop; S115 too many lanes; S124 a second vector
        loop; S125 no constant extent; S126 a width that is no power of two over a reduction; S204 dependent lanes;
        S304 a whole axis with a stage inside.
    Source: Halide's `vectorize`; semantics P6, P9.
    """

    primitive: ClassVar[str] = "vectorize"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis", "width")

    stage: str
    axis: str
    width: int | Knob | None = None
    tail: str | None = None

    def apply(self, state: State) -> State:
        """The stage with a lane loop innermost."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        kind = entry.loops[position].kind
        self._refuse_second(state, entry)
        if kind != "parallel" or self.width is None:
            arguments.unmarked(self, state, entry, position, "vectorized")
        asked = tail_for(self, state, entry, self.tail, self.axis)
        refuse_fused(self, entry, self.axis)
        lanes = f"{self.axis}v"
        arguments.fresh_axes(self, entry, (lanes,))
        width = self._width(state, entry)
        if width is not None:
            self._check_width(entry, width)
        if self.width is None:
            self._refuse_hosting(state, entry)
            rest = tuple(loop for loop in entry.loops if loop.name != self.axis)
            fresh = related(entry, model.Rename(self.axis, lanes))
            fresh = retired(fresh, len(state.steps), self.axis)
        else:
            assert width is not None
            rest = entry.loops
            fresh = related(entry, model.Split(self.axis, self.axis, lanes, width))
        fresh = replace(fresh, loops=(*rest, LoopMark(lanes, "vector")))
        if asked is not None:
            fresh = replace(fresh, tails=(*fresh.tails, (lanes, asked)))
        refuse_lanes_and_tiles(self, fresh)
        return state.with_stage(fresh)

    def _width(self, state: State, entry: StageState) -> int | None:
        """The number of lanes, or None for a whole axis whose extent depends on where the stage will stand."""
        if self.width is not None:
            return arguments.positive(self, "width", self.width, least=2)
        return arguments.constant_extent(self, state, entry, self.axis)

    def _check_width(self, entry: StageState, width: int) -> None:
        if self.width is not None or entry.compute is None:
            arguments.limit(
                self,
                f"the number of lanes of {self.axis}",
                width,
                MOST_LANES,
                "wider vectors are loops over vectors",
            )
        if over_reduction(entry, self.axis) and width & (width - 1):
            raise self.refusal(
                ArgumentError,
                "S126",
                f"{width} lanes over the reduction axis {self.axis} of {entry.name}: no power of two",
                why=(
                    "the partial results of the lanes are combined by halves (lane l with lane l + width/2)",
                ),
                hint=(f"{1 << (width.bit_length() - 1)} lanes",),
            )

    def _refuse_hosting(self, state: State, entry: StageState) -> None:
        """A loop that becomes lanes has no body for anything else."""
        inside = standing_at(state, entry.name, self.axis)
        if inside:
            raise self.refusal(
                PlacementError,
                "S304",
                f"{', '.join(inside)} stands inside {self.axis} of {entry.name}, which would become vector lanes",
                loops=loop_lines(entry, mark=self.axis, note=f"{', '.join(inside)} stands here"),
                hint=(f'vectorize("{entry.name}", "{self.axis}", 8): the loop over vectors stays',),
            )

    def _refuse_second(self, state: State, entry: StageState) -> None:
        for loop in entry.loops:
            if loop.kind == "vector":
                earlier = arguments.marked_by(state, entry, loop.name)
                raise self.refusal(
                    ArgumentError,
                    "S124",
                    f"{entry.name} is vectorized already: its lanes are {loop.name}",
                    why=() if earlier is None else (f"by {step_text(earlier)}",),
                    loops=loop_lines(entry, mark=loop.name),
                    hint=(f'more lanes in that step, or unroll("{entry.name}", "{self.axis}", 2)',),
                )
