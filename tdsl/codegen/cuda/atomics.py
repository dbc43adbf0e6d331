"""Stores that read, change and write an element at once: one in, CUDA's atomic functions out.

Sums of 32 and 64 bits, and whole numbers' extremes and bit operations, are single instructions; anything else tries
again until nobody came between (CUDA C++ Programming Guide, "Atomic Functions"). A fused product stays fused: its sum
is then such a loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.codegen.cuda import expressions, memory
from tdsl.codegen.cuda.types import c_type
from tdsl.errors import TargetError
from tdsl.expr.node import Binary, Load, Node
from tdsl.lower.ir import Store

if TYPE_CHECKING:
    from tdsl.codegen.cuda.context import Context

_SUMS = ("int32", "uint32", "int64", "uint64", "float32", "float64")
_WHOLE = ("int32", "uint32", "int64", "uint64")
_FUNCTIONS = {
    "add": "atomicAdd", "min": "atomicMin", "max": "atomicMax", "and": "atomicAnd", "or": "atomicOr", "xor": "atomicXor",
}  # fmt: skip


def atomic(ctx: Context, store: Store) -> None:
    """Writes the store."""
    dtype = store.value.dtype
    element = memory.element(ctx, store.buffer, store.index, writes=True)
    current = Load(store.buffer, dtype, store.index)
    other = _other(store.value, current)
    if other is not None and isinstance(store.value, Binary):
        op = store.value.op
        if op in _FUNCTIONS and dtype.name in (_SUMS if op == "add" else _WHOLE):
            _at_once(ctx, _FUNCTIONS[op], element, dtype.name, expressions.value(ctx, other), op)
            return
    _until_alone(ctx, store, current, element)


def _other(value: Node, current: Load) -> Node | None:
    """What is combined with the element as it is."""
    if not isinstance(value, Binary):
        return None
    if value.lhs is current:
        return value.rhs
    return value.lhs if value.rhs is current and value.op != "sub" else None


def _at_once(ctx: Context, function: str, element: str, dtype: str, value: str, op: str) -> None:
    if dtype == "int64" and op == "add":  # sums wrap, whatever the sign
        ctx.line(f"atomicAdd((unsigned long long*)&{element}, (unsigned long long)({value}));")
        return
    ctx.line(f"{function}(&{element}, {value});")


def _until_alone(ctx: Context, store: Store, current: Load, element: str) -> None:
    """Compare and swap. Errors: G140 elements of one byte, of which there is none."""
    dtype = store.value.dtype
    word = {16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}.get(dtype.bits)
    if word is None:
        raise TargetError(
            "G140",
            f"there is no atomic change of {dtype} elements on a GPU",
            hint=["a stage of int32, cast afterwards"],
        )
    kind = c_type(dtype)
    there, back = _patterns(dtype.name, word)
    with ctx.block(""):
        place, seen, before, now = (ctx.fresh(name) for name in ("place", "seen", "before", "now"))
        ctx.line(f"{word}* const {place} = ({word}*)&{element};")
        ctx.line(f"{word} {seen} = atomicCAS({place}, ({word})0, ({word})0);")
        ctx.line(f"{word} {before};")
        ctx.line("do {")
        ctx.depth += 1
        ctx.line(f"{before} = {seen};")
        ctx.line(f"const {kind} {now} = {there.format(before)};")
        ctx.texts[current] = now
        ctx.line(
            f"{seen} = atomicCAS({place}, {before}, {back.format(expressions.value(ctx, store.value))});"
        )
        ctx.depth -= 1
        ctx.line(f"}} while ({seen} != {before});")


def _patterns(dtype: str, word: str) -> tuple[str, str]:
    """From a word to a value and back."""
    if dtype == "float32":
        return "__int_as_float((int){})", "(unsigned int)__float_as_int({})"
    if dtype == "float64":
        return "__longlong_as_double((long long){})", "(unsigned long long)__double_as_longlong({})"
    return "{}", f"({word})({{}})"
