"""More functions element by element: angles, roots, special values, logic and bits. Tensors in, a tensor out.

Names are the array API's and NumPy's where they have them, else PyTorch's; dtypes promote by docs/dtypes.md.
"""

from __future__ import annotations

import math

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Operand, pointwise
from tdsl.ops.elements import binary, unary
from tdsl.ops.operator import op

Array = np.ndarray
FLOATS = "any shape, floats"
BOTH = "floats or numbers, shapes that broadcast"
INTEGERS = "integers of one dtype, shapes that broadcast; a number may stand for either"

sinh = unary("sinh", td.sinh, np.sinh, "The hyperbolic sine of x", takes=FLOATS)
cosh = unary("cosh", td.cosh, np.cosh, "The hyperbolic cosine of x", takes=FLOATS)
asin = unary(
    "asin", td.asin, np.arcsin, "The angle in radians whose sine is x, in [-pi/2, pi/2]", takes=FLOATS
)
acos = unary("acos", td.acos, np.arccos, "The angle in radians whose cosine is x, in [0, pi]", takes=FLOATS)
atan = unary("atan", td.atan, np.arctan, "The angle in radians whose tangent is x", takes=FLOATS)
asinh = unary("asinh", td.asinh, np.arcsinh, "The number whose hyperbolic sine is x", takes=FLOATS)
acosh = unary(
    "acosh", td.acosh, np.arccosh, "The number, not negative, whose hyperbolic cosine is x", takes=FLOATS
)
atanh = unary("atanh", td.atanh, np.arctanh, "The number whose hyperbolic tangent is x", takes=FLOATS)
atan2 = binary(
    "atan2", td.atan2, np.arctan2, "The angle in radians of the point (y, x) = (first, second)", takes=BOTH
)
hypot = binary("hypot", td.hypot, np.hypot, "sqrt(x * x + y * y) without overflow", takes=BOTH)
copysign = binary("copysign", td.copysign, np.copysign, "The magnitude of x with the sign of y", takes=BOTH)
signbit = unary(
    "signbit", td.signbit, np.signbit, "Whether the sign bit of x is set, -0 included", takes=FLOATS
)
cbrt = unary("cbrt", td.cbrt, np.cbrt, "The cube root of x", source="NumPy's `cbrt`", takes=FLOATS)
reciprocal = unary("reciprocal", td.reciprocal, lambda x: 1 / x, "1 / x", takes=FLOATS)
rsqrt = unary(
    "rsqrt", td.rsqrt, lambda x: 1 / np.sqrt(x), "1 / sqrt(x)", source="PyTorch's `torch.rsqrt`", takes=FLOATS
)


def _positive(x: td.Expr) -> object:
    return x


def _degrees(x: td.Expr) -> object:
    return x * (180 / math.pi)


def _radians(x: td.Expr) -> object:
    return x * (math.pi / 180)


def _sinc(x: td.Expr) -> object:
    angle = td.where(x == 0.0, 1.0, x) * math.pi
    return td.where(x == 0.0, 1.0, td.sin(angle) / angle)


def _logit(x: td.Expr) -> object:
    return td.log(x / (1.0 - x))


def _heaviside(x: td.Expr, y: td.Expr) -> object:
    step = td.where(x > 0.0, 1.0, td.where(x == 0.0, y, 0.0))
    return td.where(td.isnan(x), x, step)


def _logaddexp(x: td.Expr, y: td.Expr) -> object:
    top = td.maximum(x, y)
    return td.where(td.isinf(top), top, top + td.log1p(td.exp(-td.abs(x - y))))


def _xlogy(x: td.Expr, y: td.Expr) -> object:
    return td.where(td.all(x == 0.0, td.logical_not(td.isnan(y))), 0.0, x * td.log(y))


