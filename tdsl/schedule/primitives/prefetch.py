"""`prefetch`: elements are asked for some iterations before they are read; a stage, a tensor and a loop in, the state out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NoReturn

from tdsl.errors import PlacementError
from tdsl.expr.rewrite import reads
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import Knob
from tdsl.schedule.placement import inputs_of, nodes_of
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import Prefetched, StageState, State


@dataclass(frozen=True, slots=True)
class Prefetch(Directive):
    """Each iteration of `axis` asks for the cache lines that the iteration `ahead` later begins with.

    Of every read of the tensor in the stage, the element is asked for that the later iteration reads first (the loops
    inside at their starts); what would lie outside of the tensor is moved to its edge. Nothing is computed by it.

    Args:
        tensor: one that the stage reads: an input, or another stage's. axis: a loop of the stage.
        ahead: iterations, a positive constant or a knob.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); k = td.reduce_axis("k", n)
        >>> C = td.compute("C", (n,), lambda i: td.sum(A[k, i], over=k))
        >>> print(td.schedule(C).reorder(C, "k", "i").prefetch(C, A, "k", 2))
        for i in 0 .. n:
          C[i] = identity
        for k in 0 .. n:
          prefetch A for k + 2
          for i in 0 .. n:
            C[i] ⊕= A[k, i]

    Legal when: always. It comes last on its loop.
    Errors: S102–S106 stage or axis; S108 S109 ahead; S114 lanes; S115 more than 2^20 ahead; S117 a fused loop; S309 a
        tensor that the stage does not read; S336 registers, subscripts from data alone; at the build L113 a loop or a
        read that later directives took away.
    Source: Halide's `prefetch`; Mowry, Lam, Gupta, "Design and evaluation of a compiler algorithm for prefetching", 1992.
    """

    primitive: ClassVar[str] = "prefetch"
    positional: ClassVar[tuple[str, ...]] = ("stage", "tensor", "axis", "ahead")

    stage: str
    tensor: str
    axis: str
    ahead: int | Knob = 1

    def apply(self, state: State) -> State:
        """The stage with the prefetch noted at its loop."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        if entry.loops[position].kind == "vector":
            arguments.unmarked(self, state, entry, position, "where something is prefetched")
        refuse_fused(self, entry, self.axis)
        ahead = arguments.positive(self, "ahead", self.ahead)
        arguments.limit(
            self, "the number of iterations ahead", ahead, MOST_AHEAD, "no cache holds so many lines"
        )
        self._check_tensor(state, entry)
        fresh = Prefetched(self.axis, self.tensor, ahead)
        return state.with_stage(replace(entry, prefetches=(*entry.prefetches, fresh)))

    def _check_tensor(self, state: State, entry: StageState) -> None:
        names = [tensor.name for tensor in inputs_of(entry.stage)]
        if self.tensor not in names:
            raise self.refusal(
                PlacementError,
                "S309",
                f"{entry.name} does not read {self.tensor}",
                why=(f"it reads {', '.join(names)}",) if names else (),
            )
        made = state.find(self.tensor)
        if made is not None and made.scope == "register":
            self._refuse(entry, f"{self.tensor} is in registers: there is nothing nearer")
        found = [read for read in reads(*nodes_of(entry.stage)) if read.tensor.name == self.tensor]
        if all(reads(*read.index) for read in found):
            self._refuse(
                entry,
                f"where {entry.name} reads {self.tensor} depends on data, which would have to be read first",
            )

    def _refuse(self, entry: StageState, why: str) -> NoReturn:
        raise self.refusal(
            PlacementError,
            "S336",
            f"{self.tensor} cannot be prefetched in {self.axis} of {entry.name}",
            why=(why,),
            loops=loop_lines(entry, mark=self.axis),
        )


MOST_AHEAD = 2**20
"""Iterations that a prefetch may be ahead."""
