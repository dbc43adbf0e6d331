"""`swizzle`: cells of shared storage permuted so that columns lie in different banks; a stage and a width in, the state out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.knob import Knob
from tdsl.schedule.state import State

WIDEST = 16
"""Elements that stay side by side: 16 bytes, the widest access of a GPU, of one-byte elements."""


@dataclass(frozen=True, slots=True)
class Swizzle(Directive):
    """Permutes the cells within each row of a shared array: cell ``c`` of row ``r`` lies at ``c ^ r``, counted modulo a line.

    Rows stay rows, so accesses along them cost what they did; neighbouring rows have the same column in different
    banks. Cells are `vector` elements, which stay side by side. Where a row is shorter than the 128 bytes of all banks,
    r counts lines of 128 bytes. No memory is added, other than by padding with `align`.

    Args:
        vector: elements that accesses along a row move at once, a power of two; 1 where columns are walked element by
            element.

    Rewrite:
        >>> import tdsl as td
        >>> A = td.placeholder("A", (64, 64)); C = td.compute("C", (64, 64), lambda i, j: A[j, i])
        >>> s = td.schedule(C).cache_read(A, C, name="As", scope="shared").swizzle("As"); s.steps[-1].label
        'swizzle("As")'

    Legal when: always: it is one to one. That the storage is a block's and that a power of two of cells divides its rows
        is judged by `build` (L140).
    Errors: S102 S103 stage; S108 S109 vector; S156 a width that no access has, or no rows.
    Source: CUTLASS's permuted layouts (CuTe's `Swizzle`); CUDA C++ Programming Guide, "Shared Memory".
    """

    primitive: ClassVar[str] = "swizzle"
    positional: ClassVar[tuple[str, ...]] = ("stage",)

    stage: str
    vector: int | Knob = 1

    def apply(self, state: State) -> State:
        """The stage with its cells permuted."""
        entry = arguments.stage_named(self, state, self.stage)
        vector = arguments.positive(self, "vector", self.vector)
        width = max(tensor.dtype.bytes for tensor in entry.stage.tensors)
        why, hint = "", ""
        if vector & (vector - 1) or vector * width > WIDEST:
            why = f"no access of a thread has {shown(vector)} elements of {width} bytes"
            hint = f"vector={WIDEST // width}"
        elif len(entry.dims) < 2 and entry.layout is None:
            why, hint = (
                "it has no rows: one dimension lies in all banks already",
                "a layout of two dimensions",
            )
        if why:
            raise self.refusal(
                PlacementError, "S156", f"{entry.name} cannot be swizzled", why=(why,), hint=(hint,)
            )
        return state.with_stage(replace(entry, swizzle=vector))
