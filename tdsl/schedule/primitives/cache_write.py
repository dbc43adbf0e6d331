"""`cache_write`: a stage computes elsewhere and copies; a name in, the state with a computing stage before it out."""

from __future__ import annotations

from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.poly.model import Place
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.derive import fresh_state, write_copy
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.placement import stands
from tdsl.schedule.state import StageState, State

_OWN = (
    "loops",
    "relations",
    "compute",
    "store",
    "promotes",
    "cuts",
    "atomic",
    "prefetches",
    "tensorized",
    "joined",
)
"""What a stage must not have got from directives yet."""


@dataclass(frozen=True, slots=True)
class CacheWrite(Directive):
    """The expression of `stage`, with all its axes, moves to a new stage; `stage` keeps its data axes and copies it.

    Args:
        name: of the new stage; ``<stage>_<scope>`` by default.
        scope: where its array lives: "heap", "stack" or "register" (see `scope`).

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); k = td.reduce_axis("k", n)
        >>> C = td.compute("C", (n,), lambda i: td.sum(A[i, k], over=k))
        >>> s = td.schedule(C).cache_write(C, name="acc"); s.stages(), s.axes("acc"), s.axes(C)
        (('acc', 'C'), ('i', 'k'), ('i',))

    Legal when: always at root; where it is placed later, by the rules of `compute_at`.
    Errors: S102 S103 stage; S110 scope; S111 S113 name; S310 loop or placement directives of the stage came before.
    Source: TVM's `cache_write`; semantics P10.
    """

    primitive: ClassVar[str] = "cache_write"

    stage: str
    name: str | None = None
    scope: str = "heap"

    def apply(self, state: State) -> State:
        """The state with the computing stage right before `stage`."""
        entry = arguments.stage_named(self, state, self.stage)
        scope = arguments.choice(self, "scope", self.scope, arguments.SCOPES)
        name = self.name if self.name is not None else f"{entry.name}_{scope}"
        name = arguments.fresh_stage(self, state, name)
        self._refuse_scheduled(state, entry)
        computing, copying = write_copy(entry, name, scope)
        self._refuse_standing(state, copying, computing)
        return state.with_stage(copying).inserted(computing, before=entry.name)

    def _refuse_standing(self, state: State, copying: StageState, computing: StageState) -> None:
        """Refuses where something stands in a loop that only the computing stage will have: that of an update's axis."""
        for entry in state.live():
            for place in (entry.compute, entry.store):
                if not isinstance(place, Place) or place.stage != copying.name or place.loop in copying.axes:
                    continue
                raise self.refusal(
                    PlacementError,
                    "S310",
                    f"cache_write of {copying.name} must come before what stands in its loops",
                    why=(
                        f"{entry.name} is computed {stands(entry)}; {copying.name} will only copy, in loops "
                        + ", ".join(copying.axes),
                    ),
                    hint=(
                        f'cache_write first, then compute_at("{entry.name}", "{computing.name}", "{place.loop}")',
                    ),
                )

    def _refuse_scheduled(self, state: State, entry: StageState) -> None:
        plain = fresh_state(entry.stage, entry.dims)
        if all(getattr(entry, name) == getattr(plain, name) for name in _OWN):
            return
        about = [step for step in state.steps if entry.name in step.stages()[:1]]
        moves = ("split", "tile", "fuse", "reorder", "unroll", "vectorize", "parallel", "compute_at", "store_at",
                 "store_root", "promote", "rfactor", "skew", "reverse", "shift", "peel", "separate", "atomic")  # fmt: skip
        first = next((step for step in about if step.primitive in moves), None)
        raise self.refusal(
            PlacementError,
            "S310",
            f"cache_write of {entry.name} must come before its loop and placement directives",
            why=() if first is None else (f"the first of them is {step_text(first)}",),
            hint=("cache_write first: its loops are then those of the copy",),
        )
