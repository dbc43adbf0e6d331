"""Stores that read, change and write one element at once: a store and the values of its index in, atomic code out.

Whole numbers that are added or combined bit by bit are one `atomicrmw`. Anything else is tried again until nobody came
between the read and the write: the element read is what the expression sees, with the arithmetic it always has, and
`cmpxchg` writes the result if the element's bits are still the same. No order is asked of other memory: results are
read after the loop, and its end orders them. Only what is aligned by its own size can be changed at once, so where
arrays may lie anywhere (`general` bodies) such loops run on one thread.
"""

from __future__ import annotations

from dataclasses import replace

from tdsl.codegen.llvm.addresses import Address, address
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.function import Line
from tdsl.codegen.llvm.memory import buffer_named, from_memory, to_memory
from tdsl.codegen.llvm.reads import parts
from tdsl.codegen.llvm.types import memory_type
from tdsl.codegen.llvm.values import Value
from tdsl.dtypes import DType
from tdsl.errors import InternalError
from tdsl.expr.node import Binary, Load, Node, Var
from tdsl.expr.rewrite import substitute, walk
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

_WHOLE = {"add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor"}
"""Operations of whole numbers that the machine does at once, whatever the sign."""


def store_atomically(ctx: Context, statement: Store, index: list[Value]) -> None:
    """`buffer[index] = f(buffer[index])`, at once."""
    buffer = buffer_named(ctx, statement.buffer)
    if not isinstance(buffer, MemoryBuffer) or ctx.lanes:
        raise InternalError(
            f"{statement.buffer} is changed at once by lanes or in registers", pass_name="codegen.llvm"
        )
    element = Load(statement.buffer, buffer.dtype, statement.index)
    at = address(ctx, buffer, index)
    operation, term = _operation(statement.value, element)
    if operation is not None and term is not None:
        text = ctx.scalar(evaluate(ctx, term))
        ctx.f.value(
            memory_type(buffer.dtype),
            f"atomicrmw {operation} ptr %s, {memory_type(buffer.dtype)} %s monotonic, align {at.alignment}",
            at.pointer, text,
        )  # fmt: skip
    else:
        _until_unchanged(ctx, buffer, at, statement.value, element)
    ctx.changed((statement.buffer,))


def _operation(value: Node, element: Load) -> tuple[str | None, Node | None]:
    """The machine's operation and its operand; None where there is none."""
    if not isinstance(value, Binary) or not value.dtype.is_integer:
        return None, None
    name = _WHOLE.get(value.op)
    if value.op in ("min", "max"):
        name = value.op if value.dtype.is_signed else f"u{value.op}"
    turned = value.rhs is element and value.op != "sub"
    term = value.rhs if value.lhs is element else value.lhs if turned else None
    if name is None or term is None or any(node is element for node in walk(term)):
        return None, None
    return name, term


def _until_unchanged(ctx: Context, buffer: MemoryBuffer, at: Address, value: Node, element: Load) -> None:
    f, number = ctx.f, ctx.module.number()
    memory = memory_type(buffer.dtype)
    bits = f"i{8 * buffer.dtype.bytes}"
    name = f"before.{number}"
    changed = substitute(value, {element: Var(name, buffer.dtype, "local")})
    start = f.value(bits, f"load atomic {bits}, ptr %s monotonic, align {at.alignment}", at.pointer)
    entering = f.block
    f.open("loop")
    f.jump(f"again{number}")
    f.label(f"again{number}")
    head: Line = [""]
    f.scopes[-1].lines.append(head)
    old = f.fresh("o")
    f.define(old, bits, f.depth)
    ctx.bind(name, _as_value(ctx, buffer, old, bits, memory))
    new = to_memory(ctx, buffer, 0, ctx.scalar(evaluate(ctx, changed)))
    del ctx.variables[name]
    if memory != bits:
        new = f.pure(bits, f"bitcast {memory} %s to {bits}", new)
    template = f"cmpxchg ptr %s, {bits} %s, {bits} %s monotonic monotonic, align {at.alignment}"
    pair = f.value(f"{{ {bits}, i1 }}", template, at.pointer, old, new)
    seen = f.value(bits, f"extractvalue {{ {bits}, i1 }} %s, 0", pair)
    done = f.value("i1", f"extractvalue {{ {bits}, i1 }} %s, 1", pair)
    latch = f.block
    f.jump_if(done, f"done{number}", f"again{number}")
    head[0] = f"  {old} = phi {bits} [ {start}, %{entering} ], [ {seen}, %{latch} ]"
    f.count(start, seen)
    f.close()
    f.label(f"done{number}")


def _as_value(ctx: Context, buffer: MemoryBuffer, text: str, bits: str, memory: str) -> Value:
    if memory != bits:
        text = ctx.f.pure(memory, f"bitcast {bits} %s to {memory}", text)
    dtype: DType = buffer.dtype
    return ctx.result(dtype, 0, from_memory(ctx, buffer, 0, text))


def on_one_thread(statement: Statement) -> Statement:
    """The statement with loops in order where their iterations would change elements at once."""
    match statement:
        case Store():
            return replace(statement, atomic=False) if statement.atomic else statement
        case Prefetch():
            return statement
        case Block(inside):
            return replace(statement, statements=tuple(map(on_one_thread, inside)))
        case If(_, then, other):
            otherwise = None if other is None else on_one_thread(other)
            return replace(statement, then=on_one_thread(then), otherwise=otherwise)
        case For(kind="parallel") if any(isinstance(one, Store) and one.atomic for one in parts(statement)):
            return replace(statement, kind="serial", body=on_one_thread(statement.body))
        case For() | Let() | Allocate():
            return replace(statement, body=on_one_thread(statement.body))
        case Barrier():
            return statement
