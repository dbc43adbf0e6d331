"""`bind`: iterations as blocks of a grid or threads of a block; a stage and places in, the state with loops marked out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, get_args

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.poly.model import Dimension, LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.state import StageState, State

PLACES: tuple[Dimension, ...] = get_args(Dimension)


@dataclass(frozen=True, slots=True)
class Bind(Directive):
    """Runs the iterations of loops as places on a GPU: blocks of the grid, threads of a block.

    A bound loop is no loop any more: each of its iterations is where one block or thread stands. Threads of a block may
    hand values on through storage in scope "shared"; the barriers that this needs are placed by the lowerer.

    Args:
        places: (axis, "block.x", "block.y", "block.z", "thread.x", "thread.y" or "thread.z"); the public method takes a
            dict, or one axis and one place.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> s = td.schedule(C).split(C, "i", 128).bind(C, {"io": "block.x", "ii": "thread.x"})
        >>> print(s.script())
        td.schedule(C).split("C", "i", 128).bind("C", {"io": "block.x", "ii": "thread.x"})

    Legal when: no two iterations touch one element, one of them writing, but for what each iteration owns; over a
        reduction axis the advice is `rfactor` (P9). Extents of threads, and what stands outside of blocks, are judged
        by `build`.
    Errors: S102–S106 stage or axis; S114 a marked loop; S150 no place; S151 a place taken twice;
        S202 a race, with the two threads.
    Source: TVM's `bind`; Halide's `gpu_blocks` and `gpu_threads`; CUDA C++ Programming Guide, "Thread Hierarchy".
    """

    primitive: ClassVar[str] = "bind"
    positional: ClassVar[tuple[str, ...]] = ("stage", "places")

    stage: str
    places: tuple[tuple[str, str], ...]

    def apply(self, state: State) -> State:
        """The stage with its loops marked."""
        entry = arguments.stage_named(self, state, self.stage)
        if not self.places:
            raise self.refusal(ArgumentError, "S150", "bind names no axis", hint=('{"i": "block.x"}',))
        loops = list(entry.loops)
        taken: dict[str, str] = {loop.kind: loop.name for loop in entry.loops if loop.kind in PLACES}
        for axis, place in self.places:
            position = arguments.loop_named(self, state, entry, axis)
            arguments.unmarked(self, state, replace(entry, loops=tuple(loops)), position, "bound")
            kind = self._place(place)
            if kind in taken:
                raise self.refusal(
                    ArgumentError,
                    "S151",
                    f"{taken[kind]} and {axis} of {entry.name} would both be {kind}",
                    loops=loop_lines(entry, mark=axis),
                    hint=("another place", f'fuse("{entry.name}", …) first, then bind the fused loop'),
                )
            taken[kind] = axis
            loops[position] = LoopMark(axis, kind)
        return state.with_stage(replace(entry, loops=tuple(loops)))

    def _place(self, place: object) -> Dimension:
        for known in PLACES:
            if isinstance(place, str) and place == known:
                return known
        kind = ArgumentError if isinstance(place, str) else ArgumentTypeError
        hint = 'bind(C, {"i": "block.x", "j": "thread.x"})'
        if isinstance(place, str) and place in ("warp", "lane"):
            hint = "split by 32: the inner loop to thread.x is the lanes of a warp, the outer one to thread.y the warps"
        raise self.refusal(
            kind,
            "S150",
            f"{shown(place)} is no place on a GPU",
            why=(f"places: {', '.join(PLACES)}",),
            hint=(hint,),
        )


def binding(state: State, entry: StageState, axis: str) -> str:
    """The step that bound a loop, as text with its line."""
    step = arguments.marked_by(state, entry, axis)
    return "" if step is None else step_text(step)
