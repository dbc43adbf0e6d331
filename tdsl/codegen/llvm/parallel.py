"""Parallel loops: the body becomes a task of its own, and the environment runs it once an iteration.

In: a loop and the writer of its body. Out: in this function, a record of what the body uses and one call of
`parallel_for`, or of a plain loop where there is little work (work.py); beside it two functions: `task(record, index)`
takes the record apart and calls the body with what was in it as parameters, because parameters can promise that
pointers do not alias, and values read from memory cannot.
"""

from __future__ import annotations

from tdsl.codegen.abi import ENV_FLAGS, ENV_PARALLEL_FOR, ENV_POOL_CTX, FLAG_ALWAYS_PARALLEL
from tdsl.codegen.llvm.allocations import environment_field, failure
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.function import Function
from tdsl.codegen.llvm.loops import Write, bound, with_variable
from tdsl.codegen.llvm.reads import stored
from tdsl.codegen.llvm.streams import seen_by_all
from tdsl.codegen.llvm.types import symbol_text
from tdsl.codegen.llvm.values import Linear, plus
from tdsl.codegen.llvm.work import is_little, work_of
from tdsl.lower.ir import For

_HERE = """define internal void @tdsl.here(ptr %pool, ptr %task, ptr %record, i64 %count) nounwind {
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %each, label %done
each:
  %index = phi i64 [ 0, %entry ], [ %next, %each ]
  call void %task(ptr %record, i64 %index)
  %next = add i64 %index, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %each, label %done
done:
  ret void
}
"""
"""All iterations on the calling thread, one after the other."""

SLOT_BYTES = 8
"""Every captured value is a pointer, a number or a bool."""


def parallel(ctx: Context, loop: For, write: Write) -> None:
    """Iterations on any threads."""
    lower, upper = bound(ctx, loop.lower), bound(ctx, loop.upper)
    count = plus(upper, lower, -1)
    if count.is_constant and count.constant <= 1:
        if count.constant == 1:
            with_variable(ctx, loop.var, lower, write, loop.body)
        return
    f, module = ctx.f, ctx.module
    flag = ctx.failure or f.first("ptr", "alloca i32, align 4")
    number = module.number()
    name = f"{f.name}.task{number}"
    body = Function(module, f"{name}.body", "void", f.attributes, parent=f)
    inner = _context_of_task(ctx, body, flag)
    index = body.parameter("i64", f"index{number}")
    span = ctx.span(count)
    ctx.note_span(index, None if span is None else (0, max(span[1] - 1, 0)))
    with_variable(inner, loop.var, plus(lower, Linear(0, ((index, 1),))), write, loop.body)
    seen_by_all(inner)
    body.scopes[0].lines.append(["  ret void"])
    record = _record(f, body)
    module.texts[name] = _task(name, body)
    if inner.can_fail and ctx.failure is None:
        f.effect("store i32 0, ptr %s, align 4", flag)
    pool, run = (environment_field(ctx, at) for at in (ENV_POOL_CTX, ENV_PARALLEL_FOR))
    times = ctx.scalar(count)
    if span is None or span[0] < 0:
        times = ctx.operations(0).intrinsic("llvm.smax", "i64", times, "0")
    run = _here_or_there(ctx, loop, lower, count, run)
    f.effect(f"call void %s(ptr %s, ptr {symbol_text(name)}, ptr %s, i64 %s)", run, pool, record, times)
    ctx.changed(stored(loop.body))
    if inner.can_fail:
        _leave_if_failed(ctx, flag)


def _here_or_there(ctx: Context, loop: For, lower: Linear, count: Linear, run: str) -> str:
    """What runs the iterations: the pool's function, or one that runs them here where they are little work."""
    work = work_of(ctx, loop, lower, count)
    little = False if work is None else is_little(ctx, work)
    if little is False:
        return run
    name = "tdsl.here"
    ctx.module.texts[name] = _HERE
    f = ctx.f
    place = f.pure("ptr", "getelementptr i8, ptr %s, i64 %s", ctx.environment, str(ENV_FLAGS))
    flags = f.load("i32", "load i32, ptr %s, align 4", 0, 0, place)
    free = f.pure(
        "i1", "icmp eq i32 %s, 0", f.pure("i32", "and i32 %s, %s", flags, str(FLAG_ALWAYS_PARALLEL))
    )
    here = free if little is True else f.pure("i1", "and i1 %s, %s", little, free)
    return f.pure("ptr", f"select i1 %s, ptr {symbol_text(name)}, ptr %s", here, run)


def _context_of_task(ctx: Context, body: Function, flag: str) -> Context:
    """What the task's body sees: everything around it but register buffers, which belong to one thread's function."""
    inner = Context(body, ctx.capabilities)
    inner.reads, inner.environment, inner.failure = ctx.reads, ctx.environment, flag
    inner.sizes, inner.params = ctx.sizes, ctx.params
    for name, value in ctx.variables.items():
        inner.bind(name, value)
    inner.buffers = {name: buffer for name, buffer in ctx.buffers.items() if isinstance(buffer, MemoryBuffer)}
    return inner


def _record(f: Function, body: Function) -> str:
    """The captured values, stored one after the other on the stack."""
    captured = body.parameters[1:]
    place = f.first("ptr", f"alloca [{max(len(captured), 1)} x i64], align {SLOT_BYTES}")
    for at, parameter in enumerate(captured):
        slot = f.pure("ptr", "getelementptr i8, ptr %s, i64 %s", place, str(at * SLOT_BYTES)) if at else place
        f.effect(f"store {f.type_of(parameter.outer)} %s, ptr %s, align {SLOT_BYTES}", parameter.outer, slot)
    return place


def _task(name: str, body: Function) -> str:
    """The function that the pool calls."""
    lines = [f"define internal void {symbol_text(name)}(ptr %record, i64 %index) {body.attributes} {{"]
    arguments = ["i64 %index"]
    for at, parameter in enumerate(body.parameters[1:]):
        type_ = parameter.type.split()[0]
        lines.append(f"  %slot{at} = getelementptr i8, ptr %record, i64 {at * SLOT_BYTES}")
        lines.append(f"  %value{at} = load {type_}, ptr %slot{at}, align {SLOT_BYTES}")
        arguments.append(f"{type_} %value{at}")
    lines.append(f"  call void {symbol_text(body.name)}({', '.join(arguments)})")
    return "\n".join([*lines, "  ret void", "}", ""])


def _leave_if_failed(ctx: Context, flag: str) -> None:
    f, number = ctx.f, ctx.module.number()
    raised = f.value("i32", "load atomic i32, ptr %s monotonic, align 4", flag)
    failed = f.value("i1", "icmp ne i32 %s, 0", raised)
    f.jump_if(failed, failure(ctx), f"done{number}")
    f.label(f"done{number}")
