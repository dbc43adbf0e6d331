"""The public functions of elements: where, minimum, maximum, clamp, cast, fma, sqrt, floor, ceil, trunc, round, abs.

In: expressions, numbers, or whole tensors (which broadcast and make an unnamed stage). Out: an `Expr` or a `Tensor`.
Each is a node of its own or a few; functions with an accuracy live in `expr/functions/`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import cast as typed

from tdsl import dtypes
from tdsl.dtypes import DType, as_dtype
from tdsl.errors import DTypeError
from tdsl.expr import build
from tdsl.expr.arithmetic import apply, convert
from tdsl.expr.elementwise import elementwise
from tdsl.expr.handles import Expr, adopts, as_operand, expression, meet
from tdsl.expr.node import BinaryOp
from tdsl.expr.tensor import Tensor
from tdsl.location import here, hide_internal_frames


def of_elements(function: Callable[..., Expr]) -> Callable[..., Expr]:
    """Lets a function of elements take whole tensors too."""

    @hide_internal_frames
    @wraps(function)
    def either(*operands: object) -> Expr:
        if any(isinstance(operand, Tensor) and operand.ndim > 0 for operand in operands):
            # A tensor is returned for tensors; the annotation says what elements give.
            return typed(Expr, elementwise(function.__name__, function, *operands))
        return function(*operands)

    return either


@of_elements
def where(condition: object, then: object, otherwise: object) -> Expr:
    """`then` where the condition holds, else `otherwise`; lazy: the branch not taken is never read.

    Args: condition: bool; then, otherwise: meet in one dtype (D1); of two numbers the result is weak (E7).

    Errors: E207 the condition is no bool; E203 the branches do not meet.
    """
    cond = as_operand(condition)
    node = (
        cond.node
        if isinstance(cond, Expr)
        else build.constant(cond, "bool")
        if isinstance(cond, bool)
        else None
    )
    if node is None or not node.dtype.is_bool:
        raise DTypeError(
            "E207",
            f"the condition of td.where is no bool: {cond}",
            where=here(),
            hint=(f"td.where({cond} != 0, …, …)",),
        )
    a, b = as_operand(then), as_operand(otherwise)
    (lhs, rhs), weak = meet(a, b)
    return expression(build.select(node, lhs, rhs), cond, a, b, weak=weak)


def _extreme(op: BinaryOp, a: object, b: object) -> Expr:
    x, y = as_operand(a), as_operand(b)
    (lhs, rhs), weak = meet(x, y)
    if lhs.dtype.is_bool or not lhs.dtype.arithmetic:
        raise DTypeError(
            "E207",
            f"{op}imum of {lhs.dtype} values",
            where=here(),
            hint=("td.all(a, b) or td.any(a, b)",) if lhs.dtype.is_bool else (f'td.cast({x}, "float32")',),
        )
    return expression(build.binary(op, lhs, rhs), x, y, weak=weak)


@of_elements
def minimum(a: object, b: object) -> Expr:
    """The lesser of two values; NaN wins, -0 is less than +0 (E5). Errors: E203 they do not meet; E207 bools."""
    return _extreme("min", a, b)


@of_elements
def maximum(a: object, b: object) -> Expr:
    """The greater of two values; NaN wins, +0 is greater than -0 (E5). Errors: E203 they do not meet; E207 bools."""
    return _extreme("max", a, b)


@of_elements
def clamp(value: object, low: object, high: object) -> Expr:
    """`minimum(maximum(value, low), high)`: inside low..high, both inclusive; bounds proofs know it (B1)."""
    return _extreme("min", _extreme("max", value, low), high)


@of_elements
def logical_not(condition: object) -> Expr:
    """Whether the condition does not hold. Errors: E207 no bool."""
    operand = as_operand(condition)
    if isinstance(operand, bool):
        return Expr(build.constant(not operand, "bool"))
    if not isinstance(operand, Expr) or not operand.dtype.is_bool:
        raise DTypeError(
            "E207",
            f"td.logical_not negates a condition, not {operand}",
            where=here(),
            hint=(f"{operand} == 0", "~x flips the bits of an integer"),
        )
    return expression(build.logical_not(operand.node), operand)


@hide_internal_frames
def cast(value: object, dtype: DType | str | type | Expr) -> Expr:
    """The value converted (D2): int to int wraps, float to int truncates and saturates, NaN gives 0, bool is `!= 0`.

    Errors: E201 no such dtype.
    """
    return typed(Expr, convert(value, dtype))


@of_elements
def fma(a: object, b: object, c: object) -> Expr:
    """`a * b + c` rounded once, on every target (D5). Errors: E203 the operands do not meet; E207 not numbers."""
    operands = [as_operand(operand) for operand in (a, b, c)]
    (x, y, z), weak = meet(*operands)
    if not x.dtype.arithmetic or x.dtype.is_bool:
        raise DTypeError(
            "E207", f"fma of {x.dtype} values", where=here(), hint=(f'td.cast({operands[0]}, "float32")',)
        )
    return expression(build.fma(x, y, z), *operands, weak=weak and (x.dtype.is_integer or adopts(*operands)))


@of_elements
def sqrt(value: object) -> Expr:
    """The square root of a float, correctly rounded; NaN below zero. Errors: E207 an integer."""
    operand = as_operand(value)
    if not isinstance(operand, Expr) or not operand.dtype.is_float:
        raise DTypeError(
            "E207",
            f"td.sqrt takes floats, not {operand}",
            where=here(),
            hint=(f'td.sqrt(td.cast({operand}, "float64"))',),
        )
    return typed(Expr, apply("sqrt", operand))


@of_elements
def floor(value: object) -> Expr:
    """The greatest whole number not above; keeps the dtype, an integer is itself (D3)."""
    return typed(Expr, apply("floor", value))


@of_elements
def ceil(value: object) -> Expr:
    """The least whole number not below; keeps the dtype, an integer is itself (D3)."""
    return typed(Expr, apply("ceil", value))


@of_elements
def trunc(value: object) -> Expr:
    """The whole part, toward zero; keeps the dtype, an integer is itself (D3)."""
    return typed(Expr, apply("trunc", value))


@of_elements
def round(value: object) -> Expr:  # noqa: A001
    """The nearest whole number, ties to even; keeps the dtype, an integer is itself (D3)."""
    return typed(Expr, apply("round", value))


@of_elements
def abs(value: object) -> Expr:  # noqa: A001
    """The magnitude; the least integer wraps to itself (D2)."""
    return typed(Expr, apply("abs", value))


@hide_internal_frames
def min_value(dtype: DType | str | type) -> Expr:
    """The least finite value of a dtype (E6), as a constant of it. Errors: E201 no such dtype."""
    found = as_dtype(dtype, where=here())
    return Expr(build.constant(dtypes.min_value(found), found))


@hide_internal_frames
def max_value(dtype: DType | str | type) -> Expr:
    """The greatest finite value of a dtype (E6), as a constant of it. Errors: E201 no such dtype."""
    found = as_dtype(dtype, where=here())
    return Expr(build.constant(dtypes.max_value(found), found))
