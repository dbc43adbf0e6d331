"""Writing buffers: a name, the values of an index and of the elements in; stores out, each with its alignment.

Neighbours are one vector store, a reversed row a shuffle and one, other lanes one store each in the order of lanes (the
last one wins where two meet). Under a mask only active lanes are written. Elements between the lanes are never touched.
"""

from __future__ import annotations

from tdsl.codegen.llvm.addresses import Address, address, all_pointers, lane_pointers, moved, pattern
from tdsl.codegen.llvm.buffers import MemoryBuffer, RegisterBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.control import begin_branch, end_branch, otherwise
from tdsl.codegen.llvm.memory import buffer_named, to_memory, write_masked, write_plain
from tdsl.codegen.llvm.operations import lane_of, shuffled
from tdsl.codegen.llvm.registers import write_register
from tdsl.codegen.llvm.streams import write_streamed
from tdsl.codegen.llvm.types import memory_type, suffix, widened
from tdsl.codegen.llvm.values import Value, is_uniform, row


def store(ctx: Context, name: str, index: list[Value], value: Value, *, stream: bool = False) -> None:
    """`name[index] = value` for all active lanes; stream: whole vectors go past the caches."""
    buffer = buffer_named(ctx, name)
    if isinstance(buffer, RegisterBuffer):
        write_register(ctx, buffer, index, value)
        ctx.changed((name,))
        return
    at = address(ctx, buffer, index)
    if at.is_uniform and is_uniform(value):
        _store_one(ctx, buffer, at, to_memory(ctx, buffer, 0, ctx.scalar(value)))
    else:
        _store_lanes(ctx, buffer, at, to_memory(ctx, buffer, ctx.lanes, ctx.text(value, ctx.lanes)), stream)
    ctx.changed((name,))


def prefetch(ctx: Context, name: str, index: list[Value]) -> None:
    """Ask for the cache line of one element: for reading, to be kept, data."""
    buffer = buffer_named(ctx, name)
    assert isinstance(buffer, MemoryBuffer), f"{name} is in registers"
    ctx.module.declarations["declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"] = None
    pointer = address(ctx, buffer, index).pointer
    ctx.f.effect("call void @llvm.prefetch.p0(ptr %s, i32 0, i32 3, i32 1)", pointer)


def _store_one(ctx: Context, buffer: MemoryBuffer, at: Address, text: str) -> None:
    """One element for all lanes: written where any lane is active."""
    if ctx.mask is None:
        write_plain(ctx, buffer, 0, text, at.pointer, at.alignment)
        return
    branch = begin_branch(ctx.f, ctx.any_lane(ctx.mask))
    write_plain(ctx, buffer, 0, text, at.pointer, at.alignment)
    otherwise(ctx.f, branch)
    end_branch(ctx.f, branch)


def _store_lanes(ctx: Context, buffer: MemoryBuffer, at: Address, text: str, stream: bool) -> None:
    lanes = ctx.lanes
    steps = pattern(at, buffer.dtype.bytes)
    neighbours = row(lanes)
    mask = ctx.mask
    pointer, alignment = at.pointer, at.alignment
    if steps == row(lanes, -1):
        backwards = neighbours[::-1]
        pointer = moved(ctx, pointer, -(lanes - 1) * buffer.dtype.bytes)
        alignment, steps = buffer.alignment, neighbours
        text = shuffled(ctx.f, memory_type(buffer.dtype), lanes, text, "poison", backwards)
        mask = mask and shuffled(ctx.f, "i1", lanes, mask, "poison", backwards)
    if steps == neighbours and mask is None and stream:
        write_streamed(ctx, buffer, text, pointer, alignment)
    elif steps == neighbours and mask is None:
        write_plain(ctx, buffer, lanes, text, pointer, alignment)
    elif steps == neighbours and mask is not None:
        write_masked(ctx, buffer, text, pointer, alignment, mask)
    elif mask is None:
        _store_each(ctx, buffer, at, text)
    else:
        _scatter(ctx, buffer, at, text, mask)


def _store_each(ctx: Context, buffer: MemoryBuffer, at: Address, text: str) -> None:
    element = memory_type(buffer.dtype)
    for lane, pointer in enumerate(lane_pointers(ctx, at)):
        one = lane_of(ctx.f, element, ctx.lanes, text, lane)
        write_plain(ctx, buffer, 0, one, pointer, buffer.alignment)


def _scatter(ctx: Context, buffer: MemoryBuffer, at: Address, text: str, mask: str) -> None:
    element, lanes = memory_type(buffer.dtype), ctx.lanes
    type_, flags = widened(element, lanes), widened("i1", lanes)
    name = f"llvm.masked.scatter.{suffix(element, lanes)}.v{lanes}p0"
    ctx.module.declarations[f"declare void @{name}({type_}, <{lanes} x ptr>, {flags})"] = None
    template = f"call void @{name}({type_} %s, <{lanes} x ptr> align {buffer.alignment} %s, {flags} %s)"
    ctx.f.effect(template, text, all_pointers(ctx, at), mask)
