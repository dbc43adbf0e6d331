"""Reading buffers: a name and the values of an index in, the value of the elements out.

The same element for all lanes is one scalar load; neighbours are one vector load; lanes that lie close together (every
second element, reversed, each twice) are a few vector loads over just the span they touch, and shuffles; the rest is
gathered. Under a mask nothing is read for lanes that are off, unless it surely lies in the buffer and nobody sees its
value: masked loads, and for one common element an address that is replaced by a dummy when no lane is on.
"""

from __future__ import annotations

from tdsl.codegen.llvm.addresses import Address, address, all_pointers, lane_pointers, moved, pattern
from tdsl.codegen.llvm.buffers import MemoryBuffer, RegisterBuffer
from tdsl.codegen.llvm.clamped import is_clamped_row, load_clamped_row
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.memory import (
    SPAN_LOADS,
    buffer_named,
    from_memory,
    load_one,
    outermost,
    read_masked,
    read_plain,
)  # fmt: skip
from tdsl.codegen.llvm.operations import shuffled, with_lane
from tdsl.codegen.llvm.registers import read_register
from tdsl.codegen.llvm.types import memory_type, suffix, widened
from tdsl.codegen.llvm.values import Linear, Value, plus, row


def load(ctx: Context, name: str, index: list[Value]) -> Value:
    """The elements `name[index]` of all lanes."""
    buffer = buffer_named(ctx, name)
    if isinstance(buffer, RegisterBuffer):
        return read_register(ctx, buffer, index)
    if is_clamped_row(ctx, buffer, index):
        return ctx.result(buffer.dtype, ctx.lanes, load_clamped_row(ctx, buffer, index))
    at = address(ctx, buffer, index)
    outer = ctx.mask
    if outer is not None and _is_inside(ctx, buffer, index):
        ctx.mask = None
    if at.is_uniform:
        guard = None if ctx.mask is None else ctx.any_lane(ctx.mask)
        value = ctx.result(buffer.dtype, 0, load_one(ctx, buffer, at, guard))
    else:
        value = ctx.result(buffer.dtype, ctx.lanes, _load_lanes(ctx, buffer, at))
    ctx.mask = outer
    return value


def _is_inside(ctx: Context, buffer: MemoryBuffer, index: list[Value]) -> bool:
    """Whether all lanes, on or off, surely name elements of the buffer."""
    for value, extent in zip(index, buffer.extents, strict=True):
        span = ctx.span(value) if isinstance(value, Linear) else None
        room = ctx.span(plus(extent, value, -1)) if isinstance(value, Linear) else None
        if span is None or room is None or span[0] < 0 or room[0] < 1:
            return False
    return True


def _load_lanes(ctx: Context, buffer: MemoryBuffer, at: Address) -> str:
    unit, lanes = buffer.dtype.bytes, ctx.lanes
    steps = pattern(at, unit)
    if steps == row(lanes):
        if ctx.mask is None:
            text = read_plain(ctx, buffer, lanes, at.pointer, at.alignment)
        else:
            text = read_masked(ctx, buffer, at.pointer, at.alignment, ctx.mask)
    elif steps == row(lanes, -1):
        text = _reversed(ctx, buffer, at)
    elif steps is not None and max(steps) - min(steps) < SPAN_LOADS * lanes and _spans(ctx, buffer, steps):
        text = _span(ctx, buffer, at, steps)
    else:
        text = _gather(ctx, buffer, at)
    return from_memory(ctx, buffer, lanes, text)


def _reversed(ctx: Context, buffer: MemoryBuffer, at: Address) -> str:
    lanes, element = ctx.lanes, memory_type(buffer.dtype)
    backwards = tuple(range(lanes - 1, -1, -1))
    first = moved(ctx, at.pointer, -(lanes - 1) * buffer.dtype.bytes)
    if ctx.mask is None:
        line = read_plain(ctx, buffer, lanes, first, buffer.alignment)
    else:
        mask = shuffled(ctx.f, "i1", lanes, ctx.mask, "poison", backwards)
        line = read_masked(ctx, buffer, first, buffer.alignment, mask)
    return shuffled(ctx.f, element, lanes, line, "poison", backwards)


