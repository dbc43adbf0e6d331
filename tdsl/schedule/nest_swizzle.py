"""Where the cells of a swizzled row lie: a stage's rows and the banks in, the permutation out; a subscript in, its cell out.

Shared memory has 32 banks of 4 bytes: 128 bytes are one line. A line's cells change places by exclusive or with the
number of the line, so that a column of as many lines as there are cells lies in as many places (CUTLASS's permuted
layouts). One to one within each line, so nothing has to be proved.
"""

from __future__ import annotations

from tdsl.errors import LimitError
from tdsl.expr.build import add, binary, floordiv, mod, mul
from tdsl.expr.node import Const, Node, index_const
from tdsl.expr.tensor import Tensor
from tdsl.schedule.nest import Storage, Swizzle
from tdsl.schedule.state import StageState, State, StorageScope
from tdsl.schedule.step_lines import said_at

LINE_BYTES = 128
"""All banks: 32 of 4 bytes (CUDA C++ Programming Guide, "Shared Memory")."""


def swizzled(
    state: State, entry: StageState, tensor: Tensor, scope: StorageScope, extents: tuple[Node, ...]
) -> Swizzle | None:
    """The permutation of a stage's rows, None where none was asked for. Errors: L140 nothing to permute."""
    if entry.swizzle is None:
        return None
    if scope != "shared":
        raise _refused(
            state, entry, f"it is in scope {scope}, and banks are of shared memory", 'scope "shared"'
        )
    last = extents[-1]
    assert isinstance(last, Const)  # shared storage has constant extents
    row, vector = int(last.value), entry.swizzle
    most = max(LINE_BYTES // (vector * tensor.dtype.bytes), 1)
    phases = 1
    while phases < most and row % (2 * phases * vector) == 0:
        phases *= 2
    if phases == 1 or len(extents) < 2:
        why = f"a row has {row} elements, and they are no even number of cells of {vector}"
        dim = entry.dims[-1] if entry.dims else ""
        raise _refused(state, entry, why, f'align("{entry.name}", "{dim}", {most * vector})')
    return Swizzle(vector, phases, max(LINE_BYTES // (row * tensor.dtype.bytes), 1))


def permuted(storage: Storage, index: tuple[Node, ...]) -> tuple[Node, ...]:
    """Subscripts in a buffer, the last one moved to where its cell lies."""
    how = storage.swizzle
    if how is None:
        return index
    line: Node = index_const(0)
    for part, extent in zip(index[:-1], storage.extents, strict=False):
        line = add(mul(line, extent), part)
    phase = mod(floordiv(line, index_const(how.rows)), index_const(how.phases))
    width = index_const(how.vector)
    cell = binary("xor", floordiv(index[-1], width), phase)
    return (*index[:-1], add(mul(cell, width), mod(index[-1], width)))


def _refused(state: State, entry: StageState, why: str, hint: str) -> LimitError:
    return LimitError(
        "L140",
        f"{entry.name} cannot be swizzled",
        where=said_at(state, entry.name, "swizzle"),
        why=[why],
        hint=[hint],
    )
