"""Reads along an index that is clamped at the ends of a row: one masked vector load and the two edge elements.

In: a buffer, an index with one `Clamped` part. Out: the vector. Lanes inside the bounds are read together; a lane below
takes the element at the low end, a lane above the one at the high end. An edge element is only read where some active
lane wants it, so nothing is touched that the program does not touch. `inside_conditions` says when no lane is clamped
at all: a caller can branch on that and read plain rows.
"""

from __future__ import annotations

from tdsl.codegen.llvm.addresses import address
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.indexing import index_binary, index_compare
from tdsl.codegen.llvm.memory import from_memory, load_one, read_masked, read_plain
from tdsl.codegen.llvm.operations import splat_value, with_lane
from tdsl.codegen.llvm.types import memory_type
from tdsl.codegen.llvm.values import Clamped, Constant, Linear, Value, is_uniform, plus, row, wrapped
from tdsl.expr.node import CompareOp


def is_clamped_row(ctx: Context, buffer: MemoryBuffer, index: list[Value]) -> bool:
    """Whether one part of the index is a clamped run of neighbours and nothing else differs from lane to lane."""
    moving = [at for at, value in enumerate(index) if not is_uniform(value)]
    if len(moving) != 1:
        return False
    value = index[moving[0]]
    return (
        isinstance(value, Clamped)
        and value.ramp.lanes == row(ctx.lanes)
        and buffer.strides[moving[0]] == (buffer.dtype.bytes, None)
    )


def load_clamped_row(ctx: Context, buffer: MemoryBuffer, index: list[Value]) -> str:
    """The elements of all lanes."""
    (part,) = (value for value in index if isinstance(value, Clamped))
    below = None if part.low is None else _flags(ctx, "lt", part.ramp, part.low)
    above = None if part.high is None else _flags(ctx, "gt", part.ramp, part.high)
    o, mask = ctx.operations(ctx.lanes), ctx.mask
    needs_mask = mask is None and (below is not None or above is not None)
    if needs_mask and buffer.dtype.bytes < ctx.capabilities.masked_bytes:
        return _lane_by_lane(ctx, buffer, index, part)
    for outside in (below, above):
        if outside is not None:
            inside = o.invert(outside)
            mask = inside if mask is None else o.binary("and", "i1", mask, inside)
    at = address(ctx, buffer, _with(index, part.ramp))
    if mask is None:
        line = read_plain(ctx, buffer, ctx.lanes, at.pointer, at.alignment)
    else:
        line = read_masked(ctx, buffer, at.pointer, at.alignment, mask)
    text = from_memory(ctx, buffer, ctx.lanes, line)
    if below is not None and part.low is not None:
        edge = part.low if part.high is None else index_binary(ctx, "min", part.low, part.high)
        assert isinstance(edge, Linear)
        text = _with_edge(ctx, buffer, index, edge, below, text)
    if above is not None and part.high is not None:
        text = _with_edge(ctx, buffer, index, part.high, above, text)
    return text


def _lane_by_lane(ctx: Context, buffer: MemoryBuffer, index: list[Value], part: Clamped) -> str:
    """The same without masks, for machines that would take a branch a lane: every clamped index names an element."""
    lanes, ctx.lanes = ctx.lanes, 0
    singles: list[str] = []
    for offset in part.ramp.lanes:
        place: Value | None = Linear(wrapped(part.ramp.constant + offset), part.ramp.terms)
        if part.low is not None:
            place = index_binary(ctx, "max", place, part.low)
        if part.high is not None and place is not None:
            place = index_binary(ctx, "min", place, part.high)
        assert isinstance(place, Linear)
        singles.append(load_one(ctx, buffer, address(ctx, buffer, _with(index, place)), None))
    ctx.lanes = lanes
    element, text = "i1" if buffer.dtype.is_bool else memory_type(buffer.dtype), "poison"
    for lane, single in enumerate(singles):
        text = with_lane(ctx.f, element, lanes, text, lane, single)
    return text


def _flags(ctx: Context, op: CompareOp, ramp: Linear, bound: Linear) -> str | None:
    """The lanes beyond a bound; None where there are none."""
    flags = index_compare(ctx, op, ramp, bound)
    assert flags is not None, "clamped indices are indices"
    if isinstance(flags, Constant) and not flags.bits:
        return None
    return ctx.text(flags, ctx.lanes)


def _with_edge(
    ctx: Context, buffer: MemoryBuffer, index: list[Value], edge: Linear, flags: str, text: str
) -> str:
    """The lanes of `flags` replaced by the element at `edge`."""
    element = "i1" if buffer.dtype.is_bool else memory_type(buffer.dtype)
    wanted = ctx.any_lane(ctx.within_mask(flags))
    one = load_one(ctx, buffer, address(ctx, buffer, _with(index, edge)), wanted)
    everywhere = splat_value(ctx.f, element, ctx.lanes, one)
    return ctx.operations(ctx.lanes).select(element, flags, everywhere, text)


def _with(index: list[Value], part: Linear) -> list[Value]:
    return [part if isinstance(value, Clamped) else value for value in index]


def inside_distances(value: Clamped) -> list[Linear]:
    """Sums that are all 0 or more exactly when no lane of a clamped ramp lies outside its bounds."""
    first = Linear(value.ramp.constant + min(value.ramp.lanes), value.ramp.terms)
    last = Linear(value.ramp.constant + max(value.ramp.lanes), value.ramp.terms)
    found: list[Linear] = []
    if value.low is not None:
        found.append(plus(first, value.low, -1))
    if value.high is not None:
        found.append(plus(value.high, last, -1))
    return found
