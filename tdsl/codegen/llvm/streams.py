"""Stores past the caches: a vector of neighbours in; a non-temporal store out where it begins at its size, else a plain one.

x86-64 has them for 16, 32 and 64 aligned bytes, and they are ordered with nothing: a fence stands at the end of every
function with one, before a thread reports that its task is done or the caller goes on (Intel SDM, volume 1, 10.4.6.2).
AArch64 has a hint (STNP) with the order of other stores.
"""

from __future__ import annotations

from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.control import begin_branch, end_branch, otherwise
from tdsl.codegen.llvm.memory import write_plain
from tdsl.codegen.llvm.types import memory_type, widened

SIZES = (16, 32, 64)
"""Bytes that one store can stream; more are several."""


def write_streamed(ctx: Context, buffer: MemoryBuffer, text: str, pointer: str, alignment: int) -> None:
    """Neighbours, past the caches where their address allows it."""
    size = ctx.lanes * buffer.dtype.bytes
    unit = next((one for one in reversed(SIZES) if size % one == 0), 0)
    if not unit:
        write_plain(ctx, buffer, ctx.lanes, text, pointer, alignment)
        return
    type_ = widened(memory_type(buffer.dtype), ctx.lanes)
    template = f"store {type_} %s, ptr %s, align {unit}, !nontemporal !{{i32 1}}"
    ctx.streams = True
    if alignment % unit == 0:
        ctx.f.effect(template, text, pointer)
        return
    f = ctx.f
    away = f.pure("i64", "and i64 %s, %s", f.pure("i64", "ptrtoint ptr %s to i64", pointer), str(unit - 1))
    branch = begin_branch(f, f.pure("i1", "icmp eq i64 %s, 0", away))
    f.effect(template, text, pointer)
    otherwise(f, branch)
    write_plain(ctx, buffer, ctx.lanes, text, pointer, alignment)
    end_branch(f, branch)


def seen_by_all(ctx: Context) -> None:
    """At the end of a function: what it streamed comes before what it stores next."""
    if ctx.streams and ctx.capabilities.architecture == "x86_64":
        ctx.module.declarations["declare void @llvm.x86.sse.sfence()"] = None
        ctx.f.effect("call void @llvm.x86.sse.sfence()")
