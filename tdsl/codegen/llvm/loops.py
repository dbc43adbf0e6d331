"""Serial, unrolled and vector loops: a loop and the writer of its body in, the written loop out.

A serial loop carries the register buffers that its body writes through phi nodes; a short one is written out, and an
accumulator in memory is held in registers while it runs (accumulators.py). An unrolled body is written once an
iteration with the variable a constant. A vector body is written once with the variable an index that moves by one a
lane; a vector loop inside another multiplies the lanes, the inner ones being neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

from tdsl.codegen.llvm.accumulators import hold_accumulators
from tdsl.codegen.llvm.aligned_rows import before_aligned
from tdsl.codegen.llvm.blocked import blocked_loop
from tdsl.codegen.llvm.branches import two_arms
from tdsl.codegen.llvm.buffers import MemoryBuffer, RegisterBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.control import begin_loop, end_loop
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.indexing import index_binary
from tdsl.codegen.llvm.operations import shuffled
from tdsl.codegen.llvm.partial import one_by_one
from tdsl.codegen.llvm.reads import stored, weight
from tdsl.codegen.llvm.types import element_type
from tdsl.codegen.llvm.values import Clamped, Linear, Value, Vector, is_uniform, moving_index, plus, repeated
from tdsl.errors import InternalError, LimitError
from tdsl.expr.node import Node
from tdsl.lower.ir import For, Statement

SMALL_LOOP = 16
"""Stores up to which a serial loop of constant length is written out: its own counting would cost as much."""

Write = Callable[[Context, Statement], None]

MAXIMUM_OPERATIONS = 300_000
"""Operations of one kernel: LLVM takes about a minute for so many."""


def bound(ctx: Context, node: Node) -> Linear:
    """A loop bound."""
    value = evaluate(ctx, node)
    assert isinstance(value, Linear), f"a loop bound differs from lane to lane: {value}"
    return value


def with_variable(ctx: Context, var: str, value: Value, write: Write, body: Statement) -> None:
    """Write a body with a variable bound."""
    ctx.bind(var, value)
    write(ctx, body)
    del ctx.variables[var]


def serial(ctx: Context, loop: For, write: Write) -> None:
    """One iteration after the other."""
    lower, upper = bound(ctx, loop.lower), bound(ctx, loop.upper)
    count = plus(upper, lower, -1)
    if count.is_constant and count.constant <= 1:
        if count.constant == 1:
            with_variable(ctx, loop.var, lower, write, loop.body)
        return
    memory = {name: None for name, buffer in ctx.buffers.items() if isinstance(buffer, MemoryBuffer)}
    held = hold_accumulators(loop, memory)
    if held is not None:
        _where_it_runs(ctx, loop, (lower, upper), lambda: write(ctx, held))
    elif _in_blocks(ctx, loop, (lower, upper), write):
        return
    elif count.is_constant and 0 < count.constant * weight(loop.body) <= SMALL_LOOP:
        for step in range(count.constant):
            with_variable(ctx, loop.var, plus(lower, Linear(step)), write, loop.body)
    else:
        _loop(ctx, loop, (lower, upper), write)


def _where_it_runs(ctx: Context, loop: For, bounds: tuple[Linear, Linear], body: Callable[[], None]) -> None:
    """Write what holds a loop, under the condition that the loop runs at all; its own guard is then left out."""

    def inside() -> None:
        outer, ctx.certain = ctx.certain, loop.var
        body()
        ctx.certain = outer

    lower, upper = bounds
    span = ctx.span(plus(upper, lower, -1))
    if span is not None and span[0] >= 1:
        inside()
        return
    runs = ctx.f.pure("i1", "icmp slt i64 %s, %s", ctx.scalar(lower), ctx.scalar(upper))
    two_arms(ctx, runs, inside, lambda: None, stored(loop.body))


def _loop(ctx: Context, loop: For, bounds: tuple[Linear, Linear], write: Write) -> None:
    """A loop in the written code."""

    def body(variable: Linear) -> None:
        with_variable(ctx, loop.var, variable, write, loop.body)

    _counted(ctx, loop, bounds, body, certain=ctx.certain == loop.var)


def _in_blocks(ctx: Context, loop: For, bounds: tuple[Linear, Linear], write: Write) -> bool:
    """Several iterations at a time, where that is worth it: single ones until rows are aligned, blocks, the rest."""
    lower, upper = bounds
    count, block = plus(upper, lower, -1), blocked_loop(ctx, loop)
    if block is None or not ctx.is_index(count) or (count.is_constant and count.constant < block.size):
        return False
    head = before_aligned(ctx, loop, block, lower, count)
    start = plus(lower, head)
    whole = index_binary(ctx, "floordiv", plus(count, head, -1), Linear(block.size))
    assert isinstance(whole, Linear), "a difference of indices is one"
    whole = index_binary(ctx, "max", whole, Linear(0))
    assert isinstance(whole, Linear)
    end = plus(start, whole, block.size)

    def one(value: Linear) -> None:
        with_variable(ctx, loop.var, value, write, loop.body)

    def several(number: Linear) -> None:
        outer, ctx.block = ctx.block, block
        block.depth = ctx.f.depth
        first = plus(start, number, block.size)
        for step in range(block.size):
            block.step = step
            one(plus(first, Linear(step)))
        ctx.block = outer

    for section, body in (((lower, start), one), ((Linear(0), whole), several), ((end, upper), one)):
        if section[0] != section[1]:
            _counted(ctx, loop, section, body, certain=False)
    return True


def _counted(
    ctx: Context, loop: For, bounds: tuple[Linear, Linear], body: Callable[[Linear], None], *, certain: bool
) -> None:
    """A loop in the written code, with the register buffers it changes in phi nodes; `certain`: it surely runs."""
    lower, upper = bounds
    count = plus(upper, lower, -1)
    f, written, mark = ctx.f, stored(loop.body), ctx.mark()
    held = [buffer for name in written if isinstance(buffer := ctx.buffers.get(name), RegisterBuffer)]
    carried = [(buffer.chunk_type, chunk) for buffer in held for chunk in buffer.chunks]
    span = ctx.span(count)
    guarded = (span is None or span[0] < 1) and not certain
    opened = begin_loop(f, ctx.scalar(lower), ctx.scalar(upper), carried, guarded=guarded)
    ctx.note_span(opened.variable, _span_of_variable(ctx, lower, upper))
    _distribute(held, opened.carried)
    ctx.changed(written)
    depth = f.depth
    ctx.loop_stores[depth] = dict.fromkeys(written)
    body(Linear(0, ((opened.variable, 1),)))
    del ctx.loop_stores[depth]
    ctx.release(mark)
    _distribute(held, end_loop(f, opened, [chunk for buffer in held for chunk in buffer.chunks]))
    ctx.changed(written)


def _span_of_variable(ctx: Context, lower: Linear, upper: Linear) -> tuple[int, int] | None:
    """From the least lower bound to below the greatest upper one."""
    low, high = ctx.span(lower), ctx.span(upper)
    return None if low is None or high is None else (low[0], max(low[0], high[1] - 1))


def _distribute(held: list[RegisterBuffer], chunks: list[str]) -> None:
    """Give the buffers their chunks back, in order."""
    at = 0
    for buffer in held:
        count = len(buffer.chunks)
        buffer.chunks = chunks[at : at + count]
        at += count


def _constant_range(ctx: Context, loop: For) -> range:
    lower, upper = bound(ctx, loop.lower), bound(ctx, loop.upper)
    if not (lower.is_constant and upper.is_constant):
        raise InternalError(
            f"the bounds of the {loop.kind} loop {loop.var} are not constant", pass_name="codegen.llvm.loops"
        )
    return range(lower.constant, max(lower.constant, upper.constant))


def unroll(ctx: Context, loop: For, write: Write) -> None:
    """The body once an iteration."""
    for value in _constant_range(ctx, loop):
        if ctx.module.counter > MAXIMUM_OPERATIONS:
            raise LimitError(
                "L122",
                f"the kernel grows beyond {MAXIMUM_OPERATIONS} operations in the unrolled loop {loop.var}",
                hint=("unroll fewer or shorter loops",),
            )
        with_variable(ctx, loop.var, Linear(value), write, loop.body)


def vector(ctx: Context, loop: For, write: Write) -> None:
    """The body once, for all lanes."""
    values = _constant_range(ctx, loop)
    if len(values) <= 1:
        for value in values:
            with_variable(ctx, loop.var, Linear(value), write, loop.body)
        return
    if not ctx.lanes and (apart := one_by_one(ctx, loop)) is not None:
        write(ctx, apart)
    elif not ctx.lanes:
        ctx.lanes = len(values)
        with_variable(ctx, loop.var, moving_index(values.start, len(values), 1), write, loop.body)
        ctx.lanes = 0
    else:
        _vector_inside(ctx, loop, values, write)


def _vector_inside(ctx: Context, loop: For, values: range, write: Write) -> None:
    """The lanes of a vector loop in another one: as many times as many."""
    width, outer = len(values), ctx.lanes
    lanes, mask, variables = ctx.lanes, ctx.mask, dict(ctx.variables)
    for name, value in variables.items():
        ctx.bind(name, _widened(ctx, value, width))
    ctx.mask = None if mask is None else _repeat(ctx, "i1", mask, width)
    ctx.lanes = outer * width
    with_variable(ctx, loop.var, moving_index(values.start, width, outer), write, loop.body)
    ctx.lanes, ctx.mask = lanes, mask
    for name, value in variables.items():
        ctx.bind(name, value)


def _widened(ctx: Context, value: Value, times_each: int) -> Value:
    """A value of the outer vector loop in the inner one."""
    if is_uniform(value):
        return value
    match value:
        case Linear():
            return repeated(value, times_each)
        case Clamped(ramp, low, high):
            return Clamped(repeated(ramp, times_each), low, high)
        case Vector(text, dtype):
            return Vector(_repeat(ctx, element_type(dtype), text, times_each), dtype)
        case _:
            raise AssertionError(value)


def _repeat(ctx: Context, element: str, text: str, times_each: int) -> str:
    lanes = ctx.lanes
    return shuffled(
        ctx.f, element, lanes, text, "poison", [lane for lane in range(lanes) for _ in range(times_each)]
    )
