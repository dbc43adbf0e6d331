"""Where blocks of rows begin best: a loop and its block in, the number of single iterations before them out."""

from __future__ import annotations

from tdsl.codegen.llvm.addresses import address
from tdsl.codegen.llvm.blocked import BlockedLoop
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.reads import parts
from tdsl.codegen.llvm.values import Linear
from tdsl.expr.node import Load
from tdsl.lower.ir import For

LINE_BYTES = 64
"""Of a cache line, on every CPU of these architectures but Apple's (128)."""

LONG_ROW = 512
"""Iterations from which up to 15 single ones in front are worth aligned rows."""


def before_aligned(ctx: Context, loop: For, block: BlockedLoop, lower: Linear, count: Linear) -> Linear:
    """Iterations until rows that lie alike in their cache lines are aligned; 0 where rows are short or lie otherwise.

    A block of rows that straddle lines reads each line twice; where rows are a multiple of 4 KiB apart, it is gone from
    the first cache by then (measured on Zen 4, 1024 float32 a row: 25 GB/s, and 50 GB/s from aligned rows).
    """
    node = next(iter(block.reads))
    span = ctx.span(count)
    if span is None or span[1] < LONG_ROW or any(ctx.reads.loads(part) for part in node.index):
        return Linear(0)
    f, o, unit = ctx.f, ctx.operations(0), node.dtype.bytes
    first, second = (_address_of_lane(ctx, loop, node, lower, lane) for lane in (0, 1))
    inside = f.pure(
        "i64", "and i64 %s, %s", f.pure("i64", "xor i64 %s, %s", first, second), str(LINE_BYTES - 1)
    )
    alike = o.compare("eq", "i64", inside, "0")
    long = o.compare("sge", "i64", ctx.scalar(count), str(LONG_ROW))
    away = f.pure("i64", "and i64 %s, %s", f.pure("i64", "sub i64 0, %s", first), str(LINE_BYTES - 1))
    elements = f.pure("i64", "lshr i64 %s, %s", away, str(unit.bit_length() - 1))
    head = o.select("i64", o.binary("and", "i1", alike, long), elements, "0")
    ctx.note_span(head, (0, LINE_BYTES // unit))
    return Linear(0, ((head, 1),))


def _address_of_lane(ctx: Context, loop: For, node: Load, lower: Linear, lane: int) -> str:
    """Where one lane reads in the first iteration, as a number."""
    buffer, outer = ctx.buffers[node.buffer], dict(ctx.variables)
    assert isinstance(buffer, MemoryBuffer)
    ctx.bind(loop.var, lower)
    for part in parts(loop.body):
        if isinstance(part, For):
            ctx.bind(part.var, Linear(lane if part.kind == "vector" else 0))
    at = address(ctx, buffer, [evaluate(ctx, index) for index in node.index])
    ctx.variables = {}
    for name, value in outer.items():
        ctx.bind(name, value)
    return ctx.f.pure("i64", "ptrtoint ptr %s to i64", at.pointer)
