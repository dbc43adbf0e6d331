"""Scratch buffers: an Allocate and the writer of its body in; blocks from the arena, stack memory or values out.

A heap block comes from the environment's allocator and goes back at the end of its body. Where the allocator has none
left, the function gives back what it holds and leaves: the kernel with status 1, a task after raising the shared flag.
"""

from __future__ import annotations

from tdsl.codegen.abi import CACHE_LINE_BYTES, ENV_ALLOCATE, ENV_ARENA_CTX, ENV_RELEASE, Status
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.loops import Write
from tdsl.codegen.llvm.registers import register_buffer
from tdsl.codegen.llvm.values import Linear
from tdsl.errors import InternalError, LimitError
from tdsl.expr.node import Node
from tdsl.lower.ir import Allocate

MAXIMUM_STACK_BYTES = 64 * 1024
"""Of one function: semantics P11."""

SMALL_BYTES = 4 * 1024
"""A heap block of constant size up to this lies on the stack: the arena would be asked in every iteration around it."""

SMALL_STACK_BYTES = 16 * 1024
"""What such blocks may take of one function's stack."""


def extents_of(ctx: Context, extents: tuple[Node, ...]) -> list[Linear]:
    """The values of a buffer's extents."""
    values: list[Linear] = []
    for node in extents:
        value = evaluate(ctx, node)
        assert isinstance(value, Linear) and not value.lanes, f"an extent differs from lane to lane: {value}"
        values.append(value)
    return values


def row_major(ctx: Context, extents: list[Linear], unit: int) -> list[tuple[int, str | None]]:
    """The bytes of the whole and a step of each dimension, outermost first: `len(extents) + 1` products."""
    factor: int = unit
    name: str | None = None
    found: list[tuple[int, str | None]] = [(factor, name)]
    for extent in reversed(extents):
        if extent.is_constant:
            factor *= extent.constant
        else:
            if extent.constant == 0 and len(extent.terms) == 1:
                text, coefficient = extent.terms[0]
                factor *= coefficient
            else:
                text = ctx.scalar(extent)
            name = text if name is None else ctx.f.pure("i64", "mul i64 %s, %s", name, text)
        found.append((factor, name))
    return found[::-1]


def _enter(ctx: Context, allocate: Allocate, pointer: str, extents: list[Linear], write: Write) -> None:
    """Write the body with the buffer in sight."""
    strides = tuple(row_major(ctx, extents, allocate.dtype.bytes)[1:])
    ctx.module.pointers[pointer] = "noalias"
    outer = ctx.buffers
    ctx.buffers = {
        **outer,
        allocate.buffer: MemoryBuffer(
            allocate.buffer,
            allocate.dtype,
            pointer,
            strides,
            tuple(extents),
            allocate.dtype.bytes,
            CACHE_LINE_BYTES,
            False,
        ),
    }
    ctx.changed((allocate.buffer,))
    write(ctx, allocate.body)
    ctx.buffers = outer


def registers(ctx: Context, allocate: Allocate, write: Write) -> None:
    """A buffer of values."""
    outer = ctx.buffers
    buffer = register_buffer(ctx, allocate, _constants(ctx, allocate))
    ctx.buffers = {**outer, allocate.buffer: buffer}
    ctx.changed((allocate.buffer,))
    write(ctx, allocate.body)
    ctx.buffers = outer


def _constants(ctx: Context, allocate: Allocate) -> tuple[int, ...]:
    extents = extents_of(ctx, allocate.extents)
    if not all(extent.is_constant for extent in extents):
        raise InternalError(
            f"the extents of {allocate.buffer} in scope {allocate.scope} are not constant",
            pass_name="codegen.llvm.allocations",
        )
    return tuple(extent.constant for extent in extents)


def stack(ctx: Context, allocate: Allocate, write: Write) -> None:
    """Memory of the function itself, in its first block so that a loop around it does not add more."""
    extents = _constants(ctx, allocate)
    bytes_ = _bytes(allocate, extents)
    ctx.stack_bytes += bytes_
    if ctx.stack_bytes > MAXIMUM_STACK_BYTES:
        raise LimitError(
            "L123",
            f"{allocate.buffer} makes {ctx.stack_bytes} bytes of stack, more than {MAXIMUM_STACK_BYTES}",
            hint=('scope "heap"', "a smaller tile"),
        )
    _on_stack(ctx, allocate, extents, write)


def _on_stack(ctx: Context, allocate: Allocate, extents: tuple[int, ...], write: Write) -> None:
    pointer = ctx.f.first("ptr", f"alloca [{_bytes(allocate, extents)} x i8], align {CACHE_LINE_BYTES}")
    _enter(ctx, allocate, pointer, [Linear(extent) for extent in extents], write)


def _bytes(allocate: Allocate, extents: tuple[int, ...]) -> int:
    return max(allocate.padding + _product(extents), 1) * allocate.dtype.bytes


