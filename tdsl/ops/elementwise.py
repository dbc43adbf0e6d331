"""Operators element by element, broadcast as NumPy's: arithmetic, comparisons, functions. Tensors in, a tensor out.

Names and meanings are the Python array API standard's (2023.12) and NumPy's; dtypes promote by docs/dtypes.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Operand, pointwise
from tdsl.ops.elements import binary, unary
from tdsl.ops.operator import Op

_erf = np.vectorize(math.erf, otypes=[float])


def _add(x: td.Expr, y: td.Expr) -> object:
    return x + y


def _subtract(x: td.Expr, y: td.Expr) -> object:
    return x - y


def _multiply(x: td.Expr, y: td.Expr) -> object:
    return x * y


def _divide(x: td.Expr, y: td.Expr) -> object:
    return x / y


def _floor_divide(x: td.Expr, y: td.Expr) -> object:
    return x // y


def _remainder(x: td.Expr, y: td.Expr) -> object:
    return x % y


def _power(x: td.Expr, y: td.Expr) -> object:
    return td.pow(x, y)


add = binary("add", _add, np.add, "x + y")
subtract = binary("subtract", _subtract, np.subtract, "x - y")
multiply = binary("multiply", _multiply, np.multiply, "x * y")
divide = binary("divide", _divide, np.divide, "x / y, of floats")
floor_divide = binary("floor_divide", _floor_divide, np.floor_divide, "The floor of x / y, of integers")
remainder = binary("remainder", _remainder, np.remainder, "x - y * floor(x / y), of integers")
power = binary("power", _power, np.power, "x to the power y")
maximum = binary("maximum", td.maximum, np.maximum, "The greater of x and y, NaN where either is")
minimum = binary("minimum", td.minimum, np.minimum, "The less of x and y, NaN where either is")


def _equal(x: td.Expr, y: td.Expr) -> object:
    return x == y


def _not_equal(x: td.Expr, y: td.Expr) -> object:
    return x != y


def _less(x: td.Expr, y: td.Expr) -> object:
    return x < y


def _less_equal(x: td.Expr, y: td.Expr) -> object:
    return x <= y


def _greater(x: td.Expr, y: td.Expr) -> object:
    return x > y


def _greater_equal(x: td.Expr, y: td.Expr) -> object:
    return x >= y


equal = binary("equal", _equal, np.equal, "Whether x == y")
not_equal = binary("not_equal", _not_equal, np.not_equal, "Whether x != y")
less = binary("less", _less, np.less, "Whether x < y")
less_equal = binary("less_equal", _less_equal, np.less_equal, "Whether x <= y")
greater = binary("greater", _greater, np.greater, "Whether x > y")
greater_equal = binary("greater_equal", _greater_equal, np.greater_equal, "Whether x >= y")


def _negative(x: td.Expr) -> object:
    return -x


def _of_floats(name: str, function: Callable[[td.Expr], td.Expr]) -> Callable[[td.Expr], object]:
    def called(x: td.Expr) -> object:
        td.check("float" in x.dtype.name, f"{name}: x is of floats, not {x.dtype.name}", error=td.DTypeError)
        return function(x)

    return called


FLOATS = "any shape, floats"
negative = unary("negative", _negative, np.negative, "-x")
abs = unary("abs", td.abs, np.abs, "The absolute value of x")
sign = unary("sign", td.sign, np.sign, "-1, 0 or 1")
sqrt = unary("sqrt", td.sqrt, np.sqrt, "The square root of x")
square = unary("square", td.square, np.square, "x * x")
exp = unary("exp", td.exp, np.exp, "e to the power x")
exp2 = unary("exp2", td.exp2, np.exp2, "2 to the power x")
expm1 = unary("expm1", td.expm1, np.expm1, "exp(x) - 1, exact near 0")
log = unary("log", td.log, np.log, "The natural logarithm of x")
log2 = unary("log2", td.log2, np.log2, "The logarithm of x to base 2")
log10 = unary("log10", td.log10, np.log10, "The logarithm of x to base 10")
log1p = unary("log1p", td.log1p, np.log1p, "log(1 + x), exact near 0")
sin = unary("sin", td.sin, np.sin, "The sine of x in radians")
cos = unary("cos", td.cos, np.cos, "The cosine of x in radians")
tan = unary("tan", td.tan, np.tan, "The tangent of x in radians")
tanh = unary("tanh", td.tanh, np.tanh, "The hyperbolic tangent of x")
erf = unary("erf", td.erf, _erf, "The error function of x")
floor = unary("floor", td.floor, np.floor, "The greatest integer not above x")
ceil = unary("ceil", td.ceil, np.ceil, "The least integer not below x")
trunc = unary("trunc", td.trunc, np.trunc, "x without its fraction")
round = unary("round", td.round, np.round, "The integer nearest to x, ties to even")
isnan = unary("isnan", _of_floats("isnan", td.isnan), np.isnan, "Whether x is NaN", takes=FLOATS)
isinf = unary("isinf", _of_floats("isinf", td.isinf), np.isinf, "Whether x is infinite", takes=FLOATS)
isfinite = unary(
    "isfinite",
    _of_floats("isfinite", td.isfinite),
    np.isfinite,
    "Whether x is neither NaN nor infinite",
    takes=FLOATS,
)


def _where_reference(condition: object, x: object, y: object) -> object:
    return np.where(np.asarray(condition, bool), np.asarray(x), np.asarray(y))


def _where(condition: td.Tensor, x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """X where `condition` holds, y elsewhere, element by element.

    Args:
        condition: bool. x, y: of one dtype, or numbers. All shapes broadcast.

    Source: the array API's `where`, ONNX's Where.
    """
    return pointwise("where", td.where, condition, x, y)


def _clip(x: td.Tensor, min: Operand | None = None, max: Operand | None = None) -> td.Tensor:
    """X held between `min` and `max`, element by element; NaN stays NaN.

    Args:
        x: any shape. min, max: numbers, or tensors that broadcast; None for no limit.

    Source: the array API's `clip`, ONNX's Clip.
    """
    result = x
    if min is not None:
        result = pointwise("clip", td.maximum, result, min)
    if max is not None:
        result = pointwise("clip", td.minimum, result, max)
    return result


where = Op(_where, name="where", reference=_where_reference, cpu=td.schedules.pointwise, elementwise=True)
clip = Op(_clip, name="clip", reference=np.clip, cpu=td.schedules.pointwise, elementwise=True)
