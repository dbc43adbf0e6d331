"""Operators element by element, broadcast as NumPy's: arithmetic, comparisons, functions. Tensors in, a tensor out.

Names and meanings are the Python array API standard's (2023.12) and NumPy's; dtypes promote by docs/dtypes.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Operand, pointwise
from tdsl.ops.operator import Op

_erf = np.vectorize(math.erf, otypes=[float])


def _unary(name: str, function: Callable[..., object], reference: Callable[..., object], formula: str) -> Op:
    def body(x: td.Tensor) -> td.Tensor:
        return pointwise(name, function, x)

    return _made(name, body, reference, f"{formula}, element by element.\n\nArgs:\n    x: any shape.")


def _binary(name: str, function: Callable[..., object], reference: Callable[..., object], formula: str) -> Op:
    def body(x: td.Tensor, y: td.Tensor) -> td.Tensor:
        return pointwise(name, function, x, y)

    return _made(
        name, body, reference,
        f"{formula}, element by element.\n\nArgs:\n    x, y: shapes that broadcast; a number may stand for either.",
    )  # fmt: skip


def _made(name: str, body: Callable[..., td.Tensor], reference: Callable[..., object], doc: str) -> Op:
    body.__name__ = body.__qualname__ = name
    body.__module__ = __name__
    body.__doc__ = f"{doc}\n\nSource: the array API's and NumPy's `{name}`."
    return Op(body, reference=reference)


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


add = _binary("add", _add, np.add, "x + y")
subtract = _binary("subtract", _subtract, np.subtract, "x - y")
multiply = _binary("multiply", _multiply, np.multiply, "x * y")
divide = _binary("divide", _divide, np.divide, "x / y, of floats")
floor_divide = _binary("floor_divide", _floor_divide, np.floor_divide, "The floor of x / y, of integers")
remainder = _binary("remainder", _remainder, np.remainder, "x - y * floor(x / y), of integers")
power = _binary("power", _power, np.power, "x to the power y")
maximum = _binary("maximum", td.maximum, np.maximum, "The greater of x and y, NaN where either is")
minimum = _binary("minimum", td.minimum, np.minimum, "The less of x and y, NaN where either is")


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


equal = _binary("equal", _equal, np.equal, "Whether x == y")
not_equal = _binary("not_equal", _not_equal, np.not_equal, "Whether x != y")
less = _binary("less", _less, np.less, "Whether x < y")
less_equal = _binary("less_equal", _less_equal, np.less_equal, "Whether x <= y")
greater = _binary("greater", _greater, np.greater, "Whether x > y")
greater_equal = _binary("greater_equal", _greater_equal, np.greater_equal, "Whether x >= y")


def _negative(x: td.Expr) -> object:
    return -x


negative = _unary("negative", _negative, np.negative, "-x")
abs = _unary("abs", td.abs, np.abs, "The absolute value of x")
sign = _unary("sign", td.sign, np.sign, "-1, 0 or 1")
sqrt = _unary("sqrt", td.sqrt, np.sqrt, "The square root of x")
square = _unary("square", td.square, np.square, "x * x")
exp = _unary("exp", td.exp, np.exp, "e to the power x")
exp2 = _unary("exp2", td.exp2, np.exp2, "2 to the power x")
expm1 = _unary("expm1", td.expm1, np.expm1, "exp(x) - 1, exact near 0")
log = _unary("log", td.log, np.log, "The natural logarithm of x")
log2 = _unary("log2", td.log2, np.log2, "The logarithm of x to base 2")
log10 = _unary("log10", td.log10, np.log10, "The logarithm of x to base 10")
log1p = _unary("log1p", td.log1p, np.log1p, "log(1 + x), exact near 0")
sin = _unary("sin", td.sin, np.sin, "The sine of x in radians")
cos = _unary("cos", td.cos, np.cos, "The cosine of x in radians")
tan = _unary("tan", td.tan, np.tan, "The tangent of x in radians")
tanh = _unary("tanh", td.tanh, np.tanh, "The hyperbolic tangent of x")
erf = _unary("erf", td.erf, _erf, "The error function of x")
floor = _unary("floor", td.floor, np.floor, "The greatest integer not above x")
ceil = _unary("ceil", td.ceil, np.ceil, "The least integer not below x")
trunc = _unary("trunc", td.trunc, np.trunc, "x without its fraction")
round = _unary("round", td.round, np.round, "The integer nearest to x, ties to even")
isnan = _unary("isnan", td.isnan, np.isnan, "Whether x is NaN")
isinf = _unary("isinf", td.isinf, np.isinf, "Whether x is infinite")
isfinite = _unary("isfinite", td.isfinite, np.isfinite, "Whether x is neither NaN nor infinite")


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


where = Op(_where, name="where", reference=_where_reference)
clip = Op(_clip, name="clip", reference=np.clip)
