"""Arithmetic of float16 and bfloat16 as semantics D7 reads it: every operation rounds; patterns in, pattern out.

For + - * / and sqrt, float32 and then the dtype rounds as once (24 bits are at least 2p + 2; Figueroa, "When is double
rounding innocuous?", SIGNUM 1995). Extremes, whole numbers and signs are exact. A product of two halves is exact in
float32 (of bfloat16, whose exponents are float32's, in float64); the sum of an fma is rounded to odd there and then to
the dtype. Machines that compute in float16 do so, with the same bits.
"""

from __future__ import annotations

from tdsl.codegen.llvm.floats import ARITHMETIC, float_binary, float_compare, float_unary
from tdsl.codegen.llvm.fused import sum_to_odd
from tdsl.codegen.llvm.narrow_floats import FLOAT16, FLOAT32, narrowed, odd_single, widened
from tdsl.codegen.llvm.operations import Operations
from tdsl.dtypes import DType, bits_of, value_of
from tdsl.expr.node import BinaryOp, CompareOp, UnaryOp


def half_binary(
    o: Operations, op: BinaryOp, dtype: DType, a: str, b: str, constants: tuple[int | None, int | None]
) -> str:
    """`a op b`. `constants`: the bit patterns of those operands that are constants."""
    if op in ARITHMETIC and _is_native(o, dtype):
        return _pattern(o, o.binary(ARITHMETIC[op], "half", _half(o, a), _half(o, b)))
    wide = [None if bits is None else bits_of(value_of(bits, dtype), FLOAT32) for bits in constants]
    x, y = widened(o, dtype, a), widened(o, dtype, b)
    result = float_binary(o, op, FLOAT32, x, y, (wide[0], wide[1]))
    return narrowed(o, dtype, result, exact=op in ("min", "max"))


def half_unary(o: Operations, op: UnaryOp, dtype: DType, a: str) -> str:
    """`op` of one operand."""
    sign = 1 << dtype.bits - 1
    if op == "neg":
        return o.binary("xor", "i16", a, o.integer(sign, 16))
    if op == "abs":
        return o.binary("and", "i16", a, o.integer(sign - 1, 16))
    if op == "sqrt" and _is_native(o, dtype):
        return _pattern(o, o.intrinsic("llvm.sqrt", "half", _half(o, a)))
    return narrowed(o, dtype, float_unary(o, op, FLOAT32, widened(o, dtype, a)), exact=op != "sqrt")


def half_compare(o: Operations, op: CompareOp, dtype: DType, a: str, b: str) -> str:
    """A comparison."""
    return float_compare(o, op, FLOAT32, widened(o, dtype, a), widened(o, dtype, b))


def half_fma(o: Operations, dtype: DType, a: str, b: str, c: str, *, contracted: bool) -> str:
    """`a * b + c`; rounded once, or twice where it is only contracted and the target does not contract."""
    if contracted and not o.capabilities.fma:
        return half_binary(o, "add", dtype, half_binary(o, "mul", dtype, a, b, (None, None)), c, (None, None))
    if _is_native(o, dtype):
        return _pattern(o, o.intrinsic("llvm.fma", "half", *(_half(o, x) for x in (a, b, c))))
    x, y, z = (widened(o, dtype, operand) for operand in (a, b, c))
    if dtype is FLOAT16:
        return narrowed(o, dtype, sum_to_odd(o, "float", o.binary("fmul", "float", x, y), z))
    x, y, z = (o.convert("fpext", "float", "double", operand) for operand in (x, y, z))
    total = sum_to_odd(o, "double", o.binary("fmul", "double", x, y), z)
    return narrowed(o, dtype, odd_single(o, total))


def _is_native(o: Operations, dtype: DType) -> bool:
    return dtype is FLOAT16 and o.capabilities.half_arithmetic


def _half(o: Operations, a: str) -> str:
    return o.convert("bitcast", "i16", "half", a)


def _pattern(o: Operations, a: str) -> str:
    return o.convert("bitcast", "half", "i16", a)
