"""`unroll`: a loop, or blocks of it, written out; a stage and an axis in, the state with the loop marked out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.poly import model
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.knob import Knob
from tdsl.schedule.loops import constant_extents, marked, moved_places, split_loop
from tdsl.schedule.primitives.split import refuse_fused, tail_for
from tdsl.schedule.state import StageState, State

MOST_ITERATIONS = 4096
"""Iterations of the unrolled loops of one stage together; beyond, code no longer fits a first-level cache."""


@dataclass(frozen=True, slots=True)
class Unroll(Directive):
    """Writes a loop out: wholly, or in blocks of `factor` iterations that become the loop ``<axis>u`` inside it.

    Args:
        factor: iterations written out at a time; without it the whole loop, which needs a constant extent by the time
            of `build`.
        tail: of the last, partial block, as in `split`.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> td.schedule(C).unroll(C, "i", 4).axes(C)
        ('i', 'iu')

    Legal when: always; the order of the iterations stays.
    Errors: S102–S106 stage or axis; S108 S109 factor; S114 a marked loop; S115 too many iterations; S125 no
        constant extent.
    Source: Halide's `unroll`; semantics P6.
    """

    primitive: ClassVar[str] = "unroll"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis", "factor")

    stage: str
    axis: str
    factor: int | Knob | None = None
    tail: str | None = None

    def apply(self, state: State) -> State:
        """The stage with the loop marked, or split and its inner loop marked."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        kind = entry.loops[position].kind
        if kind != "parallel" or self.factor is None:
            arguments.unmarked(self, state, entry, position, "unrolled")
        asked = tail_for(self, state, entry, self.tail, self.axis)
        if self.factor is None:
            arguments.constant_extent(self, state, entry, self.axis)
            fresh = marked(entry, position, LoopMark(self.axis, "unroll"))
            self._check_size(fresh)
            return state.with_stage(fresh)
        refuse_fused(self, entry, self.axis)
        factor = arguments.positive(self, "factor", self.factor)
        inner = f"{self.axis}u"
        arguments.fresh_axes(self, entry, (inner,))
        relation = model.Split(self.axis, self.axis, inner, factor)
        fresh = split_loop(entry, relation, outer=LoopMark(self.axis, kind), inner=LoopMark(inner, "unroll"))
        if asked is not None:
            fresh = replace(fresh, tails=(*fresh.tails, (inner, asked)))
        self._check_size(fresh)
        return moved_places(state.with_stage(fresh), entry.name, self.axis, inner)

    def _check_size(self, entry: StageState) -> None:
        """The product of the unrolled extents that are known now; `build` asks again once the stage has its place."""
        if entry.compute is not None:
            return
        extents = constant_extents(entry)
        total = 1
        for loop in entry.loops:
            extent = extents[loop.name]
            if loop.kind == "unroll" and extent is not None:
                total *= max(1, extent)
        arguments.limit(
            self,
            f"the number of iterations that {entry.name} would have written out",
            total,
            MOST_ITERATIONS,
            "every one becomes code of its own",
        )
