"""The meaning of every scalar operator on NumPy arrays, bit for bit: semantics D2, D3, D5 and E5.

In: a node's operator and its operands as arrays of the node dtypes. Out: an array. Both interpreters (expressions and
Loop IR) evaluate with these, generated code is compared with them. Integers wrap, `//` and `%` floor and give 0 for a
zero divisor, NaN wins in min and max, fma rounds once. `constants.py` says the same of single values in Python numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tdsl.dtypes import DType, max_value, min_value
from tdsl.errors import InternalError
from tdsl.expr.constants import COUNTS
from tdsl.expr.exact_fma import exact_fma, fma_to_odd
from tdsl.expr.narrow_floats import decoded, encoded, held, is_held, rounded
from tdsl.expr.node import (
    Binary,
    BinaryOp,
    Bitcast,
    Cast,
    Compare,
    CompareOp,
    Const,
    Fma,
    Node,
    Select,
    Unary,
    UnaryOp,
)

Array = npt.NDArray[Any]

_FLOATS: dict[UnaryOp, np.ufunc] = {
    "sqrt": np.sqrt,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "abs": np.abs,
    "neg": np.negative,
}
_FLOAT_BINARY: dict[BinaryOp, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
}
_BITS: dict[BinaryOp, np.ufunc] = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
_COMPARE: dict[CompareOp, np.ufunc] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def compute(node: Node, operands: Sequence[Array], *, has_fma: bool = True) -> Array:
    """The value of one node from the values of its children; not for variables, reads, loads and reductions.

    Args:
        operands: one array a child, of the child's dtype; shapes broadcast.
        has_fma: False rounds contracted fmas twice, as a target without the instruction does (D5).
    """
    with np.errstate(all="ignore"):
        match node:
            case Const():
                return constant(node)
            case Unary():
                return unary(node.op, operands[0], node.dtype)
            case Binary():
                return binary(node.op, operands[0], operands[1], node.dtype)
            case Compare():
                return np.asarray(_COMPARE[node.op](operands[0], operands[1]))
            case Select():
                return np.where(operands[0], operands[1], operands[2])
            case Cast():
                return cast(operands[0], node.operand.dtype, node.to)
            case Bitcast():
                return decoded(encoded(operands[0], node.operand.dtype), node.to)
            case Fma():
                return _fma(node, operands, has_fma)
            case _:
                raise InternalError(
                    f"no scalar meaning of {type(node).__name__}", pass_name="expr.scalar_ops"
                )


def constant(node: Const) -> Array:
    """A constant as an array of rank 0."""
    return np.asarray(node.value, dtype=held(node.of))


def unary(op: UnaryOp, a: Array, dtype: DType) -> Array:
    """`op` of each element."""
    with np.errstate(all="ignore"):
        if op == "not":
            return np.asarray(np.invert(a))
        if op in COUNTS:
            return _count_bits(op, np.asarray(a), dtype)
        if dtype.is_integer:
            return np.asarray({"neg": np.negative, "abs": np.abs}[op](a))
        return _rounded(np.asarray(_FLOATS[op](_widened(a, dtype))), dtype)


def _count_bits(op: UnaryOp, a: Array, dtype: DType) -> Array:
    """All three are a number of set bits: of a, of what is not below its first bit, of what is below its last."""
    bits = a.view(np.dtype(f"u{dtype.bytes}"))
    if op == "clz":
        for distance in (1, 2, 4, 8, 16, 32):
            if distance < dtype.bits:
                bits = bits | (bits >> bits.dtype.type(distance))
        bits = ~bits
    elif op == "ctz":
        bits = ~bits & (bits - bits.dtype.type(1))
    return np.asarray(np.bitwise_count(bits)).astype(held(dtype))


def binary(op: BinaryOp, a: Array, b: Array, dtype: DType) -> Array:
    """`op` of elements of one dtype."""
    with np.errstate(all="ignore"):
        if op in ("min", "max"):
            return _extreme(op, a, b, dtype)
        if op in _BITS:
            return np.asarray(_BITS[op](a, b))
        if dtype.is_integer:
            return _integer(op, np.asarray(a), np.asarray(b), dtype)
        return _rounded(np.asarray(_FLOAT_BINARY[op](_widened(a, dtype), _widened(b, dtype))), dtype)


def _widened(a: Array, dtype: DType) -> Array:
    """Operands of 16-bit floats are computed in float32, which rounds as once (D7)."""
    return a.astype(np.float32) if dtype.bits == 16 else a


def _rounded(a: Array, dtype: DType) -> Array:
    return rounded(a, dtype) if dtype.bits == 16 else a


def _extreme(op: BinaryOp, a: Array, b: Array, dtype: DType) -> Array:
    if not dtype.is_float:
        return np.asarray(np.minimum(a, b) if op == "min" else np.maximum(a, b))
    # Of two equal values only zeros differ: the least is the negative one.
    equal = np.where(np.signbit(a), a, b) if op == "min" else np.where(np.signbit(a), b, a)
    unequal = np.where(a < b, a, b) if op == "min" else np.where(a > b, a, b)
    nan = np.asarray(np.nan, dtype=a.dtype)
    return np.where(np.isnan(a) | np.isnan(b), nan, np.where(a == b, equal, unequal))


def _integer(op: BinaryOp, a: Array, b: Array, dtype: DType) -> Array:
    match op:
        case "add":
            return np.asarray(np.add(a, b))
        case "sub":
            return np.asarray(np.subtract(a, b))
        case "mul":
            return np.asarray(np.multiply(a, b))
        case "floordiv" | "mod":
            return _division(op, a, b, dtype)
        case "shl" | "shr":
            return _shift(op, a, b, dtype)
        case _:
            raise InternalError(f"no {op} of {dtype}", pass_name="expr.scalar_ops")


def _division(op: BinaryOp, a: Array, b: Array, dtype: DType) -> Array:
    if b.ndim == 0 and b > 0:  # the usual one: by a constant
        return np.asarray(np.floor_divide(a, b) if op == "floordiv" else np.remainder(a, b))
    zero = b == 0
    # -1 is taken out as well: the least integer over it overflows in the machine's division.
    minus = (b == -1) if dtype.is_signed else np.zeros_like(zero)
    divisor = np.where(zero | minus, np.asarray(1, b.dtype), b)
    nothing = np.asarray(0, a.dtype)
    if op == "mod":
        return np.where(zero | minus, nothing, np.remainder(a, divisor))
    return np.where(zero, nothing, np.where(minus, np.negative(a), np.floor_divide(a, divisor)))


def _shift(op: BinaryOp, a: Array, b: Array, dtype: DType) -> Array:
    beyond = (b < 0) | (b >= dtype.bits)
    count = np.where(beyond, np.asarray(0, b.dtype), b)
    if op == "shl":
        return np.where(beyond, np.asarray(0, a.dtype), np.left_shift(a, count))
    sign = np.where(a < 0, np.asarray(-1 if dtype.is_signed else 0, a.dtype), np.asarray(0, a.dtype))
    return np.where(beyond, sign, np.right_shift(a, count))


def compare(op: CompareOp, a: Array, b: Array) -> Array:
    """A comparison; NaN as IEEE says."""
    return np.asarray(_COMPARE[op](a, b))


def cast(a: Array, source: DType, target: DType) -> Array:
    """Conversion (D2): int to int wraps, float to int truncates and saturates, NaN gives 0, to bool is `!= 0`."""
    with np.errstate(all="ignore"):
        if target.is_bool:
            return np.asarray(a != 0)
        if target.is_float:
            return rounded(np.asarray(a), target)
        if not source.is_float:
            return a.astype(held(target))
        return _saturated(a.astype(np.float64), target)


def _saturated(a: Array, target: DType) -> Array:
    """Float to integer. The greatest int64 is no float64, so compare with the power of two above it."""
    least, greatest = int(min_value(target)), int(max_value(target))
    whole = np.trunc(a)
    low, high = whole <= float(least), whole >= float(greatest + 1)
    inside = np.where(low | high | np.isnan(a), 0.0, whole).astype(held(target))
    kind = held(target)
    return np.where(high, np.asarray(greatest, kind), np.where(low, np.asarray(least, kind), inside))


def _fma(node: Fma, operands: Sequence[Array], has_fma: bool) -> Array:
    if node.contracted and not has_fma:
        product = binary("mul", operands[0], operands[1], node.dtype)
        return binary("add", product, operands[2], node.dtype)
    return fma(operands[0], operands[1], operands[2], node.dtype)


def fma(a: Array, b: Array, c: Array, dtype: DType) -> Array:
    """`a * b + c` rounded once."""
    with np.errstate(all="ignore"):
        if is_held(dtype):
            return rounded(fma_to_odd(a, b, c), dtype)
        return exact_fma(a, b, c, held(dtype))
