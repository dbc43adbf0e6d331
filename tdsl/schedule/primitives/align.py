"""`align`: rows of an array begin at multiples of a number of elements; a name, a dim and a factor in, the state out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.knob import Knob
from tdsl.schedule.placement import is_output
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Align(Directive):
    """The array of `stage` is allocated with dim `dim` rounded up to a multiple of `factor` elements.

    Arrays begin at multiples of 64 bytes, so with the last dim aligned every row begins at a multiple of `factor`
    elements (up to 64 bytes): vector accesses to row starts straddle no cache line. The elements in between are
    allocated, never read, and no part of the result.

    Args:
        dim: of the array; the last one, mostly. factor: elements, a positive constant or a knob.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, 30))
        >>> B = td.compute("B", (n, 30), lambda i, j: A[i, j] * 2); C = td.compute("C", (n, 30), lambda i, j: B[i, j] + 1)
        >>> s = td.schedule(C).align(B, "j", 16); s.storage(B)["shape"], s.storage(B)["allocated"]
        (('n', '30'), ('n', '32'))

    Legal when: always.
    Errors: S102 S103 stage; S107 dim; S108 S109 factor; S314 an output; S335 aligned already, a layout of its own; S115
        more than 2^20 elements.
    Source: Halide's `align_storage`.
    """

    primitive: ClassVar[str] = "align"
    positional: ClassVar[tuple[str, ...]] = ("stage", "dim", "factor")

    stage: str
    dim: str
    factor: int | Knob

    def apply(self, state: State) -> State:
        """The stage with the dim aligned."""
        entry = arguments.stage_named(self, state, self.stage)
        arguments.dim_named(self, state, entry, self.dim)
        factor = arguments.positive(self, "factor", self.factor)
        arguments.limit(
            self, f"the alignment of {self.dim}", factor, WIDEST, "what is in between is memory unused"
        )
        if is_output(state, entry):
            raise self.refusal(
                PlacementError,
                "S314",
                f"{entry.name} is an output: its array is the caller's",
                hint=(f'cache_write("{entry.name}", name="…") and align the copy',),
            )
        self._refuse_second(state, entry)
        return state.with_stage(replace(entry, aligns=(*entry.aligns, (self.dim, factor))))

    def _refuse_second(self, state: State, entry: StageState) -> None:
        why = ""
        if entry.layout is not None:
            why = "its layout says how it is stored: subscripts of a layout can be rounded up themselves"
        elif self.dim in dict(entry.aligns):
            earlier = next(
                step
                for step in state.steps
                if step.primitive == "align"
                and step.stages() == (entry.name,)
                and getattr(step, "dim", "") == self.dim
            )
            why = f"by {step_text(earlier)} already"
        if why:
            raise self.refusal(
                PlacementError, "S335", f"dim {self.dim} of {entry.name} cannot be aligned", why=(why,)
            )


WIDEST = 2**20
"""Elements a dim may be aligned to."""
