"""`hoist`: what does not change along a loop is computed once outside; a stage and a loop in, one more stage out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NoReturn

from tdsl.errors import PlacementError
from tdsl.poly.model import Place
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.invariants import Invariants
from tdsl.schedule.loops import standing_at
from tdsl.schedule.state import StageState, State
from tdsl.schedule.together import resolved


@dataclass(frozen=True, slots=True)
class Hoist(Directive):
    """The parts of the stage's expression that are the same for all iterations of `axis` become a stage outside of it.

    Parts are taken as large as possible: whole reductions, if their loops stand inside `axis`, and operations on elements
    and params; single elements, subscripts and conditions stay. The new stage has one tensor a part, over the axes that
    the parts mention, and is computed in the loop around `axis`, or at root where there is none; it can be placed and
    stored like any stage. No operation changes, so no bit does: a product that its sum contracts to an fma stays with it.
    Loops of a reduction that moves go along as they stand.

    Args:
        axis: a loop of the stage; what neither it nor the loops inside it change is moved out.
        name: of the new stage; ``<stage>_hoisted`` by default.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); x = td.placeholder("x", (n,)); A = td.placeholder("A", (n, n))
        >>> C = td.compute("C", (n, n), lambda i, j: A[i, j] / td.sqrt(x[i]))
        >>> print(td.schedule(C).hoist(C, "j", name="root"))
        for C.i in 0 .. n:
          root: float32[1] in heap
          for root.i in C.i .. C.i + 1:
            root[i] = sqrt(x[i])
          for j in 0 .. n:
            C[i, j] = A[i, j] / root[i]

    Legal when: every element a part reads exists also where the loop runs no iteration.
    Errors: S102–S106 stage or axis; S111 S113 name; S331 nothing to move out, an update, a loop that is in the way.
    Source: loop-invariant code motion (Cocke, 1970); Halide's `compute_at` of a Func that was split off by hand.
    """

    primitive: ClassVar[str] = "hoist"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis")

    stage: str
    axis: str
    name: str | None = None

    def apply(self, state: State) -> State:
        """The state with the new stage placed, and the stage reading it."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        if entry.stage.base is not None:
            self._refuse(entry, f"{entry.name} updates in place: what it reads changes as it runs")
        name = arguments.fresh_stage(self, state, f"{entry.name}_hoisted" if self.name is None else self.name)
        found = Invariants(entry, self.axis)
        if not found.parts:
            self._refuse(entry, f"nothing it computes is the same for all iterations of {self.axis}")
        stage = found.stage(name, self.where)
        for tensor in stage.tensor_names:
            arguments.fresh_stage(self, state, tensor)
        divided = found.divided(stage)
        if divided is None:
            self._refuse(entry, "a loop is fused of a reduction that would move and one that would not")
        fresh, rest = divided
        if entry.atomic and not rest.stage.reduce_axes:
            self._refuse(entry, "it is atomic, and its reduction would move")
        if entry.promotes and set(fresh.axes) & set(entry.axes) - set(rest.axes):
            self._refuse(entry, f"its tile is promoted at {entry.promotes[0].loop}")
        for loop in entry.axes:
            between = () if loop in rest.axes else standing_at(state, entry.name, loop)
            if between:
                self._refuse(entry, f"{between[0]} stands in loop {loop}, which would move")
        host = next((loop for loop in reversed(entry.loops[:position]) if loop.kind != "vector"), None)
        runner, loop = (entry, "") if host is None else resolved(state, entry, host.name)
        place = None if host is None else Place(runner.name, loop)
        return state.with_stage(rest).inserted(replace(fresh, compute=place), before=entry.name)

    def _refuse(self, entry: StageState, why: str) -> NoReturn:
        raise self.refusal(
            PlacementError,
            "S331",
            f"there is nothing to hoist out of {self.axis} of {entry.name}",
            why=(why,),
            loops=loop_lines(entry, mark=self.axis),
        )
