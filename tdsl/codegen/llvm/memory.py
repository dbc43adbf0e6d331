"""Single accesses to memory: a pointer in, a load or store out, with its alignment stated and its place chosen.

Every load goes through here, so that none can leave out its alignment, and equal loads of unchanged memory are one.
"""

from __future__ import annotations

from tdsl.codegen.llvm.addresses import Address
from tdsl.codegen.llvm.buffers import MemoryBuffer, RegisterBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.types import memory_type, suffix, widened
from tdsl.errors import InternalError

DUMMY = "@tdsl_dummy"
DUMMY_TEXT = f"{DUMMY} = private unnamed_addr constant [64 x i8] zeroinitializer, align 64\n"
"""What a scalar load reads under a mask without active lanes."""


SPAN_LOADS = 4
"""Lanes up to this many vectors apart are loaded whole and shuffled (research/codegen.md: two loads beat a gather)."""


def buffer_named(ctx: Context, name: str) -> MemoryBuffer | RegisterBuffer:
    """The buffer of a name."""
    if name not in ctx.buffers:
        raise InternalError(f"there is no buffer {name} here", pass_name="codegen.llvm.loads")
    return ctx.buffers[name]


def load_one(ctx: Context, buffer: MemoryBuffer, at: Address, guard: str | None) -> str:
    """One element; where `guard` (a bool) is given and false, memory is left alone and the result is unused."""
    pointer = at.pointer
    if guard is not None:
        ctx.module.texts[DUMMY] = DUMMY_TEXT
        pointer = ctx.f.pure("ptr", "select i1 %s, ptr %s, ptr %s", guard, pointer, DUMMY)
    return from_memory(ctx, buffer, 0, read_plain(ctx, buffer, 0, pointer, at.alignment))


def from_memory(ctx: Context, buffer: MemoryBuffer, lanes: int, text: str) -> str:
    """A value as it lies in memory, as expressions use it: bools become `i1`."""
    if not buffer.dtype.is_bool:
        return text
    o = ctx.operations(lanes)
    return o.compare("ne", "i8", text, o.integer(0, 8))


def outermost(ctx: Context, buffer: MemoryBuffer) -> int:
    """The depth a load may move out to: past loops that do not write the buffer, into which it is sure to come."""
    depth = ctx.f.depth
    while ctx.f.scopes[depth].kind == "loop" and buffer.name not in ctx.loop_stores.get(depth, ()):
        depth -= 1
    return depth


def read_plain(ctx: Context, buffer: MemoryBuffer, lanes: int, pointer: str, alignment: int) -> str:
    """A load of one element or of `lanes` neighbours."""
    type_ = widened(memory_type(buffer.dtype), lanes)
    template = f"load {type_}, ptr %s, align {alignment}"
    return ctx.f.load(type_, template, ctx.versions.get(buffer.name, 0), outermost(ctx, buffer), pointer)


def read_masked(
    ctx: Context, buffer: MemoryBuffer, pointer: str, alignment: int, mask: str, lanes: int = 0
) -> str:
    """A load of neighbours for the lanes of a mask, 0 for the others; `lanes`: of them, the loop's where 0."""
    element, lanes = memory_type(buffer.dtype), lanes or ctx.lanes
    type_, flags = widened(element, lanes), widened("i1", lanes)
    name = f"llvm.masked.load.{suffix(element, lanes)}.p0"
    ctx.module.declarations[f"declare {type_} @{name}(ptr, {flags}, {type_})"] = None
    template = f"call {type_} @{name}(ptr align {alignment} %s, {flags} %s, {type_} zeroinitializer)"
    version = ctx.versions.get(buffer.name, 0)
    return ctx.f.load(type_, template, version, outermost(ctx, buffer), pointer, mask)


def write_plain(
    ctx: Context, buffer: MemoryBuffer, lanes: int, text: str, pointer: str, alignment: int
) -> None:
    """A store of one element or of `lanes` neighbours."""
    type_ = widened(memory_type(buffer.dtype), lanes)
    ctx.f.effect(f"store {type_} %s, ptr %s, align {alignment}", text, pointer)


def write_masked(
    ctx: Context, buffer: MemoryBuffer, text: str, pointer: str, alignment: int, mask: str
) -> None:
    """A store of neighbours for the lanes of a mask."""
    element, lanes = memory_type(buffer.dtype), ctx.lanes
    type_, flags = widened(element, lanes), widened("i1", lanes)
    name = f"llvm.masked.store.{suffix(element, lanes)}.p0"
    ctx.module.declarations[f"declare void @{name}({type_}, ptr, {flags})"] = None
    template = f"call void @{name}({type_} %s, ptr align {alignment} %s, {flags} %s)"
    ctx.f.effect(template, text, pointer, mask)


def to_memory(ctx: Context, buffer: MemoryBuffer, lanes: int, text: str) -> str:
    """A value as it lies in memory: bools become bytes 0 and 1."""
    return ctx.operations(lanes).convert("zext", "i1", "i8", text) if buffer.dtype.is_bool else text
