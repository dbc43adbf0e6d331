"""`cooperate`: a stage made by all threads of a block together; a stage and a width in, the state with it noted out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import Knob
from tdsl.schedule.state import Cooperate as Shared
from tdsl.schedule.state import State

WIDEST = 16
"""Neighbours that one thread makes at once: 16 bytes, the widest access of a GPU, of one-byte elements."""


@dataclass(frozen=True, slots=True)
class Cooperate(Directive):
    """Spreads the elements of a stage over all threads of the block, neighbouring threads making neighbouring elements.

    Its loops, taken as one, are walked by the threads of the block in steps of as many elements as there are threads.

    Args:
        vector: neighbours along the innermost axis that a thread makes at once; without it as many as 16 bytes hold and
            the innermost extent allows.

    Rewrite:
        >>> import tdsl as td
        >>> A = td.placeholder("A", (64, 64)); C = td.compute("C", (64, 64), lambda i, j: A[i, j] + A[i, 0])
        >>> s = td.schedule(C).bind(C, {"i": "block.x", "j": "thread.x"}).cache_read(A, C, name="As", scope="shared")
        >>> print(s.compute_at("As", C, "i").cooperate("As").steps[-1].label)
        cooperate("As")

    Legal when: no element of the stage needs another one of it. Constant extents and the place inside a block are
        judged by `build`.
    Errors: S102 S103 stage; S108 S109 vector; S153 a stage with marked loops; S154 a vector that no access has; S155 a
        stage whose elements need each other.
    Source: TVM's fuse-split-bind of a cached stage, in one word; Exo's and CUTLASS's cooperative copies.
    """

    primitive: ClassVar[str] = "cooperate"
    positional: ClassVar[tuple[str, ...]] = ("stage",)

    stage: str
    vector: int | Knob | None = None

    def apply(self, state: State) -> State:
        """The stage noted as shared work."""
        entry = arguments.stage_named(self, state, self.stage)
        vector = None if self.vector is None else arguments.positive(self, "vector", self.vector)
        width = max(tensor.dtype.bytes for tensor in entry.stage.tensors)
        if vector is not None and (vector & (vector - 1) or vector * width > WIDEST):
            raise self.refusal(
                ArgumentError,
                "S154",
                f"vector={shown(vector)}: no access of a thread has {shown(vector)} elements of {width} bytes",
                hint=tuple(f"vector={n}" for n in (16, 8, 4, 2) if n * width <= WIDEST),
            )
        marked = next((loop for loop in entry.loops if loop.kind != "serial"), None)
        if marked is not None:
            raise self.refusal(
                ArgumentError,
                "S153",
                f"{marked.name} of {entry.name} runs {arguments.kind_text(marked.kind)} already",
                why=("cooperate shares out all loops of the stage itself",),
                loops=loop_lines(entry, mark=marked.name),
            )
        if entry.stage.base is not None or entry.stage.own or entry.stage.reduce_axes:
            raise self.refusal(
                ArgumentError,
                "S155",
                f"{entry.name} cannot be shared out element by element",
                why=(
                    "it is a reduction, a recurrence or an update: its elements are made by chains of steps",
                ),
                hint=(
                    f'bind its data axes to threads: bind("{entry.name}", {{"{entry.axes[0]}": "thread.x"}})',
                ),
            )
        return state.with_stage(replace(entry, cooperate=Shared(vector)))