def _spans(ctx: Context, buffer: MemoryBuffer, steps: tuple[int, ...]) -> bool:
    """Whether a span may be read under the mask: the mask of its elements is made of that of the lanes, one for one."""
    if ctx.mask is None:
        return True
    distinct = len(set(steps)) == len(steps)
    return (
        distinct and ctx.capabilities.mask_registers and buffer.dtype.bytes >= ctx.capabilities.masked_bytes
    )


def _piece(ctx: Context, buffer: MemoryBuffer, pointer: str, width: int, inside: list[int]) -> str:
    """`width` neighbours, those that lanes read; `inside`: where each lane's element is, which may be outside of them."""
    if ctx.mask is None:
        return read_plain(ctx, buffer, width, pointer, buffer.alignment)
    readers = {place: lane for lane, place in enumerate(inside)}
    picks = [readers.get(place, ctx.lanes) for place in range(width)]
    mask = shuffled(ctx.f, "i1", ctx.lanes, ctx.mask, "zeroinitializer", picks)
    return read_masked(ctx, buffer, pointer, buffer.alignment, mask, width)


def _span(ctx: Context, buffer: MemoryBuffer, at: Address, steps: tuple[int, ...]) -> str:
    """Vector loads that cover the touched elements and no others, then the lanes picked out of them."""
    lanes, element, unit = ctx.lanes, memory_type(buffer.dtype), buffer.dtype.bytes
    low, span = min(steps), max(steps) - min(steps) + 1
    width = min(lanes, 1 << (span.bit_length() - 1))
    starts = [*range(0, span - width + 1, width)]
    if starts[-1] + width < span:
        starts.append(span - width)
    result: str | None = None
    for start in starts:
        pointer = moved(ctx, at.pointer, (low + start) * unit)
        inside = [step - low - start for step in steps]
        piece = _piece(ctx, buffer, pointer, width, inside)
        if width < lanes:  # both operands of a shuffle are of one width
            picks = tuple(place if 0 <= place < width else 0 for place in inside)
            spread = shuffled(ctx.f, element, width, piece, "poison", picks)
        else:
            spread = piece
        if result is None and width < lanes:
            result = spread
        elif result is None:
            result = shuffled(
                ctx.f, element, lanes, spread, "poison", [p if 0 <= p < width else 0 for p in inside]
            )
        else:
            picks = tuple(
                lanes + (place if width == lanes else lane) if 0 <= place < width else lane
                for lane, place in enumerate(inside)
            )
            result = shuffled(ctx.f, element, lanes, result, spread, picks)
    assert result is not None
    return result


def _gather(ctx: Context, buffer: MemoryBuffer, at: Address) -> str:
    element, lanes = memory_type(buffer.dtype), ctx.lanes
    type_, flags = widened(element, lanes), widened("i1", lanes)
    by_machine = ctx.capabilities.gather and buffer.dtype.bytes >= 4
    if ctx.mask is None and not by_machine:
        result = "poison"
        for lane, pointer in enumerate(lane_pointers(ctx, at)):
            one = read_plain(ctx, buffer, 0, pointer, buffer.alignment)
            result = with_lane(ctx.f, element, lanes, result, lane, one)
        return result
    name = f"llvm.masked.gather.{suffix(element, lanes)}.v{lanes}p0"
    ctx.module.declarations[f"declare {type_} @{name}(<{lanes} x ptr>, {flags}, {type_})"] = None
    template = f"call {type_} @{name}(<{lanes} x ptr> align {buffer.alignment} %s, {flags} %s, {type_} zeroinitializer)"
    mask = ctx.mask or "splat (i1 true)"
    version = ctx.versions.get(buffer.name, 0)
    return ctx.f.load(type_, template, version, outermost(ctx, buffer), all_pointers(ctx, at), mask)
