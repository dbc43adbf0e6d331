"""What another lane of the warp has: a store of Loop IR with `lanes` in, a shuffle of CUDA C out.

All threads of a block reach it together, so the mask names every lane. A shuffle moves 32 or 64 bits; narrower values
travel as `int`. Source: CUDA C++ Programming Guide, "Warp Shuffle Functions".
"""

from __future__ import annotations

from math import prod

from tdsl.codegen.cuda import expressions, memory
from tdsl.codegen.cuda.context import Context
from tdsl.codegen.cuda.types import c_type
from tdsl.lower.ir import Lanes, Store

MASK = "0xffffffffu"
WARP = 32


def shuffle(ctx: Context, store: Store, lanes: Lanes) -> None:
    """Writes `other = __shfl_down_sync(…, own, ahead);`."""
    kind, dtype = c_type(store.value.dtype), store.value.dtype
    value = expressions.typed(ctx, store.value)
    moved = value.text if dtype.bits >= 32 else f"(int){value.within(expressions.UNARY)}"
    width = "" if lanes.width == WARP else f", {lanes.width}"
    if lanes.ahead == 0:
        text = f"__shfl_sync({MASK}, {moved}, 0{width})"
    else:
        text = f"__shfl_down_sync({MASK}, {moved}, {_ahead(ctx, lanes)}{width})"
    if dtype.bits < 32:
        text = f"({kind}){text}"
    ctx.line(f"{memory.element(ctx, store.buffer, store.index, writes=True)} = {text};")


def _ahead(ctx: Context, lanes: Lanes) -> str:
    """How far; nowhere for lanes whose source would be no thread, where the last part of the block is not whole."""
    count = prod(ctx.threads)
    if count % lanes.width == 0:
        return str(lanes.ahead)
    return f"{_number(ctx)} + {lanes.ahead} < {count} ? {lanes.ahead} : 0"


def _number(ctx: Context) -> str:
    """The number of a thread in its block, x fastest."""
    x, y, z = ctx.threads
    if y == z == 1:
        return "threadIdx.x"
    if z == 1:
        return f"threadIdx.y * {x} + threadIdx.x"
    return f"(threadIdx.z * {y} + threadIdx.y) * {x} + threadIdx.x"
