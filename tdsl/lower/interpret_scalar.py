"""Single values in the Loop IR interpreter: integers and bools as Python's, floats as NumPy scalars of their dtype.

In: a node and closures that give its operands now. Out: a closure that gives its value, the same as
`expr/scalar_ops.py` on arrays of one element, several times as fast. What has no shortcut here goes through that.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tdsl.dtypes import DTYPES, DType, max_value, min_value, wrap
from tdsl.expr import constants
from tdsl.expr.narrow_floats import held, is_held, rounded
from tdsl.expr.node import Binary, Cast, Compare, Fma, Node, Unary
from tdsl.expr.scalar_ops import compute

Run = Callable[[], Any]

_FLOAT32 = DTYPES["float32"]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_FLOAT: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": lambda a, b: a / b,
}  # fmt: skip
_BITS: dict[str, Callable[[Any, Any], Any]] = {
    "and": lambda a, b: a & b, "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b,
}  # fmt: skip
_FLOAT_UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg, "abs": abs, "sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
    "round": np.rint,
}  # fmt: skip


def plain(value: Any, dtype: DType) -> Any:
    """A value as closures pass it: a Python int or bool in the dtype's range, or a NumPy float of the dtype."""
    if dtype.is_float:
        return (
            rounded(np.asarray(value, np.float64), dtype)[()] if is_held(dtype) else held(dtype).type(value)
        )
    return bool(value) if dtype.is_bool else int(value)


def affine(terms: Sequence[tuple[Run, int]], constant: int, dtype: DType) -> Run:
    """The wrapped integer `sum of term * factor + constant`."""
    low, high = int(min_value(dtype)), int(max_value(dtype))
    start = wrap(constant, dtype)
    if not terms:
        return lambda: start
    if len(terms) == 1:
        ((run, factor),) = terms

        def one() -> int:
            value = run() * factor + start
            return value if low <= value <= high else wrap(value, dtype)

        return one

    def several() -> int:
        value = start
        for run, factor in terms:
            value += run() * factor
        return value if low <= value <= high else wrap(value, dtype)

    return several


def scalar_code(node: Node, runs: Sequence[Run], has_fma: bool) -> Run:
    """The closure of one operation on single values."""
    operand = node.children[0].dtype
    found: Run | None = None
    match node:
        case Compare():
            test, (a, b) = _COMPARE[node.op], runs
            return lambda: bool(test(a(), b()))
        case Binary() if operand.is_float:
            found = _float_binary(node, runs)
        case Binary():
            return _integer_binary(node, runs)
        case Unary() if operand.is_float and operand.bits != 16:
            call, (a,) = _FLOAT_UNARY[node.op], runs
            return lambda: call(a())
        case Fma() if operand.name == "float32" and (has_fma or not node.contracted):
            a, b, c = runs
            return lambda: fma32(a(), b(), c())
        case Cast():
            found = _cast(node, runs[0])
        case _:
            pass
    return _general(node, runs, has_fma) if found is None else found


def _general(node: Node, runs: Sequence[Run], has_fma: bool) -> Run:
    """Through arrays of rank 0."""
    kinds = [held(child.dtype) for child in node.children]
    keep = node.dtype.is_float

    def general() -> Any:
        operands = [np.asarray(run(), kind) for run, kind in zip(runs, kinds, strict=True)]
        value = compute(node, operands, has_fma=has_fma)[()]
        return value if keep else value.item()

    return general


def _integer_binary(node: Binary, runs: Sequence[Run]) -> Run:
    a, b = runs
    op, dtype = node.op, node.dtype
    match op:
        case "and" | "or" | "xor":
            bits = _BITS[op]
            return lambda: bits(a(), b())
        case "min":
            return lambda: min(a(), b())
        case "max":
            return lambda: max(a(), b())
        case _:
            return lambda: constants.binary(op, a(), b(), dtype)


def _float_binary(node: Binary, runs: Sequence[Run]) -> Run | None:
    if node.dtype.bits == 16:
        return None
    a, b = runs
    direct = _FLOAT.get(node.op)
    if direct is not None:
        return lambda: direct(a(), b())
    return (lambda: _least(a(), b())) if node.op == "min" else (lambda: _greatest(a(), b()))


def _least(a: Any, b: Any) -> Any:
    """NaN wins, -0 < +0 (E5)."""
    if a < b:
        return a
    if b < a:
        return b
    if a == b:
        return a if np.signbit(a) else b
    return a if a != a else b


def _greatest(a: Any, b: Any) -> Any:
    """NaN wins, +0 > -0 (E5)."""
    if a > b:
        return a
    if b > a:
        return b
    if a == b:
        return b if np.signbit(a) else a
    return a if a != a else b


def _cast(node: Cast, run: Run) -> Run | None:
    source, target = node.operand.dtype, node.to
    if source.is_float and target.is_float:
        if 16 in (source.bits, target.bits) or not target.arithmetic or not source.arithmetic:
            return None
        kind = held(target).type
        return lambda: kind(run())
    if target.is_float:
        kind = held(target).type
        return lambda: kind(constants.cast(run(), source, target))
    if source.is_float:
        return lambda: constants.cast(float(run()), source, target)
    return lambda: constants.cast(run(), source, target)


def fma32(a: Any, b: Any, c: Any) -> Any:
    """`a * b + c` of float32, rounded once.

    The product is exact in float64. The sum rounded to float64 and again to float32 is right unless the float64 is a
    tie between two float32 (its low 29 bits are 1 and zeros) that the exact sum is not, or the result is subnormal.
    """
    product, addend = float(a) * float(b), float(c)
    total = product + addend
    if not 2.0**-125 < abs(total) < math.inf:
        return np.float32(constants.fma(float(a), float(b), addend, _FLOAT32))
    if struct.unpack("<q", struct.pack("<d", total))[0] & 0x1FFF_FFFF == 0x1000_0000:
        return np.float32(constants.fma(float(a), float(b), addend, _FLOAT32))
    return np.float32(total)
