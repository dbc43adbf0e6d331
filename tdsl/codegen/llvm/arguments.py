"""What a kernel is called with: its arguments and sizes in; reads in the entry, and what a body sees of them, out.

The entry reads every pointer, size, scalar and stride at its start; what no body uses is left out again. A body knows
arrays by pointers that do not alias (outputs overlap nothing, inputs are only read) and by the strides of its layout.
An input that a call may pass as an output, too, makes no such promise, nor does that output; LLVM then moves no read of
one across a write of the other. The emitter itself moves reads of inputs only to earlier places, which gives the values
that are meant: those before the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tdsl.codegen.abi import ArgumentSpec, KernelAbi
from tdsl.codegen.llvm.allocations import extents_of, row_major
from tdsl.codegen.llvm.buffers import Buffer, MemoryBuffer
from tdsl.codegen.llvm.context import INT64, LARGEST_SIZE, Context
from tdsl.codegen.llvm.function import Function
from tdsl.codegen.llvm.types import memory_type
from tdsl.codegen.llvm.values import Linear, Scalar, Value
from tdsl.expr.node import Binary, Compare, CompareOp, Const, Node, Var
from tdsl.lower.ir import ArrayArgument, Kernel, ScalarArgument

Layout = Literal["contiguous", "rows", "strided"]
"""contiguous: strides follow from extents, elements aligned; rows: the last stride is the element; strided: any."""

_SWAPPED: dict[CompareOp, CompareOp] = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """Names of the entry's values. rows: the last stride and the element's bytes of every array with dimensions."""

    environment: str
    sizes: dict[str, Value]
    params: dict[str, Value]
    pointers: dict[str, str]
    strides: dict[str, tuple[str, ...]]
    rows: tuple[tuple[str, int], ...]


def kernel_abi(kernel: Kernel) -> KernelAbi:
    """How a kernel is called."""
    return KernelAbi(kernel.sizes, tuple(_specification(argument) for argument in kernel.arguments))


def _specification(argument: ArrayArgument | ScalarArgument) -> ArgumentSpec:
    if isinstance(argument, ScalarArgument):
        return ArgumentSpec(argument.name, "scalar", argument.dtype.name, 0, "input")
    return ArgumentSpec(argument.name, "array", argument.dtype.name, len(argument.extents), argument.role)


def take_arguments(entry: Function, kernel: Kernel, shared: frozenset[str]) -> Arguments:
    """Read the arrays of the call. shared: those that may be one array with another."""
    abi = kernel_abi(kernel)
    data, integers, environment = (entry.parameter("ptr", name) for name in ("data", "sizes", "env"))
    sizes: dict[str, Value] = {}
    for name in kernel.sizes:
        text = _slot(entry, "i64", integers, abi.size_index(name))
        entry.module.spans[text] = (0, LARGEST_SIZE)
        sizes[name] = Linear(0, ((text, 1),))
    for condition in kernel.assumptions:
        _assume(entry, sizes, condition)
    params: dict[str, Value] = {}
    pointers: dict[str, str] = {}
    strides: dict[str, tuple[str, ...]] = {}
    rows: list[tuple[str, int]] = []
    for argument in kernel.arguments:
        pointer = _slot(entry, "ptr", data, abi.data_index(argument.name))
        if isinstance(argument, ScalarArgument):
            params[argument.name] = _scalar(entry, argument, pointer)
            continue
        promises = () if argument.name in shared else ("noalias",)
        promises += ("readonly",) if argument.role == "input" else ()
        entry.module.pointers[pointer] = " ".join(promises)
        pointers[argument.name] = pointer
        places = (abi.stride_index(argument.name, at) for at in range(len(argument.extents)))
        strides[argument.name] = tuple(_slot(entry, "i64", integers, at) for at in places)
        if argument.extents:
            rows.append((strides[argument.name][-1], argument.dtype.bytes))
    return Arguments(environment, sizes, params, pointers, strides, tuple(rows))


def buffers(ctx: Context, kernel: Kernel, arguments: Arguments, layout: Layout) -> dict[str, Buffer]:
    """The arrays as a body of a layout sees them."""
    found: dict[str, Buffer] = {}
    for argument in kernel.arguments:
        if isinstance(argument, ScalarArgument):
            continue
        name, unit = argument.name, argument.dtype.bytes
        given: list[tuple[int, str | None]] = [(1, stride) for stride in arguments.strides[name]]
        extents = extents_of(ctx, argument.extents)
        if layout == "contiguous":
            given = row_major(ctx, extents, unit)[1:]
        elif layout == "rows" and given:
            given[-1] = (unit, None)
        align = unit if layout == "contiguous" else 1
        pointer, readonly = arguments.pointers[name], argument.role == "input"
        found[name] = MemoryBuffer(
            name, argument.dtype, pointer, tuple(given), tuple(extents), align, align, readonly
        )
    return found


def _slot(entry: Function, type_: str, start: str, at: int) -> str:
    """One entry of an array of the call."""
    place = entry.pure("ptr", "getelementptr i8, ptr %s, i64 %s", start, str(8 * at)) if at else start
    return entry.load(type_, f"load {type_}, ptr %s, align 8", 0, 0, place)


def _scalar(entry: Function, argument: ScalarArgument, pointer: str) -> Value:
    type_ = memory_type(argument.dtype)
    text = entry.load(type_, f"load {type_}, ptr %s, align {argument.dtype.bytes}", 0, 0, pointer)
    if argument.dtype.is_bool:
        text = entry.pure("i1", "icmp ne i8 %s, 0", text)
    return Linear(0, ((text, 1),)) if argument.dtype is INT64 else Scalar(text, argument.dtype)


def _assume(entry: Function, sizes: dict[str, Value], condition: Node) -> None:
    """Take least values of sizes out of a condition that the caller has checked."""
    if isinstance(condition, Binary) and condition.op == "and":
        _assume(entry, sizes, condition.lhs)
        _assume(entry, sizes, condition.rhs)
    if not isinstance(condition, Compare):
        return
    lhs, rhs, op = condition.lhs, condition.rhs, condition.op
    if isinstance(lhs, Const):
        lhs, rhs, op = rhs, lhs, _SWAPPED.get(op, op)
    if not (isinstance(lhs, Var) and lhs.kind == "size" and isinstance(rhs, Const)):
        return
    size = sizes.get(lhs.name)
    if op in ("ge", "gt", "eq") and isinstance(size, Linear):
        least = int(rhs.value) + (op == "gt")
        for name, _ in size.terms:
            low, high = entry.module.spans[name]
            entry.module.spans[name] = (max(low, least), high)
