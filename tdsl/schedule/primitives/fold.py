"""`fold`: a dim of an array as a circular buffer; a name, a dim and a depth in, the state with the fold noted out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.knob import Knob
from tdsl.schedule.placement import is_output
from tdsl.schedule.state import State


@dataclass(frozen=True, slots=True)
class Fold(Directive):
    """Stores dim `dim` of the array of `stage` in `factor` cells, element x in cell ``x % factor``.

    Args:
        factor: cells, a positive constant or a knob; `min_fold` finds the smallest legal one.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n))
        >>> B = td.compute("B", (n, n), lambda i, j: A[i, j] * 2); C = td.compute("C", (n, n), lambda i, j: B[i, j] + 1)
        >>> td.schedule(C).store_root(B).compute_at(B, C, "i").fold(B, "i", 1).storage(B)["shape"]
        ('1', 'n')

    Stages made in the same loop that read what is folded are made ahead, the loop starting early for them (P3): so along a
    chain, too, a fold need only hold what one iteration reads.

    Legal when: no element is overwritten before its last reader had it.
    Errors: S102 S103 stage; S107 dim; S108 S109 factor; S203 an element overwritten too early, with the smallest legal
        fold; S314 an output; S315 folded already; S316 a layout.
    Source: Halide's `fold_storage`.
    """

    primitive: ClassVar[str] = "fold"
    positional: ClassVar[tuple[str, ...]] = ("stage", "dim", "factor")

    stage: str
    dim: str
    factor: int | Knob

    def apply(self, state: State) -> State:
        """The stage with the dim folded."""
        entry = arguments.stage_named(self, state, self.stage)
        arguments.dim_named(self, state, entry, self.dim)
        factor = arguments.positive(self, "factor", self.factor)
        arguments.limit(
            self, f"the factor of {self.dim}", factor, arguments.WIDEST_BLOCK, "index arithmetic has 64 bits"
        )
        if is_output(state, entry):
            raise self.refusal(
                PlacementError,
                "S314",
                f"{entry.name} is an output: every element of its array is asked for",
                hint=(f'cache_write("{entry.name}", name="…") and fold the copy',),
            )
        if self.dim in dict(entry.folds):
            earlier = [
                step for step in state.steps if step.primitive == "fold" and step.stages() == (entry.name,)
            ]
            raise self.refusal(
                PlacementError,
                "S315",
                f"dim {self.dim} of {entry.name} is folded already",
                why=tuple(
                    f"by {step_text(step)}" for step in earlier if getattr(step, "dim", "") == self.dim
                ),
                hint=("s.replace(step, factor=…)",),
            )
        if entry.layout is not None:
            raise self.refusal(
                PlacementError,
                "S316",
                f"{entry.name} has a layout; a fold and a layout together are not supported",
            )
        return state.with_stage(replace(entry, folds=(*entry.folds, (self.dim, factor))))
