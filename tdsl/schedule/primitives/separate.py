"""`separate`: full and partial tiles in loops of their own; a stage and a loop over tiles in, the loop cut out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.errors import ArgumentError
from tdsl.poly.model import Split
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import descendants, with_cut
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import Cut, StageState, State


@dataclass(frozen=True, slots=True)
class Separate(Directive):
    """The iterations of `axis` in which every tile inside is full run in a loop of their own, without bounds to compare.

    Iterations with partial tiles keep their bounds and guards, in loops before and after. Where no tile can be partial
    the loop stays whole. Unrolled loops and lanes are separated without being asked; this is for loops of any kind.

    Args:
        axis: a loop over tiles: the outer loop of a split, or one that was made of it.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> print(td.schedule(C).split(C, "i", 8).separate(C, "io"))
        for io in 0 .. n // 8:
          for ii in 0 .. 8:
            C[i] = A[i] + 1.0
        for io in n // 8 .. (n + 7) // 8:
          for ii in 0 .. min(n - io * 8 - 1, 7) + 1:
            C[i] = A[i] + 1.0

    Legal when: always; the order of the iterations stays. A loop is cut last: what changes it comes before.
    Errors: S102–S106 stage or axis; S114 a marked loop; S115 too many copies; S117 a fused loop; S145 no loop over
        tiles; at the build L111 a loop that is written out.
    Source: isl's `isolate` option (Verdoolaege, Grosser, Cohen, 2015); Halide's loop partitioning.
    """

    primitive: ClassVar[str] = "separate"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str

    def apply(self, state: State) -> State:
        """The stage with the loop cut."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.uncut(self, state, entry, position)
        refuse_fused(self, entry, self.axis)
        self._check_tiles(entry)
        fresh = with_cut(entry, Cut(self.axis, separate=True))
        arguments.limit_copies(self, fresh)
        return state.with_stage(fresh)

    def _check_tiles(self, entry: StageState) -> None:
        for relation in entry.relations:
            if isinstance(relation, Split) and self.axis in descendants(entry, relation, relation.outer):
                return
        raise self.refusal(
            ArgumentError,
            "S145",
            f"{self.axis} of {entry.name} is no loop over tiles",
            why=("full and partial tiles come of a split, whose outer loop walks them",),
            loops=loop_lines(entry, mark=self.axis),
            hint=(f'split("{entry.name}", "{self.axis}", 8), then separate of its outer loop',),
        )
