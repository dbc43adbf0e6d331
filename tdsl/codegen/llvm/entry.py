"""A kernel in, the text of its LLVM module out: the entry that callers know, the body, and what the body needs.

The entry takes pointers, sizes and strides out of the call's arrays (codegen/abi.py), puts the floating environment
right and calls the body, whose parameters say what may not alias. Two modules a kernel: `contiguous` computes strides
from extents and trusts in aligned elements; `general` takes byte strides from the caller and any address.
"""

from __future__ import annotations

from typing import Literal

from tdsl.codegen.abi import ArgumentSpec, KernelAbi
from tdsl.codegen.float_environment import FLOAT_ENTER, FLOAT_LEAVE, float_environment
from tdsl.codegen.llvm.allocations import extents_of, row_major
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.capabilities import capabilities
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.function import Function, Module
from tdsl.codegen.llvm.statements import write
from tdsl.codegen.llvm.types import memory_type, symbol_text
from tdsl.codegen.llvm.values import Linear
from tdsl.expr.node import Binary, Compare, Const, Node, Var
from tdsl.lower.ir import ArrayArgument, Kernel, ScalarArgument
from tdsl.target import Target

Body = Literal["contiguous", "general"]

_FLOAT_WORDS = (" float ", " double ", "x float>", "x double>")
"""What the text of every float operation contains: kernels without one leave the floating environment alone."""


def kernel_abi(kernel: Kernel) -> KernelAbi:
    """How a kernel is called."""
    return KernelAbi(
        kernel.sizes,
        tuple(
            ArgumentSpec(argument.name, "scalar", argument.dtype.name, 0, "input")
            if isinstance(argument, ScalarArgument)
            else ArgumentSpec(
                argument.name, "array", argument.dtype.name, len(argument.extents), argument.role
            )
            for argument in kernel.arguments
        ),
    )


def symbol(kernel: Kernel, body: Body = "contiguous") -> str:
    """The name under which a body is found in its object."""
    return kernel.name if body == "contiguous" else f"{kernel.name}_general"


def emit(kernel: Kernel, target: Target, body: Body = "contiguous") -> str:
    """The LLVM IR of one body of a kernel.

    Args:
        kernel: verified Loop IR.
        target: the CPU; decides vector width, FMA and how masks are written, never what is computed.
        body: "contiguous": every array row-major without gaps, elements aligned; "general": any byte strides.

    Returns:
        A module that defines the symbol `symbol(kernel, body)` with the signature of codegen/abi.py. The same kernel,
        target and body give the same text.

    Errors: G121 a dtype without arithmetic here; G122 no code for the architecture; L121, L122, L123 too many
    registers, operations or stack bytes; I999 Loop IR that breaks its own rules.
    """
    machine = capabilities(target)
    module = Module()
    attributes = f'nounwind "prefer-vector-width"="{machine.vector_bits}"'
    name = symbol(kernel, body)
    outer = Function(module, name, "i32", attributes)
    inner = Function(module, f"{name}.body", "i32", attributes, parent=outer)
    ctx = Context(inner, machine)
    _take_arguments(ctx, outer, kernel, body)
    write(ctx, kernel.body)
    inner.scopes[0].lines.append(["  ret i32 0"])
    bodies = [function.text() for function in module.functions if function is not outer]
    floats = any(
        " float " in text or " double " in text or "x float>" in text or "x double>" in text
        for text in bodies
    )
    _call_body(outer, inner, floats=floats)
    if floats:
        module.texts[FLOAT_ENTER] = float_environment(machine.architecture)
    heading = f"; {symbol(kernel, body)}: {body} body, ABI version {kernel_abi(kernel).format}\n"
    declarations = "\n".join(sorted(module.declarations)) + "\n"
    return "\n".join((heading, declarations, *module.texts.values(), outer.text(linkage=""), *bodies))


def _take_arguments(ctx: Context, outer: Function, kernel: Kernel, body: Body) -> None:
    """Read the call's arrays in the entry; the body takes over what it uses."""
    abi = kernel_abi(kernel)
    data, sizes, environment = (outer.parameter("ptr", name) for name in ("data", "sizes", "env"))
    ctx.environment = environment
    for size in kernel.sizes:
        value = _slot(outer, "i64", sizes, abi.size_index(size))
        ctx.note_index(value, 0)
        ctx.sizes[size] = Linear(0, ((value, 1),))
    for condition in kernel.assumptions:
        _assume(ctx, condition)
    for argument in kernel.arguments:
        pointer = _slot(outer, "ptr", data, abi.data_index(argument.name))
        if isinstance(argument, ScalarArgument):
            type_ = memory_type(argument.dtype)
            text = outer.load(type_, f"load {type_}, ptr %s, align {argument.dtype.bytes}", 0, 0, pointer)
            if argument.dtype.is_bool:
                text = outer.pure("i1", "icmp ne i8 %s, 0", text)
            ctx.params[argument.name] = ctx.result(argument.dtype, 0, text)
            continue
        ctx.module.pointers[pointer] = "noalias readonly" if argument.role == "input" else "noalias"
        strides = tuple(
            (1, _slot(outer, "i64", sizes, abi.stride_index(argument.name, at)))
            for at in range(len(argument.extents))
        )
        ctx.buffers[argument.name] = _array(ctx, argument, pointer, body, strides)


def _array(
    ctx: Context, argument: ArrayArgument, pointer: str, body: Body, strides: tuple[tuple[int, str], ...]
) -> MemoryBuffer:
    unit = argument.dtype.bytes
    readonly = argument.role == "input"
    if body == "general":
        return MemoryBuffer(argument.name, argument.dtype, pointer, strides, 1, 1, readonly)
    steps = tuple(row_major(ctx, extents_of(ctx, argument.extents), unit)[1:])
    return MemoryBuffer(argument.name, argument.dtype, pointer, steps, unit, unit, readonly)


def _slot(outer: Function, type_: str, start: str, at: int) -> str:
    place = outer.pure("ptr", "getelementptr i8, ptr %s, i64 %s", start, str(8 * at)) if at else start
    return outer.load(type_, f"load {type_}, ptr %s, align 8", 0, 0, place)


def _assume(ctx: Context, condition: Node) -> None:
    """Take least values of sizes out of a condition that the caller has checked."""
    if isinstance(condition, Binary) and condition.op == "and":
        _assume(ctx, condition.lhs)
        _assume(ctx, condition.rhs)
    if not isinstance(condition, Compare):
        return
    lhs, rhs, op = condition.lhs, condition.rhs, condition.op
    if isinstance(lhs, Const):
        lhs, rhs, op = rhs, lhs, {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}.get(op, op)
    if not (isinstance(lhs, Var) and lhs.kind == "size" and isinstance(rhs, Const)):
        return
    size = ctx.sizes.get(lhs.name)
    if op in ("ge", "gt", "eq") and isinstance(size, Linear) and size.terms:
        ctx.note_index(size.terms[0][0], int(rhs.value) + (op == "gt"))


def _call_body(outer: Function, inner: Function, *, floats: bool) -> None:
    saved = outer.value("i64", f"call i64 @{FLOAT_ENTER}()") if floats else ""
    arguments = [parameter.outer for parameter in inner.parameters]
    types = [parameter.type.split()[0] for parameter in inner.parameters]
    template = ", ".join(f"{type_} %s" for type_ in types)
    status = outer.value("i32", f"call i32 {symbol_text(inner.name)}({template})", *arguments)
    if floats:
        outer.effect(f"call void @{FLOAT_LEAVE}(i64 %s)", saved)
    outer.effect("ret i32 %s", status)