def _product(extents: tuple[int, ...]) -> int:
    product = 1
    for extent in extents:
        product *= extent
    return product


def heap(ctx: Context, allocate: Allocate, write: Write) -> None:
    """A block from the arena; a small one of constant size from the stack."""
    f, number = ctx.f, ctx.module.number()
    extents = extents_of(ctx, allocate.extents)
    if (known := _small(ctx, allocate, extents)) is not None:
        ctx.small_stack_bytes += _bytes(allocate, known)
        _on_stack(ctx, allocate, known, write)
        return
    size, wraps = _checked_bytes(ctx, extents, allocate.dtype.bytes, allocate.padding * allocate.dtype.bytes)
    if wraps is not None:
        f.jump_if(wraps, failure(ctx), f"fits{number}")
        f.label(f"fits{number}")
    function, arena = (environment_field(ctx, at) for at in (ENV_ALLOCATE, ENV_ARENA_CTX))
    block = f.value("ptr", "call noalias ptr %s(ptr %s, i64 %s)", function, arena, size)
    none = f.value("i1", "icmp eq ptr %s, null", block)
    f.jump_if(none, failure(ctx), f"got{number}")
    f.label(f"got{number}")
    release = environment_field(
        ctx, ENV_RELEASE
    )  # here, so that it is known wherever the block is given back
    ctx.blocks.append((release, arena, block))
    _enter(ctx, allocate, block, extents, write)
    ctx.blocks.pop()
    f.effect("call void %s(ptr %s, ptr %s)", release, arena, block)


def _small(ctx: Context, allocate: Allocate, extents: list[Linear]) -> tuple[int, ...] | None:
    """The extents of a block that goes on the stack; None where it does not."""
    if not all(extent.is_constant and extent.constant >= 0 for extent in extents):
        return None
    known = tuple(extent.constant for extent in extents)
    bytes_ = _bytes(allocate, known)
    fits = bytes_ <= SMALL_BYTES and ctx.small_stack_bytes + bytes_ <= SMALL_STACK_BYTES
    return known if fits else None


def _checked_bytes(ctx: Context, extents: list[Linear], unit: int, padding: int) -> tuple[str, str | None]:
    """The bytes of a block and the bool that their number does not fit; None where it surely does."""
    factor = unit
    unknown = [extent for extent in extents if not extent.is_constant]
    for extent in extents:
        factor *= extent.constant if extent.is_constant else 1
    if not unknown:
        return str(factor + padding), None
    f = ctx.f
    f.module.declarations["declare { i64, i1 } @llvm.umul.with.overflow.i64(i64, i64)"] = None
    size, wraps = str(factor), "false"
    for extent in unknown:
        template = "call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %s, i64 %s)"
        # Below 0 where the loops inside do not run, such as n - 1 at n = 0.
        count = ctx.operations(0).intrinsic("llvm.smax", "i64", ctx.scalar(extent), "0")
        pair = f.pure("{ i64, i1 }", template, size, count)
        size = f.pure("i64", "extractvalue { i64, i1 } %s, 0", pair)
        flag = f.pure("i1", "extractvalue { i64, i1 } %s, 1", pair)
        wraps = flag if wraps == "false" else f.pure("i1", "or i1 %s, %s", wraps, flag)
    if padding:
        size = f.pure("i64", "add i64 %s, %s", size, str(padding))
    negative = f.pure("i1", "icmp slt i64 %s, 0", size)
    return size, f.pure("i1", "or i1 %s, %s", wraps, negative)


def environment_field(ctx: Context, offset: int) -> str:
    """A pointer out of the environment, read at the start of the function."""
    f = ctx.f
    place = f.pure("ptr", "getelementptr i8, ptr %s, i64 %s", ctx.environment, str(offset))
    return f.load("ptr", "load ptr, ptr %s, align 8", 0, 0, place)


def failure(ctx: Context) -> str:
    """The block that gives back what the function holds here and leaves it."""
    ctx.can_fail = True
    return _leaving(ctx, len(ctx.blocks))


def _leaving(ctx: Context, held: int) -> str:
    """The block that gives back the first `held` heap blocks, the last one first: each goes on to the one before it."""
    key = tuple(ctx.blocks[:held])
    if key in ctx.leaving:
        return ctx.leaving[key]
    onward = f"br label %{_leaving(ctx, held - 1)}" if held else ""
    label = ctx.leaving[key] = f"fail{ctx.module.number()}"
    if held:
        operands = list(key[-1])
        release, arena, block = operands
        lines = [f"  call void {release}(ptr {arena}, ptr {block})", f"  {onward}"]
    elif ctx.failure is None:
        operands, lines = [], [f"  ret i32 {int(Status.OUT_OF_MEMORY)}"]
    else:
        operands = [ctx.f.local(ctx.failure)]
        lines = [f"  store atomic i32 1, ptr {operands[0]} monotonic, align 4", "  ret void"]
    ctx.f.at_end([f"{label}:", *lines], operands)
    return label
