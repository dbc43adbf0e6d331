"""`inline`: a pure stage is computed where it is read; a name in, the state with its readers rewritten out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.derive import inlined_into
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.placement import is_output, readers, standing
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Inline(Directive):
    """Puts the expression of `stage` in place of every read of it; the stage has no loops and no array any more.

    Contraction and rounding were decided at its declaration, so no bit moves (D5).

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,))
        >>> B = td.compute("B", (n,), lambda i: A[i] * 2); C = td.compute("C", (n,), lambda i: B[i] + 1)
        >>> td.schedule(C).stages(), td.schedule(C).inline(B).stages()
        (('B', 'C'), ('C',))

    Legal when: the stage is pure (no reduction) and no output.
    Errors: S102 S103 stage; S302 an output; S306 a reduction, a stage that reads itself, the base of an update; S307
        it has directives of its own, or hosts a stage; S308 names that meet in a reader.
    Source: Halide's `compute_inline`; TVM's `compute_inline`.
    """

    primitive: ClassVar[str] = "inline"

    stage: str

    def apply(self, state: State) -> State:
        """All readers with the expression inside."""
        entry = arguments.stage_named(self, state, self.stage)
        if is_output(state, entry):
            raise self.refusal(
                PlacementError,
                "S302",
                f"{entry.name} is an output: its array is asked for, so it cannot be inlined",
                hint=(f"inline what {entry.name} reads",),
            )
        if entry.stage.reduce_axes:
            names = ", ".join(axis.name for axis in entry.stage.reduce_axes)
            raise self.refusal(
                PlacementError,
                "S306",
                f"{entry.name} is a reduction over {names}: it cannot be inlined",
                why=("every reader would run the whole reduction again inside its expression",),
                hint=tuple(
                    f'compute_at("{entry.name}", "{reader.name}", "{reader.axes[-1]}")'
                    for reader in readers(state, entry)[:1]
                    if reader.axes
                ),
            )
        self._refuse_stored(state, entry)
        self._refuse_scheduled(state, entry)
        changed = [inlined_into(self, reader, entry) for reader in readers(state, entry)]
        return state.with_stages(replace(entry, inlined=True), *changed)

    def _refuse_stored(self, state: State, entry: StageState) -> None:
        """A stage that reads itself, and what an update starts from, need their arrays."""
        starting = [one.name for one in readers(state, entry) if one.stage.base in entry.stage.tensors]
        kind = "an update" if entry.stage.base is not None else "a recurrence" if entry.stage.own else ""
        if not kind and not starting:
            return
        raise self.refusal(
            PlacementError,
            "S306",
            f"{entry.name} is {kind}: it cannot be inlined"
            if kind
            else f"{starting[0]} starts from the values of {entry.name}, which cannot be inlined",
            why=("its elements are made from elements of its own, which stand in its array",)
            if kind
            else (f"{starting[0]} updates an array in place, and begins with that of {entry.name}",),
        )

    def _refuse_scheduled(self, state: State, entry: StageState) -> None:
        """What was asked for the stage would be lost without a word."""
        about = [step for step in state.steps if entry.name in step.stages()[:1]]
        places = ((other.name, standing(other)) for other in state.live())
        hosted = [name for name, place in places if place is not None and place.stage == entry.name]
        undone = [step for step in about if step.primitive != "compute_root"]
        if undone or hosted:
            raise self.refusal(
                PlacementError,
                "S307",
                f"{entry.name} has directives of its own, which inlining would drop",
                why=(
                    *(f"{step_text(step)}" for step in undone[:2]),
                    *(f"{name} is computed inside its loops" for name in hosted[:1]),
                ),
                hint=("inline it first, or leave those steps out: s.without(step)",),
            )
