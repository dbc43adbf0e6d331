"""`promote`: a reduction's tile lives close by for one iteration of a loop; names in, the state with it noted out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import over_reduction
from tdsl.schedule.primitives.atomic import refuse_lanes_and_tiles
from tdsl.schedule.state import Promote as Promoted
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Promote(Directive):
    """For one iteration of loop `axis` the elements of the accumulator touched inside live in `scope` under `name`.

    They are read at its start (the identity where no term came before) and written back at its end: the chain of terms
    is carried on, so no bit moves, whatever blocks of the reduction stand outside.

    Args:
        name: of the tile; ``<stage>_<scope>`` by default.
        scope: "register", "stack" or "heap".

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); k = td.reduce_axis("k", n)
        >>> C = td.compute("C", (n,), lambda i: td.sum(A[i, k], over=k))
        >>> print(td.schedule(C).split(C, "k", 8).promote(C, "ko").script())
        td.schedule(C).split("C", "k", 8).promote("C", "ko")

    Legal when: two iterations of the loop that run in parallel touch no common element.
    Errors: S102–S106 stage or axis; S110 scope; S111 S113 name; S311 no reduction; S312 no reduction loop inside; S313
        a second tile.
    Source: Halide's `Func::in` with `compute_at` on updates comes near; semantics P10b.
    """

    primitive: ClassVar[str] = "promote"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    name: str | None = None
    scope: str = "register"

    def apply(self, state: State) -> State:
        """The stage with one more promoted tile."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        scope = arguments.choice(self, "scope", self.scope, arguments.SCOPES)
        if not entry.stage.reduce_axes:
            raise self.refusal(
                PlacementError,
                "S311",
                f"{entry.name} is no reduction: it has no accumulator to promote",
                hint=(f'cache_write("{entry.name}", scope="{scope}") and compute_at of the copy',),
            )
        for earlier in entry.promotes:
            raise self.refusal(
                PlacementError,
                "S313",
                f"{entry.name} has a promoted tile already: {earlier.name}, at {earlier.loop}",
                why=tuple(
                    f"by {step_text(step)}"
                    for step in state.steps
                    if step.primitive == "promote" and step.stages() == (entry.name,)
                )[-1:],
                hint=("one tile a stage, at the innermost loop that carries the sum on",),
            )
        if not any(over_reduction(entry, loop) for loop in entry.axes[position + 1 :]):
            raise self.refusal(
                PlacementError,
                "S312",
                f"no reduction loop of {entry.name} stands inside {self.axis}: each element would be touched once",
                loops=loop_lines(entry, mark=self.axis),
                hint=("a loop outside a reduction loop",),
            )
        name = arguments.fresh_stage(
            self, state, self.name if self.name is not None else f"{entry.name}_{scope}"
        )
        fresh = replace(entry, promotes=(*entry.promotes, Promoted(self.axis, name, scope)))
        refuse_lanes_and_tiles(self, fresh)
        return state.with_stage(fresh)
