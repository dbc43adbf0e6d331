"""A branch on one bool with both arms written by the caller: register buffers meet again in phi nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tdsl.codegen.llvm.buffers import RegisterBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.control import begin_branch, end_branch, merged, otherwise


def two_arms(
    ctx: Context,
    condition: str,
    then: Callable[[], None],
    other: Callable[[], None],
    written: Sequence[str],
) -> None:
    """`if condition: then() else: other()`; `written`: the buffers that the arms may write."""
    f = ctx.f
    held = [buffer for name in written if isinstance(buffer := ctx.buffers.get(name), RegisterBuffer)]
    before = [list(buffer.chunks) for buffer in held]
    branch = begin_branch(f, condition)
    mark = ctx.mark()
    then()
    ctx.release(mark)
    first = [list(buffer.chunks) for buffer in held]
    for buffer, chunks in zip(held, before, strict=True):
        buffer.chunks = chunks
    otherwise(f, branch)
    other()
    ctx.release(mark)
    end_branch(f, branch)
    for buffer, chunks in zip(held, first, strict=True):
        pairs = zip(chunks, buffer.chunks, strict=True)
        buffer.chunks = [merged(f, branch, buffer.chunk_type, pair) for pair in pairs]
    ctx.changed(written)