def _xlogy_reference(x: Array, y: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where((x == 0) & ~np.isnan(y), 0, x * np.log(y))


def _fmax(x: td.Expr, y: td.Expr) -> object:
    return td.where(td.isnan(x), y, td.where(td.isnan(y), x, td.maximum(x, y)))


def _fmin(x: td.Expr, y: td.Expr) -> object:
    return td.where(td.isnan(x), y, td.where(td.isnan(y), x, td.minimum(x, y)))


def _isposinf(x: td.Expr) -> object:
    return td.all(td.isinf(x), x > 0.0)


def _isneginf(x: td.Expr) -> object:
    return td.all(td.isinf(x), x < 0.0)


positive = unary("positive", _positive, np.positive, "x itself")
rad2deg = unary(
    "rad2deg", _degrees, np.rad2deg, "x radians in degrees", source="NumPy's `rad2deg`", takes=FLOATS
)
deg2rad = unary(
    "deg2rad", _radians, np.deg2rad, "x degrees in radians", source="NumPy's `deg2rad`", takes=FLOATS
)
sinc = unary("sinc", _sinc, np.sinc, "sin(pi x) / (pi x), 1 at 0", source="NumPy's `sinc`", takes=FLOATS)
logit = unary(
    "logit", _logit, lambda x: np.log(x / (1 - x)), "log(x / (1 - x))", source="PyTorch's `torch.logit`", takes=FLOATS
)  # fmt: skip
isposinf = unary(
    "isposinf", _isposinf, np.isposinf, "Whether x is +inf", source="NumPy's `isposinf`", takes=FLOATS
)
isneginf = unary(
    "isneginf", _isneginf, np.isneginf, "Whether x is -inf", source="NumPy's `isneginf`", takes=FLOATS
)
heaviside = binary(
    "heaviside", _heaviside, np.heaviside, "0 where x < 0, y where x is 0, 1 where x > 0",
    source="NumPy's `heaviside`", takes=BOTH,
)  # fmt: skip
logaddexp = binary("logaddexp", _logaddexp, np.logaddexp, "log(exp(x) + exp(y)) without overflow", takes=BOTH)
xlogy = binary(
    "xlogy", _xlogy, _xlogy_reference, "x * log(y), 0 where x is 0 and y is no NaN",
    source="PyTorch's `torch.xlogy`", takes=BOTH,
)  # fmt: skip
fmax = binary("fmax", _fmax, np.fmax, "The greater of x and y, the number where one is NaN", source="NumPy's `fmax`",
              takes=BOTH)  # fmt: skip
fmin = binary("fmin", _fmin, np.fmin, "The less of x and y, the number where one is NaN", source="NumPy's `fmin`",
              takes=BOTH)  # fmt: skip


# ---------------------------------------------------------------- logic and bits


def _true(x: td.Expr) -> td.Expr:
    return x if x.dtype.name == "bool" else x != 0


def _logical_not(x: td.Expr) -> object:
    return td.logical_not(_true(x))


def _logical_and(x: td.Expr, y: td.Expr) -> object:
    return td.all(_true(x), _true(y))


def _logical_or(x: td.Expr, y: td.Expr) -> object:
    return td.any(_true(x), _true(y))


def _logical_xor(x: td.Expr, y: td.Expr) -> object:
    return _true(x) != _true(y)


def _bitwise_and(x: td.Expr, y: td.Expr) -> object:
    return x & y


def _bitwise_or(x: td.Expr, y: td.Expr) -> object:
    return x | y


def _bitwise_xor(x: td.Expr, y: td.Expr) -> object:
    return x ^ y


def _bitwise_invert(x: td.Expr) -> object:
    return ~x


def _left_shift(x: td.Expr, y: td.Expr) -> object:
    return x << y


def _right_shift(x: td.Expr, y: td.Expr) -> object:
    return x >> y


TRUTH = "bools or numbers (true where not 0), shapes that broadcast"
logical_not = unary(
    "logical_not", _logical_not, np.logical_not, "Whether x is false", takes="bools or numbers"
)
logical_and = binary("logical_and", _logical_and, np.logical_and, "Whether x and y are true", takes=TRUTH)
logical_or = binary("logical_or", _logical_or, np.logical_or, "Whether x or y is true", takes=TRUTH)
logical_xor = binary(
    "logical_xor", _logical_xor, np.logical_xor, "Whether one of x and y is true", takes=TRUTH
)
bitwise_and = binary(
    "bitwise_and", _bitwise_and, np.bitwise_and, "The bits that x and y have", takes=INTEGERS
)
bitwise_or = binary("bitwise_or", _bitwise_or, np.bitwise_or, "The bits that x or y has", takes=INTEGERS)
bitwise_xor = binary(
    "bitwise_xor", _bitwise_xor, np.bitwise_xor, "The bits that one of x and y has", takes=INTEGERS
)
bitwise_invert = unary(
    "bitwise_invert", _bitwise_invert, np.invert, "The bits that x does not have", takes="integers"
)
bitwise_left_shift = binary(
    "bitwise_left_shift",
    _left_shift,
    np.left_shift,
    "x * 2**y, wrapped; 0 where y is the width or more",
    takes=INTEGERS,
)
bitwise_right_shift = binary(
    "bitwise_right_shift", _right_shift, np.right_shift, "The floor of x / 2**y", takes=INTEGERS
)


def _count_reference(x: Array) -> Array:
    unsigned = np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")
    return np.bitwise_count(unsigned)


def _bitwise_count(x: td.Expr) -> object:
    return td.cast(td.popcount(x), "uint8")


bitwise_count = unary(
    "bitwise_count", _bitwise_count, _count_reference, "How many bits of x are set in two's complement, uint8",
    source="PyTorch's and C++'s popcount; NumPy's `bitwise_count` counts those of the magnitude", takes="integers",
)  # fmt: skip


# ---------------------------------------------------------------- with attributes


@op(reference=lambda x, y, weight: x + weight * (y - x), cpu=td.schedules.pointwise, elementwise=True)
def lerp(x: td.Tensor, y: td.Tensor, weight: td.Tensor) -> td.Tensor:
    """X + weight * (y - x), element by element.

    Args:
        x, y, weight: floats or numbers, shapes that broadcast.

    Source: PyTorch's `torch.lerp`.
    """

    def value(a: td.Expr, b: td.Expr, w: td.Expr) -> object:
        return a + w * (b - a)

    return pointwise("lerp", value, x, y, weight)


def _nan_to_num_reference(
    x: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Array:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@op(reference=_nan_to_num_reference, cpu=td.schedules.pointwise, elementwise=True)
def nan_to_num(
    x: td.Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> td.Tensor:
    """X with numbers in the place of NaN and the infinities: the greatest and least finite ones for None.

    Args:
        x: any shape, floats.

    Source: NumPy's `nan_to_num`.
    """
    high = td.max_value(x.dtype) if posinf is None else td.cast(posinf, x.dtype)
    low = td.min_value(x.dtype) if neginf is None else td.cast(neginf, x.dtype)

    def value(v: td.Expr) -> object:
        finite = td.where(td.isinf(v), td.where(v > 0.0, high, low), v)
        return td.where(td.isnan(v), td.cast(nan, x.dtype), finite)

    return pointwise("nan_to_num", value, x)


@op(
    reference=lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: np.isclose(
        x, y, rtol=rtol, atol=atol, equal_nan=equal_nan
    ),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def isclose(
    x: td.Tensor, y: td.Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> td.Tensor:
    """Whether |x - y| <= atol + rtol * |y|, element by element; equal infinities are close.

    Args:
        x, y: floats or numbers, shapes that broadcast. equal_nan: whether NaN is close to NaN.

    Source: NumPy's `isclose`.
    """

    def value(a: td.Expr, b: td.Expr) -> object:
        near = td.all(td.abs(a - b) <= atol + rtol * td.abs(b), td.isfinite(b))
        close = td.any(a == b, near)
        return td.any(close, td.all(td.isnan(a), td.isnan(b))) if equal_nan else close

    return pointwise("isclose", value, x, y)


@op(
    reference=lambda x, mask, value: np.where(mask, np.asarray(value, x.dtype), x),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def masked_fill(x: td.Tensor, mask: td.Tensor, value: Operand) -> td.Tensor:
    """A value where `mask` holds, x elsewhere.

    Args:
        x: any shape. mask: bool, a shape that broadcasts with x's. value: a number, or a tensor of x's dtype.

    Source: PyTorch's `Tensor.masked_fill`.
    """

    def chosen(v: td.Expr, m: td.Expr, fill: td.Expr) -> object:
        return td.where(m, fill, v)

    return pointwise("masked_fill", chosen, x, mask, value)
